"""Building one simulated cloud from the blueprint: its stores, channels, functions and receivers.

What is built stands until something else is placed here; then it is built anew, on the same `CloudBase`.
"""

from __future__ import annotations

import base64
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.device_keys import DeviceKeys
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.handlers.archive import Shelf
from twin2multicloud.runtime.handlers.handover import Hand
from twin2multicloud.runtime.handlers.receive import Query, Receive
from twin2multicloud.sandbox.base import Closable, CloudBase
from twin2multicloud.sandbox.channels import Channel, Topics, channel_meter, packs
from twin2multicloud.sandbox.devices import CommandDesk
from twin2multicloud.sandbox.host import FunctionStats, QueueFunction, ScheduledFunction
from twin2multicloud.sandbox.layout import SandboxConfig
from twin2multicloud.sandbox.metered import MeteredGraph, MeteredHotStore, MeteredObjects, record_size
from twin2multicloud.sandbox.metering.book import Cell
from twin2multicloud.sandbox.metering.hooks import Meters, meters_for
from twin2multicloud.sandbox.transition import Transition

_HOT: Final = "L3.hot/hot"
_REST_S: Final = 5.0
"""Functions have so long to end what they are doing before others take over; they end it all the same."""

T = TypeVar("T", bound=Closable)


class CloudParts:
    """Everything that one simulated cloud consists of, before its functions start.

    The slots' builders (`sandbox.slots`) fill `functions`, `schedules`, `channels`, `hands`, `shelves`, `queries`.
    """

    def __init__(self, base: CloudBase) -> None:
        self.base = base
        self.layout, self.provider, self.directory = base.layout, base.provider, base.directory
        self.wall, self.clock, self.faults, self.journal = base.wall, base.clock, base.faults, base.journal
        self.secrets, self.links, self.client = base.secrets, base.links, base.client
        self.queues, self.dead_letters, self.nonces, self.book = base.queues, base.dead_letters, base.nonces, base.book
        self.revision = self.layout.revision()
        self.config: SandboxConfig = self.layout.config()
        self.spec: TwinSpec = self.layout.spec()
        self.transition: Transition | None = self.layout.transition()
        self._built, self._leaving = frozenset(self.layout.built()), frozenset(self.layout.leaving())
        ahead = self.transition is not None and self.provider is self.transition.ahead
        self.blueprint: Blueprint = self.layout.blueprint_at(self.provider.value) if ahead else self.layout.blueprint()
        self.meters: Meters = meters_for(self.blueprint, base.book, base.provider)
        self.channels: dict[str, Channel] = {}
        self.topics = Topics(self.channels)
        self.functions: list[QueueFunction] = []
        self.schedules: list[ScheduledFunction] = []
        self.stats: list[FunctionStats] = []
        self.hands: dict[str, Hand] = {}
        self.shelves: dict[str, Shelf] = {}
        self.queries: dict[str, Query] = {}
        self.receiver_stats: dict[str, FunctionStats] = {}
        self.hot: LocalHotStore | None = None
        self.graph: LocalTwinGraph | None = None
        self.rule_states: LocalRuleStates | None = None
        self.buckets: dict[Slot, LocalObjectStore] = {}
        self.tiers: dict[Slot, MeteredObjects] = {}
        self.desk: CommandDesk | None = None
        # The desk, also where devices do not connect (yet, any more) because L1 is moving.
        self.waiting_commands: CommandDesk | None = None
        self.intake: Channel | None = None
        self.accounts: list[Callable[[float], None]] = []
        # While a slot moves: what is copied from or to here, by `opening.store_name`.
        self.ports: dict[str, Any] = {}
        self._open: set[str] = set()
        self._ending = threading.Event()
        self._workers: list[QueueFunction | ScheduledFunction] = []

    # ── Where things are ────────────────────────────────────────────────────────────────────────────────────
    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots that are placed here and deployed."""
        return tuple(slot for slot in self.blueprint.places if self.here(slot))

    @property
    def missing(self) -> tuple[Slot, ...]:
        """The slots that are not deployed, here or elsewhere."""
        return tuple(slot for slot in self.blueprint.places if slot not in self._built)

    def here(self, slot: Slot) -> bool:
        """Whether a slot is placed here and deployed."""
        return slot in self._built and self.blueprint.places[slot].provider is self.provider

    @property
    def gateway_open(self) -> bool:
        """Whether devices are let in here."""
        shut = self.transition is not None and self.transition.shut is self.provider
        shut = shut or Slot.ACQUISITION in self._leaving
        return self.here(Slot.ACQUISITION) and not shut

    def apart(self, edge: str) -> bool:
        """Whether an edge is a link."""
        return self.blueprint.by_edge[edge].apart

    def joined(self, edge: str) -> bool:
        """Whether both ends of an edge are deployed, and its target does not leave. As long as that is not so, what
        goes over it waits at its source.
        """
        link = self.blueprint.by_edge[edge]
        return self._built >= {link.source, link.target} and link.target not in self._leaving

    def device_keys(self) -> DeviceKeys:
        """Whether a device shows its key."""
        secret = base64.b64decode(self.layout.connection().keys["secret"])
        return DeviceKeys(secret, self.spec.type_of)

    # ── Pieces ──────────────────────────────────────────────────────────────────────────────────────────────
    def channel(self, slot: Slot, name: str, *meters: str) -> Channel:
        """A queue of this cloud, with the meter of the first of `meters` (default: its name) the blueprint has."""
        if name not in self.channels:
            self.channels[name] = Channel(
                name,
                self.queues.queue(name),
                channel_meter(self.meters, self.blueprint, slot, *(meters or (name,))),
                packed=packs(self.blueprint, slot, name),
                pack=self.spec.batching.link_messages,
            )
        return self.channels[name]

    def function_stats(self, name: str, role: str, slot: Slot) -> FunctionStats:
        """The counters of a function."""
        found = self.base.stats(name, role, slot.value)
        self.stats.append(found)
        return found

    def store(self, name: str, make: Callable[[], T]) -> T:
        """A store of this cloud, opened unless it is open already."""
        self._open.add(name)
        return self.base.store(name, make)

    def held(self, function: str) -> bool:
        """Whether a function waits, for a slot is being moved."""
        return self.transition is not None and function in self.transition.held_functions

    def metered_hot(self) -> MeteredHotStore:
        """The hot store of this cloud, metered."""
        assert self.hot is not None
        return MeteredHotStore(self.hot, self.meters.store(_HOT), *self._written())

    def metered_graph(self) -> MeteredGraph:
        """The twin graph of this cloud, metered."""
        assert self.graph is not None
        return MeteredGraph(self.graph, self.meters.graph)

    def hot_bytes(self, store: LocalHotStore) -> float:
        """Bytes held hot: records by the mean size of what was written."""
        size, records = self._written()
        return store.count() * size.value / max(records.value, 1.0)

    def count_written(self, events: Sequence[Event]) -> None:
        """Records came into the hot store by another way than its handlers: what they are like counts all the same."""
        size, records = self._written()
        size.add(sum(map(record_size, events)))
        records.add(len(events))

    def _written(self) -> tuple[Cell, Cell]:
        return self.book.cell("hot.bytes-written", _HOT), self.book.cell("hot.records-written", _HOT)

    def receive(self) -> Receive:
        """The receiver of all links that end here."""
        return Receive(
            links=self.links,
            nonces=self.nonces,
            reporter=self.journal,
            now=self.wall.now,
            hands=self.hands,
            shelves=self.shelves,
            queries=self.queries,
        )

    def _count_errors(self, sizes: list[int]) -> None:
        """Error events go through L2's topic, to the queue that whoever operates the twin pulls from."""
        if self.here(Slot.PROCESSING):
            meter = self.meters.channel("L2/errors")
            meter.sent(sizes)
            meter.received(sizes)
            meter.acked(sizes)

    def account(self) -> None:
        """Tell the meters what is held now, and keep the counters over a restart."""
        self.base.account(self.accounts)

    # ── Running ─────────────────────────────────────────────────────────────────────────────────────────────
    def monotonic(self) -> float:
        """The clock by which movers bound their runs: at the end their time is over."""
        return math.inf if self._ending.is_set() else time.monotonic()

    def start(self) -> None:
        """Start every function."""
        self.base.count_errors = self._count_errors
        self.base.ending = self._ending
        self._workers = [*self.functions, *self.schedules]
        for worker in self._workers:
            worker.start()

    def rest(self) -> None:
        """Let every function end what it is doing and take nothing more; `busy` says who is not done after a while."""
        self._ending.set()
        for worker in self._workers:
            worker.end()
        deadline = time.monotonic() + _REST_S
        for worker in self._workers:
            worker.stop(max(deadline - time.monotonic(), 0.0))

    @property
    def busy(self) -> int:
        """Functions that still do something after `rest`."""
        return sum(worker.alive for worker in self._workers)

    def replace(self) -> None:
        """From now on these parts are the cloud's: stores that only those before them had are closed."""
        self.base.keep_open(self._open)
