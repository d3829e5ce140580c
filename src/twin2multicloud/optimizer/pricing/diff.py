"""What changed between two price books: meters and regions that came or went, prices tier by tier."""

from __future__ import annotations

from dataclasses import dataclass, fields

from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import Figure, Meter


@dataclass(frozen=True)
class TierChange:
    """One tier's price per unit in USD before and after; None where the tier exists on one side only."""

    start: float
    before_usd: float | None
    after_usd: float | None

    @property
    def relative(self) -> float | None:
        """(after − before) / before; None where there is no such ratio (a tier came or went, or was free)."""
        if self.before_usd is None or self.after_usd is None or self.before_usd == 0:
            return None
        return (self.after_usd - self.before_usd) / self.before_usd


@dataclass(frozen=True)
class FigureChange:
    """A price that came (`added`), went (`removed`) or changed, in all regions where the same happened."""

    meter: str
    policy: str
    regions: tuple[str, ...]
    what: str
    tiers: tuple[TierChange, ...]
    rounding: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeterChange:
    """A meter whose definition changed: (field, before, after) as text."""

    meter: str
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class BookDiff:
    """Everything that differs from book a to book b in what it makes a bill cost."""

    meters_added: tuple[str, ...]
    meters_removed: tuple[str, ...]
    meters_changed: tuple[MeterChange, ...]
    regions_added: tuple[str, ...]
    regions_removed: tuple[str, ...]
    figures: tuple[FigureChange, ...]
    transit: tuple[tuple[str, str, float | None, float | None], ...]

    @property
    def empty(self) -> bool:
        """Whether both books price everything alike (provenance and wording may still differ)."""
        return not any(getattr(self, item.name) for item in fields(self))


def diff_books(a: PriceBook, b: PriceBook) -> BookDiff:
    """Compare book `a` (before) with book `b` (after)."""
    before = {(f.meter, f.region, f.policy): f for f in a.figures()}
    after = {(f.meter, f.region, f.policy): f for f in b.figures()}
    grouped: dict[tuple[str, str, str, tuple[TierChange, ...], tuple[str, ...]], list[str]] = {}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        tiers, rounding = _tier_changes(old, new), _rounding_changes(old, new)
        if tiers or rounding:
            what = "added" if old is None else "removed" if new is None else "changed"
            grouped.setdefault((key[0], key[2], what, tiers, rounding), []).append(key[1])
    return BookDiff(
        meters_added=tuple(sorted(b.meters.keys() - a.meters.keys())),
        meters_removed=tuple(sorted(a.meters.keys() - b.meters.keys())),
        meters_changed=tuple(
            change
            for meter in sorted(a.meters.keys() & b.meters.keys())
            if (change := _meter_change(a.meters[meter], b.meters[meter])) is not None
        ),
        regions_added=tuple(sorted(b.regions.keys() - a.regions.keys())),
        regions_removed=tuple(sorted(a.regions.keys() - b.regions.keys())),
        figures=tuple(
            FigureChange(meter, policy, tuple(regions), what, tiers, rounding)
            for (meter, policy, what, tiers, rounding), regions in grouped.items()
        ),
        transit=tuple(_transit_changes(a, b)),
    )


def _tier_changes(old: Figure | None, new: Figure | None) -> tuple[TierChange, ...]:
    """The tiers that differ; none when both price the same."""
    was = dict(zip(old.starts, old.usd_per_unit, strict=True)) if old else {}
    now = dict(zip(new.starts, new.usd_per_unit, strict=True)) if new else {}
    return tuple(
        TierChange(start, was.get(start), now.get(start))
        for start in sorted(was.keys() | now.keys())
        if was.get(start) != now.get(start)
    )


def _rounding_changes(old: Figure | None, new: Figure | None) -> tuple[str, ...]:
    if old is None or new is None:
        return ()
    pairs = (("increment", old.increment, new.increment), ("minimum", old.minimum, new.minimum))
    return tuple(f"{name} {was:g} → {now:g}" for name, was, now in pairs if was != now)


def _meter_change(old: Meter, new: Meter) -> MeterChange | None:
    changed = tuple(
        (item.name, str(getattr(old, item.name)), str(getattr(new, item.name)))
        for item in fields(Meter)
        if getattr(old, item.name) != getattr(new, item.name)
    )
    return MeterChange(old.id, changed) if changed else None


def _transit_changes(a: PriceBook, b: PriceBook) -> list[tuple[str, str, float | None, float | None]]:
    changes = []
    shared = [region for code, region in a.regions.items() if code in b.regions]
    for sender in shared:
        for receiver in shared:
            if sender.provider is receiver.provider:
                was, now = (book.transit_usd_per_gb(sender.provider, sender.code, receiver.code) for book in (a, b))
                pair = tuple(price if isinstance(price, float) else None for price in (was, now))
                if pair[0] != pair[1]:
                    changes.append((sender.code, receiver.code, pair[0], pair[1]))
    return changes
