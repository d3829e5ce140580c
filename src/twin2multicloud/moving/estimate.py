"""What a move will take, before it is begun: how long each step, and what it costs once.

Pure: what the stores hold, how fast things go and what they cost is given. Everything that is assumed is stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Provider
from twin2multicloud.moving import operations
from twin2multicloud.moving.driver import HOLD_NOBODY
from twin2multicloud.moving.move import Move, StoreKind, Transfer, transfers
from twin2multicloud.moving.operations import Content, Operation
from twin2multicloud.moving.steps import Step

HOURS_PER_MONTH: Final = 730.0


class Price(msgspec.Struct, frozen=True):
    """So much more on a meter, in its billing units, and the USD that it adds to the month's bill. `missing`: why there
    is no price; then `usd` says nothing."""

    units: float
    unit: str
    usd: float
    missing: str = ""


class Prices(Protocol):
    """What operations cost on top of what the twin uses in a month anyway."""

    def more(self, operation: Operation, region: str) -> Price:
        """The price of one operation of a move."""

    def running(self, blueprint: Blueprint, move: Move) -> float:
        """USD a month of the moved slot's parts in a blueprint."""


class Speed(msgspec.Struct, frozen=True):
    """Items and bytes a second that are copied, or compared, at most."""

    items: float
    bytes: float


class Speeds(msgspec.Struct, frozen=True):
    """How fast things go. `basis` says where these figures come from; the times of steps are in seconds."""

    basis: str
    build_s: float
    hold_s: float
    cut_over_s: float
    destroy_s: float
    copy: dict[StoreKind, Speed]

    def seconds(self, kind: StoreKind, content: Content) -> float:
        """For one pass over a store."""
        speed = self.copy[kind]
        return max(content.items / speed.items, content.bytes / speed.bytes)


SANDBOX: Final = Speeds(
    "measured in the sandbox on two busy cores",
    build_s=1.0,
    hold_s=0.1,
    cut_over_s=0.1,
    destroy_s=0.1,
    copy={
        StoreKind.HOT: Speed(9_000, 20e6),
        StoreKind.OBJECTS: Speed(300, 50e6),
        StoreKind.GRAPH: Speed(700, 20e6),
        StoreKind.LETTERS: Speed(1_000, 20e6),
        StoreKind.STATES: Speed(5_000, 20e6),
    },
)
CLOUDS: Final = Speeds(
    "assumed: one process at a broadband line of 100 Mbit/s, services at their default quotas",
    build_s=300.0,
    hold_s=10.0,
    cut_over_s=60.0,
    destroy_s=180.0,
    copy={
        StoreKind.HOT: Speed(1_000, 10e6),
        StoreKind.OBJECTS: Speed(20, 10e6),
        StoreKind.GRAPH: Speed(20, 10e6),
        StoreKind.LETTERS: Speed(50, 10e6),
        StoreKind.STATES: Speed(500, 10e6),
    },
)


class StepTime(msgspec.Struct, frozen=True):
    """A step, for how long, and what that follows from."""

    step: Step
    seconds: float
    basis: str


class Cost(msgspec.Struct, frozen=True):
    """One line of the one-off cost. `missing` says why it has no price, "" if it has one."""

    what: str
    provider: Provider
    region: str
    meter: str
    units: float
    unit: str
    usd: float
    missing: str = ""


class Estimate(msgspec.Struct, frozen=True):
    """What a move will take. `held_s`: for how long writers wait; devices' messages are accepted all the time."""

    move: Move
    contents: dict[str, Content]
    steps: tuple[StepTime, ...]
    costs: tuple[Cost, ...]
    held_s: float
    basis: str

    @property
    def seconds(self) -> float:
        """From beginning to end."""
        return sum(step.seconds for step in self.steps)

    @property
    def usd(self) -> float:
        """All costs that have a price."""
        return sum(cost.usd for cost in self.costs)

    @property
    def missing(self) -> tuple[Cost, ...]:
        """Costs without a price: the sum is at least so much higher as these."""
        return tuple(cost for cost in self.costs if cost.missing)


def estimate(
    move: Move,
    before: Blueprint,
    after: Blueprint,
    contents: Mapping[str, Content],
    prices: Prices,
    speeds: Speeds,
    filled_months: Mapping[str, float],
) -> Estimate:
    """The steps and the one-off cost of a move.

    `contents` are what the source holds, by the name of the transfer; `filled_months` over how long a tier of objects
    was filled, by storage class.
    """
    moved = transfers(before.places, after.places)
    steps = tuple(_steps(move, moved, contents, speeds))
    costs: list[Cost] = []
    for transfer in moved:
        content = contents.get(transfer.name, Content(0.0, 0.0))
        costs += _transfer_costs(transfer, content, before, after, prices, filled_months)
    costs += _twice(move, before, after, prices, sum(step.seconds for step in steps))
    held = 0.0 if move.slot in HOLD_NOBODY else sum(s.seconds for s in steps if s.step in _WHILE_HELD)
    known = {transfer.name: contents.get(transfer.name, Content(0.0, 0.0)) for transfer in moved}
    return Estimate(move, known, steps, tuple(costs), held, speeds.basis)


