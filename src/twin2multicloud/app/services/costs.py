"""What a twin costs: predicted, metered so far, billed; this month to date, and day by day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.costs import Budget
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.schemas import costs as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import bills, cloud_costs, cloud_usage, usage
from twin2multicloud.app.services.metering import Metered, compared, metered
from twin2multicloud.app.services.prices import current
from twin2multicloud.app.services.twin_connections import CLOUDS
from twin2multicloud.app.services.validating import tags_of
from twin2multicloud.app.services.watching import Told, ask_sandbox
from twin2multicloud.costing.mapping import MappedBill, MeterKey, map_lines
from twin2multicloud.costing.months import Month, ToDate, Used, by_day, metered_seconds, month_of, to_date
from twin2multicloud.costing.pricing import TRANSIT, Pricing
from twin2multicloud.model.errors import PriceError
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.metering.compare import Comparison

NOT_READ: Final = "no bill of it was read yet (costs import)"


@dataclass(frozen=True)
class _Seen:
    """What a sandbox told: the month that its whole life makes, and its counters now."""

    life: Metered
    reading: usage.Reading


@dataclass(frozen=True)
class _Usage:
    """A month's usage until now, and how it is priced."""

    used: list[Used] = field(default_factory=list)
    pricing: Pricing | None = None

    def to_date(self, month: Month, now: datetime) -> ToDate | None:
        """The month until now; None where nothing was metered in it."""
        if self.pricing is None or not self.used:
            return None
        return to_date(self.used, month, now, self.pricing.usd, self.pricing.sold)


def costs(backend: Backend, twin_id: str, target: Target) -> shapes.Costs:
    """What it costs, meter by meter."""
    if target == CLOUDS:
        return _in_clouds(backend, twin_id)
    told = ask_sandbox(backend, twin_id, target, lambda client: _look(backend, client))
    life = None if told.answer is None else told.answer.life
    found = None if life is None else life.month
    now = told.twin_time or backend.now()
    month = month_of(now)
    whole = _used(backend, twin_id, target, month, told, found)
    so_far = whole.to_date(month, now)
    bill, period = _billed(backend, twin_id, target, found)
    return shapes.Costs(
        live=told.answer is not None,
        problem=told.problem or ("" if life is None else life.problem),
        twin_time=told.twin_time,
        usd_predicted=_predicted(backend, twin_id) if found is None else found.usd.predicted,
        usd_metered=None if found is None else found.usd.metered,
        metered_s=0.0 if life is None else life.elapsed_s,
        month=None if so_far is None else _month(month, so_far),
        meters=_meters(found, so_far, bill),
        days=_days(backend, twin_id, target, month, whole),
        budget_usd=_budget(backend, twin_id),
        **_of_bill(bill, period),
    )


def _in_clouds(backend: Backend, twin_id: str) -> shapes.Costs:
    """By the clouds' own metrics, as they were read last."""
    seen, prices = cloud_costs.foreseen(backend, twin_id), current(backend).prices
    found, now = seen.month, backend.now()
    month, until = month_of(now), cloud_usage.read_until(backend, twin_id)
    whole = _used(backend, twin_id, CLOUDS, month, Told(None), found)
    so_far = whole.to_date(month, now)
    bill, period = _billed(backend, twin_id, CLOUDS, found)
    billed = {} if bill is None else {key: float(each.usd) for key, each in bill.meters.items()}
    metered = cloud_costs.MeteredMonth(whole.used, whole.pricing or Pricing(prices, {}), so_far)
    rows = cloud_costs.meters(prices, found, metered, billed)
    known = [each.usd_metered for each in rows if each.usd_metered is not None]
    problem = seen.problem if until is not None or seen.problem else "what it uses was not read from its clouds yet"
    return shapes.Costs(
        live=False,
        problem=problem,
        twin_time=None,
        metered_until=until,
        usd_predicted=_predicted(backend, twin_id) if found is None else found.usd.predicted,
        usd_metered=sum(known) if so_far is not None else None,
        usd_not_metered=sum(each.usd_predicted for each in rows if each.metered is None),
        metered_s=metered_seconds(whole.used),
        month=None if so_far is None else _month(month, so_far),
        meters=rows,
        days=_days(backend, twin_id, CLOUDS, month, whole),
        budget_usd=_budget(backend, twin_id),
        **_of_bill(bill, period),
    )


def _of_bill(bill: MappedBill | None, period: str | None) -> dict[str, Any]:
    """What costs tell of a bill."""
    if bill is None:
        return {"billed_period": period, "billed_problem": NOT_READ}
    return {"billed": float(bill.usd), "billed_period": period, "billed_unmapped": float(bill.unmapped_usd)}


def history(backend: Backend, twin_id: str, target: Target, period: str | None) -> shapes.CostHistory:
    """A month day by day: what was metered, priced as the month's sums are, and billed. `period` None: the month that
    it is in the twin.
    """
    told = ask_sandbox(backend, twin_id, target, lambda client: _look(backend, client))
    found = None if told.answer is None else told.answer.life.month
    now = told.twin_time or backend.now()
    month = month_of(now if period is None else datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC))
    return shapes.CostHistory(
        live=told.answer is not None,
        problem=told.problem,
        twin_time=told.twin_time,
        period=f"{month.begins:%Y-%m}",
        days=_days(backend, twin_id, target, month, _used(backend, twin_id, target, month, told, found)),
    )


