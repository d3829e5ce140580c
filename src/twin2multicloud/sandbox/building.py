"""Building one simulated cloud from the blueprint: its stores, channels, functions and receivers."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.adapters.local.clock import TwinClock
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.nonces import LocalNonces
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.queues import Queues
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.device_keys import DeviceKeys
from twin2multicloud.runtime.handlers.archive import Shelf
from twin2multicloud.runtime.handlers.handover import Hand
from twin2multicloud.runtime.handlers.receive import Query, Receive
from twin2multicloud.runtime.link_client import LinkClient
from twin2multicloud.runtime.links import LinksSource
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.channels import Channel, Topics, channel_meter, packs
from twin2multicloud.sandbox.devices import CommandDesk
from twin2multicloud.sandbox.faults import Faults
from twin2multicloud.sandbox.host import FunctionStats, QueueFunction, ScheduledFunction
from twin2multicloud.sandbox.journal import Journal
from twin2multicloud.sandbox.layout import Layout, SandboxConfig
from twin2multicloud.sandbox.metered import MeteredGraph, MeteredHotStore, MeteredObjects
from twin2multicloud.sandbox.metering.book import Cell, MeterBook
from twin2multicloud.sandbox.metering.hooks import Meters, meters_for

LINKS_MAX_AGE_S: Final = 1.0
"""A links document is read again so soon: rotation waits that long between its steps."""


_HOT: Final = "L3.hot/hot"
_LONGEST_GAP_S: Final = 120.0


class WallClock:
    """The machine's time with an offset, which the fault "clock jump" sets."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset_s


class CloudParts:
    """Everything that one simulated cloud consists of, before its functions start.

    The slots' builders (`sandbox.slots`) fill `functions`, `schedules`, `channels`, `hands`, `shelves`, `queries`.
    """

    def __init__(self, layout: Layout, provider: Provider) -> None:
        self.layout = layout
        self.provider = provider
        self.config: SandboxConfig = layout.config()
        self.spec: TwinSpec = layout.spec()
        self.blueprint: Blueprint = layout.blueprint()
        self.directory = layout.cloud(provider.value)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.wall = WallClock()
        clock = self.config.clock
        self.clock = TwinClock(self.wall, clock.wall, clock.speed, clock.start - clock.wall)
        self.faults = Faults(time.time)
        self.journal = Journal(self.directory / "journal.db", cloud=provider.value, counted=self._count_errors)
        self.book = MeterBook()
        self._meters_file = self.directory / "meters.json"
        if self._meters_file.exists():
            self.book.restore(self._meters_file.read_text("utf-8"))
        # Twin time that this cloud has been running, to scale its counters by.
        self.elapsed = self.book.cell("elapsed-s", provider.value)
        # A process that was killed went on being billed; one that was stopped did not.
        self._last_account = self.book.cell("accounted-at", provider.value)
        now = self.clock.now()
        gone = now - self._last_account.value
        self._accounted = self._last_account.value if 0 < gone < _LONGEST_GAP_S * clock.speed else now
        self.meters: Meters = meters_for(self.blueprint, self.book, provider)
        self.secrets = LocalSecrets(self.directory / "secrets.db")
        self.links = LinksSource(self.secrets, time.monotonic, LINKS_MAX_AGE_S)
        self._ending = threading.Event()
        # Between two attempts; at the end nobody waits for a peer that may have ended before.
        self.client = LinkClient(self.links, now=self.wall.now, sleep=self._pause)
        self.queues = Queues(self.directory / "queues.db", gate=self.faults.gate("queues"))
        self.dead_letters = LocalDeadLetters(self.directory / "dead-letters.db")
        self.nonces = LocalNonces(self.directory / "nonces.db", clock=SystemClock())
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
        self.intake: Channel | None = None
        self.closers: list[Callable[[], None]] = []
        self.accounts: list[Callable[[float], None]] = []
        self._save_lock = threading.Lock()

    # ── Where things are ────────────────────────────────────────────────────────────────────────────────────
    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots that are placed here."""
        return tuple(slot for slot, place in self.blueprint.places.items() if place.provider is self.provider)

    def here(self, slot: Slot) -> bool:
        """Whether a slot is placed here."""
        return self.blueprint.places[slot].provider is self.provider

    def apart(self, edge: str) -> bool:
        """Whether an edge is a link."""
        return self.blueprint.by_edge[edge].apart

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
        found = FunctionStats(name, role, slot.value)
        self.stats.append(found)
        return found

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
        now = self.clock.now()
        self.elapsed.add(max(now - self._accounted, 0.0))
        self._accounted = now
        self._last_account.set(now)
        for tell in self.accounts:
            tell(now)
        self._save()

    def _save(self) -> None:
        with self._save_lock:
            draft = self._meters_file.with_suffix(".draft")
            draft.write_text(self.book.snapshot(), "utf-8")
            draft.replace(self._meters_file)

    def _pause(self, seconds: float) -> None:
        self._ending.wait(seconds)

    def start(self) -> None:
        """Start every function."""
        for function in self.functions:
            function.start()
        for schedule in self.schedules:
            schedule.start()

    def stop(self) -> None:
        """Let every function end what it is doing, then close the stores."""
        self._ending.set()
        workers: list[QueueFunction | ScheduledFunction] = [*self.functions, *self.schedules]
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.stop()
        self.client.close()
        self.account()
        self._last_account.set(0.0)
        self._save()
        stores: Sequence[Any] = (
            self.queues,
            self.dead_letters,
            self.nonces,
            self.secrets,
            self.hot,
            self.graph,
            self.rule_states,
            *self.buckets.values(),
        )
        for close in self.closers:
            close()
        for store in stores:
            if store is not None:
                store.close()
        self.journal.close()
