"""One problem laid on its structure: bounds for a mask, and the options of a provider that holds a set of slots."""

from __future__ import annotations

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray
from twin2multicloud.optimizer.search.context import Options, Pair
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.quantities import Quantities
from twin2multicloud.optimizer.search.selection import Joint, Selection
from twin2multicloud.optimizer.search.subset import Subproblem
from twin2multicloud.optimizer.search.table import Table, TableIndex, flat_usd, narrow_usd


class Instance:
    """A problem ready to be searched."""

    def __init__(self, index: TableIndex, problem: Problem) -> None:
        self.index, self.structure, self.problem = index, index.structure, problem
        self.numbers = Quantities(self.structure, problem)
        self.flat = flat_usd(index, problem, self.numbers)
        self._table: Table | None = None
        self._pairs: dict[int, Pair | None] = {}
        self._subproblems: dict[tuple[int, int, bytes], Subproblem] = {}

    def table(self, allowed: BoolArray) -> Table:
        """The table of bounds under a mask; the last one is kept."""
        if self._table is None or (self._table.allowed != allowed).any():
            rows_usd = self.flat + narrow_usd(self.index, self.numbers)
            self._table = Table(self.index, self.problem, self.numbers, allowed, rows_usd)
        return self._table

    def key(self, p: int, subset: int, allowed: BoolArray) -> tuple[int, int, bytes]:
        """See `Selections.key`."""
        return self.index.selections.key(p, subset, allowed)

    def subproblem(
        self, p: int, subset: int, among: BoolArray, allowed: BoolArray
    ) -> tuple[Subproblem, BoolArray | None]:
        """Provider p holding exactly the slots of bit set `subset` with the options that the mask `among` leaves it,
        and which of them `allowed` does; None for all.
        """
        selection = self.index.selections.of(p, subset, among)
        if selection.key not in self._subproblems:
            self._subproblems[selection.key] = Subproblem(self._options(selection))
        given = allowed[selection.option]
        return self._subproblems[selection.key], None if given.all() else given

    def _options(self, selection: Selection) -> Options:
        p = selection.key[0]
        lanes = self.structure.curved[p]
        pairs = []
        for joined in selection.joined:
            joint = joined.joint
            if joint.number not in self._pairs:
                self._pairs[joint.number] = self._pair(p, joint)
            pair = self._pairs[joint.number]
            if pair is not None:
                pairs.append(pair.between(*joined.positions, joined.kept))
        return Options(
            sizes=selection.sizes,
            base=self.flat[selection.row],
            quantity=self.numbers.dense[selection.row, : lanes.lanes.size],
            place=selection.place,
            origin=selection.option,
            pairs=pairs,
            lanes=lanes,
        )

    def _pair(self, p: int, joint: Joint) -> Pair | None:
        """What the edges of a joint cost inside p, over all options; None if nothing."""
        usd = np.zeros(joint.apart.shape)
        for number, usd_per_gb in zip(joint.edges, joint.usd_per_gb, strict=True):
            gb = self.problem.edges[number].gb_per_month
            if gb > 0:
                usd += gb * usd_per_gb
        if not self.numbers.extra[joint.edges].any():
            return Pair.of(0, 1, usd, None) if usd.any() else None
        (a, b), (a_bit, b_bit), width = joint.options, joint.bits, self.structure.curved[p].lanes.size
        a_usd, b_usd = self.numbers.inner_usd[:, a_bit, a], self.numbers.inner_usd[:, b_bit, b]
        usd += np.where(joint.apart, a_usd[1][:, None] + b_usd[1], a_usd[0][:, None] + b_usd[0])
        extra = self.numbers.inner[:, a_bit, a, :width], self.numbers.inner[:, b_bit, b, :width]
        return Pair.of(0, 1, usd, extra)
