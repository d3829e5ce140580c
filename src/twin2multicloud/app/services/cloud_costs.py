"""What a twin in clouds uses, meter by meter: predicted for how it is placed there, and metered by the clouds' metrics.

A meter that no metric tells is no meter of which nothing was used: it is listed apart, with what was predicted of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.schemas import costs as shapes
from twin2multicloud.app.services import placements, twins
from twin2multicloud.app.services.prices import current
from twin2multicloud.app.services.twin_connections import CLOUDS
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.costing.clouds import metered_meters, sources_of
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import ToDate, Used, at_rate
from twin2multicloud.costing.pricing import TRANSIT, Pricing
from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.workload import SECONDS_PER_MONTH
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.compare import Comparison, MeterRow, Pair, compare

_TRANSIT_WHY: Final = "no metric tells traffic between regions"
_NO_METRIC: Final = "no metric of it is known"


@dataclass(frozen=True)
class Foreseen:
    """A month as it is predicted for the placement in the clouds; None where `problem` says why."""

    month: Comparison | None
    problem: str = ""


@dataclass(frozen=True)
class MeteredMonth:
    """A month's usage in the clouds so far, and how it is priced."""

    used: list[Used]
    pricing: Pricing
    to_date: ToDate | None


def planned(session: Session, twin: Twin) -> Blueprint | None:
    """The plan of a twin as it is placed in its clouds, or would be by its newest version; None without a placement."""
    version = twins.current(session, twin)
    there = placements.deployed_placement(session, twin, CLOUDS)
    if there is None and version.placement is None:
        return None
    definition = twins.definition_of(version)
    placement = there or Placement.model_validate(version.placement)
    return blueprint_of(definition.workload, placement, definition.assumptions)


def foreseen(backend: Backend, twin_id: str) -> Foreseen:
    """What is predicted of a twin in clouds at the prices in use."""
    with backend.database.read() as session:
        plan = planned(session, session.get_one(Twin, twin_id))
    if plan is None:
        return Foreseen(None, "it has no placement yet, so nothing is predicted for it")
    try:
        return Foreseen(compare(plan, MeterBook(), 1.0, current(backend).prices))
    except PriceError as error:
        return Foreseen(None, str(error))


def meters(
    prices: PriceBook, found: Comparison | None, metered: MeteredMonth, billed: Mapping[MeterKey, float]
) -> list[shapes.CostMeter]:
    """A row for each meter and region: those that are predicted, and those that were metered all the same. `PriceError`
    where the book lacks a price.
    """
    told = {meter for provider in Provider for meter in metered_meters(provider)} if metered.used else set()
    rates = {key: each for key, each in at_rate(metered.used, SECONDS_PER_MONTH, metered.pricing.sold).items() if each}
    usd = metered.pricing.usd(rates)
    lines: dict[MeterKey, list[MeterRow]] = {}
    for row in () if found is None else found.rows:
        lines.setdefault((row.meter, row.region), []).append(row)
    keys = [*lines, *(key for key in sorted(rates) if key not in lines)]
    return [
        _row(prices, key, lines.get(key, []), rates, usd, metered, billed.get(key), known=key[0] in told)
        for key in keys
    ]


def _row(
    prices: PriceBook,
    key: MeterKey,
    predicted: list[MeterRow],
    rates: Mapping[MeterKey, float],
    usd: Mapping[MeterKey, float],
    month: MeteredMonth,
    billed: float | None,
    *,
    known: bool,
) -> shapes.CostMeter:
    meter, region = key
    quantity = sum(row.usage.predicted for row in predicted)
    usd_predicted = sum(row.usd.predicted for row in predicted)
    rate = rates.get(key, 0.0) if known else None
    usd_rate = usd.get(key, 0.0) if known else None
    pair = Pair(quantity, rate or 0.0)
    so_far = month.to_date
    named = predicted[0] if predicted else prices.meter(meter)
    return shapes.CostMeter(
        cloud=named.provider.value,
        meter=meter,
        region=region,
        service=named.service,
        dimension="to other regions" if len(predicted) > 1 else named.dimension,
        unit=named.unit,
        predicted=quantity,
        metered=rate,
        ratio=pair.ratio if known else None,
        usd_predicted=usd_predicted,
        usd_metered=usd_rate,
        verdict=pair.verdict() if known else "not metered",
        projected=False,
        planned=False,
        usd_per_unit=_unit_price(rate, usd_rate) or _unit_price(quantity, usd_predicted),
        to_date=so_far.quantities.get(key, 0.0) if known and so_far is not None else None,
        usd_to_date=so_far.usd.get(key, 0.0) if known and so_far is not None else None,
        usd_forecast=so_far.forecast.get(key, 0.0) if known and so_far is not None else None,
        usd_billed=billed,
        note="" if known else why_not(named.provider, meter, read=bool(month.used)),
    )


def why_not(provider: Provider, meter: str, *, read: bool = True) -> str:
    """Why a cloud's metrics do not tell a meter."""
    if meter in metered_meters(provider):
        return _NO_METRIC if read else f"nothing was read from {provider.label} in this month yet"
    if meter.endswith(TRANSIT):
        return f"not metered by {provider.label}: {_TRANSIT_WHY}"
    return f"not metered by {provider.label}: {sources_of(provider).not_metered.get(meter, _NO_METRIC)}"


def _unit_price(quantity: float | None, usd: float | None) -> float | None:
    return usd / quantity if quantity and usd is not None else None
