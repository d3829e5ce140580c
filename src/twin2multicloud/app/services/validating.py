"""A twin's month as it was predicted, metered and billed; and the bill that its sandbox would get."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.schemas import bills as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import bills, cloud_costs, cloud_workload, twin_connections, twins, usage
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.app.services.prices import current
from twin2multicloud.app.services.sandboxes import sandbox_of
from twin2multicloud.app.services.watching import ask_sandbox
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.costing.clouds import metered_meters, stored_meters
from twin2multicloud.costing.focus import write_focus
from twin2multicloud.costing.mapping import MeterKey, TwinTags, map_lines
from twin2multicloud.costing.months import Used, at_rate, metered_seconds, month_of
from twin2multicloud.costing.pricing import TRANSIT, Pricing
from twin2multicloud.costing.simulated import Changes, simulated_bill
from twin2multicloud.costing.validation import Expected, Validation, validate
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.workload import SECONDS_PER_MONTH
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.compare import Comparison, MeterRow, compare
from twin2multicloud.sandbox.metering.observed import observed, replanned
from twin2multicloud.sandbox.metering.pace import pace_note
from twin2multicloud.sandbox.metering.window import Window


@dataclass(frozen=True)
class Foreseen:
    """A month's lines as they were predicted and, in a sandbox, metered for `metered_s` seconds of the twin's time."""

    lines: list[Expected]
    pricing: Pricing
    metered_s: float = 0.0
    problem: str = ""
    note: str = ""


def validation(backend: Backend, twin_id: str, target: Target, period: str | None) -> shapes.Validation:
    """Compare a month. `period` None: the newest that a bill is kept of. `ConflictError` for a twin that has no
    placement; what else is missing is told as a problem.
    """
    book = current(backend)
    with backend.database.read() as session:
        twin = session.get_one(Twin, twin_id)
        month = period or bills.newest_period(session, twin_id, target)
        lines = [] if month is None else bills.lines_of(session, twin_id, target, month)
        clouds = target == twin_connections.CLOUDS
        planned = cloud_costs.planned(session, twin) if clouds else _planned(session, twin)
        name = twin.name
        of = month_of(lines[0].period_begins if lines else backend.now())
        used = usage.kept(session, twin_id, target, of) if clouds else []
        hours = cloud_workload.kept(session, twin_id, of) if clouds else []
    seconds = (lines[0].period_ends - lines[0].period_begins).total_seconds() if lines else SECONDS_PER_MONTH
    seen = _foreseen(backend, twin_id, target, book.prices, planned, seconds)
    problems = [seen.problem] if seen.problem and not clouds else []
    if clouds and not used:
        problems.append("nothing of it was metered in this month: only what was billed is compared")
    if clouds and planned is not None:
        seen = _metered_in_clouds(seen, used, book.prices, seconds)
        seen, problem = _observed_in_clouds(seen, planned, hours, book.prices, seconds)
        problems += [problem] if problem else []
    bill = None
    if lines:
        expected = {each.key: each.predicted if each.metered is None else each.metered for each in seen.lines}
        bill = map_lines(lines, tags_of(backend, twin_id, name, target), expected, seen.pricing.pooled)
    else:
        where = "sandbox bill writes one, " if target == "sandbox" else ""
        problems.append(f"no bill {f'of {month} ' if month else ''}is kept; {where}costs import reads one")
    if seen.note:
        problems.append(seen.note)
    found = validate(seen.lines, bill, seen.pricing.usd)
    return _shown(found, twin_id, name, target, month if lines else None, seen.metered_s, book, problems)


def simulated(backend: Backend, twin_id: str, given: shapes.SimulatedBillInput) -> str:
    """The bill of a month like the sandbox's life so far, as FOCUS. `ConflictError` where nothing has been counted."""
    sandbox_of(backend, twin_id)
    prices = current(backend).prices
    with backend.database.read() as session:
        twin = session.get_one(Twin, twin_id)
        name, planned = twin.name, _planned(session, twin)
    seen = _foreseen(backend, twin_id, "sandbox", prices, planned, SECONDS_PER_MONTH)
    metered = {each.key: each.metered for each in seen.lines if each.metered}
    if seen.problem or not metered:
        raise ConflictError(seen.problem or "nothing has been counted yet; let the twin run for a few seconds")
    changes = Changes(
        given.prices,
        given.quantities,
        {Provider(cloud): Decimal(repr(usd)) for cloud, usd in given.unmodelled.items()},
        given.noise,
        given.seed,
    )
    changes.check([meter for meter, _ in metered])
    tags = {"run": twin_id, "twin": name, "managed-by": "twin2multicloud"}
    text = io.StringIO()
    now = ask_sandbox(backend, twin_id, "sandbox", lambda _client: None).twin_time or backend.now()
    write_focus(simulated_bill(metered, seen.pricing.usd, changes, month_of(now), tags), text)
    return text.getvalue()


