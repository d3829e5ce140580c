"""What all meters share: their counters, levels that add up over time, scaling to a month."""

# Every meter takes the whole of an operation; what its rule does not ask for is unused.
# ruff: noqa: ARG002

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import ClassVar

from twin2multicloud.blueprint.kinds import Role
from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.sandbox.metering.book import Cell, MeterBook
from twin2multicloud.sandbox.metering.hooks import HANDED_OVER, NOTHING, Amount, StoreMeter

HOURS_PER_MONTH = 730.0
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
MIB = 2**20
KIB = 1024

_PREFIXES = tuple(f"{provider.value}." for provider in Provider)


def pieces(size: float, chunk: int) -> int:
    """Started chunks of an item; an empty one still is one."""
    return max(ceil(size / chunk), 1)


class Counted:
    """A component's meter: each meter it counts directly is a cell of the book, scaled linearly to a month."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        self.component = component
        self.blueprint = blueprint
        self._book = book
        self._cells: dict[str, Cell] = {}

    def month(self, elapsed_s: float) -> dict[str, Amount]:
        """See `ComponentMeter.month`."""
        if not elapsed_s > 0:
            raise ValueError(f"elapsed_s is {elapsed_s}; nothing can be scaled to a month before time has passed")
        scale = SECONDS_PER_MONTH / elapsed_s
        # From the book, so that what was counted before a restart is there, and what a sibling counted for this one.
        counted = self._book.of(self.component.id)
        found = {name: Amount(value * scale) for name, value in counted.items() if name.startswith(_PREFIXES)}
        found.update(self.derived(scale))
        return found

    def derived(self, scale: float) -> dict[str, Amount]:
        """Meters that do not follow linearly from a counter; `scale` is a month over the time elapsed."""
        return {}

    def cell(self, name: str) -> Cell:
        """One of this component's counters."""
        found = self._cells.get(name)
        if found is None:
            found = self._cells[name] = self._book.cell(name, self.component.id)
        return found

    def tally(self, what: str, sizes: Sequence[int], count: int = 1) -> None:
        """Note how many of something there were, each `count` times, and their bytes: what `calibrate` looks at."""
        self.cell(f"{what}-count").add(len(sizes) * count)
        self.cell(f"{what}-bytes").add(sum(sizes) * count)

    def assumed(self, name: str) -> float:
        """An engineering figure (`model.assumptions`)."""
        return self.blueprint.assumptions[name]

    def demanded(self, name: str) -> float:
        """A figure of the workload."""
        return self.blueprint.workload[name]

    def sibling(self, name: str) -> PlannedComponent | None:
        """Another component of the same slot."""
        return self.blueprint.component(self.component.slot, name)

    def span_months(self) -> float:
        """How long what enters this component's tier stays, by its ages; 0 for what is no tier (a small store)."""
        if self.component.name not in ("hot", "cool", "archive"):
            return 0.0
        hot, cool, archive = (self.demanded(name) for name in ("hot_months", "cool_months", "archive_months"))
        spans = {Slot.HOT: hot, Slot.COOL: cool - hot, Slot.ARCHIVE: archive - cool}
        return max(spans.get(self.component.slot, 0.0), 0.0)

    def yet_to_leave(self, written: float, removed: float, *, expiring: bool = False) -> float:
        """What a month like the run has to remove of the hot tier besides what the run has removed: what was written
        as long ago as that keeps it. All are counted alike; 0 for what is no hot tier, and where no tier follows,
        unless it is billed that records expire (`expiring`).
        """
        if self.component.slot is not Slot.HOT or self.component.name != "hot":
            return 0.0
        hot = self.demanded("hot_months")
        if not expiring and self.demanded("archive_months") <= hot:
            return 0.0
        share: float = (1 + self.demanded("growth_per_month")) ** -hot
        return max(written * share - removed, 0.0)


class Level:
    """Something that is held, in bytes: its level, and byte-seconds as the twin clock runs."""

    def __init__(self, owner: Counted) -> None:
        self._level = owner.cell("held-bytes")
        self._at = owner.cell("held-since")
        self._sum = owner.cell("held-byte-seconds")

    def set(self, stored: float, at: float) -> None:
        """`stored` bytes from now on. A clock that was turned back counts nothing for the time it repeats."""
        since = self._at.value
        if since and at > since:
            self._sum.add(self._level.value * (at - since))
        self._level.set(stored)
        self._at.set(max(at, since))

    @property
    def stored(self) -> float:
        """The level."""
        return self._level.value


class OwnGraph(Counted):
    """Our own graph on a document store: what its entities take is stored all month under the meter `storage`."""

    storage: ClassVar[str]

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._stored = self.cell("entity-bytes")

    def holds(self, entities: int, stored: float, at: float) -> None:
        """See `GraphMeter.holds`."""
        self._stored.grow(stored)

    def derived(self, scale: float) -> dict[str, Amount]:
        """Entities stay."""
        return {self.storage: Amount(self._stored.value)}


class CountedFunction(Counted):
    """A function: its runs and the time that the assumed milliseconds make of its work."""

    def __init__(self, component: PlannedComponent, blueprint: Blueprint, book: MeterBook) -> None:
        super().__init__(component, blueprint, book)
        self._fixed_ms = self.assumed("invocation_ms")
        self._ms = {name: ms for name, ms in blueprint.assumptions.items() if "_ms" in name}
        for edge, unit in HANDED_OVER.items():
            self._ms[edge] = self._ms[unit] if self.puts_away(edge) else 0.0
        self.nonces: StoreMeter | None = None
        self._nonce = (round(self.assumed("state_bytes")),)
        self._runs, self._messages, self._busy = (self.cell(n) for n in ("runs", "messages", "busy-ms"))

    def invoked(self, messages: int, work: Mapping[str, float] = NOTHING) -> None:
        """See `FunctionMeter.invoked`."""
        busy_ms = self.work_ms(work)
        self._runs.add(1)
        self._messages.add(messages)
        self._busy.add(self._fixed_ms + busy_ms)
        self.count(messages, busy_ms)
        if self.nonces is not None:
            # Who is called over a link remembers the nonce of the request, and forgets it later.
            self.nonces.wrote(self._nonce)
            self.nonces.expired(self._nonce)

    def puts_away(self, edge: str) -> bool:
        """Whether handing over on an edge is this function's work: not where processing only queues it for a sender."""
        return self.component.role is not Role.PROCESS or not self.blueprint.by_edge[edge].apart

    def work_ms(self, work: Mapping[str, float]) -> float:
        """Milliseconds of some units of work; a name that is no unit is a `KeyError`."""
        ms = self._ms
        return sum(ms[name] * units for name, units in work.items())

    def count(self, messages: int, work_ms: float) -> None:
        """Count one run by the host's rule; `work_ms` is its time besides the fixed part."""
        raise NotImplementedError
