"""One provider holding one set of slots: its options side by side, and the exact price of its choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import Curves, floors


@dataclass(frozen=True)
class Pair:
    """Two slots (positions a < b) joined by edges inside the provider."""

    a: int
    b: int
    usd: FloatArray  # (n_a, n_b) traffic and flat prices, exact
    extra: tuple[FloatArray, FloatArray, FloatArray, FloatArray] | None
    """What the relation adds on curved lanes (n, C): at a if same or apart, at b if same or apart; None: nothing."""

    def between(self, a: int, b: int, keep_a: BoolArray, keep_b: BoolArray) -> Pair:
        """The pair at other positions, with only the options kept."""
        if keep_a.all() and keep_b.all():
            return Pair(a, b, self.usd, self.extra)
        extra = self.extra
        if extra is not None:
            extra = (extra[0][keep_a], extra[1][keep_a], extra[2][keep_b], extra[3][keep_b])
        return Pair(a, b, self.usd[keep_a][:, keep_b], extra)


@dataclass(frozen=True)
class Options:
    """The options (n in all) of m slots, slot by slot."""

    sizes: Sequence[int]  # (m,)
    base: FloatArray  # (n,) USD but for the curved lanes
    quantity: FloatArray  # (n, C) certain use of the curved lanes
    place: IntArray  # (n,) location
    origin: IntArray  # (n,) the caller's option numbers
    pairs: Sequence[Pair]
    curves: Curves  # C lanes
    pool: IntArray  # (C,) any numbering
    floors: dict[bytes, Curves]  # floors of pools by the columns that make them, computed once

    def restrict(self, keep: BoolArray) -> Options:
        """Only the options kept (n,)."""
        ends = np.cumsum(self.sizes).tolist()
        parts = [keep[end - size : end] for size, end in zip(self.sizes, ends, strict=True)]
        pairs = [pair.between(pair.a, pair.b, parts[pair.a], parts[pair.b]) for pair in self.pairs]
        return Options(
            [int(part.sum()) for part in parts],
            self.base[keep],
            self.quantity[keep],
            self.place[keep],
            self.origin[keep],
            pairs,
            self.curves,
            self.pool,
            self.floors,
        )


class Context:
    """Options with everything priced that can be priced option by option; choices are (K, m) indices into them."""

    def __init__(self, options: Options) -> None:
        """Fold the lanes of single slots into the options' prices and keep the others as coupled columns."""
        self.options = options
        ends = np.cumsum(options.sizes)
        self.offset: IntArray = ends - np.asarray(options.sizes)
        self.spans: list[tuple[int, int]] = list(zip(self.offset.tolist(), ends.tolist(), strict=True))
        self.size = int(ends[-1])
        self.slot = np.repeat(np.arange(len(self.spans)), options.sizes)
        self.place = options.place
        self.pairs = {(pair.a, pair.b): pair for pair in options.pairs}
        solo, coupled, loose = self._columns()
        self.base = options.base
        if solo.size:
            self.base = options.base + options.curves.take(solo).cost(options.quantity[:, solo]).sum(axis=1)
        self.coupled = coupled
        self.quantity = options.quantity[:, coupled]
        self.columns = coupled.size
        self.curves = options.curves.take(coupled)
        names, self.pool = np.unique(options.pool[coupled], return_inverse=True)
        self.pools = names.size
        self._others = 1.0 - np.eye(len(self.spans))
        self.member = np.zeros((self.columns, self.pools))
        self.member[np.arange(self.columns), self.pool] = 1.0
        self.extras: dict[tuple[int, int], tuple[FloatArray, ...]] = {}
        # Per slot, the most it adds to a pool; inner relations may add more on top.
        self.pooled_use = self.quantity @ self.member
        self.most = np.maximum.reduceat(self.pooled_use, self.offset, axis=0)
        self.most_extra = np.zeros(self.pools)
        if loose.any():
            for key, pair in self.pairs.items():
                if pair.extra is not None:
                    a_same, a_apart, b_same, b_apart = self.extras[key] = tuple(p[:, coupled] for p in pair.extra)
                    here, away = a_same.max(axis=0) + b_same.max(axis=0), a_apart.max(axis=0) + b_apart.max(axis=0)
                    self.most_extra += np.maximum(here, away) @ self.member
        if self.columns:
            self.curves = self.curves.upto((self.most.sum(axis=0) + self.most_extra)[self.pool])

    def _columns(self) -> tuple[IntArray, IntArray, BoolArray]:
        """Lanes that a single slot decides, lanes that couple slots, and which lanes inner relations change."""
        pool = self.options.pool
        used = self.options.quantity > 0
        touching = np.logical_or.reduceat(used, self.offset, axis=0)  # (m, C)
        loose = np.zeros(pool.shape, dtype=bool)
        for pair in self.options.pairs:
            for part in pair.extra or ():
                loose |= (part > 0).any(axis=0)
        columns = np.flatnonzero(touching.any(axis=0) | loose)
        mates = np.bincount(pool[columns], minlength=1)[pool[columns]]
        alone = (touching.sum(axis=0) <= 1)[columns] & ~loose[columns] & (mates == 1)
        shared = np.unique(pool[columns[mates > 1]])
        if shared.size:
            # Lanes of one pool: still one slot's business if no option uses two of them.
            member = (pool[:, None] == shared).astype(np.float64)
            solo = ((touching @ member) > 0).sum(axis=0) <= 1
            solo &= ((used @ member).max(axis=0) <= 1) & (loose @ member == 0)
            alone |= np.isin(pool[columns], shared[solo])
        return columns[alone], columns[~alone], loose

    @property
    def origin(self) -> IntArray:
        """The caller's numbers (n,) of the options."""
        return self.options.origin

    def floors(self) -> Curves:
        """The floors of the coupled pools."""
        key = self.coupled.tobytes()
        if key not in self.options.floors:
            curves = self.options.curves.take(self.coupled)
            self.options.floors[key] = floors(curves, self.pool, self.pools)
        return self.options.floors[key]

    def totals(self, index: IntArray) -> FloatArray:
        """Quantities (K, columns) on the coupled lanes."""
        total = np.asarray(self.quantity[index].sum(axis=1))
        for key in self.extras:
            total = total + self._extra(key, index[:, key[0]], index[:, key[1]])
        return total

    def added(self, index: IntArray) -> FloatArray:
        """Quantities (K, columns) that the last position of partial choices (K, level) adds."""
        last = index.shape[1] - 1
        out = self.quantity[index[:, last]]
        for key in self.extras:
            if key[1] == last:
                out = out + self._extra(key, index[:, key[0]], index[:, key[1]])
        return out

    def _extra(self, key: tuple[int, int], a: IntArray, b: IntArray) -> FloatArray:
        """What the relation of options a and b (K,) adds (K, columns)."""
        same = (self.place[a] == self.place[b])[:, None]
        a, b = a - self.spans[key[0]][0], b - self.spans[key[1]][0]
        a_same, a_apart, b_same, b_apart = self.extras[key]
        return np.asarray(np.where(same, a_same[a] + b_same[b], a_apart[a] + b_apart[b]))

    def price(self, index: IntArray) -> FloatArray:
        """Exact USD (K,) of choices."""
        usd = np.asarray(self.base[index].sum(axis=1))
        for (a, b), pair in self.pairs.items():
            usd += pair.usd[index[:, a] - self.spans[a][0], index[:, b] - self.spans[b][0]]
        return usd + self.pooled(self.totals(index)) if self.columns else usd

    def price_near(self, choice: IntArray) -> FloatArray:
        """Exact USD (n,) of the choice with one slot's option replaced by each option in turn."""
        # Sums over the other slots, not differences: what is unused must stay exactly 0.
        others = self._others
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
            for a, b in self.extras:
                chosen = choice[[a]], choice[[b]]
                kept += (others[a] * others[b])[:, None] * self._extra((a, b), *chosen)
                first, second = np.arange(*self.spans[a]), np.arange(*self.spans[b])
                moved[first] += self._extra((a, b), first, np.repeat(chosen[1], first.size))
                moved[second] += self._extra((a, b), np.repeat(chosen[0], second.size), second)
        return usd + self.pooled(kept[self.slot] + moved)

    def pooled(self, total: FloatArray) -> FloatArray:
        """Exact USD (K,) of quantities (K, columns) on the coupled lanes."""
        if self.pools == self.columns:
            return self.curves.bill(total)
        volume = (total @ self.member)[:, self.pool]
        share = np.divide(total, volume, out=np.zeros_like(total), where=volume > 0)
        return np.asarray((share * self.curves.cost(volume)).sum(axis=1))
