"""Bills that clouds tell when they are asked: of whom, and their lines with somebody's credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from twin2multicloud.app.cost_sources.exports import Begin, nobody
from twin2multicloud.app.cost_sources.locations import not_installed
from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.costing.mapping import TwinTags
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

_ID: Final = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
SCOPES: Final[Mapping[Provider, tuple[re.Pattern[str], str]]] = {
    Provider.AWS: (re.compile(r"[0-9]{12}"), "the twelve digits of an account"),
    Provider.AZURE: (
        re.compile(
            rf"/subscriptions/{_ID}(?:/resourceGroups/[\w.()-]{{0,89}}[\w()-])?"
            r"|/providers/Microsoft\.Billing/billingAccounts/[\w:-]{1,150}(?:/billingProfiles/[\w-]{1,150})?"
        ),
        "/subscriptions/ID, /subscriptions/ID/resourceGroups/NAME, or a billing account's path",
    ),
}
NAMES: Final[Mapping[Provider, str]] = {Provider.AWS: "Cost Explorer", Provider.AZURE: "Cost Management"}


def check_query(provider: Provider, scope: str) -> None:
    """`UsageError` for a cloud that answers no such questions, and for what is no scope of one; "" is the connection's
    own.
    """
    if provider not in SCOPES:
        raise UsageError(
            f"kind: {provider.label} tells bills by its export in BigQuery only; use the kind export with a location "
            "such as project.dataset.table"
        )
    form, example = SCOPES[provider]
    if scope and form.fullmatch(scope) is None:
        raise UsageError(
            f"location: {scope[:100]!r} is nothing that {NAMES[provider]} answers about; write {example}, or leave it "
            "out for what the connection is for"
        )


def told_lines(
    provider: Provider, scope: str, period: str, environ: Mapping[str, str], twin: TwinTags, begin: Begin = nobody
) -> Iterator[CostLine | BadLine]:
    """The lines of a month of a scope, with the credentials that the environment describes.

    Raises `UsageError` where there is none, or what speaks to the cloud is not installed; `SourceError` where the cloud
    refuses, or does not answer as it should.
    """
    check_query(provider, scope)
    count = 0
    try:
        for line in _lines(provider, scope, period, environ, twin, begin):
            count += 1
            yield line
    except ImportError as error:
        raise not_installed(provider, error) from error
    if not count:
        raise UsageError(
            f"location: {NAMES[provider]} tells nothing of {period} here; a day's cost takes a day to appear"
        )


def _lines(
    provider: Provider, scope: str, period: str, environ: Mapping[str, str], twin: TwinTags, begin: Begin
) -> Iterator[CostLine | BadLine]:
    if provider is Provider.AWS:
        from twin2multicloud.app.cost_sources.cost_explorer import CostExplorer

        yield from CostExplorer(environ).lines(period, twin, scope, begin)
        return
    from twin2multicloud.app.cost_sources.cost_management import CostManagement
    from twin2multicloud.deployer.credentials.arm import Arm
    from twin2multicloud.deployer.credentials.azure_sign_in import azure_credential

    arm = Arm(azure_credential(environ), attempts=1)
    try:
        yield from CostManagement(arm).lines(scope, period, twin, begin)
    finally:
        arm.close()
