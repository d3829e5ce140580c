"""What a simulated cloud keeps whatever is placed in it: its directory, queues, journal, secrets, clock and counters.

What is built on that (`sandbox.building.CloudParts`) may be exchanged while the process runs; this stays.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeVar

from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.adapters.local.clock import TwinClock
from twin2multicloud.runtime.adapters.local.database import Gate
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.nonces import LocalNonces
from twin2multicloud.runtime.adapters.local.queues import Queues
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.link_client import LinkClient
from twin2multicloud.runtime.links import LinksSource
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.faults import Faults
from twin2multicloud.sandbox.host import FunctionStats
from twin2multicloud.sandbox.journal import Journal
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.pace import ELAPSED, EXACT_TO_SPEED, HURRIED

LINKS_MAX_AGE_S: Final = 1.0
"""A links document is read again so soon: rotation waits that long between its steps."""

_LONGEST_GAP_S: Final = 120.0
_WRITTEN: Final = ("hot.bytes-written", "hot.records-written")
"""Counters that say what a record in the store is like, not how much was done."""


class Closable(Protocol):
    """A store."""

    def close(self) -> None:
        """Close it."""


T = TypeVar("T", bound=Closable)


class WallClock:
    """The machine's time with an offset, which the fault "clock jump" sets."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset_s


class CloudBase:
    """The lasting parts of one simulated cloud."""

    def __init__(self, layout: Layout, provider: Provider) -> None:
        self.layout = layout
        self.provider = provider
        self.directory = layout.cloud(provider.value)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.wall = WallClock()
        clock = layout.config().clock
        self.clock = TwinClock(self.wall, clock.wall, clock.speed, clock.start - clock.wall)
        self.faults = Faults(time.time)
        self.count_errors: Callable[[list[int]], None] = lambda _sizes: None
        self.journal = Journal(
            self.directory / "journal.db", cloud=provider.value, counted=lambda sizes: self.count_errors(sizes)
        )
        self.book = MeterBook()
        self._meters_file = self.directory / "meters.json"
        if self._meters_file.exists():
            self.book.restore(self._meters_file.read_text("utf-8"))
        # Twin time that this cloud has been running, to scale its counters by.
        self.elapsed = self.book.cell(ELAPSED, provider.value)
        # A process that was killed went on being billed; one that was stopped did not.
        self._last_account = self.book.cell("accounted-at", provider.value)
        now = self.clock.now()
        gone = now - self._last_account.value
        self._accounted = self._last_account.value if 0 < gone < _LONGEST_GAP_S * clock.speed else now
        self.secrets = LocalSecrets(self.directory / "secrets.db")
        self.links = LinksSource(self.secrets, time.monotonic, LINKS_MAX_AGE_S)
        self.ending = threading.Event()
        # Between two attempts; at the end nobody waits for a peer that may have ended before.
        self.client = LinkClient(self.links, now=self.wall.now, sleep=self._pause)
        self.queues = Queues(self.directory / "queues.db", gate=self.faults.gate("queues"))
        self.dead_letters = LocalDeadLetters(self.directory / "dead-letters.db")
        self.nonces = LocalNonces(self.directory / "nonces.db", clock=SystemClock())
        self.seeded: object = None
        """The twin graph that the definition's twins are in."""
        self.gates: dict[str, Gate] = {}
        self._stores: dict[str, Closable] = {}
        self._stats: dict[tuple[str, str], FunctionStats] = {}
        self._lock = threading.Lock()

    def _pause(self, seconds: float) -> None:
        self.ending.wait(seconds)

    def store(self, name: str, make: Callable[[], T]) -> T:
        """The store of that name, opened by `make` unless it is open. Closed by `keep_open`, or at the end."""
        found: Any = self._stores.get(name)
        if found is None:
            found = self._stores[name] = make()
        opened: T = found
        return opened

    def keep_open(self, names: Iterable[str]) -> None:
        """Close all stores but these."""
        for name in self._stores.keys() - set(names):
            self._stores.pop(name).close()

    def stats(self, name: str, role: str, slot: str) -> FunctionStats:
        """The counters of a function, which go on whatever is built anew around it."""
        return self._stats.setdefault((slot, name), FunctionStats(name, role, slot))

    # ── Accounting ──────────────────────────────────────────────────────────────────────────────────────────
    def account(self, tell: Iterable[Callable[[float], None]]) -> None:
        """Tell the meters what is held now, and keep the counters over a restart."""
        now = self.clock.now()
        passed_s = max(now - self._accounted, 0.0)
        self.elapsed.add(passed_s)
        if self.clock.setting.speed > EXACT_TO_SPEED:
            self.book.cell(HURRIED, self.provider.value).add(passed_s)
        self._accounted = now
        self._last_account.set(now)
        for each in tell:
            each(now)
        self.save()

    def count_anew(self) -> None:
        """Begin all counters again: what is predicted from now on is another blueprint's."""
        kept = {key: value for key, value in self.book if key[0] in _WRITTEN}
        self.book.clear()
        for (name, component), value in kept.items():
            self.book.cell(name, component).set(value)
        self.elapsed = self.book.cell(ELAPSED, self.provider.value)
        self._last_account = self.book.cell("accounted-at", self.provider.value)
        self._accounted = self.clock.now()
        self._last_account.set(self._accounted)

    def save(self) -> None:
        """Write the counters."""
        with self._lock:
            draft = self._meters_file.with_suffix(".draft")
            draft.write_text(self.book.snapshot(), "utf-8")
            draft.replace(self._meters_file)

    def close(self) -> None:
        """Close everything, when nothing runs any more."""
        self.client.close()
        self._last_account.set(0.0)
        self.save()
        self.keep_open(())
        for store in (self.queues, self.dead_letters, self.nonces, self.secrets):
            store.close()
        self.journal.close()
