"""Moves and prices: what a move costs once, by the price book."""

from __future__ import annotations

from collections.abc import Mapping

from twin2multicloud.blueprint.plan import Blueprint, usage_by_region
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.estimate import Estimate, Price, Speeds, estimate
from twin2multicloud.moving.move import Move
from twin2multicloud.moving.operations import Content, Operation
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import MissingPrice, quantity_in_units


class BookPrices:
    """`moving.estimate.Prices` by a price book: what is added to the month's bill, so that free allowances and tiers
    that the twin uses up anyway are not given twice."""

    def __init__(self, book: PriceBook, before: Blueprint) -> None:
        self._book = book
        self._usual: dict[str, float] = {}
        for (meter, region), units in usage_by_region(before, self._units).items():
            pool = book.pool_key(meter, region)
            self._usual[pool] = self._usual.get(pool, 0.0) + units

    def more(self, operation: Operation, region: str) -> Price:
        """See `Prices.more`."""
        try:
            meter = self._book.meter(operation.meter)
            figure = self._book.figure(operation.meter, region)
        except UsageError as error:
            return Price(0.0, "", 0.0, missing=str(error))
        units = self._units(operation.meter, operation.amount, operation.each_bytes)
        if isinstance(figure, MissingPrice):
            return Price(units, meter.unit, 0.0, missing=str(figure))
        tariff = figure.tariff()
        usual = self._usual.get(self._book.pool_key(operation.meter, region), 0.0)
        return Price(units, meter.unit, max(float(tariff.cost(usual + units)) - float(tariff.cost(usual)), 0.0))

    def running(self, blueprint: Blueprint, move: Move) -> float:
        """See `Prices.running`. Each meter by itself, without what others use of its tiers."""
        total = 0.0
        for component in blueprint.of(move.slot):
            for use in component.usage:
                try:
                    figure = self._book.figure(use.meter, component.region)
                except UsageError:
                    continue  # traffic between regions, which no slot's parts cost
                if not isinstance(figure, MissingPrice):
                    total += float(figure.tariff().cost(self._units(use.meter, use.amount, use.each_bytes)))
        return total

    def _units(self, meter: str, amount: float, each_bytes: float | None) -> float:
        return float(quantity_in_units(self._book.meter(meter), amount, each_bytes))


def estimate_move(
    before: Blueprint,
    after: Blueprint,
    slot: Slot,
    contents: Mapping[str, Content],
    speeds: Speeds,
    book: PriceBook,
) -> Estimate:
    """What moving a slot will take, `contents` being what its stores hold (`sandbox.moving.contents`)."""
    move = Move(slot, before.places[slot], after.places[slot])
    workload = before.workload
    filled = {
        "cool": workload["cool_months"] - workload["hot_months"],
        "archive": workload["archive_months"] - workload["cool_months"],
    }
    return estimate(move, before, after, contents, BookPrices(book, before), speeds, filled)
