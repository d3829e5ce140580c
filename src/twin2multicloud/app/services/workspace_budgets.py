"""Budgets of workspaces: what all their twins together may cost in a month, and alerts when a share of it is used.

Each twin counts with what was metered of its month or what was billed of it, whichever is more, as it was when the twin
was looked at last. Twins in clouds and twins in sandboxes are added up apart: only the ones cost money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.costs import TwinSpending, WorkspaceBudget
from twin2multicloud.app.db.tables.people import Workspace
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import costs as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import alerts, audit
from twin2multicloud.app.services.budget_alerts import Amount, ended, reached, set_to, told
from twin2multicloud.app.services.spending import BILLED, METERED
from twin2multicloud.costing.months import Month, month_of

TARGETS: Final[tuple[Target, ...]] = ("clouds", "sandbox")
LATE: Final = timedelta(days=1)
"""What was metered so long ago is said to be of then."""
_NAMED: Final = 5


@dataclass(frozen=True)
class Together:
    """The month of all twins of a workspace at a target."""

    month: Month
    shown: shapes.WorkspaceSpent


def shown(backend: Backend, session: Session, workspace: Workspace) -> shapes.WorkspaceBudget:
    """A workspace's budget, and what its twins come to; `NotFoundError` without one."""
    row = session.get(WorkspaceBudget, workspace.id)
    if row is None:
        raise NotFoundError(f"the workspace '{workspace.name}' has no budget")
    return _shape(backend, session, row)


def put(
    backend: Backend, session: Session, principal: Principal, workspace: Workspace, given: shapes.BudgetInput
) -> shapes.WorkspaceBudget:
    """Set a workspace's budget in place of the one it has, and hold against it what is known; alerts of what is not
    reached any more end.
    """
    backend.database.take_turns(session, alerts.turns_of(workspace.id, None))
    row = session.get(WorkspaceBudget, workspace.id)
    if row is None:
        row = WorkspaceBudget(workspace_id=workspace.id)
        session.add(row)
    _end(backend, session, workspace, set_to(row, given, principal.user_id, backend.now()))
    session.flush()
    _note(backend, session, principal, workspace, "budget.set", usd=given.usd_per_month)
    for target in TARGETS:
        hold_against(backend, session, workspace.id, target)
    return _shape(backend, session, row)


def remove(backend: Backend, session: Session, principal: Principal, workspace: Workspace) -> None:
    """Take a workspace's budget away, and end its alerts. Without one: nothing."""
    backend.database.take_turns(session, alerts.turns_of(workspace.id, None))
    row = session.get(WorkspaceBudget, workspace.id)
    if row is None:
        return
    _end(backend, session, workspace, row.thresholds)
    session.delete(row)
    _note(backend, session, principal, workspace, "budget.removed")


def hold_against(backend: Backend, session: Session, workspace_id: str, target: str) -> None:
    """Raise and end alerts of a workspace's budget by what its twins at a target came to. Without a budget: nothing."""
    row = session.get(WorkspaceBudget, workspace_id)
    if row is None or target not in TARGETS:
        return
    backend.database.take_turns(session, alerts.turns_of(workspace_id, None))
    together = _together(backend, session, workspace_id, target)
    spent, now = together.shown, backend.now()
    missing = [each for each in spent.twins if each.problem]
    beside = _beside(missing)
    where = f"in all twins of this workspace in {'clouds' if target == 'clouds' else 'sandboxes'}"
    data = {"target": target, "not_known": [{"twin": each.twin, "problem": each.problem} for each in missing]}
    forecast = spent.usd_forecast if row.on_forecast else 0.0
    problems = [
        *reached(row, Amount("actual", spent.usd_to_date, f"so far {where}", beside, data), together.month, now),
        *reached(
            row, Amount("forecast", forecast, f"by its end (forecast) {where}", beside, data), together.month, now
        ),
    ]
    alerts.fold_in(backend, session, session.get_one(Workspace, workspace_id), target, problems)


