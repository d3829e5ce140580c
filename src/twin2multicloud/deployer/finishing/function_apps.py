"""Function apps on Azure: what makes them begin after their stack was applied.

The platform learns an app's triggers when somebody publishes it. Ours fetch their packages themselves, so that nobody
publishes anything: each app's triggers are made known here, as Microsoft's "Trigger syncing" describes for packages at
a URL. Apps whose settings refer to a secret read it again first, since it got its value after they did.

The provider (azurerm, issue 29693) gives apps on the Flex Consumption plan a connection string without a key beside the
identity that they shall use, at each change. The host believes the string and starts nothing, so it is taken away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from twin2multicloud.deployer.credentials.arm import Arm, ArmError
from twin2multicloud.deployer.finishing.progress import APPS, Report, StepError, StepProgress

_VERSION: Final = "2022-03-01"
_SETTINGS: Final = "config/configreferences/appsettings/refresh"
_TRIGGERS: Final = "syncfunctiontriggers"
_NEEDED: Final = tuple(
    f"Microsoft.Web/sites/{action}"
    for action in ("syncfunctiontriggers/action", "config/list/action", "config/write", "config/refresh/action")
)
_STRING, _IDENTITY = "AzureWebJobsStorage", "AzureWebJobsStorage__accountName"


def wake_apps(apps: Mapping[str, str], refer: Collection[str], arm: Arm, report: Report) -> int:
    """Make known the triggers of apps (component → id, the outputs `apps` of Azure's stacks); how many apps.

    `refer` are the components whose settings refer to a secret. All apps are tried; a `StepError` names those that
    could not be told, and why.
    """
    failures = []
    for number, (component, app) in enumerate(sorted(apps.items()), 1):
        try:
            _leave_the_identity(app, arm)
            if component in refer:
                arm.post(f"{app}/{_SETTINGS}", _VERSION)
            arm.post(f"{app}/{_TRIGGERS}", _VERSION)
        except ArmError as error:
            needed = f"; your identity needs {', '.join(_NEEDED)}" if error.status == 403 else ""
            failures.append(f"{component}: {error}{needed}")
            continue
        report(StepProgress(APPS, f"{component} begins", number, len(apps)))
    if failures:
        raise StepError(APPS, "triggers could not be made known: " + "; ".join(failures))
    return len(apps)


def _leave_the_identity(app: str, arm: Arm) -> None:
    """Take away the connection string of an app that signs in with an identity."""
    settings = arm.post(f"{app}/config/appsettings/list", _VERSION).get("properties") or {}
    if _STRING in settings and _IDENTITY in settings:
        rest = {name: value for name, value in settings.items() if name != _STRING}
        arm.put(f"{app}/config/appsettings", _VERSION, {"properties": rest})
