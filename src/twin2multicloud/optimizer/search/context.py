"""One provider holding one set of slots: its options side by side, and the exact price of its choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.layout import Lanes


@dataclass(frozen=True)
class Pair:
    """Two slots (positions a < b) joined by edges inside the provider."""

    a: int
    b: int
    usd: FloatArray  # (n_a, n_b) traffic and flat prices, exact
    extra: tuple[FloatArray, FloatArray] | None
    """What the relation adds on curved lanes at a, at b: (2, n, C), if both are at the same place, if apart."""
    most: FloatArray | None = None
    """The most (C,) that it adds to a lane."""

    @classmethod
    def of(cls, a: int, b: int, usd: FloatArray, extra: tuple[FloatArray, FloatArray] | None) -> Pair:
        """Two slots with what they cost together."""
        if extra is None:
            return cls(a, b, usd, None)
        most = np.maximum.reduce(extra[0], axis=1) + np.maximum.reduce(extra[1], axis=1)
        return cls(a, b, usd, extra, np.maximum.reduce(most))

    def between(self, a: int, b: int, kept: tuple[IntArray, IntArray] | None) -> Pair:
        """The pair at other positions, with only the options kept (None: all)."""
        if kept is None:
            return Pair(a, b, self.usd, self.extra, self.most)
        extra = self.extra
        if extra is not None:
            extra = extra[0].take(kept[0], axis=1), extra[1].take(kept[1], axis=1)
        return Pair.of(a, b, self.usd[kept[0][:, None], kept[1]], extra)


@dataclass(frozen=True)
class Options:
    """The options (n in all) of m slots, slot by slot."""

    sizes: Sequence[int]  # (m,)
    base: FloatArray  # (n,) USD but for the curved lanes
    quantity: FloatArray  # (n, C) certain use of the curved lanes
    place: IntArray  # (n,) location
    origin: IntArray  # (n,) the caller's option numbers
    pairs: Sequence[Pair]
    lanes: Lanes  # C lanes

    def restrict(self, keep: BoolArray) -> Options:
        """Only the options kept (n,)."""
        ends = np.cumsum(self.sizes).tolist()
        parts = [np.flatnonzero(keep[end - size : end]) for size, end in zip(self.sizes, ends, strict=True)]
        pairs = [pair.between(pair.a, pair.b, (parts[pair.a], parts[pair.b])) for pair in self.pairs]
        return Options(
            [part.size for part in parts],
            self.base[keep],
            self.quantity[keep],
            self.place[keep],
            self.origin[keep],
            pairs,
            self.lanes,
        )


class Context:
    """Options with everything priced that can be priced option by option; choices are (K, m) indices into them."""

    def __init__(self, options: Options) -> None:
        """Fold the lanes of single slots into the options' prices and keep the others as coupled columns."""
        self.options = options
        self.pairs = {(pair.a, pair.b): pair for pair in options.pairs}
        extra = np.zeros(options.quantity.shape[1])  # the most that relations add to a lane
        for pair in options.pairs:
            if pair.most is not None:
                extra += pair.most
        self.layout = layout = options.lanes.layout(options.sizes, options.quantity > 0, extra > 0)
        self.offset, self.spans, self.size, self.slot = layout.offset, layout.spans, layout.size, layout.slot
        self.columns, self.pools, self.pool, self.member = layout.columns, layout.pools, layout.pool, layout.member
        self.place = options.place
        self.base = options.base
        if layout.solo.size:
            self.base = options.base + np.add.reduce(
                layout.solo_curves.cost(options.quantity.take(layout.solo, axis=1)), axis=1
            )
        self.quantity = options.quantity.take(layout.coupled, axis=1)
        self.extras = {
            key: (pair.extra[0].take(layout.coupled, axis=2), pair.extra[1].take(layout.coupled, axis=2))
            for key, pair in self.pairs.items()
            if pair.extra is not None
        }
        # Per slot, the most it adds to a pool; inner relations may add more on top.
        self.pooled_use = self.quantity @ self.member
        self.most = np.maximum.reduceat(self.pooled_use, self.offset, axis=0)
        self.most_extra = extra.take(layout.coupled) @ self.member
        self.curves = layout.curves
        if self.columns:
            self.curves = self.curves.upto((self.most.sum(axis=0) + self.most_extra)[self.pool])

    @property
    def origin(self) -> IntArray:
        """The caller's numbers (n,) of the options."""
        return self.options.origin

    def totals(self, index: IntArray) -> FloatArray:
        """Quantities (K, columns) on the coupled lanes."""
        total: FloatArray = np.add.reduce(self.quantity.take(index, axis=0), axis=1)
        if self.extras:
            place, within = self.place[index], index - self.offset
            for a, b in self.extras:
                total += self._extra((a, b), place[:, a] != place[:, b], within[:, a], within[:, b])
        return total

    def added(self, index: IntArray) -> FloatArray:
        """Quantities (K, columns) that the last position of partial choices (K, level) adds."""
        last = index.shape[1] - 1
        out = self.quantity[index[:, last]]
        for a, b in self.extras:
            if b == last:
                apart = self.place[index[:, a]] != self.place[index[:, b]]
                out = out + self._extra((a, b), apart, index[:, a] - self.offset[a], index[:, b] - self.offset[b])
        return out

    def _extra(self, key: tuple[int, int], apart: BoolArray, a: IntArray, b: IntArray) -> FloatArray:
        """What the relation of options a and b (K,), numbered within their slots, adds (K, columns)."""
        at_a, at_b = self.extras[key]
        relation = apart.view(np.int8)
        return np.asarray(at_a[relation, a] + at_b[relation, b])

    def price(self, index: IntArray) -> FloatArray:
        """Exact USD (K,) of choices."""
        usd: FloatArray = np.add.reduce(self.base.take(index), axis=1)
        if self.pairs:
            within = index - self.offset
            for (a, b), pair in self.pairs.items():
                usd += pair.usd[within[:, a], within[:, b]]
        return usd + self.pooled(self.totals(index)) if self.columns else usd

    def price_near(self, choice: IntArray) -> FloatArray:
        """Exact USD (n,) of the choice with one slot's option replaced by each option in turn."""
        # Sums over the other slots, not differences: what is unused must stay exactly 0.
        others = self.layout.others
        rest = others @ self.base[choice]
        usd = self.base.copy()
        for (a, b), pair in self.pairs.items():
            here, there = choice[a] - self.spans[a][0], choice[b] - self.spans[b][0]
            now = float(pair.usd[here, there])
            if now > 0:
                rest += np.where(others[a] * others[b] > 0, now, 0.0)
            usd[slice(*self.spans[a])] += pair.usd[:, there]
            usd[slice(*self.spans[b])] += pair.usd[here]
        usd += rest[self.slot]
        if not self.columns:
            return usd
        kept, moved = others @ self.quantity[choice], self.quantity
        if self.extras:
            moved = moved.copy()
            place, within = self.place[choice], choice - self.offset
            for a, b in self.extras:
                first, second = slice(*self.spans[a]), slice(*self.spans[b])
                a_apart, b_apart = self.place[first] != place[b], self.place[second] != place[a]
                here, there = within[[a]], within[[b]]
                kept += (others[a] * others[b])[:, None] * self._extra((a, b), b_apart[there], here, there)
                moved[first] += self._extra((a, b), a_apart, np.arange(a_apart.size), there)
                moved[second] += self._extra((a, b), b_apart, here, np.arange(b_apart.size))
        return usd + self.pooled(kept[self.slot] + moved)

    def pooled(self, total: FloatArray) -> FloatArray:
        """Exact USD (K,) of quantities (K, columns) on the coupled lanes."""
        if self.pools == self.columns:
            return self.curves.bill(total)
        volume = (total @ self.member)[:, self.pool]
        share = np.divide(total, volume, out=np.zeros_like(total), where=volume > 0)
        return np.asarray((share * self.curves.cost(volume)).sum(axis=1))
