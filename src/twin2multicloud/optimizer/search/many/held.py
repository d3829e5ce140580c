"""One provider holding one set of slots, in many problems at once: bounds, and every choice that they leave.

The same bounds as in `context` and `relax`, with a leading axis of problems: pools are bounded by lines or by least
additions, and a dynamic programme over a forest of the edges inside the set gives every option's excess. Problems share
the forest (any gives a bound); which lanes couple slots is decided by what any of them uses.
"""

from __future__ import annotations

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import lines_below
from twin2multicloud.optimizer.search.many.rows import Rows
from twin2multicloud.optimizer.search.selection import Joined, Selection

_FINITE = np.finfo(np.float64).max

Key = tuple[int, int]  # positions of two slots, ascending


def gather(values: FloatArray, members: IntArray, rows: IntArray) -> FloatArray:
    """Some rows (any shape) of (N, W) for some problems, these first: (A, ...)."""
    lift = (slice(None), *(None,) * rows.ndim)
    return np.asarray(values.reshape(-1).take(members[lift] + rows * values.shape[1]))


class Held:
    """The options (n in all) of m slots in A problems."""

    def __init__(self, rows: Rows, selection: Selection, members: IntArray, among: BoolArray) -> None:
        """Lay out the problems `members` (A,) of a batch, which may take the options `among` (A, n) of a selection."""
        self.rows, self.members, self.selection = rows, members, selection
        ends = np.cumsum(selection.sizes)
        self.offset: IntArray = ends - np.asarray(selection.sizes)
        self.spans = [slice(a, b) for a, b in zip(self.offset.tolist(), ends.tolist(), strict=True)]
        self.slot = np.repeat(np.arange(len(self.spans)), selection.sizes)
        self.place = selection.place
        s, index = rows.s, rows.index
        self.open = among
        lanes = s.curved[selection.key[0]]
        width = lanes.lanes.size
        entries = index.entry[selection.row, :width]
        touched = (entries != index.entries).any(axis=0)
        for joined in selection.joined:
            for bit, option in self._ends(joined):
                touched |= (index.inner_entry[bit, option, :width] != index.inner_bit.size).any(axis=0)
        self._columns = np.flatnonzero(touched)  # the curved lanes of concern
        quantity = gather(rows.quantity, members, entries[:, self._columns])  # (A, n, C)
        self.pairs: dict[Key, FloatArray] = {}
        extras: dict[Key, tuple[FloatArray, FloatArray]] = {}
        self.extra_most = np.zeros((members.size, self._columns.size))
        for joined in selection.joined:
            self._join(joined, extras)
        used, loose = np.zeros((self.slot.size, width), dtype=bool), np.zeros(width, dtype=bool)
        used[:, self._columns] = (quantity > 0).any(axis=0)
        loose[self._columns] = (self.extra_most > 0).any(axis=0)
        self.layout = layout = lanes.layout(selection.sizes, used, loose)
        solo, coupled = (np.searchsorted(self._columns, part) for part in (layout.solo, layout.coupled))
        self.base = gather(rows.flat, members, selection.row)
        if solo.size:
            self.base += layout.solo_curves.cost(quantity.take(solo, axis=2)).sum(axis=2)
        self.base[~among] = np.inf
        self.quantity = quantity.take(coupled, axis=2)
        self.extra_most = self.extra_most.take(coupled, axis=1)
        self.extras = {key: (a.take(coupled, axis=3), b.take(coupled, axis=3)) for key, (a, b) in extras.items()}
        self.pool, self.member = layout.pool, layout.member
        self._reach()

    @staticmethod
    def _ends(joined: Joined) -> list[tuple[int, IntArray]]:
        """Of both slots, the bit that the other has there, and the options."""
        ends = zip(joined.joint.bits, joined.joint.options, strict=True)
        if joined.kept is None:
            return list(ends)
        return [(bit, options[kept]) for (bit, options), kept in zip(ends, joined.kept, strict=True)]

    def _join(self, joined: Joined, extras: dict[Key, tuple[FloatArray, FloatArray]]) -> None:
        """What the edges between two slots cost inside the provider, and what they add on curved lanes."""
        joint, rows, members = joined.joint, self.rows, self.members
        corner = (slice(None), slice(None)) if joined.kept is None else np.ix_(*joined.kept)
        apart = joint.apart[corner]
        usd = np.zeros((members.size, *apart.shape))
        for number, full in zip(joint.edges, joint.usd_per_gb, strict=True):
            usd_per_gb, gb = full[corner], rows.batch.edge_gb[number, members][:, None, None]
            priced = np.isfinite(usd_per_gb)
            usd += gb * np.where(priced, usd_per_gb, 0.0)
            if not priced.all():
                usd += np.where((gb > 0) & ~priced, np.inf, 0.0)
        ends = self._ends(joined)
        flat = [[gather(usd, members, bit * rows.s.options + o) for bit, o in ends] for usd in rows.inner_usd]
        inner = [a[:, :, None] + b[:, None] for a, b in flat]  # by relation
        usd += np.where(apart, inner[1], inner[0])
        entries = [rows.index.inner_entry[bit, option][:, self._columns] for bit, option in ends]
        if any((entry != rows.index.inner_bit.size).any() for entry in entries):
            a_use, b_use = (np.stack([gather(gap, members, entry) for gap in rows.gap]) for entry in entries)
            if a_use.any() or b_use.any():
                extras[joined.positions] = a_use, b_use
                self.extra_most += (a_use.max(axis=2) + b_use.max(axis=2)).max(axis=0)
        if usd.any() or joined.positions in extras:
            self.pairs[joined.positions] = usd

    def _reach(self) -> None:
        """Totals of the pools at least and at most, and the least additions of every option."""
        layout = self.layout
        self.pooled = pooled = self.quantity @ self.member
        open_ = self.open[:, :, None]
        self.possible = np.logical_or.reduceat(self.open, self.offset, axis=1).all(axis=1)
        low = np.minimum.reduceat(np.where(open_, pooled, np.inf), self.offset, axis=1)
        most = np.maximum.reduceat(np.where(open_, pooled, 0.0), self.offset, axis=1)
        self.low = np.where(np.isfinite(low), low, 0.0).sum(axis=1)
        extra = self.extra_most @ self.member
        self.high = most.sum(axis=1) + extra
        self.curves = layout.curves
        self.additions = np.zeros_like(pooled)
        if layout.columns:
            top = self.high.max(axis=0)
            self.curves = self.curves.upto(top[self.pool])
            floors = layout.floors.upto(top)
            option, pool = np.nonzero((pooled > 0).any(axis=0))
            above = (self.high[:, None] - most)[:, self.slot[option], pool]
            self.additions[:, option, pool] = floors.marginal(pooled[:, option, pool], above, pool)

    # ── Bounds ──────────────────────────────────────────────────────────────────────────────────────────────────
    def aim(self, choice: IntArray | None, among: IntArray) -> Relaxed:
        """Bounds for the problems `among` (numbers 0 … A−1), their pools close to their cost at `choice` (len, m).

        Without one, pools that are used for certain are bounded by lines and the others by least additions.
        """
        low, high, additions = self.low[among], self.high[among], self.additions[among]
        quantity, price = self.quantity[among], self.base[among]
        slope = np.zeros((among.size, self.layout.columns))
        value = np.zeros(among.size)
        if self.layout.columns:
            if choice is None:
                total, aim = np.zeros(slope.shape), 0.5 * (low + high)
            else:
                total = self.totals(among, choice)
                aim = np.clip(total @ self.member, low, high)
            cut, slope = lines_below(self.curves, self.pool, low, high, aim)
            if choice is None:
                lined = low > 0
            else:
                booked = np.take_along_axis(additions, choice[:, :, None], axis=1).sum(axis=1)
                lined = cut + (total * slope) @ self.member > booked
            value = np.where(lined, cut, 0.0).sum(axis=1)
            slope = np.where(lined.take(self.pool, axis=1), slope, 0.0)
            price = price + (quantity @ slope[:, :, None])[:, :, 0] + (additions @ (~lined)[:, :, None])[:, :, 0]
        pairs = {key: usd[among] for key, usd in self.pairs.items()}
        for key, (at_a, at_b) in self.extras.items():
            a, b = (at[:, among] @ slope[:, :, None] for at in (at_a, at_b))
            inner = a + b[:, :, None, :, 0]
            pairs[key] = pairs[key] + np.where(self._apart(key), inner[1], inner[0])
        return Relaxed(self, among, price, value, pairs)

    def _apart(self, key: Key) -> BoolArray:
        a, b = (self.place[self.spans[position]] for position in key)
        return np.asarray(a[:, None] != b)

    # ── Choices ─────────────────────────────────────────────────────────────────────────────────────────────────
    def totals(self, problem: IntArray, index: IntArray) -> FloatArray:
        """Quantities (K, columns) on the coupled lanes of choices (K, m) in problems (K,)."""
        total = self.quantity[problem, index[:, 0]]
        for position in range(1, index.shape[1]):
            total = total + self.quantity[problem, index[:, position]]
        for (a, b), (at_a, at_b) in self.extras.items():
            apart = (self.place[index[:, a]] != self.place[index[:, b]]).astype(np.int64)
            total = total + at_a[apart, problem, index[:, a] - self.offset[a]]
            total = total + at_b[apart, problem, index[:, b] - self.offset[b]]
        return total

    def price(self, problem: IntArray, index: IntArray) -> FloatArray:
        """Exact USD (K,) of choices (K, m) in problems (K,)."""
        usd = np.asarray(self.base[problem[:, None], index].sum(axis=1))
        for (a, b), pair in self.pairs.items():
            usd += pair[problem, index[:, a] - self.offset[a], index[:, b] - self.offset[b]]
        if not self.layout.columns:
            return usd
        total = self.totals(problem, index)
        if self.layout.pools == self.layout.columns:
            return np.asarray(usd + self.curves.cost(total).sum(axis=1))
        volume = (total @ self.member).take(self.pool, axis=1)
        share = np.divide(total, volume, out=np.zeros_like(total), where=volume > 0)
        return np.asarray(usd + (share * self.curves.cost(volume)).sum(axis=1))


