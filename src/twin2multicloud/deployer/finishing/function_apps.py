"""Function apps on Azure: what makes them begin after their stack was applied.

The platform learns an app's triggers when somebody publishes it. Ours fetch their packages themselves, so that nobody
publishes anything: each app's triggers are made known here, as Microsoft's "Trigger syncing" describes for packages at
a URL. Apps whose settings refer to a secret read it again first, since it got its value after they did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from twin2multicloud.deployer.credentials.arm import Arm, ArmError
from twin2multicloud.deployer.finishing.progress import APPS, Report, StepError, StepProgress

_VERSION: Final = "2022-03-01"
_SETTINGS: Final = "config/configreferences/appsettings/refresh"
_TRIGGERS: Final = "syncfunctiontriggers"


def wake_apps(apps: Mapping[str, str], refer: Collection[str], arm: Arm, report: Report) -> int:
    """Make known the triggers of apps (component → id, the outputs `apps` of Azure's stacks); how many apps.

    `refer` are the components whose settings refer to a secret. All apps are tried; a `StepError` names those that
    could not be told, and why.
    """
    failures = []
    for number, (component, app) in enumerate(sorted(apps.items()), 1):
        try:
            if component in refer:
                arm.post(f"{app}/{_SETTINGS}", _VERSION)
            arm.post(f"{app}/{_TRIGGERS}", _VERSION)
        except ArmError as error:
            needed = (
                "; your identity needs Microsoft.Web/sites/syncfunctiontriggers/action" if error.status == 403 else ""
            )
            failures.append(f"{component}: {error}{needed}")
            continue
        report(StepProgress(APPS, f"{component} begins", number, len(apps)))
    if failures:
        raise StepError(APPS, "triggers could not be made known: " + "; ".join(failures))
    return len(apps)
