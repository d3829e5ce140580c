"""One problem's quantities laid on the index arrays of its structure."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray
from twin2multicloud.optimizer.search.problem import CLOUD, REGION, SAME, Problem
from twin2multicloud.optimizer.search.structure import Structure


class Quantities:
    """What options use for certain, and what relations inside a provider add to it.

    `rows` (R, M) are the certain quantities of each row; `dense` (R, W) the same by curved lanes (`Structure.columns`).
    `gap` (2, degree, O, M) is what an option uses beyond the certain if the neighbour of a bit is at the same location,
    or at another one of the provider: one of the two is 0. `extra` (edges,) tells whose inner relations differ.
    """

    def __init__(self, structure: Structure, problem: Problem) -> None:
        """Lay `problem`'s numbers out; it must share the structure's index arrays (only counts are checked)."""
        self.s = s = structure
        numbers = problem.usage.quantity
        if numbers.shape != s.usage_place.shape or problem.options != s.options:
            raise ValueError("the problem does not share the search's structure")
        shape = (1 + 3 * s.degree, s.options + 1, s.width)
        flat = np.bincount(s.usage_place, weights=numbers, minlength=shape[0] * shape[1] * shape[2])
        kinds: FloatArray = flat.astype(np.float64, copy=False).reshape(shape)
        same, region, cloud = (kinds[1 + kind :: 3] for kind in (SAME, REGION, CLOUD))
        certain = np.minimum(same, region)
        rows = kinds[:1]
        for bit in range(s.degree):
            rows = np.concatenate([rows + cloud[bit], rows + certain[bit]])
        self.rows: FloatArray = rows.reshape(-1, s.width)[s.row_source]
        self.gap: FloatArray = np.stack([same - certain, region - certain])[:, :, :-1]
        differs = self.gap.any(axis=(0, 3))
        self.extra: BoolArray = np.array([bool((differs & there).any()) for there in s.edge_ends], dtype=bool)
        self.any_extra = bool(self.extra.any())

    @cached_property
    def dense(self) -> FloatArray:
        """Certain quantities (R, W) by curved lanes."""
        s = self.s
        out = np.zeros((self.rows.shape[0], s.columns))
        # An option's real lanes are distinct; the others may all write to the last column.
        out[np.arange(out.shape[0])[:, None], s.column[s.row_option]] = self.rows
        return out[:, :-1]

    @cached_property
    def inner(self) -> FloatArray:
        """`gap` (2, degree, O, W) by curved lanes."""
        s = self.s
        out = np.zeros((2, s.degree, s.options, s.columns))
        out[:, :, np.arange(s.options)[:, None], s.column] = self.gap
        return out[..., :-1]

    @cached_property
    def inner_usd(self) -> FloatArray:
        """What `gap` costs on lanes of one price, USD (2, degree, O)."""
        return np.asarray(np.einsum("rbom,om->rbo", self.gap, self.s.flat_price[self.s.lane[:-1]]))

    @cached_property
    def extra_most(self) -> FloatArray | None:
        """Most (lanes, slots) that inner relations may add to a lane beyond the certain quantities; None if nothing."""
        if not self.any_extra:
            return None
        s = self.s
        most = np.zeros((s.degree, s.lanes + 1, s.slots))
        bits = np.arange(s.degree)[:, None, None]
        np.maximum.at(most, (bits, s.lane[:-1], s.problem.slot[:, None]), self.gap.max(axis=0))
        return np.asarray(most.sum(axis=0)[:-1])
