"""The three tiers of a twin under a clock that tests set, next door to each other or at the ends of links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.runtime.parts import DAY_S, NOW, Link, Reports, raw, spec_of
from tests.runtime.peers import receiving
from twin2multicloud.model.spec import Batching, DeviceGroup, Retention, TwinSpec
from twin2multicloud.runtime.adapters.local.clock import ManualClock
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.handlers.archive import Shelf, WholeShelf, unpack
from twin2multicloud.runtime.handlers.ingest import normalise
from twin2multicloud.runtime.handlers.move import CoolToArchive, HotToCool, LinkTarget, Target
from twin2multicloud.runtime.handlers.receive import Receive
from twin2multicloud.runtime.link_client import LinkClient, Retry
from twin2multicloud.runtime.times import to_epoch, to_time
from twin2multicloud.sandbox.lifecycle import Lifecycle

HOUR_S = 3600.0
START = NOW - NOW % DAY_S
RETENTION = Retention(hot_s=2 * DAY_S, cool_s=5 * DAY_S, archive_s=9 * DAY_S)

Step = Callable[[str], None]


class Killed(BaseException):
    """The mover's process ended just here."""


def twin(devices: int = 3, *, runs_per_day: int = 24, retention: Retention = RETENTION) -> TwinSpec:
    """Some meters."""
    return TwinSpec(
        "tiers",
        spec_of().device_types,
        (DeviceGroup("meter", prefix="meter-", count=devices),),
        retention,
        batching=Batching(mover_runs_per_day=runs_per_day),
    )


def record(spec: TwinSpec, device: str, time_s: float, **data: Any) -> Event:
    """A record as processing stores it."""
    return normalise(raw(device, ts=to_time(time_s), **(data or {"temperature": 20.5})), spec)


