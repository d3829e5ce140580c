"""What one placement emits in a month, line by line, beside what nobody publishes a coefficient for.

What is not modelled is told with its share of the bill: a small footprint of which little is modelled says little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.bill.invoice import Invoice, link_name
from twin2multicloud.optimizer.carbon.factors import Factors
from twin2multicloud.optimizer.pricing.meters import Meter


@dataclass(frozen=True)
class Emission:
    """A meter's quantity in a region, or traffic between two regions of one cloud: energy that machines take in, and
    grams with the data centre's overhead. `source` is the coefficient's."""

    what: str
    provider: Provider
    region: str
    quantity: float
    unit: str
    kwh_per_month: float
    gco2e_per_month: float
    source: str


@dataclass(frozen=True)
class NotModelled:
    """A bill line that no published coefficient covers."""

    meter: str
    provider: Provider
    region: str
    quantity: float
    unit: str
    usd: float


@dataclass(frozen=True)
class Footprint:
    """The whole of it. `unknown_regions` are those whose grid nobody publishes: then the sum is not the whole."""

    lines: tuple[Emission, ...]
    not_modelled: tuple[NotModelled, ...]
    unknown_regions: tuple[str, ...]
    usd_per_month: float

    @property
    def gco2e_per_month(self) -> float | None:
        """Grams a month of what is modelled; None where a region's grid is not known."""
        return None if self.unknown_regions else sum(line.gco2e_per_month for line in self.lines)

    @property
    def kwh_per_month(self) -> float:
        """What the machines take in."""
        return sum(line.kwh_per_month for line in self.lines)

    @property
    def not_modelled_share(self) -> float:
        """The part of the bill, 0 to 1, whose lines have no coefficient."""
        return sum(line.usd for line in self.not_modelled) / self.usd_per_month if self.usd_per_month > 0 else 0.0


def footprint(invoice: Invoice, placement: Placement, meters: Mapping[str, Meter], factors: Factors) -> Footprint:
    """What the placement of an invoice emits; `meters` are the price book's."""
    lines: list[Emission] = []
    missing: list[NotModelled] = []
    unknown: dict[str, None] = {}
    for line in invoice.lines:
        kwh, grid = factors.kwh_per_unit(meters[line.meter]), factors.gco2e_per_kwh(line.provider, line.region)
        if kwh is None:
            missing.append(NotModelled(line.meter, line.provider, line.region, line.quantity, line.unit, line.usd))
        elif grid is None:
            unknown.setdefault(line.region)
        else:
            used = line.quantity * kwh
            source = factors.meters[line.meter].source
            lines.append(
                Emission(line.meter, line.provider, line.region, line.quantity, line.unit, used, used * grid, source)
            )
    for link in invoice.links:
        if link.relation is not Relation.REGION or link.gb_per_month <= 0:
            continue
        place = placement[link.source]
        grid, used = factors.gco2e_per_kwh(place.provider, place.region), link.gb_per_month * factors.kwh_per_gb_sent()
        if grid is None:
            unknown.setdefault(place.region)
            continue
        name, source = link_name(link.source, link.target), factors.coefficients.network_kwh_per_gb.source
        lines.append(Emission(name, place.provider, place.region, link.gb_per_month, "GB", used, used * grid, source))
    lines.sort(key=lambda each: (-each.gco2e_per_month, each.what, each.region))
    missing.sort(key=lambda each: (-each.usd, each.meter, each.region))
    return Footprint(tuple(lines), tuple(missing), tuple(unknown), invoice.usd)
