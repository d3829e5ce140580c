"""What quantities on meters cost together, as one bill: what a provider counts together is counted together here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from twin2multicloud.model.errors import PriceError
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import Figure, MissingPrice

LineKey = tuple[str, str, str]
"""A line of a bill: meter, region, egress policy."""


def figure_of(key: LineKey, prices: PriceBook) -> Figure:
    """The price of a line; `PriceError` where the book lacks it."""
    figure = prices.figure(*key)
    if isinstance(figure, MissingPrice):
        raise PriceError(f"{figure}; compare with a price book that has it")
    return figure


def pooled_usd(quantities: Mapping[LineKey, float], prices: PriceBook) -> dict[LineKey, float]:
    """USD of each line for quantities in its meter's unit: its share of what its pool costs, as an invoice has it.

    Nothing costs nothing, and needs no price. Raises `PriceError` where the book lacks a price that is needed.
    """
    used = {key: quantity for key, quantity in quantities.items() if quantity > 0}
    pool_of = {key: f"{prices.pool_key(key[0], key[1])} {figure_of(key, prices).policy}" for key in used}
    pools: dict[str, float] = defaultdict(float)
    for key, quantity in used.items():
        pools[pool_of[key]] += quantity
    usd = dict.fromkeys(quantities, 0.0)
    for key, quantity in used.items():
        total = pools[pool_of[key]]
        usd[key] = sum(line.usd for line in figure_of(key, prices).tariff().lines(total)) * quantity / total
    return usd