def _planned(session: Session, twin: Twin) -> Blueprint | None:
    """What the newest version of a twin plans, where it is placed."""
    version = twins.current(session, twin)
    if version.placement is None:
        return None
    definition = twins.definition_of(version)
    return blueprint_of(definition.workload, Placement.model_validate(version.placement), definition.assumptions)


def tags_of(backend: Backend, twin_id: str, name: str, target: Target) -> TwinTags:
    """How what a twin consists of is tagged at a target."""
    if target == "sandbox":
        return TwinTags(name, frozenset({twin_id}))
    try:
        settings = home_of_twin(backend, twin_id, target).settings()
    except UsageError:  # it was never deployed there
        return TwinTags(name)
    return TwinTags(settings.twin, frozenset({settings.uid}))


def _foreseen(
    backend: Backend, twin_id: str, target: Target, prices: PriceBook, planned: Blueprint | None, seconds: float
) -> Foreseen:
    told = ask_sandbox(backend, twin_id, target, _counted)
    if told.answer is not None and told.answer[1].elapsed_s > 0:
        blueprint, window, slots = told.answer
        month = compare(blueprint, window.book, window.elapsed_s, prices, slots=slots)
        seen = observed(window.book, window.elapsed_s)
        if seen is None:
            return _of(month, None, prices, window.elapsed_s, "no message came in yet, so no workload was observed")
        again = compare(replanned(blueprint, seen), MeterBook(), 1.0, prices, slots=slots)
        return replace(_of(month, again, prices, window.elapsed_s), note=pace_note(month.hurried_share))
    if planned is None:
        raise ConflictError("this twin has no placement yet, so nothing is predicted for it; optimize it first")
    problem = told.problem or "nothing has been counted yet; let the twin run for a few seconds"
    found = _of(compare(planned, MeterBook(), 1.0, prices), None, prices, 0.0, problem)
    return Foreseen([_for(each, found.pricing, seconds) for each in found.lines], found.pricing, 0.0, problem)


def _counted(client: SandboxClient) -> tuple[Blueprint, Window, tuple[Slot, ...]]:
    return client.blueprint, Window.until_now(client.meters()), client.built


def _of(
    month: Comparison, again: Comparison | None, prices: PriceBook, metered_s: float, problem: str = ""
) -> Foreseen:
    """Lines by meter and region; those of traffic between regions are told apart by the link as well, and added up."""
    observed_of: dict[MeterKey, float] = defaultdict(float)
    idle = {part.component for row in month.rows for part in row.components if part.idle}
    for row in () if again is None else again.rows:
        # What the run had no occasion for is no matter of formulas.
        observed_of[row.meter, row.region] += sum(
            part.usage.predicted for part in row.components if part.component not in idle
        )
    rows: dict[MeterKey, list[MeterRow]] = defaultdict(list)
    for row in month.rows:
        rows[row.meter, row.region].append(row)
    flat = {key: _flat(some) for key, some in rows.items() if key[0].endswith(TRANSIT)}
    lines = [
        Expected(
            meter=some[0].meter,
            provider=some[0].provider,
            region=some[0].region,
            service=some[0].service,
            dimension=some[0].dimension if len(some) == 1 else "to other regions",
            unit=some[0].unit,
            predicted=sum(row.usage.predicted for row in some),
            observed=observed_of.get(key, 0.0) if again is not None else None,
            metered=sum(row.usage.metered for row in some) if metered_s else None,
            projected=any(row.projected for row in some),
        )
        for key, some in rows.items()
    ]
    return Foreseen(lines, Pricing(prices, flat), metered_s, problem)


def _observed_in_clouds(
    seen: Foreseen, planned: Blueprint, hours: Sequence[cloud_workload.Hour], prices: PriceBook, seconds: float
) -> tuple[Foreseen, str]:
    """With what the formulas predict for the messages that clouds counted; or why that is not known."""
    workload = cloud_workload.observed(planned, hours)
    if workload is None:
        return seen, cloud_workload.not_observed(planned, hours)
    again = _of(compare(replanned(planned, workload), MeterBook(), 1.0, prices), None, prices, 0.0)
    quantities = {each.key: _for(each, again.pricing, seconds).predicted for each in again.lines}
    stored = {meter for provider in Provider for meter in stored_meters(provider)}

    def at_workload(line: Expected) -> Expected:
        quantity = quantities.pop(line.key, 0.0)
        if line.meter in stored:
            return line  # how full a store is depends on its age, too
        # What there was no occasion for, such as dashboards that nobody opened, is no matter of formulas.
        return replace(line, observed=0.0 if line.metered == 0 else quantity)

    lines = [at_workload(each) for each in seen.lines]
    # What the planned workload has no use for, and the one that was has.
    lines += [
        replace(_for(each, again.pricing, seconds), predicted=0.0, observed=quantities[each.key])
        for each in again.lines
        if quantities.get(each.key)
    ]
    return replace(seen, lines=lines), ""


