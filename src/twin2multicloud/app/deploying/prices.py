"""What a blueprint's components cost a month, so that a plan can show it beside what carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twin2multicloud.app.figures import assumptions_of, workload_of
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.invoice import Invoice
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of
from twin2multicloud.optimizer.pricing.book import PriceBook


@dataclass(frozen=True)
class Prices:
    """A placement's predicted bill in USD per month: by component of each slot, by cloud, and all together."""

    components: Mapping[Slot, Mapping[str, float]]
    clouds: Mapping[Provider, float]
    usd_per_month: float


def price(
    book: PriceBook, blueprint: Blueprint, workload: Workload, placement: Placement, assumptions: Assumptions | None
) -> Prices:
    """The bill of a placement, told by component; `PriceError` where one of its offers is not priced."""
    return prices_of(bill_of(BillOptimizer(book, None, assumptions), workload, placement), blueprint)


def usd_per_month_at(blueprint: Blueprint, placement: Placement, book: PriceBook) -> float:
    """What a deployed twin costs by a price book."""
    return price(book, blueprint, workload_of(blueprint), placement, assumptions_of(blueprint)).usd_per_month


def prices_of(invoice: Invoice, blueprint: Blueprint) -> Prices:
    """An invoice told by component. What a link uses is told at the slot whose component it is."""
    components: dict[Slot, dict[str, float]] = {slot: {} for slot in Slot}
    clouds: dict[Provider, float] = {}
    for line in invoice.lines:
        clouds[line.provider] = clouds.get(line.provider, 0.0) + line.usd
        for portion in line.portions:
            slot = _slot(portion.owner, portion.component, blueprint, line.provider)
            of_slot = components[slot]
            of_slot[portion.component] = of_slot.get(portion.component, 0.0) + portion.usd
    return Prices(components, clouds, invoice.usd)


def _slot(owner: str, component: str, blueprint: Blueprint, provider: Provider) -> Slot:
    """Whose component a portion is of: a link's owner is written as "L2→L3.hot"."""
    ends = [Slot(name) for name in owner.split("→")]
    having = [
        slot
        for slot in ends
        if blueprint.places[slot].provider is provider and blueprint.component(slot, component) is not None
    ]
    return having[-1] if having else ends[0]