_WHILE_HELD: Final = (Step.HOLD, Step.CATCH_UP, Step.CUT_OVER, Step.RELEASE)
_AT_REST: Final = (StoreKind.LETTERS, StoreKind.STATES)


def _steps(
    move: Move, moved: Iterable[Transfer], contents: Mapping[str, Content], speeds: Speeds
) -> Iterable[StepTime]:
    sizes = [(t.kind, contents.get(t.name, Content(0.0, 0.0))) for t in moved]
    bulk = [(kind, content) for kind, content in sizes if kind not in _AT_REST]
    small = [(kind, content) for kind, content in sizes if kind in _AT_REST]
    once = sum(speeds.seconds(kind, content) for kind, content in bulk)
    amount = ", ".join(f"{content.items:,.0f} items, {content.bytes / 1e6:,.1f} MB" for _, content in bulk) or "nothing"
    yield StepTime(Step.BUILD, speeds.build_s, f"parts of {move.slot.value} at the target")
    yield StepTime(Step.COPY, once, amount)
    yield StepTime(Step.HOLD, speeds.hold_s, "what is under way arrives")
    rest = 2 * sum(speeds.seconds(kind, content) for kind, content in small)
    yield StepTime(Step.CATCH_UP, rest + 1.0, "what came during the last pass, and all that changes with every message")
    yield StepTime(Step.CUT_OVER, speeds.cut_over_s, "placement, links, neighbours")
    yield StepTime(Step.RELEASE, speeds.cut_over_s / 2, "")
    yield StepTime(Step.VERIFY, once, f"both ends are read: {amount}")
    yield StepTime(Step.DESTROY, speeds.destroy_s, f"parts of {move.slot.value} at the source")


def _transfer_costs(
    transfer: Transfer,
    content: Content,
    before: Blueprint,
    after: Blueprint,
    prices: Prices,
    filled_months: Mapping[str, float],
) -> Iterable[Cost]:
    """Reading at the source (records once more to compare; objects are compared by the digests kept with them), writing
    at the target, reading there to compare, and leaving either cloud."""
    source, target, storage_class = transfer.source, transfer.target, transfer.storage_class
    reads = 1 if transfer.kind is StoreKind.OBJECTS else 2
    twice = Content(content.items * reads, content.bytes * reads)
    name = transfer.name
    compared = Content(0.0, 0.0) if operations.restored_first(target, storage_class, after) else content
    rows = [
        (f"{name}: read at the source", source, operations.read(source, storage_class, twice, before)),
        (f"{name}: written at the target", target, operations.written(target, storage_class, content, after)),
        (f"{name}: read at the target to compare", target, operations.read(target, storage_class, compared, after)),
        (f"{name}: removed at the source", source, operations.dropped(source, storage_class, content, before)),
        (
            f"{name}: removed before its minimum storage duration",
            source,
            operations.too_early(source, storage_class, content, before, filled_months.get(storage_class, 1.0)),
        ),
    ]
    if source.place.provider is not target.place.provider and content.bytes:
        rows += [
            (f"{name}: leaves the source", source, iter([operations.egress(source.place.provider, twice.bytes)])),
            (
                f"{name}: comes back to be compared",
                target,
                iter([operations.egress(target.place.provider, compared.bytes)]),
            ),
        ]
    for what, store, found in rows:
        for operation in found:
            price = prices.more(operation, store.place.region)
            yield Cost(
                what,
                store.place.provider,
                store.place.region,
                operation.meter,
                price.units,
                price.unit,
                0.0 if price.missing else price.usd,
                price.missing,
            )


def _twice(move: Move, before: Blueprint, after: Blueprint, prices: Prices, seconds: float) -> Iterable[Cost]:
    """Both ends stand for the time of the move: the dearer one of them counts, for the other is paid for anyway."""
    monthly = max(prices.running(before, move), prices.running(after, move))
    hours = seconds / 3600
    place = move.target
    usd = monthly * hours / HOURS_PER_MONTH
    yield Cost("both ends stand beside each other", place.provider, place.region, "", hours, "hours", usd)
