"""One price book, ready to be asked: optimizers and the markets they share are kept from question to question."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from twin2multicloud.app.optimizing.reading import Asked
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints, Pin
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Slot
from twin2multicloud.optimizer.bill.candidates import candidate_regions, complete_regions
from twin2multicloud.optimizer.bill.invoice import Invoice
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.neighbours import Neighbour, neighbours
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of
from twin2multicloud.optimizer.bill.result import BillResult
from twin2multicloud.optimizer.bill.warnings import warnings_for
from twin2multicloud.optimizer.pricing.book import PriceBook, Region
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY

ValueT = TypeVar("ValueT")
_MARKETS: Final = 16
_OPTIMIZERS: Final = 64


class Recent(Generic[ValueT]):
    """The values that were asked for last, at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, ValueT] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], ValueT]) -> ValueT:
        """The value of a key, made where it is not kept."""
        if key not in self._values:
            self._values[key] = make()
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


@dataclass(frozen=True)
class Placed:
    """A placement with its bill. Money in USD per month."""

    placement: Placement
    usd_per_month: float
    invoice: Invoice
    warnings: tuple[str, ...]


class Solver:
    """Answers by one price book. Not for several threads at once."""

    def __init__(self, book: PriceBook) -> None:
        self.book = book
        self._complete = complete_regions(book)
        self._markets: Recent[Market] = Recent(_MARKETS)
        self._optimizers: Recent[BillOptimizer] = Recent(_OPTIMIZERS)

    def optimizer(self, constraints: Constraints, assumptions: Assumptions | None) -> BillOptimizer:
        """The optimizer under these constraints and assumptions."""
        key = (constraints.model_dump_json(), "" if assumptions is None else assumptions.model_dump_json())

        def make() -> BillOptimizer:
            regions = candidate_regions(self.book, constraints, complete=self._complete)
            policy = constraints.egress_policy
            # All that a market depends on besides the book.
            shared = (policy, tuple((region.provider, region.code) for region in regions))
            market = self._markets.get(shared, lambda: Market(self.book, policy, regions))
            return BillOptimizer(self.book, constraints, assumptions, market)

        return self._optimizers.get(key, make)

    @property
    def everywhere(self) -> Market:
        """The market of all regions, at list prices."""
        return self._everywhere(LIST_POLICY)

    def _everywhere(self, policy: str) -> Market:
        return self._markets.get(("everywhere", policy), lambda: Market(self.book, policy))

    @property
    def complete(self) -> Collection[Region]:
        """The regions in which every slot can be filled."""
        return self._complete

    def of(self, asked: Asked) -> BillOptimizer:
        """The optimizer for a question."""
        return self.optimizer(asked.constraints, asked.assumptions)

    def around(self, asked: Asked, placement: Placement) -> BillOptimizer:
        """The optimizer for a question, with the regions of a placement among its candidates, complete or not."""
        wanted = candidate_regions(self.book, asked.constraints, complete=self._complete)
        used = {(choice.provider, choice.region) for _, choice in placement.items()}
        regions = [
            region
            for region in self.book.regions.values()
            if region in wanted or (region.provider, region.code) in used
        ]
        policy = asked.constraints.egress_policy
        shared = (policy, tuple((region.provider, region.code) for region in regions))
        market = self._markets.get(shared, lambda: Market(self.book, policy, regions))
        return BillOptimizer(self.book, asked.constraints, asked.assumptions, market)

    def optimum(self, asked: Asked, *, top: int = 1, alternatives: bool = False) -> BillResult:
        """The cheapest placement; `NoPlacementError` if there is none."""
        return self.of(asked).optimize(asked.workload, top=top, alternatives=alternatives)

    def at(self, asked: Asked, pins: dict[Slot, Pin]) -> Placed:
        """The cheapest placement under pins, which replace those of the question, as somebody's decision: nothing
        warns of the pins themselves. `NoPlacementError` says what they contradict, or what the workload outgrows.
        """
        result = self.optimum(asked.under(asked.constraints.model_copy(update={"pins": pins})))
        optimizer = self.optimizer(result.constraints, asked.assumptions)
        warnings = warnings_for(
            asked.constraints, optimizer.market, result.placement, result.usd_per_month, result.invoice, None
        )
        return Placed(result.placement, result.usd_per_month, result.invoice, warnings)

    def bill(self, asked: Asked, placement: Placement) -> Invoice:
        """What a placement costs, whatever the constraints and whether or not the workload fits."""
        pins = {slot: exactly(choice) for slot, choice in placement.items()}
        constraints = Constraints(egress_policy=asked.constraints.egress_policy, pins=pins)
        return bill_of(self.optimizer(constraints, asked.assumptions), asked.workload, placement)

    def neighbours(self, asked: Asked, placement: Placement, slot: Slot) -> list[Neighbour]:
        """What the placement costs with the slot filled in every other way there is, in whichever region."""
        market = self._everywhere(asked.constraints.egress_policy)
        optimizer = BillOptimizer(self.book, asked.constraints, asked.assumptions, market)
        return neighbours(optimizer, asked.workload, placement, slot)


def exactly(choice: SlotChoice) -> Pin:
    """The pin that admits only this choice."""
    return Pin(provider=choice.provider, offer=choice.offer, region=choice.region)
