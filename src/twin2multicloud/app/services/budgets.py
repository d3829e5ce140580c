"""Budgets of twins, and alerts when a month uses one up, or costs unlike before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.costs import Budget
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas import costs as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import alerts, audit, bills, spending, usage, workspace_budgets
from twin2multicloud.app.services.alerts import Problem
from twin2multicloud.app.services.budget_alerts import Amount, ended, reached, set_to, told
from twin2multicloud.app.services.prices import current
from twin2multicloud.app.services.spending import BILLED, METERED, Of, Spent
from twin2multicloud.app.services.validating import tags_of
from twin2multicloud.costing.anomalies import WEEKS, Anomaly, rates, unusual
from twin2multicloud.costing.months import Month, ToDate, Used, month_of, to_date
from twin2multicloud.costing.pricing import TRANSIT, Pricing
from twin2multicloud.model.errors import PriceError

LEAST_USD_PER_H: Final = 0.01
"""An hour that costs less than this more is no anomaly: some 7 USD a month."""
_TARGETS: Final = ("sandbox", "clouds", "rehearsal")
_HOUR: Final = timedelta(hours=1)


def shown(session: Session, twin_id: str) -> shapes.Budget:
    """A twin's budget; `NotFoundError` without one."""
    row = session.get(Budget, twin_id)
    if row is None:
        raise NotFoundError("this twin has no budget")
    return shapes.Budget(**told(row))


def put(
    backend: Backend, session: Session, principal: Principal, twin: Twin, given: shapes.BudgetInput
) -> shapes.Budget:
    """Set a twin's budget in place of the one it has."""
    backend.database.take_turns(session, f"budgets/{twin.id}")
    row = session.get(Budget, twin.id)
    if row is None:
        row = Budget(twin_id=twin.id)
        session.add(row)
    _end(backend, session, twin, set_to(row, given, principal.user_id, backend.now()))
    session.flush()
    audit.note(
        backend, session, principal, "budget.set", twin.id, workspace_id=twin.workspace_id, usd=given.usd_per_month
    )
    return shapes.Budget(**told(row))


def remove(backend: Backend, session: Session, principal: Principal, twin: Twin) -> None:
    """Take a twin's budget away, and end its alerts. Without one: nothing."""
    backend.database.take_turns(session, f"budgets/{twin.id}")
    row = session.get(Budget, twin.id)
    if row is None:
        return
    _end(backend, session, twin, row.thresholds)
    session.delete(row)
    audit.note(backend, session, principal, "budget.removed", twin.id, workspace_id=twin.workspace_id)


def _end(backend: Backend, session: Session, twin: Twin, thresholds: Sequence[float]) -> None:
    for target in _TARGETS:
        alerts.fold_in(backend, session, twin, target, ended(thresholds, backend.now()))


def watch(backend: Backend, twin_id: str, target: str, at: datetime, looked: datetime | None = None) -> datetime | None:
    """Raise and end alerts about a twin's cost until a moment of its time. Hours are looked at once each: `looked` is
    the last one that was, and what is returned the one that is then. `PriceError` where the book lacks a price: what
    the month comes to is not known then, and its workspace's budget says so.
    """
    month, pricing = month_of(at), Pricing(current(backend).prices, {})
    with backend.database.read() as session:
        budget = session.get(Budget, twin_id)
        # Traffic between regions has its price elsewhere and is little; see `costs`.
        this = _without_transit(usage.kept(session, twin_id, target, month))
        lately = _without_transit(usage.kept(session, twin_id, target, Month(at - WEEKS - _HOUR, at)))
    problems = []
    complete = _complete(lately, at)
    last = max((each.at for each in complete), default=None)
    try:
        if last != looked:
            found = unusual(rates(complete, pricing.usd, pricing.sold), LEAST_USD_PER_H)
            problems.append(_anomaly_problem(found, backend.now()))
        so_far = to_date(this, month, at, pricing.usd, pricing.sold)
    except PriceError as error:
        unknown = Spent(month, at, None, None, f"it cannot be priced: {error}")
        _tell(backend, twin_id, target, [], METERED, unknown)
        raise
    if budget is not None:
        problems += _budget_problems(budget, so_far, month, backend.now())
    _tell(backend, twin_id, target, problems, METERED, spending.metered(month, at, so_far))
    return last


def _tell(backend: Backend, twin_id: str, target: str, problems: list[Problem], of: Of, spent: Spent) -> None:
    """Of a twin that is no longer there: nothing."""
    with backend.database.write() as session:
        twin = session.get(Twin, twin_id)
        if twin is None:
            return
        alerts.fold_in(backend, session, twin, target, problems)
        spending.keep(session, twin_id, target, of, spent)
        workspace_budgets.hold_against(backend, session, twin.workspace_id, target)


def watch_bill(backend: Backend, twin_id: str, target: Target) -> None:
    """Raise and end alerts about what the newest bill of a twin comes to, which was just read."""
    with backend.database.read() as session:
        budget = session.get(Budget, twin_id)
        period = bills.newest_period(session, twin_id, target)
        if period is None:
            return
        lines = bills.lines_of(session, twin_id, target, period)
        name = session.get_one(Twin, twin_id).name
    tags = tags_of(backend, twin_id, name, target)
    usd = float(sum((line.cost for line in lines if tags.whose(line) == "ours"), Decimal(0)))
    month, now = month_of(lines[0].period_begins), backend.now()
    problems = [] if budget is None else reached(budget, Amount("billed", usd, "as billed so far"), month, now)
    _tell(backend, twin_id, target, problems, BILLED, Spent(month, now, usd))


def _complete(used: Sequence[Used], at: datetime) -> list[Used]:
    """Without the hour or day that is not over yet."""
    return [each for each in used if each.at + max(_HOUR, timedelta(seconds=each.seconds)) <= at]


def _without_transit(used: Sequence[Used]) -> list[Used]:
    return [each for each in used if not each.key[0].endswith(TRANSIT)]


def _budget_problems(budget: Budget, so_far: ToDate, month: Month, now: datetime) -> list[Problem]:
    forecast = so_far.forecast_usd if budget.on_forecast else 0.0
    return [
        *reached(budget, Amount("actual", so_far.total_usd, "so far"), month, now),
        *reached(budget, Amount("forecast", forecast, "by its end (forecast)"), month, now),
    ]


def _anomaly_problem(found: Anomaly | None, now: datetime) -> Problem:
    if found is None:
        return Problem("anomaly|cost", "anomaly", "warning", "", now, over=True)
    why = ", ".join(f"{meter} in {region} +{usd:,.3f} USD" for (meter, region), usd in found.meters)
    return Problem(
        fold="anomaly|cost",
        kind="anomaly",
        severity="warning",
        message=f"an hour costs {found.usd:,.3f} USD where {found.usual_usd:,.3f} USD is usual"
        + (f": {why}" if why else ""),
        at=now,
        total=1,
        since=found.at.timestamp(),
        data={
            "usd_per_h": found.usd,
            "usual_usd_per_h": found.usual_usd,
            "meters": [{"meter": meter, "region": region, "usd_per_h": usd} for (meter, region), usd in found.meters],
        },
    )