# ── Adding up ───────────────────────────────────────────────────────────────────────────────────────────────
def _together(backend: Backend, session: Session, workspace_id: str, target: Target | str) -> Together:
    """In clouds the month is that of now, and a twin that was destroyed in it still counts. A sandbox has a time of its
    own: each counts with the month that it is in, for as long as it is there.
    """
    found = session.execute(
        select(Twin.id, Twin.name, TwinSpending)
        .outerjoin(TwinSpending, (TwinSpending.twin_id == Twin.id) & (TwinSpending.target == target))
        .where(Twin.workspace_id == workspace_id)
    ).all()
    names: dict[str, str] = {}
    kept: dict[str, dict[str, TwinSpending]] = {}
    for twin_id, name, spending in found:
        names[twin_id] = name
        if spending is not None:
            kept.setdefault(twin_id, {})[spending.of] = spending
    deployed = set(
        session.scalars(select(Stack.twin_id).where(Stack.twin_id.in_(names), Stack.target == target).distinct())
    )
    now = backend.now()
    if target == "clouds":
        month = month_of(now)
    else:
        ends = [rows[METERED].at for twin_id, rows in kept.items() if twin_id in deployed and METERED in rows]
        month = month_of(max(ends, default=now))
    twins = []
    for twin_id, name in names.items():
        there = twin_id in deployed
        mine = kept.get(twin_id, {})
        if target == "clouds":
            mine = {of: each for of, each in mine.items() if each.period == f"{month.begins:%Y-%m}"}
        if there or (mine and target == "clouds"):
            twins.append(_spent(twin_id, name, mine, now if there and target == "clouds" else None))
    twins.sort(key=lambda each: (-(each.usd_to_date or 0.0), each.name))
    return Together(
        month,
        shapes.WorkspaceSpent(
            target="clouds" if target == "clouds" else "sandbox",
            period=f"{month.begins:%Y-%m}",
            usd_to_date=sum(each.usd_to_date or 0.0 for each in twins),
            usd_forecast=sum(each.usd_forecast or 0.0 for each in twins),
            twins=twins,
        ),
    )


def _spent(twin_id: str, name: str, kept: dict[str, TwinSpending], now: datetime | None) -> shapes.TwinSpent:
    """A twin's month. `now` where what was metered long ago is to be told as such."""
    metered, billed = kept.get(METERED), kept.get(BILLED)
    known = [each.usd for each in (metered, billed) if each is not None and each.usd is not None]
    problem = ""
    if not known:
        why = metered.problem if metered is not None else ""
        problem = why or "nothing of it was metered or billed in this month yet"
    elif metered is None or metered.usd is None:
        problem = "it is not metered; its bill counts" + (f" ({metered.problem})" if metered is not None else "")
    elif now is not None and now - metered.at > LATE:
        problem = f"it was metered until {metered.at:%Y-%m-%d %H:%M} UTC only"
    usd = max(known, default=None)
    forecast = None if metered is None else metered.forecast_usd
    ahead = [each for each in (usd, forecast) if each is not None]
    return shapes.TwinSpent(
        twin=twin_id,
        name=name,
        usd_to_date=usd,
        usd_forecast=max(ahead, default=None),
        metered_until=None if metered is None or metered.usd is None else metered.at,
        problem=problem,
    )


def _beside(missing: Sequence[shapes.TwinSpent]) -> str:
    """Which twins do not count, or not whole, in words."""
    if not missing:
        return ""
    named = ", ".join(f"{each.name} ({each.problem})" for each in missing[:_NAMED])
    more = f", and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return f"; not known whole: {named}{more}"


def _end(backend: Backend, session: Session, workspace: Workspace, thresholds: Sequence[float]) -> None:
    for target in TARGETS:
        alerts.fold_in(backend, session, workspace, target, ended(thresholds, backend.now()))


def _note(
    backend: Backend, session: Session, principal: Principal, workspace: Workspace, action: str, **details: Any
) -> None:
    message = f"{principal.name} {'set' if action == 'budget.set' else 'removed'} the budget of {workspace.name}"
    backend.events.add(session, NewEvent(workspace.id, action, message, data=dict(details)))
    audit.note(backend, session, principal, action, workspace.id, workspace_id=workspace.id, **details)


def _shape(backend: Backend, session: Session, row: WorkspaceBudget) -> shapes.WorkspaceBudget:
    spent = [_together(backend, session, row.workspace_id, target).shown for target in TARGETS]
    return shapes.WorkspaceBudget(**told(row), spent=spent)
