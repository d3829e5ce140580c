"""What changes about a twin's bill between two revisions of it, by one price book.

The revision before has a placement: the one that is deployed, or the cheapest. For the revision after there are two
answers, and both are told: the placement before is kept, as what is deployed stays where it is until somebody moves it,
or the slots are placed anew at the least cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from twin2multicloud.app.optimizing.differences import meter_rows
from twin2multicloud.app.optimizing.reading import Asked
from twin2multicloud.app.optimizing.solver import Solver, exactly
from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.optimizer.bill.conflict import NoPlacementError
from twin2multicloud.optimizer.bill.invoice import Invoice
from twin2multicloud.optimizer.carbon.factors import load_factors
from twin2multicloud.optimizer.carbon.footprint import Footprint, footprint

Placing = Literal["kept", "cheapest"]
"""How the revision after is placed: as the one before, or anew."""
_CENT: Final = 0.005


@dataclass(frozen=True)
class Revision:
    """A twin as it is meant somewhere: `name` says where; `placement` is None where it shall be the cheapest."""

    name: str
    asked: Asked
    placement: Placement | None = None


@dataclass(frozen=True)
class Billed:
    """A placement, its bill, and what it emits."""

    placement: Placement
    invoice: Invoice
    footprint: Footprint

    @property
    def usd_per_month(self) -> float:
        """The whole bill."""
        return self.invoice.usd


@dataclass(frozen=True)
class MeterChange:
    """A meter in a region, before and after; quantities in `unit`, USD per month. A bill without it pays 0 for it."""

    meter: str
    region: str
    provider: str
    service: str
    dimension: str
    unit: str
    quantity: tuple[float, float]
    usd: tuple[float, float]

    @property
    def change_usd(self) -> float:
        """USD per month more."""
        return self.usd[1] - self.usd[0]

    @property
    def usd_per_unit(self) -> tuple[float | None, float | None]:
        """What a unit costs on average, free allowances and tiers counted in; None where nothing is used."""
        (q0, q1), (u0, u1) = self.quantity, self.usd
        return (u0 / q0 if q0 else None), (u1 / q1 if q1 else None)


@dataclass(frozen=True)
class Comparison:
    """Two revisions compared. `before` is None where there is only the one after. `kept` is None where the placement
    before cannot stay, and `kept_problem` says why. `placing` says which of the two is `after`.
    """

    names: tuple[str | None, str]
    before: Billed | None
    kept: Billed | None
    kept_problem: str | None
    cheapest: Billed
    placing: Placing

    @property
    def after(self) -> Billed:
        """The revision after as it is meant here."""
        return self.kept if self.placing == "kept" and self.kept is not None else self.cheapest

    @property
    def change_usd(self) -> float | None:
        """USD per month more than before; None where there is no before."""
        return None if self.before is None else self.after.usd_per_month - self.before.usd_per_month

    @property
    def change_pct(self) -> float | None:
        """The same in percent of before; None where that was nothing, too."""
        if self.before is None or self.change_usd is None or self.before.usd_per_month < _CENT:
            return None
        return 100 * self.change_usd / self.before.usd_per_month

    @property
    def moved(self) -> tuple[Slot, ...]:
        """The slots that are filled otherwise than before."""
        return () if self.before is None else self.before.placement.differing(self.after.placement)

    @property
    def links(self) -> Iterator[MeterChange]:
        """Traffic between regions of one cloud, which no meter counts, as a line like those of meters."""
        usd = (0.0 if self.before is None else self.before.invoice.transit_usd, self.after.invoice.transit_usd)
        gb = (
            0.0 if self.before is None else _between_regions(self.before.invoice),
            _between_regions(self.after.invoice),
        )
        if any(usd):
            yield MeterChange("transit", "", "", "Transfer between regions of one cloud", "traffic", "GB", gb, usd)

    @property
    def lines(self) -> list[MeterChange]:
        """Every meter of either bill, what changes most first."""
        invoices = [None if self.before is None else self.before.invoice, self.after.invoice]
        found = [
            MeterChange(
                row["meter"],
                row["region"],
                row["provider"],
                row["service"],
                row["dimension"],
                row["unit"],
                (row["quantity"][0] or 0.0, row["quantity"][1]),
                (row["usd"][0] or 0.0, row["usd"][1]),
            )
            for row in meter_rows(invoices)
        ]
        found += self.links
        return sorted(found, key=lambda line: (-abs(line.change_usd), -line.usd[1], line.meter, line.region))

    @property
    def changed(self) -> list[MeterChange]:
        """The lines that change by a cent."""
        return [line for line in self.lines if abs(line.change_usd) >= _CENT]

    @property
    def unchanged(self) -> list[MeterChange]:
        """All others."""
        return [line for line in self.lines if abs(line.change_usd) < _CENT]


def _between_regions(invoice: Invoice) -> float:
    return sum(link.gb_per_month for link in invoice.links if link.relation is Relation.REGION)


def compare(solver: Solver, before: Revision | None, after: Revision, placing: Placing = "cheapest") -> Comparison:
    """Compare two revisions. Raises `NoPlacementError` where one of them cannot be placed, and `PriceError` where a
    price that the bill before needs is missing: what cannot be priced is no saving.
    """
    cheapest = _cheapest(solver, after.asked)
    if before is None:
        return Comparison((None, after.name), None, None, None, cheapest, "cheapest")
    if before.placement is None:
        there = _cheapest(solver, before.asked)
    else:
        there = _billed(solver, before.placement, solver.bill(before.asked, before.placement))
    kept, problem = _kept(solver, after.asked, there.placement)
    return Comparison((before.name, after.name), there, kept, problem, cheapest, placing if kept else "cheapest")


def _cheapest(solver: Solver, asked: Asked) -> Billed:
    result = solver.optimum(asked)
    return _billed(solver, result.placement, result.invoice)


def _billed(solver: Solver, placement: Placement, invoice: Invoice) -> Billed:
    return Billed(placement, invoice, footprint(invoice, placement, solver.book.meters, load_factors()))


def _kept(solver: Solver, asked: Asked, placement: Placement) -> tuple[Billed | None, str | None]:
    """The placement for another workload, under its constraints; or why that cannot be."""
    pins = {slot: exactly(placement[slot]) for slot in SLOTS}
    try:
        placed = solver.at(asked, pins)
    except NoPlacementError as error:
        return None, str(error)
    return _billed(solver, placed.placement, placed.invoice), None