class Relaxed:
    """Additive prices below the bill of some problems, and the minimum over a forest of pairs."""

    def __init__(
        self, held: Held, among: IntArray, price: FloatArray, value: FloatArray, pairs: dict[Key, FloatArray]
    ) -> None:
        self.held, self.pairs = held, pairs
        count = len(held.spans)
        self.parent, weight = [-1] * count, [0.0] * count
        for (a, b), usd in pairs.items():
            heft = float(np.minimum(usd, 1e15).mean())
            if heft > weight[b]:
                self.parent[b], weight[b] = a, heft
        price = price.copy()
        tables: list[FloatArray] = []
        for b in range(count - 1, -1, -1):
            table, a = price[:, held.spans[b]], self.parent[b]
            if a >= 0:
                table = pairs[a, b] + table[:, None]
                price[:, held.spans[a]] += table.min(axis=2)
            tables.append(table)
        tables.reverse()
        self.value = value.copy()
        """No choice costs less (A,)."""
        self.excess: FloatArray = np.empty_like(price)
        """value + excess bounds every choice that takes the option (A, n)."""
        self.choice: IntArray = np.zeros((among.size, count), dtype=np.int64)
        """Where the bound is attained (A, m)."""
        self.steps: list[FloatArray] = []
        every = np.arange(among.size)
        for b, span in enumerate(held.spans):
            table, a = tables[b], self.parent[b]
            least = table.min(axis=-1, keepdims=True)
            step = table - np.minimum(least, _FINITE)
            if a < 0:
                self.value += least[:, 0]
                self.excess[:, span] = step
                self.choice[:, b] = span.start + step.argmin(axis=1)
            else:
                above = self.excess[:, held.spans[a]]
                self.excess[:, span] = (above[:, :, None] + step).min(axis=1)
                taken = step[every, self.choice[:, a] - held.spans[a].start]
                self.choice[:, b] = span.start + taken.argmin(axis=1)
            self.steps.append(step)

    def choices(self, keep: BoolArray, limit: FloatArray) -> tuple[IntArray, IntArray]:
        """All choices of options kept (A, n) that the bound lets cost less than `limit` (A,).

        As the number (K,) of each one's problem among `among`, and its options (K, m).
        """
        node = np.flatnonzero(self.value < limit)
        value, index = self.value[node], np.empty((node.size, 0), dtype=np.int64)
        for level, span in enumerate(self.held.spans):
            step, a = self.steps[level], self.parent[level]
            rise = step[node] if a < 0 else step[node, index[:, a] - self.held.spans[a].start]
            for other in range(level):
                pair = self.pairs.get((other, level))
                if pair is not None and other != a:
                    rise = rise + pair[node, index[:, other] - self.held.spans[other].start]
            child = value[:, None] + rise
            at, option = np.nonzero((child < limit[node][:, None]) & keep[node, span])
            value, node = child[at, option], node[at]
            index = np.concatenate([index[at], (option + span.start)[:, None]], axis=1)
        return node, index
