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
from typing import Any, Final, NamedTuple

import msgspec

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.envelope import COMMAND_RESULT, Event
from twin2multicloud.runtime.error_events import readable
from twin2multicloud.runtime.failures import ErrorReport, StoreError
from twin2multicloud.sandbox.status import FoldedError

_SCHEMA: Final = (
    (
        "CREATE TABLE IF NOT EXISTS errors (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, report BLOB NOT NULL,"
        " count INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL)",
        "CREATE INDEX IF NOT EXISTS errors_seq ON errors (seq)",
        "CREATE TABLE IF NOT EXISTS alerts (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL,"
        " rule TEXT NOT NULL, device TEXT NOT NULL, event BLOB NOT NULL)",
    ),
    (
        "CREATE TABLE results (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, device TEXT NOT NULL,"
        " status TEXT NOT NULL, message TEXT NOT NULL, at REAL NOT NULL, UNIQUE (id, device))",
    ),
    (
        # How often each rule fired, in step with its alerts, however those come to be here.
        "CREATE TABLE fired (rule TEXT PRIMARY KEY, count INTEGER NOT NULL, last TEXT NOT NULL)",
        "CREATE TRIGGER alerts_fired AFTER INSERT ON alerts"
        " WHEN json_extract(CAST(NEW.event AS TEXT), '$.data.active') BEGIN"
        " INSERT INTO fired SELECT NEW.rule, 0, '' WHERE NOT EXISTS (SELECT 1 FROM fired WHERE rule = NEW.rule);"
        " UPDATE fired SET count = count + 1, last = max(last, json_extract(CAST(NEW.event AS TEXT), '$.time'))"
        " WHERE rule = NEW.rule; END",
        "INSERT INTO fired SELECT rule, count(*), max(json_extract(CAST(event AS TEXT), '$.time')) FROM alerts"
        " WHERE json_extract(CAST(event AS TEXT), '$.data.active') GROUP BY rule",
    ),
)
_MOST_RESULTS: Final = 10_000
_MOST_TEXT: Final = 500
_MOST_WAITING: Final = 100_000
_TICK_S: Final = 0.05
_AGAIN_S: Final = 1.0
_FOLD: Final = (
    "INSERT INTO errors VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (key) DO UPDATE SET"
    " seq = ?2, report = ?3, count = count + ?4, last = ?5"
)
_ERRORS: Final = "SELECT key, seq, report, count, first, last FROM errors"


class Fired(NamedTuple):
    """How often a rule fired, and the event time of the last time."""

    times: int
    last: str


class Notices(msgspec.Struct):
    """Rows of alerts and of answers to commands, in the order of their tables' columns."""

    alerts: list[tuple[int, str, str, str, bytes]] = []
    results: list[tuple[int, str, str, str, str, float]] = []

    @property
    def alert(self) -> int:
        """The number of the last alert."""
        return self.alerts[-1][0] if self.alerts else 0

    @property
    def result(self) -> int:
        """The number of the last answer."""
        return self.results[-1][0] if self.results else 0


