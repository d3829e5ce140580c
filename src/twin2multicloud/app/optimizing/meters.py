"""A price book's meters and figures as plain JSON values, and what explains one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.diff import BookDiff
from twin2multicloud.optimizer.pricing.meters import Figure, MissingPrice

Json = dict[str, Any]


@dataclass(frozen=True)
class Explained:
    """One meter: its price in one region or in all, why it is missing where it is, and a worked bill (`lines`, for each
    of `figures`) if a quantity was given.
    """

    book: PriceBook
    meter: str
    figures: tuple[Figure, ...]
    missing: tuple[str, ...]
    quantity: float | None
    lines: tuple[tuple[dict[str, float], ...], ...]

    def as_json(self) -> Json:
        """As `prices explain --json` writes it."""
        answer: Json = {
            "price_book": identity(self.book),
            "meter": asdict(self.book.meter(self.meter)),
            "figures": [figure_json(self.book, figure) for figure in self.figures],
            "missing": list(self.missing),
        }
        if self.quantity is not None:
            lines = [line for block in self.lines for line in block]
            answer["quantity"] = self.quantity
            answer["lines"] = lines
            answer["usd_per_month"] = sum(line["usd"] for line in lines) if self.figures else None
        return answer


def explained(book: PriceBook, meter_id: str, region: str | None, quantity: float | None, policy: str) -> Explained:
    """Look a meter up, in all regions or in one, where `quantity` (units a month) can be priced. Raises `UsageError`
    for names that do not exist.
    """
    meter = book.meter(meter_id)
    codes = [region] if region is not None else [place.code for place in book.regions_of(meter.provider)]
    found = [book.figure(meter_id, code, policy) for code in codes]
    figures = tuple(figure for figure in found if isinstance(figure, Figure))
    missing = tuple(str(figure) for figure in found if isinstance(figure, MissingPrice))
    lines = () if quantity is None else tuple(tuple(_worked(figure, quantity)) for figure in figures)
    return Explained(book, meter_id, figures, missing, quantity, lines)


def _worked(figure: Figure, quantity: float) -> Iterator[dict[str, float]]:
    """The bill line of each tier: `units` of the rounded-up quantity, their price and USD."""
    for line in figure.tariff().lines(quantity):
        yield {"start": line.from_quantity, "units": line.quantity, "usd_per_unit": line.usd_per_unit, "usd": line.usd}


def figure_json(book: PriceBook, figure: Figure) -> Json:
    """One price, with what it is counted together with."""
    meter = book.meter(figure.meter)
    return {
        "unit": meter.unit,
        "scope": meter.scope,
        "pool": book.pool_key(figure.meter, figure.region),
        **asdict(figure),
        "usd_per_unit": list(figure.usd_per_unit),
    }


def identity(book: PriceBook) -> dict[str, str]:
    """Which book it is."""
    return {"version": book.version, "date": book.date, "hash": book.content_hash}


def diff_json(changes: BookDiff) -> Json:
    """What differs between two books; each tier with its relative change."""
    answer = asdict(changes)
    for change, row in zip(changes.figures, answer["figures"], strict=True):
        for tier, cell in zip(change.tiers, row["tiers"], strict=True):
            cell["relative"] = tier.relative
    return answer