def _days(backend: Backend, twin_id: str, target: Target, month: Month, whole: _Usage) -> list[shapes.CostDay]:
    days: dict[datetime, shapes.CostDay] = {}
    if whole.pricing is not None:
        for day in by_day(whole.used, month, whole.pricing.usd, whole.pricing.sold):
            days[day.at] = shapes.CostDay(day=day.at, usd_metered=day.usd, metered_s=day.seconds)
    for at, usd in _billed_by_day(backend, twin_id, target, f"{month.begins:%Y-%m}").items():
        shown = days.get(at) or shapes.CostDay(day=at)
        days[at] = shown.model_copy(update={"usd_billed": float(usd)})
    return [days[at] for at in sorted(days)]


def _budget(backend: Backend, twin_id: str) -> float | None:
    with backend.database.read() as session:
        row = session.get(Budget, twin_id)
    return None if row is None else row.usd_per_month


def _look(backend: Backend, client: SandboxClient) -> _Seen:
    snapshots = client.meters()
    return _Seen(metered(backend, client, snapshots), usage.read(client, snapshots))


def _used(
    backend: Backend, twin_id: str, target: Target, month: Month, told: Told[_Seen], found: Comparison | None
) -> _Usage:
    """What was taken down of a month, and what came since; `found` tells what traffic between regions costs."""
    prices, seen = current(backend).prices, told.answer
    with backend.database.read() as session:
        kept = usage.kept(session, twin_id, target, month)
        before = usage.reading_of(session, twin_id, target)
        try:
            at = told.twin_time
            rest = [] if seen is None or at is None else usage.since(seen.reading, at, before, prices)
        except PriceError:
            rest = []  # the problem is told with the meters
    used = usage.together(kept, [each for each in rest if month.begins <= each.at < month.ends])
    flat = _flat(found)
    # Traffic between regions that nobody can price now, because what it crossed is gone, is left out.
    return _Usage(
        [each for each in used if not each.key[0].endswith(TRANSIT) or each.key in flat], Pricing(prices, flat)
    )


def _flat(found: Comparison | None) -> dict[MeterKey, float]:
    sums: dict[MeterKey, tuple[float, float]] = {}
    for row in () if found is None else found.rows:
        if row.meter.endswith(TRANSIT):
            usd, quantity = sums.get((row.meter, row.region), (0.0, 0.0))
            sums[row.meter, row.region] = (
                usd + row.usd.predicted + row.usd.metered,
                quantity + row.usage.predicted + row.usage.metered,
            )
    return {key: usd / quantity for key, (usd, quantity) in sums.items() if quantity > 0}


def _month(month: Month, so_far: ToDate) -> shapes.MonthToDate:
    return shapes.MonthToDate(
        begins=month.begins,
        ends=month.ends,
        counted_s=so_far.seconds,
        usd_to_date=so_far.total_usd,
        usd_forecast=so_far.forecast_usd,
    )


def _meters(found: Comparison | None, so_far: ToDate | None, bill: MappedBill | None) -> list[shapes.CostMeter]:
    """A row for each meter; what lines of a meter have in common stands with the first of them."""
    usd, quantities, ahead = (
        ({}, {}, {}) if so_far is None else (dict(so_far.usd), dict(so_far.quantities), dict(so_far.forecast))
    )
    billed = {} if bill is None else {key: float(each.usd) for key, each in bill.meters.items()}
    shown = []
    for facts in () if found is None else compared(found):
        key = (facts["meter"], facts["region"])
        amounts = ("metered", "predicted")
        unit = next((facts[f"usd_{each}"] / facts[each] for each in amounts if facts[each] > 0), None)
        shown.append(
            shapes.CostMeter(
                **facts,
                usd_per_unit=unit,
                to_date=quantities.pop(key, 0.0),
                usd_to_date=usd.pop(key, 0.0),
                usd_forecast=ahead.pop(key, 0.0),
                usd_billed=billed.pop(key, None),
            )
        )
    return shown


def _billed(
    backend: Backend, twin_id: str, target: Target, found: Comparison | None
) -> tuple[MappedBill | None, str | None]:
    """The newest bill that was read, by meters."""
    with backend.database.read() as session:
        period = bills.newest_period(session, twin_id, target)
        if period is None:
            return None, None
        lines = bills.lines_of(session, twin_id, target, period)
        name = session.get_one(Twin, twin_id).name
    expected = {} if found is None else {(row.meter, row.region): row.usage.metered for row in found.rows}
    return map_lines(lines, tags_of(backend, twin_id, name, target), expected), period


def _billed_by_day(backend: Backend, twin_id: str, target: Target, period: str) -> dict[datetime, Decimal]:
    with backend.database.read() as session:
        lines = bills.lines_of(session, twin_id, target, period)
        name = session.get_one(Twin, twin_id).name
    tags = tags_of(backend, twin_id, name, target)
    days: dict[datetime, Decimal] = defaultdict(Decimal)
    for line in lines:
        if tags.whose(line) == "ours":
            days[line.charged_from] += line.cost
    return days


def _predicted(backend: Backend, twin_id: str) -> float | None:
    with backend.database.read() as session:
        return session.scalar(
            select(TwinVersion.usd_per_month)
            .join(Twin, (Twin.id == TwinVersion.twin_id) & (Twin.number == TwinVersion.number))
            .where(Twin.id == twin_id)
        )