class Journal:
    """Errors and alerts of one cloud. `now` is the wall clock. Implements the port `Reporter`.

    Reports that cannot be written (a full disk) are kept in memory and written as soon as that is possible again.
    """

    def __init__(
        self,
        file: Path,
        *,
        cloud: str,
        now: Callable[[], float] = time.time,
        counted: Callable[[list[int]], None] = lambda _sizes: None,
        gate: Gate = open_gate,
    ) -> None:
        """`counted` is told the sizes of the error events of each batch, before they are folded."""
        self._counted = counted
        self._cloud = cloud
        self._now = now
        self._waiting: queue.SimpleQueue[ErrorReport | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._database = Database(file, _SCHEMA, gate=gate)
        self._seq = self._database.read(
            "journal.read", lambda db: int(db.execute("SELECT coalesce(max(seq), 0) FROM errors").fetchone()[0])
        )
        self.reported = 0
        """Errors that were reported since this was opened, every one of them."""
        self._seen: OrderedDict[str, dict[str, float]] = OrderedDict()
        self._watched: set[str] = set()
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    # ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────
    def report(self, reports: Iterable[ErrorReport]) -> None:
        """Take error reports; never raises, never blocks."""
        for report in reports:
            if self._waiting.qsize() < _MOST_WAITING:
                self._waiting.put(readable(report, self._cloud))
            else:
                print(f"journal: too much at once, only here: {report}", file=sys.stderr)

    def errors(self, after: int = 0, limit: int = 200) -> list[FoldedError]:
        """Errors that came (or came again) after a sequence number, in that order; `key` ends in `#<sequence>`."""
        return [_folded(*row) for row in self._rows(f"{_ERRORS} WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))]

    def latest(self, limit: int = 50) -> list[FoldedError]:
        """The errors that came last, latest first."""
        return [_folded(*row) for row in self._rows(f"{_ERRORS} ORDER BY seq DESC LIMIT ?", (limit,))]

    @property
    def position(self) -> int:
        """The latest sequence number that can be read."""
        return self._seq

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join(5.0)
        self._database.close()

    def _rows(self, query: str, parameters: tuple[int, ...]) -> list[Any]:
        return self._database.read("journal.read", lambda db: db.execute(query, parameters).fetchall())

    def _write(self) -> None:
        unwritten: list[ErrorReport] = []
        ended = False
        while not ended:
            batch, ended = self._next(_AGAIN_S if unwritten else None)
            if batch:
                self.reported += len(batch)
                self._counted([len(msgspec.json.encode(report)) for report in batch])
            failing = bool(unwritten)
            unwritten += batch
            if not unwritten:
                continue
            try:
                self._store(unwritten)
                unwritten = []
            except StoreError as error:
                if not failing:
                    print(f"journal: {error}; error reports wait in memory", file=sys.stderr)
                if ended or len(unwritten) > _MOST_WAITING:
                    for report in unwritten:
                        print(f"journal: only here: {report}", file=sys.stderr)
                    unwritten = []

    def _next(self, timeout_s: float | None) -> tuple[list[ErrorReport], bool]:
        """The reports that came since, once there are any or the time is over; and whether these are the last."""
        try:
            first = self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return [], False
        if first is None:
            return [], True
        batch = [first]
        time.sleep(_TICK_S)
        while not self._waiting.empty():
            more = self._waiting.get()
            if more is None:
                return batch, True
            batch.append(more)
        return batch, False

    def _store(self, batch: Sequence[ErrorReport]) -> None:
        now = self._now()
        folded: dict[str, tuple[ErrorReport, int]] = {}
        for report in batch:
            folded[report.fold_key] = (report, folded.get(report.fold_key, (report, 0))[1] + 1)
        rows = [
            (key, self._seq + number, msgspec.json.encode(report), count, now)
            for number, (key, (report, count)) in enumerate(folded.items(), 1)
        ]
        self._database.write("journal.write", lambda db: db.executemany(_FOLD, rows))
        self._seq += len(rows)

    # ── Alerts ──────────────────────────────────────────────────────────────────────────────────────────────
    def alert(self, events: Sequence[Event]) -> None:
        """Keep alerts, and what devices answered to commands; one that is there already stays.

        `StoreError` if they cannot be kept.
        """
        raised = [event for event in events if event.type != COMMAND_RESULT]
        query = "INSERT OR IGNORE INTO alerts (id, rule, device, event) VALUES (?, ?, ?, ?)"
        rows = [(e.id, str(_data(e).get("rule", "")), e.subject, msgspec.json.encode(e)) for e in raised]
        if rows:
            self._database.write("journal.alert", lambda db: db.executemany(query, rows))
        answers = [event for event in events if event.type == COMMAND_RESULT]
        if answers:
            self._answers(answers)

    def _answers(self, events: Sequence[Event]) -> None:
        now = self._now()
        rows = [
            (*(str(_data(e).get(name, ""))[:_MOST_TEXT] for name in ("id", "status", "message")), e.subject, now)
            for e in events
        ]

        def write(db: Any) -> None:
            db.executemany(
                "INSERT OR IGNORE INTO results (id, status, message, device, at) VALUES (?, ?, ?, ?, ?)", rows
            )
            db.execute("DELETE FROM results WHERE seq <= (SELECT max(seq) FROM results) - ?", (_MOST_RESULTS,))

        self._database.write("journal.alert", write)

    def result(self, device: str, id: str) -> dict[str, Any] | None:
        """What a device answered to a command: its status, message, and when; None if it has not."""
        query = "SELECT status, message, at FROM results WHERE id = ? AND device = ?"
        row = self._database.read("journal.read", lambda db: db.execute(query, (id, device)).fetchone())
        return None if row is None else {"status": row[0], "message": row[1], "at": row[2]}

    def alerts(self, after: int | None = None, limit: int = 200) -> list[dict[str, Any]]:
        """Alerts in the order they came: the first `limit` of those after a sequence number (after 0: of all), without
        a number the latest.
        """
        query = "SELECT seq, event FROM alerts WHERE seq > ? ORDER BY seq"
        if after is not None:
            rows = self._rows(f"{query} LIMIT ?", (after, limit))
        else:
            rows = self._rows(f"{query} DESC LIMIT ?", (0, limit))[::-1]
        found = []
        for seq, content in rows:
            event = msgspec.json.decode(content, type=Event)
            data = _data(event)
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

    def fired(self) -> dict[str, Fired]:
        """How often each rule fired, of those that did."""
        return {rule: Fired(count, last) for rule, count, last in self._rows("SELECT rule, count, last FROM fired", ())}

    # ── When L2 moves ───────────────────────────────────────────────────────────────────────────────────────
    def notices(self, alert: int, result: int, limit: int = 200) -> Notices:
        """Alerts and answers as they are kept, beyond those of these numbers."""
        alerts = self._rows(
            "SELECT seq, id, rule, device, event FROM alerts WHERE seq > ? ORDER BY seq LIMIT ?", (alert, limit)
        )
        results = self._rows(
            "SELECT seq, id, device, status, message, at FROM results WHERE seq > ? ORDER BY seq LIMIT ?",
            (result, limit),
        )
        return Notices([tuple(row) for row in alerts], [tuple(row) for row in results])

    def adopt(self, notices: Notices) -> None:
        """Keep what another cloud's journal kept, under the same numbers; what is here already stays."""
        alerts = "INSERT OR IGNORE INTO alerts (seq, id, rule, device, event) VALUES (?, ?, ?, ?, ?)"
        results = "INSERT OR IGNORE INTO results (seq, id, device, status, message, at) VALUES (?, ?, ?, ?, ?, ?)"

        def work(db: sqlite3.Connection) -> None:
            db.executemany(alerts, notices.alerts)
            db.executemany(results, notices.results)

        self._database.write("journal.alert", work)

    def forget_notices(self) -> None:
        """Drop all alerts and answers: they are kept elsewhere."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM alerts")
            db.execute("DELETE FROM fired")
            db.execute("DELETE FROM results")

        self._database.write("journal.alert", work)

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
                if (passed := self._seen.get(id)) is not None:
                    passed.setdefault(component, self._now())

    def seen(self, id: str) -> dict[str, float]:
        """When a watched event passed which component (wall clock)."""
        with self._lock:
            return dict(self._seen.get(id, {}))


def _data(event: Event) -> dict[str, Any]:
    return event.data if isinstance(event.data, dict) else {}


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
        trace=error.trace,
        count=count,
        first=first,
        last=last,
    )