class Tiers:
    """Hot, cool and archive. `split`: the archive is a store of its own; `linked`: movers post over real links."""

    def __init__(
        self,
        directory: Path,
        spec: TwinSpec,
        stack: ExitStack,
        *,
        split: bool = False,
        linked: bool = False,
        shards: int = 1,
        most_bytes: int = 16 * 2**20,
        hot: Callable[[LocalHotStore], Any] = lambda store: store,
        objects: Callable[[LocalObjectStore], Any] = lambda store: store,
    ) -> None:
        """`hot` and `objects` put something between the movers and the stores."""
        self.spec = spec
        self.clock = ManualClock(START)
        self.step: Step = lambda _step: None
        self.reports = Reports()
        self._shards, self._most_bytes = shards, most_bytes
        self._unpacked: dict[tuple[str, str], list[str]] = {}
        self.hot = LocalHotStore(directory / "hot.db")
        self.cool = LocalObjectStore(directory / "cool", clock=self.clock)
        self.archive = LocalObjectStore(directory / "archive", clock=self.clock) if split else self.cool
        for store in (self.hot, self.cool, *((self.archive,) if split else ())):
            stack.callback(store.close)
        self.split = split
        self.hot_port = hot(self.hot)
        self.cool_port, self.archive_port = objects(self.cool), objects(self.archive)
        self.receivers: dict[str, Receive] = {}
        self.to_cool: Target = Shelf(self.cool_port, "cool")
        self.to_archive: Target = WholeShelf(self.archive_port, "archive")
        if linked:
            self.to_cool = self._linked(directory, stack, "to-cool", self.to_cool)
            self.to_archive = self._linked(directory, stack, "to-archive", self.to_archive)

    def _linked(self, directory: Path, stack: ExitStack, edge: str, shelf: Any) -> Target:
        there = Link(directory / edge / "there", edge)
        receive = Receive(
            links=there.source, nonces=there.nonces, reporter=self.reports, now=lambda: NOW, shelves={edge: shelf}
        )
        self.receivers[edge] = receive
        here = Link(directory / edge / "here", edge, stack.enter_context(receiving(receive)))
        client = LinkClient(here.source, retry=Retry(2), now=lambda: NOW, sleep=lambda _s: None)
        for closing in (client, here, there):
            stack.callback(closing.close)
        return LinkTarget(edge, client, f"{edge}-mover", self.reports, lambda *_figures: None)

    # ── What runs every hour ────────────────────────────────────────────────────────────────────────────────
    def hot_to_cool(self, seconds: float = 600.0) -> Any:
        """One run of a fresh mover, as after a restart."""
        mover = HotToCool(
            self.spec,
            self.hot_port,
            self.to_cool,
            now=self.clock.now,
            monotonic=lambda: 0.0,
            shards=self._shards,
            seconds=seconds,
            most_bytes=self._most_bytes,
            step=lambda step: self.step(f"hot {step}"),
        )
        return mover()

    def cool_to_archive(self) -> Any:
        """One run of a fresh mover, or of the one bucket's own rule."""
        if not self.split:
            rule = Lifecycle(
                self.cool,
                self.spec.retention,
                archives=True,
                expires_s=self.spec.retention.archive_s,
                now=self.clock.now,
            )
            return rule()
        mover = CoolToArchive(
            self.spec,
            self.cool_port,
            self.to_archive,
            now=self.clock.now,
            monotonic=lambda: 0.0,
            step=lambda step: self.step(f"cool {step}"),
        )
        return mover()

    def expire(self) -> None:
        """The archive's own rule."""
        if self.split:
            retention = self.spec.retention
            Lifecycle(self.archive, retention, archives=False, expires_s=retention.archive_s, now=self.clock.now)()

    def run(self) -> None:
        """Everything that is scheduled."""
        self.hot_to_cool()
        self.cool_to_archive()
        self.expire()

    # ── What is where ───────────────────────────────────────────────────────────────────────────────────────
    def put(self, *events: Event) -> None:
        self.hot.put(events)

    def where(self) -> dict[str, list[str]]:
        """For each record's id the tiers it is in."""
        found: dict[str, list[str]] = defaultdict(list)
        for event in self.hot.between(self.spec.device_names, "0", "~"):
            found[event.id].append("hot")
        for tier, store in (("cool", self.cool), ("archive", self.archive))[: 2 if self.split else 1]:
            for stored in store.list("", "", 10**6):
                name = tier if self.split else stored.storage_class
                for id in self._ids(tier, store, stored.key, stored.metadata["digest"]):
                    found[id].append(name)
        return dict(found)

    def _ids(self, tier: str, store: LocalObjectStore, key: str, digest: str) -> list[str]:
        if (key, digest) not in self._unpacked:
            self._unpacked[key, digest] = [event.id for event in unpack(store.get(key))]
        return self._unpacked[key, digest]

    def check(self, events: Sequence[Event], tolerance_s: float | None = None) -> None:
        """Each record is in exactly one tier: the one its age says, give or take one window and one run."""
        window_s = DAY_S / self.spec.batching.mover_runs_per_day
        slack = tolerance_s if tolerance_s is not None else window_s + HOUR_S
        found = self.where()
        now = self.clock.now()
        retention = self.spec.retention
        ages = {"hot": (0.0, retention.hot_s), "cool": (retention.hot_s, retention.cool_s)}
        ages["archive"] = (retention.cool_s, retention.archive_s)
        for event in events:
            age = now - to_epoch(event.time)
            tiers = found.pop(event.id, [])
            if age > retention.archive_s + slack:
                assert tiers == [], f"{event.id} of {age / DAY_S:.2f} days is still in {tiers}"
            elif age > retention.archive_s:
                assert len(tiers) <= 1, f"{event.id} is in {tiers}"
            else:
                assert len(tiers) == 1, f"{event.id} of {age / DAY_S:.2f} days is in {tiers}"
                low, high = ages[tiers[0]]
                assert low <= age < high + slack, f"{event.id} of {age / DAY_S:.2f} days is in {tiers[0]}"
        assert found == {}, "never sent"


@contextmanager
def tiers(directory: Path, spec: TwinSpec | None = None, **more: Any) -> Iterator[Tiers]:
    """Tiers in an empty directory."""
    with ExitStack() as stack:
        yield Tiers(directory, spec or twin(), stack, **more)