def _metered_in_clouds(seen: Foreseen, used: list[Used], prices: PriceBook, seconds: float) -> Foreseen:
    """With what clouds told of a month, at its rate for all of `seconds`; what they do not tell was not metered."""
    if not used:
        return seen
    metered = at_rate(used, seconds, seen.pricing.sold)
    told = {meter for provider in Provider for meter in metered_meters(provider)}
    lines = [replace(each, metered=metered.pop(each.key, 0.0)) if each.meter in told else each for each in seen.lines]
    for (meter, region), quantity in metered.items():
        if quantity > 0:
            known = prices.meter(meter)
            lines.append(
                Expected(
                    meter, known.provider, region, known.service, known.dimension, known.unit, 0.0, metered=quantity
                )
            )
    return Foreseen(lines, seen.pricing, metered_seconds(used))


def _flat(rows: list[MeterRow]) -> float:
    usd = sum(row.usd.predicted or row.usd.metered for row in rows)
    quantity = sum(row.usage.predicted or row.usage.metered for row in rows)
    return usd / quantity if quantity else 0.0


def _for(line: Expected, pricing: Pricing, seconds: float) -> Expected:
    """A month's prediction for a billing period of so many seconds; what is sold by the month stays what it is."""
    if pricing.sold(line.meter) != "sum":
        return line
    return Expected(
        line.meter, line.provider, line.region, line.service, line.dimension, line.unit,
        line.predicted * seconds / SECONDS_PER_MONTH,
    )  # fmt: skip


def _shown(
    found: Validation,
    twin_id: str,
    name: str,
    target: Target,
    period: str | None,
    metered_s: float,
    book: Book,
    problems: list[str],
) -> shapes.Validation:
    return shapes.Validation.model_validate(
        {
            "twin": twin_id,
            "name": name,
            "target": target,
            "period": period,
            "metered_s": metered_s,
            "price_book": {"version": book.prices.version, "date": book.prices.date, "hash": book.hash},
            "meters": [
                {
                    "cloud": line.expected.provider.value,
                    "meter": line.expected.meter,
                    "region": line.expected.region,
                    "service": line.expected.service,
                    "dimension": line.expected.dimension,
                    "unit": line.expected.unit,
                    "predicted": line.expected.predicted,
                    "metered": line.expected.metered,
                    "billed": line.billed,
                    "usd_predicted": exact(line.predicted_usd),
                    "usd_metered": _maybe(line.metered_usd),
                    "usd_billed": _maybe(line.billed_usd),
                    "difference": exact(line.difference),
                    "relative": line.relative,
                    "effects": {cause.value: exact(amount) for cause, amount in line.effects.items()},
                    "projected": line.expected.projected,
                    "note": line.note,
                }
                for line in found.lines
            ],
            "unmapped": [
                {
                    "cloud": each.provider.value,
                    "service": each.service,
                    "usage": each.usage,
                    "category": each.category.value,
                    "reason": each.reason,
                    "ours": each.ours,
                    "usd": exact(each.usd),
                    "lines": each.lines,
                }
                for each in found.unmapped
            ],
            "measures": [
                {
                    "estimate": each.estimate,
                    "actual": each.actual,
                    "lines": each.lines,
                    "mape": each.mape,
                    "wape": each.wape,
                    "usd_estimate": exact(each.estimate_usd),
                    "usd_actual": exact(each.actual_usd),
                    "total_relative": each.total_relative,
                    "left_out": [f"{meter} in {region}" for meter, region in each.left_out],
                }
                for each in found.measures
            ],
            "effects": {cause.value: exact(amount) for cause, amount in found.effects.items()},
            "usd_predicted": exact(found.predicted_usd),
            "usd_metered": _maybe(found.metered_usd),
            "usd_billed": _maybe(found.billed_usd),
            "usd_others": exact(found.others_usd),
            "difference": exact(found.difference),
            "problems": problems,
        }
    )


def exact(amount: Decimal) -> str:
    """An amount as text with all its digits that are not 0."""
    text = format(amount, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0") else text


def _maybe(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
