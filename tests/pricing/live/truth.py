"""What a made-up price list says, for tests that hold a book against it."""

from __future__ import annotations

from tests.pricing.live.conftest import START
from twin2multicloud.optimizer.pricing.book import MissingPrice, PriceBook

Tiers = tuple[tuple[float, float], ...]
Truth = dict[tuple[str, str], Tiers]
"""By meter and region: tiers as (start, USD per unit), in the meter's units."""

DEARER = 1.1
"""How much dearer everything is than in the bundled book: little enough to be believed."""

TODAY = START.date().isoformat()


def base_tiers(book: PriceBook, meter: str, region: str) -> Tiers:
    """The book's price there, or else that of the first region that has one."""
    figure = book.figure(meter, region)
    if isinstance(figure, MissingPrice):
        figure = next(each for each in book.figures("list") if each.meter == meter)
    return tuple(zip(figure.starts, figure.usd_per_unit, strict=True))
