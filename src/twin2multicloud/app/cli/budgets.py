"""What `costs budget` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, dollars, moment, print_facts, print_model, print_table
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.costs import Budget, BudgetInput, TwinSpent, WorkspaceBudget, WorkspaceSpent
from twin2multicloud.model.errors import UsageError


@dataclass(frozen=True)
class Given:
    """The options of `costs budget`."""

    usd: float | None
    thresholds: Sequence[float] | None
    forecast: bool
    remove: bool
    json_output: bool


def budget(client: Client, twin: str | None, workspace: str | None, given: Given) -> int:
    """`costs budget`: show it, or set or remove it first."""
    _check(twin, workspace, given)
    if twin is not None:
        return _of_twin(client, client.twins.find(twin), given)
    return _of_workspace(client, client.workspaces.find(workspace), given)


def _check(twin: str | None, workspace: str | None, given: Given) -> None:
    if (twin is None) == (workspace is None):
        raise UsageError("say whose budget: TWIN, or --workspace NAME for all twins of a workspace")
    if given.remove and given.usd is not None:
        raise UsageError("--usd and --remove: say one of them")
    if given.usd is not None and not 0 < given.usd <= 1e9:
        raise UsageError(f"--usd: {given.usd:g} is no budget; write more than 0")
    wrong = [each for each in given.thresholds or () if not 0 < each <= 10]
    if wrong or (given.thresholds and given.usd is None):
        raise UsageError("--at: write shares of --usd, more than 0 and up to 10")


def _of_twin(client: Client, twin: str, given: Given) -> int:
    if given.remove:
        client.bills.remove_budget(twin)
        say("it has no budget now")
        return 0
    wanted = _wanted(given)
    found = client.bills.budget(twin) if wanted is None else client.bills.set_budget(twin, wanted)
    if given.json_output:
        print_model(found)
    else:
        _print(found)
    return 0


def _of_workspace(client: Client, workspace: str, given: Given) -> int:
    if given.remove:
        client.bills.remove_workspace_budget(workspace)
        say("it has no budget now")
        return 0
    wanted = _wanted(given)
    found: WorkspaceBudget = (
        client.bills.workspace_budget(workspace)
        if wanted is None
        else client.bills.set_workspace_budget(workspace, wanted)
    )
    if given.json_output:
        print_model(found)
        return 0
    _print(found)
    for spent in found.spent:
        if spent.twins:
            say("")
            print_table(
                (f"in {spent.target}, {spent.period}", ">so far", ">by its end", "metered until (UTC)", "not known"),
                [*(_row(each) for each in spent.twins), _sum(spent, found.usd_per_month)],
                "",
            )
    return 0


def _wanted(given: Given) -> BudgetInput | None:
    if given.usd is None:
        return None
    thresholds = {"thresholds": list(given.thresholds)} if given.thresholds else {}
    return BudgetInput.model_validate({"usd_per_month": given.usd, "on_forecast": given.forecast, **thresholds})


def _print(found: Budget) -> None:
    alerts = ", ".join(f"{each:.0%}" for each in found.thresholds)
    print_facts(
        "budget",
        [
            ("a month", dollars(found.usd_per_month)),
            ("alerts at", f"{alerts}{', also of the forecast' if found.on_forecast else ''}"),
            ("set", moment(found.set_at)),
        ],
    )


def _row(spent: TwinSpent) -> tuple[str, ...]:
    return (
        spent.name,
        _maybe(spent.usd_to_date),
        _maybe(spent.usd_forecast),
        NONE if spent.metered_until is None else moment(spent.metered_until),
        spent.problem,
    )


def _sum(spent: WorkspaceSpent, budget_usd: float) -> tuple[str, ...]:
    share = f"{spent.usd_to_date / budget_usd:.0%} of the budget"
    return ("together", dollars(spent.usd_to_date), dollars(spent.usd_forecast), "", share)


def _maybe(usd: float | None) -> str:
    return NONE if usd is None else dollars(usd)
