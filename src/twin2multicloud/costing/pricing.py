"""What quantities of a month cost at a price book's tariffs, as one bill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import Sold
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY, MissingPrice
from twin2multicloud.optimizer.pricing.pooled import pooled_usd

TRANSIT: Final = ".transit"
"""Traffic between regions of a cloud, which has a price for each pair of regions and is no meter of the book."""


class Pricing:
    """What quantities cost at a book's tariffs as one bill; `flat` is USD a unit of what is no meter of the book."""

    def __init__(self, prices: PriceBook, flat: Mapping[MeterKey, float]) -> None:
        self._prices = prices
        self._flat = flat
        self._sold: dict[str, Sold] = {}

    def usd(self, quantities: Mapping[MeterKey, float]) -> dict[MeterKey, float]:
        """USD of each meter in its region."""
        by_book = {(*key, LIST_POLICY): each for key, each in quantities.items() if not key[0].endswith(TRANSIT)}
        found = {(meter, region): usd for (meter, region, _), usd in pooled_usd(by_book, self._prices).items()}
        return {key: found[key] if key in found else each * self._flat[key] for key, each in quantities.items()}

    def pooled(self, meter: str) -> bool:
        """Whether an account has a free allowance of a meter."""
        known = self._prices.meters.get(meter)
        if known is None or known.scope != "account":
            return False
        regions = (region.code for region in self._prices.regions_of(known.provider))
        figures = (self._prices.figure(meter, region) for region in regions)
        return any(not isinstance(figure, MissingPrice) and figure.free_units > 0 for figure in figures)

    def sold(self, meter: str) -> Sold:
        """How a meter is sold: users and what comes in units for a month are no sums (see `months`)."""
        if meter not in self._sold:
            self._sold[meter] = self._how(meter)
        return self._sold[meter]

    def _how(self, meter: str) -> Sold:
        known = self._prices.meters.get(meter)
        if known is None or known.kind not in ("per-user", "bundle", "provisioned"):
            return "sum"
        if known.kind == "per-user":
            return "whole"
        regions = (region.code for region in self._prices.regions_of(known.provider))
        figures = (self._prices.figure(meter, region) for region in regions)
        rounds = any(not isinstance(each, MissingPrice) and (each.increment or each.minimum) for each in figures)
        return "level" if rounds else "sum"
