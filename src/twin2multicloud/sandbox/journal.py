"""The journal of a simulated cloud: errors folded by cause, alerts, and what marked messages passed, to be followed.

Written by one thread in batches, so that a burst of errors costs the functions next to nothing; read from any.
"""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import ErrorReport
from twin2multicloud.sandbox.status import FoldedError

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS errors (
  key TEXT PRIMARY KEY, seq INTEGER NOT NULL, report BLOB NOT NULL, count INTEGER NOT NULL,
  first REAL NOT NULL, last REAL NOT NULL);
CREATE INDEX IF NOT EXISTS errors_seq ON errors (seq);
CREATE TABLE IF NOT EXISTS alerts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, rule TEXT NOT NULL, device TEXT NOT NULL,
  event BLOB NOT NULL);
"""
_MOST_WAITING: Final = 100_000
_TICK_S: Final = 0.05


class Journal:
    """Errors and alerts of one cloud. `now` is the wall clock. Implements the port `Reporter`."""

    def __init__(
        self,
        file: Path,
        *,
        cloud: str,
        now: Callable[[], float] = time.time,
        counted: Callable[[list[int]], None] = lambda _sizes: None,
    ) -> None:
        """`counted` is told the sizes of the error events of each batch, before they are folded."""
        self._counted = counted
        self._cloud = cloud
        self._now = now
        self._waiting: queue.SimpleQueue[ErrorReport | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._seq: int
        (self._seq,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM errors").fetchone()
        self._seen: OrderedDict[str, dict[str, float]] = OrderedDict()
        self._watched: set[str] = set()
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    # ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────
    def report(self, reports: Iterable[ErrorReport]) -> None:
        """Take error reports; never raises, never blocks."""
        for report in reports:
            if self._waiting.qsize() < _MOST_WAITING:
                self._waiting.put(report)

    def errors(self, after: int = 0, limit: int = 200) -> list[FoldedError]:
        """Errors that came (or came again) after a sequence number, in that order; `key` ends in `#<sequence>`."""
        with self._lock:
            rows = self._db.execute(
                "SELECT key, seq, report, count, first, last FROM errors WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, limit),
            ).fetchall()
        return [_folded(*row) for row in rows]

    def latest(self, limit: int = 50) -> list[FoldedError]:
        """The errors that came last, latest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT key, seq, report, count, first, last FROM errors ORDER BY seq DESC LIMIT ?", (limit,)
            ).fetchall()
        return [_folded(*row) for row in rows]

    @property
    def position(self) -> int:
        """The latest sequence number."""
        return self._seq

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join(5.0)
        with self._lock:
            self._db.close()

    def _write(self) -> None:
        while True:
            first = self._waiting.get()
            batch = [] if first is None else [first]
            time.sleep(0 if first is None else _TICK_S)
            ended = first is None
            while not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    ended = True
                else:
                    batch.append(more)
            if batch:
                self._counted([len(msgspec.json.encode(report)) for report in batch])
                try:
                    self._store(batch)
                except sqlite3.Error as error:
                    print(f"journal: {error}; {len(batch)} error reports are in this log only", file=sys.stderr)
                    for report in batch[:20]:
                        print(msgspec.json.encode(report).decode(), file=sys.stderr)
            if ended:
                return

    def _store(self, batch: Sequence[ErrorReport]) -> None:
        now = self._now()
        folded: dict[str, tuple[ErrorReport, int]] = {}
        for report in batch:
            named = msgspec.structs.replace(report, cloud=self._cloud)
            folded[named.fold_key] = (named, folded.get(named.fold_key, (named, 0))[1] + 1)
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for key, (report, count) in folded.items():
                    self._seq += 1
                    self._db.execute(
                        "INSERT INTO errors VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (key) DO UPDATE SET "
                        "seq = ?2, report = ?3, count = count + ?4, last = ?5",
                        (key, self._seq, msgspec.json.encode(report), count, now),
                    )
            except sqlite3.Error:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # ── Alerts ──────────────────────────────────────────────────────────────────────────────────────────────
    def alert(self, events: Sequence[Event]) -> None:
        """Keep alerts; one that is there already stays."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT OR IGNORE INTO alerts (id, rule, device, event) VALUES (?, ?, ?, ?)",
                [(e.id, str(e.data.get("rule", "")), e.subject, msgspec.json.encode(e)) for e in events],
            )
            self._db.execute("COMMIT")

    def alerts(self, after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
        """Alerts after a sequence number, in the order they came; after 0 the latest `limit`."""
        with self._lock:
            rows = self._db.execute(
                "SELECT seq, event FROM (SELECT * FROM alerts WHERE seq > ? ORDER BY seq DESC LIMIT ?) ORDER BY seq",
                (after, limit),
            ).fetchall()
        found = []
        for seq, content in rows:
            event = msgspec.json.decode(content, type=Event)
            data = event.data if isinstance(event.data, dict) else {}
            found.append(
                {
                    "seq": seq,
                    "id": event.id,
                    "rule": data.get("rule", ""),
                    "device": event.subject,
                    "severity": data.get("severity", "info"),
                    "message": data.get("message", ""),
                    "time": event.time,
                    "active": bool(data.get("active", False)),
                }
            )
        return found

    # ── Marked messages ─────────────────────────────────────────────────────────────────────────────────────
    def watch(self, id: str) -> None:
        """Note when the event of this id passes the functions of this cloud."""
        with self._lock:
            self._watched.add(id)
            self._seen[id] = {}
            while len(self._seen) > 1000:
                self._watched.discard(self._seen.popitem(last=False)[0])

    def passed(self, component: str, ids: Iterable[str]) -> None:
        """Events were handled by a component just now."""
        if not self._watched:
            return
        for id in self._watched.intersection(ids):
            with self._lock:
                self._seen[id].setdefault(component, self._now())

    def seen(self, id: str) -> dict[str, float]:
        """When a watched event passed which component (wall clock)."""
        with self._lock:
            return dict(self._seen.get(id, {}))


def _folded(key: str, seq: int, report: bytes, count: int, first: float, last: float) -> FoldedError:
    error = msgspec.json.decode(report, type=ErrorReport)
    return FoldedError(
        key=f"{key}#{seq}",
        layer=error.layer,
        severity=error.severity,
        kind=error.kind.value,
        message=error.message,
        component=error.component,
        device=error.device,
        link=error.link,
        count=count,
        first=first,
        last=last,
    )
