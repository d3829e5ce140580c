"""What `costs budget` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import dollars, moment, print_facts, print_model
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.costs import BudgetInput
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class Given:
    """The options of `costs budget`."""

    usd: float | None
    thresholds: Sequence[float] | None
    forecast: bool
    remove: bool
    json_output: bool


def budget(client: Client, wanted: str, given: Given) -> int:
    """`costs budget`: show it, or set or remove it first."""
    if given.remove and given.usd is not None:
        raise UsageError("--usd and --remove: say one of them")
    if given.usd is not None and not 0 < given.usd <= 1e9:
        raise UsageError(f"--usd: {given.usd:g} is no budget; write more than 0")
    wrong = [each for each in given.thresholds or () if not 0 < each <= 10]
    if wrong or (given.thresholds and given.usd is None):
        raise UsageError("--at: write shares of --usd, more than 0 and up to 10")
    twin = client.twins.find(wanted)
    if given.remove:
        client.bills.remove_budget(twin)
        say("it has no budget now")
        return 0
    if given.usd is None:
        found = client.bills.budget(twin)
    else:
        thresholds = {"thresholds": list(given.thresholds)} if given.thresholds else {}
        found = client.bills.set_budget(
            twin, BudgetInput.model_validate({"usd_per_month": given.usd, "on_forecast": given.forecast, **thresholds})
        )
    if given.json_output:
        print_model(found)
        return 0
    alerts = ", ".join(f"{each:.0%}" for each in found.thresholds)
    print_facts(
        "budget",
        [
            ("a month", dollars(found.usd_per_month)),
            ("alerts at", f"{alerts}{', also of the forecast' if found.on_forecast else ''}"),
            ("set", moment(found.set_at)),
        ],
    )
    return 0
