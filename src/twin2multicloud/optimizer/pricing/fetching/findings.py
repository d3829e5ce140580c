"""What is odd about a fetched price. A person accepts or rejects it; until then the last good price holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from twin2multicloud.model.slots import Provider

KINDS: Final = {
    "no_match": "no row of the list is the meter's",
    "several_matches": "several rows of the list could be the meter's, with different prices",
    "unit": "the row's unit is not the one expected",
    "tiers": "the row's tiers cannot be read as tiers",
    "not_monotone": "the price per unit rises with volume",
    "jump": "the price differs from the last good one by more than is usual",
    "outlier": "the price of a new region is far from what every other region pays",
    "free": "the price is 0 and was not before",
    "vanished": "the price was in the list and is there no more",
    "unreachable": "the list could not be read",
}
"""What a finding can be, in words."""

DECIDABLE: Final = frozenset({"not_monotone", "jump", "outlier", "free"})
"""Kinds of which a person can say that the new price is right."""

ABSENT: Final = frozenset({"no_match", "vanished"})
"""Kinds that say that the list has no such price. A person can say that it is not sold there: then it has none."""


@dataclass(frozen=True)
class PriceFinding:
    """One odd thing about a meter's price in a region.

    `before` and `after` are tiers as (start, USD per unit of the meter); `rows` the hashes of the raw rows it rests on
    and `skus` their ids. What concerns a `service` as a whole has no meter.
    """

    kind: str
    provider: Provider
    meter: str
    region: str
    message: str
    before: tuple[tuple[float, float], ...] = ()
    after: tuple[tuple[float, float], ...] = ()
    rows: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    service: str = ""

    @property
    def id(self) -> str:
        """The same for as long as the same thing is odd: it changes with the price seen, not with the day. That a list
        has no price is the same whether or not it had been fetched from there before.
        """
        seen: list[object] = [list(tier) for tier in self.after] or list(self.rows)
        kind = "absent" if self.kind in ABSENT else self.kind
        parts = [kind, self.provider.value, self.meter or self.service, self.region, seen]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    @property
    def decidable(self) -> bool:
        """Whether accepting it would say anything."""
        return is_decidable(self.kind, self.after)


def is_decidable(kind: str, after: Sequence[object]) -> bool:
    """Whether accepting a finding of that kind, with such a price, would give a price, or say that there is none."""
    return kind in ABSENT or (kind in DECIDABLE and bool(after))
