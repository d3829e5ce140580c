"""What all twins of a workspace together may cost in a month, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.costs import BudgetInput, TwinSpent, WorkspaceBudget, WorkspaceSpent
from twin2multicloud.app.ui import figures, may
from twin2multicloud.app.ui.components import bars, buttons, fields, states, text
from twin2multicloud.app.ui.components.bars import Bar, Part
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_NEWS: Final = Wanted(("budget.", "alert"))
_SHOWN: Final = 6
_MOST_USD: Final = 1e9


@ft.component
def WorkspaceBudgetPart(workspace: str) -> ft.Control:  # noqa: N802  named as Flet's controls are
    """The budget of a workspace (its id), which operators set and take away."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.preferences)
    found = use_remote(lambda: session.ask(lambda api: _Kept(_load(api, workspace))), workspace, refresh_on=_NEWS)
    return states.shown(found, lambda kept: _shown(session, workspace, kept.budget, found.refresh), rows=2)


@dataclass(frozen=True)
class _Kept:
    """A budget, or that there is none."""

    budget: WorkspaceBudget | None


def _load(api: Client, workspace: str) -> WorkspaceBudget | None:
    try:
        return api.bills.workspace_budget(workspace)
    except NotFoundError:
        return None


def _shown(session: Session, workspace: str, budget: WorkspaceBudget | None, changed: Callable[[], None]) -> ft.Control:
    parts: list[ft.Control] = [text.section(tr("Budget of all twins"))]
    if budget is None:
        parts.append(text.muted(tr("Nobody has said what its twins together may cost in a month.")))
    else:
        shares = ", ".join(f"{each:.0%}" for each in budget.thresholds)
        parts.append(
            text.body(
                tr(
                    "{usd} a month; alerts come at {shares}.",
                    usd=figures.money(budget.usd_per_month, session.currency),
                    shares=shares,
                )
            )
        )
        for spent in budget.spent:
            if spent.twins:
                parts += _spent(session, budget, spent)
    if may.have(session.me, "write", "operator", workspace):
        parts.append(Setting(workspace, None if budget is None else budget.usd_per_month, changed))
    return ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _spent(session: Session, budget: WorkspaceBudget, spent: WorkspaceSpent) -> list[ft.Control]:
    palette, currency = session.appearance.palette, session.currency
    share = spent.usd_to_date / budget.usd_per_month
    said = {"to_date": figures.money(spent.usd_to_date, currency), "share": f"{share:.0%}"}
    said |= {"forecast": figures.money(spent.usd_forecast, currency), "month": spent.period}
    told = (
        tr("In clouds, {month}: {to_date} so far, {share} of it; {forecast} by its end.", **said)
        if spent.target == "clouds"
        else tr(
            "In sandboxes, where no money is spent: {to_date} so far, {share} of it; {forecast} by its end.", **said
        )
    )
    color = palette.bad.strong if share >= 1 else palette.ok.strong
    rows = [_bar(each, color, figures.money(each.usd_to_date, currency)) for each in spent.twins[:_SHOWN]]
    parts: list[ft.Control] = [
        text.body(told),
        bars.bars(rows, label=tr("What each twin comes to"), name_px=110, said_px=90),
    ]
    if len(spent.twins) > _SHOWN:
        more = len(spent.twins) - _SHOWN
        parts.append(text.muted(trn("and {count} more twin", "and {count} more twins", more)))
    parts += [text.muted(f"{each.name}: {each.problem}") for each in spent.twins if each.problem][:_SHOWN]
    return parts


def _bar(spent: TwinSpent, color: str, said: str) -> Bar:
    usd = spent.usd_to_date
    return Bar(spent.name, [Part(usd, color)] if usd else [], figures.NONE if usd is None else said)


@ft.component
def Setting(workspace: str, usd: float | None, changed: Callable[[], None]) -> ft.Control:  # noqa: N802
    """A new amount, in USD, as clouds bill."""
    session = use_session()
    use_store(session.appearance)
    given, set_given = ft.use_state("" if usd is None else f"{usd:g}")
    problem, set_problem = ft.use_state("")
    busy, set_busy = ft.use_state(False)

    def keep() -> None:
        wanted = read(given)
        set_problem("" if wanted is not None else tr("write USD a month, more than 0"))
        if wanted is None or busy:
            return

        async def kept() -> None:
            set_busy(True)
            try:
                body = BudgetInput(usd_per_month=wanted)
                await session.ask(lambda api: api.bills.set_workspace_budget(workspace, body))
            finally:
                set_busy(False)
            session.notices.tell(tr("The budget is set"))
            changed()

        session.act(kept(), failed=lambda failure: set_problem(failure.message))

    async def removed() -> None:
        await session.ask(lambda api: api.bills.remove_workspace_budget(workspace))
        set_given("")
        session.notices.tell(tr("It has no budget now"))
        changed()

    row: list[ft.Control] = [
        ft.Container(
            fields.line(
                tr("A month may cost"),
                given,
                set_given,
                unit="USD",
                hint="500",
                problem=problem or None,
                done=lambda _: keep(),
            ),
            width=200,
        ),
        buttons.other(tr("Setting…") if busy else tr("Set the budget"), None if busy else keep),
    ]
    if usd is not None:
        row.append(buttons.quiet(tr("Take it away"), lambda: session.act(removed())))
    return ft.Row(row, wrap=True, spacing=GAP, run_spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.START)


def read(given: str) -> float | None:
    """USD that somebody wrote, with or without commas; None if it is no budget."""
    try:
        found = float(given.replace(",", "").strip())
    except ValueError:
        return None
    return found if 0 < found <= _MOST_USD else None
