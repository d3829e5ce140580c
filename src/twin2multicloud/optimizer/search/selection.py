"""Which options a provider has for a set of slots under a mask, as index arrays that problems of a batch share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.structure import Structure

_KEPT = 4096
"""So many selections are kept before all are dropped; bounds memory, not results."""


@dataclass(frozen=True)
class Joint:
    """Slots a < b joined by edges, both with provider p: over all options there (n_a, n_b)."""

    number: int  # among the joints of the structure
    options: tuple[IntArray, IntArray]
    bits: tuple[int, int]  # of b at a, and of a at b
    apart: BoolArray  # whether two options are at different locations
    edges: list[int]
    usd_per_gb: list[FloatArray]  # of each edge between options that are apart, else 0


@dataclass(frozen=True)
class Joined:
    """A joint within a selection: the positions of its slots, and which of their options are selected (None: all)."""

    joint: Joint
    positions: tuple[int, int]
    kept: tuple[IntArray, IntArray] | None


@dataclass(frozen=True)
class Selection:
    """Options of provider p for the slots of a set, slot by slot."""

    key: tuple[int, int, bytes]  # as `Selections.key`
    sizes: list[int]
    option: IntArray
    row: IntArray  # what the options use for certain when p holds exactly the set
    place: IntArray
    joined: list[Joined]


class Selections:
    """The selections of one structure seen so far."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self._members: dict[tuple[int, int], IntArray] = {}
        self._joints: dict[tuple[int, int, int], Joint] = {}
        self._seen: dict[tuple[int, int, bytes], Selection] = {}

    def key(self, p: int, subset: int, allowed: BoolArray) -> tuple[int, int, bytes]:
        """Equal where `allowed` (O,) leaves provider p the same options for the slots of bit set `subset`."""
        at = p, subset
        if at not in self._members:
            blocks = [self.structure.blocks[p][slot] for slot in self._slots(subset)]
            self._members[at] = np.concatenate([block.options for block in blocks])
        return p, subset, allowed[self._members[at]].tobytes()

    def of(self, p: int, subset: int, allowed: BoolArray) -> Selection:
        """The options that `allowed` (O,) leaves provider p for the slots of bit set `subset`."""
        key = self.key(p, subset, allowed)
        if key not in self._seen:
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            self._seen[key] = self._select(key, allowed)
        return self._seen[key]

    def _slots(self, subset: int) -> list[int]:
        return [slot for slot in range(self.structure.slots) if subset >> slot & 1]

    def _select(self, key: tuple[int, int, bytes], allowed: BoolArray) -> Selection:
        s, (p, subset, _) = self.structure, key
        slots = self._slots(subset)
        kept = [np.flatnonzero(allowed[s.blocks[p][slot].options]) for slot in slots]
        parts = [s.blocks[p][slot].options[at] for slot, at in zip(slots, kept, strict=True)]
        rows = [s.rows_of(s.blocks[p][slot], subset, part) for slot, part in zip(slots, parts, strict=True)]
        option = np.concatenate(parts)
        joined = []
        for a, first in enumerate(slots):
            for b, second in enumerate(slots):
                if a < b and second in s.neighbours[first]:
                    joint = self._joint(p, first, second)
                    full = all(kept[at].size == options.size for at, options in zip((a, b), joint.options, strict=True))
                    joined.append(Joined(joint, (a, b), None if full else (kept[a], kept[b])))
        sizes = [part.size for part in parts]
        return Selection(key, sizes, option, np.concatenate(rows), s.problem.location[option], joined)

    def _joint(self, p: int, a: int, b: int) -> Joint:
        if (p, a, b) in self._joints:
            return self._joints[p, a, b]
        s, problem = self.structure, self.structure.problem
        options = s.blocks[p][a].options, s.blocks[p][b].options
        here, there = (problem.location[part] for part in options)
        apart = here[:, None] != there
        edges = [number for number, edge in enumerate(problem.edges) if {edge.source, edge.target} == {a, b}]
        prices = []
        for number in edges:
            forth = problem.edges[number].source == a
            price = problem.usd_per_gb[here[:, None], there] if forth else problem.usd_per_gb[there, here[:, None]]
            prices.append(np.where(apart, price, 0.0))
        self._joints[p, a, b] = Joint(len(self._joints), options, (s.bit(a, b), s.bit(b, a)), apart, edges, prices)
        return self._joints[p, a, b]
