"""L3 hot on SQLite.

Records are indexed twice: by (time, device, id), where new records all come in at the end, so that writing is cheap
and a repeated record is noticed; and by (device, time, id), where each new record lands on a page of its own. The
second index is therefore brought up to date for some thousand records at a time, in its own order; readers look at
the few records behind it as well. That makes a record cost a third of what it costs with an index kept at once.

Operations at the gate: hot.put, hot.read, hot.delete.
"""

# ruff: noqa: S608 - statements are put together from constants and numbers of this module; values are bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.envelope import Event

_SCHEMA: Final = (
    (
        "CREATE TABLE records (row INTEGER PRIMARY KEY, device TEXT NOT NULL, time TEXT NOT NULL, id TEXT NOT NULL,"
        " body BLOB NOT NULL)",
        "CREATE UNIQUE INDEX records_by_time ON records (time, device, id)",
        "CREATE TABLE by_device (device TEXT NOT NULL, time TEXT NOT NULL, id TEXT NOT NULL, row INTEGER NOT NULL,"
        " PRIMARY KEY (device, time, id)) WITHOUT ROWID",
        # `indexed`: the last row that `by_device` knows.
        "CREATE TABLE progress (indexed INTEGER NOT NULL, records INTEGER NOT NULL)",
        "INSERT INTO progress VALUES (0, 0)",
    ),
    (
        # Of each device: the latest event time, and how many records came. As `by_device`, it follows what is written.
        "CREATE TABLE seen (device TEXT PRIMARY KEY, time TEXT NOT NULL, records INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX seen_by_time ON seen (time, device)",
        "INSERT INTO seen SELECT device, max(time), count(*) FROM by_device GROUP BY device",
    ),
)

_INDEX_EVERY: Final = 4000

_PUT: Final = "INSERT OR IGNORE INTO records (device, time, id, body) VALUES (?, ?, ?, ?)"
_INDEX: Final = (
    "INSERT OR REPLACE INTO by_device SELECT device, time, id, row FROM records"
    " WHERE row > (SELECT indexed FROM progress) ORDER BY device, time, id"
)
_PENDING: Final = "row > (SELECT indexed FROM progress)"
_SEE: Final = (
    f"INSERT INTO seen SELECT device, max(time), count(*) FROM records NOT INDEXED WHERE {_PENDING} GROUP BY device"
    " ON CONFLICT (device) DO UPDATE SET time = max(time, excluded.time), records = records + excluded.records"
)
_INDEXED: Final = "UPDATE progress SET indexed = (SELECT coalesce(max(row), 0) FROM records)"
_HISTORY: Final = (
    "SELECT r.body FROM ("
    # Of the index no more than the limit is looked at, however long the range is.
    "SELECT time, id, row FROM (SELECT time, id, row FROM by_device WHERE device = ?1 AND time >= ?2 AND time < ?3"
    " ORDER BY time {order}, id {order} LIMIT ?4)"
    f" UNION ALL SELECT time, id, row FROM records NOT INDEXED WHERE {_PENDING}"
    " AND device = ?1 AND time >= ?2 AND time < ?3"
    " ORDER BY time {order}, id {order} LIMIT ?4"
    ") k JOIN records r ON r.row = k.row ORDER BY k.time {order}, k.id {order}"
)
_NEWEST_FIRST: Final = _HISTORY.format(order="DESC")
_OLDEST_FIRST: Final = _HISTORY.format(order="ASC")
_EARLIEST: Final = (
    "SELECT min(time) FROM (SELECT (SELECT min(d.time) FROM by_device d WHERE d.device = j.value AND d.time < ?2)"
    " AS time FROM json_each(?1) j"
    f" UNION ALL SELECT time FROM records NOT INDEXED WHERE {_PENDING} AND time < ?2"
    " AND device IN (SELECT value FROM json_each(?1)))"
)
_BETWEEN: Final = (
    "SELECT body FROM ("
    "SELECT d.time AS time, d.device AS device, d.id AS id, r.body AS body"
    " FROM (SELECT DISTINCT value FROM json_each(?1)) j JOIN by_device d ON d.device = j.value"
    " JOIN records r ON r.row = d.row WHERE d.time >= ?2 AND d.time < ?3"
    f" UNION ALL SELECT time, device, id, body FROM records NOT INDEXED WHERE {_PENDING}"
    " AND time >= ?2 AND time < ?3 AND device IN (SELECT value FROM json_each(?1))"
    ") ORDER BY time, device, id"
)
_AFTER_ALL_TIMES: Final = "~"
_NEWS: Final = (
    "WITH news AS MATERIALIZED (SELECT device, max(time) AS time, count(*) AS records FROM records NOT INDEXED"
    f" WHERE {_PENDING} GROUP BY device)"
)
"""Devices with records that are not indexed yet."""
_SIGHTINGS: Final = (
    f"{_NEWS} SELECT j.value, max(coalesce(s.time, ''), coalesce(n.time, '')),"
    " coalesce(s.records, 0) + coalesce(n.records, 0)"
    " FROM (SELECT DISTINCT value FROM json_each(?1)) j LEFT JOIN seen s ON s.device = j.value"
    " LEFT JOIN news n ON n.device = j.value WHERE s.device IS NOT NULL OR n.device IS NOT NULL"
)
_IN_ORDER: Final = (
    # Of what is indexed no more than the limit is looked at; who has news is among these alone.
    f"{_NEWS} SELECT device, time, records FROM ("
    "SELECT * FROM (SELECT device, time, records FROM seen WHERE (time, device) {beyond} (?1, ?2)"
    " AND device NOT IN (SELECT device FROM news) ORDER BY time {order}, device {order} LIMIT ?3)"
    " UNION ALL SELECT * FROM (SELECT n.device AS device, max(n.time, coalesce(s.time, '')) AS time,"
    " n.records + coalesce(s.records, 0) AS records FROM news n LEFT JOIN seen s ON s.device = n.device)"
    " WHERE (time, device) {beyond} (?1, ?2)"
    ") ORDER BY time {order}, device {order} LIMIT ?3"
)
_LATEST_SEEN_FIRST: Final = _IN_ORDER.format(beyond="<", order="DESC")
_LONGEST_UNSEEN_FIRST: Final = _IN_ORDER.format(beyond=">", order="ASC")
_LATEST: Final = (
    "SELECT r.body FROM (SELECT DISTINCT value FROM json_each(?1)) j JOIN records r ON r.row ="
    " (SELECT d.row FROM by_device d WHERE d.device = j.value ORDER BY d.time DESC, d.id DESC LIMIT 1)"
    # The columns beside `max` are those of the row that has it.
    " UNION ALL SELECT body FROM (SELECT body, max(time || id) FROM records NOT INDEXED"
    f" WHERE {_PENDING} AND device IN (SELECT value FROM json_each(?1)) GROUP BY device)"
)
_COUNT: Final = "SELECT count(*) FROM (SELECT 1 FROM by_device WHERE device = ?1 AND time >= ?2 AND time < ?3 LIMIT ?4)"
_ONE_OF: Final = (
    "SELECT r.body FROM by_device d JOIN records r ON r.row = d.row"
    " WHERE d.device = ? AND d.time >= ? AND d.time < ? ORDER BY d.time DESC, d.id DESC LIMIT 1"
)
_NEWS_OF: Final = (
    f"SELECT body FROM records NOT INDEXED WHERE {_PENDING} AND device = ? AND time >= ? AND time < ? ORDER BY time, id"
)

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Event).decode


class Sighting(NamedTuple):
    """A device, the latest event time of its records, and how many of them ever came (also those that left again)."""

    device: str
    time: str
    records: int


class LocalHotStore:
    """`ports.HotStore` in one SQLite file. The index by device follows every `index_every` records."""

    def __init__(self, path: Path, *, index_every: int = _INDEX_EVERY, gate: Gate = open_gate) -> None:
        self._index_every = index_every
        self.database = Database(path, _SCHEMA, gate=gate)
        self._behind = self.database.read(
            "hot.read", lambda db: int(db.execute(f"SELECT count(*) FROM records WHERE {_PENDING}").fetchone()[0])
        )

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def put(self, events: Sequence[Event]) -> None:
        """As the port says; one transaction."""
        if not events:
            return
        rows = [(event.subject, event.time, event.id, _encode(event)) for event in events]

        def work(db: sqlite3.Connection) -> tuple[int, bool]:
            before = db.total_changes
            db.executemany(_PUT, rows)
            added = db.total_changes - before
            db.execute("UPDATE progress SET records = records + ?", (added,))
            index = self._behind + added >= self._index_every
            if index:
                _bring_up_to_date(db)
            return added, index

        added, indexed = self.database.write("hot.put", work)
        # Only a hint of when to index next, so a race between writers does no harm.
        self._behind = 0 if indexed else self._behind + added

    def last(self, device: str) -> Event | None:
        """As the port says."""
        found = self.history(device, "", _AFTER_ALL_TIMES, 1)
        return found[0] if found else None

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """As the port says."""
        query = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
        return self._events(query, (device, start, end, max(limit, 0)))

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """As the port says."""
        parameters = (_names(devices), before)
        found: tuple[str | None] = self.database.read(
            "hot.read", lambda db: db.execute(_EARLIEST, parameters).fetchone()
        )
        return found[0]

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """As the port says."""
        return self._events(_BETWEEN, (_names(devices), start, end))

    def delete(self, events: Sequence[Event]) -> None:
        """As the port says; one transaction."""
        if not events:
            return
        keys = [(event.subject, event.time, event.id) for event in events]

        def work(db: sqlite3.Connection) -> None:
            _bring_up_to_date(db)  # what was never indexed would never count as seen
            before = db.total_changes
            db.executemany("DELETE FROM records WHERE device = ? AND time = ? AND id = ?", keys)
            removed = db.total_changes - before
            db.executemany("DELETE FROM by_device WHERE device = ? AND time = ? AND id = ?", keys)
            # SQLite uses the numbers of removed last rows again: they must count as not indexed.
            db.execute(
                "UPDATE progress SET records = records - ?,"
                " indexed = min(indexed, (SELECT coalesce(max(row), 0) FROM records))",
                (removed,),
            )

        self.database.write("hot.delete", work)

    def count(self) -> int:
        """How many records there are. Costs nothing."""
        return self.database.read("hot.read", lambda db: int(db.execute("SELECT records FROM progress").fetchone()[0]))

    def newest(self) -> Event | None:
        """The record of the latest event time of all devices."""
        found = self._events("SELECT body FROM records ORDER BY time DESC, device DESC, id DESC LIMIT 1", ())
        return found[0] if found else None

    def oldest_time(self) -> str | None:
        """The earliest event time of all records."""
        query = "SELECT time FROM records ORDER BY time LIMIT 1"
        row = self.database.read("hot.read", lambda db: db.execute(query).fetchone())
        return None if row is None else str(row[0])

    def count_by_device(self) -> dict[str, int]:
        """How many records each device has; reads the whole index."""
        query = (
            "SELECT device, sum(n) FROM (SELECT device, count(*) AS n FROM by_device GROUP BY device UNION ALL"
            f" SELECT device, count(*) FROM records NOT INDEXED WHERE {_PENDING} GROUP BY device) GROUP BY device"
        )
        return dict(self.database.read("hot.read", lambda db: db.execute(query).fetchall()))

    # ── What a page of devices asks for ─────────────────────────────────────────────────────────────────────
    def latest(self, devices: Sequence[str]) -> dict[str, Event]:
        """The record of the latest event time of each of these devices that has any."""
        found: dict[str, Event] = {}
        for event in self._events(_LATEST, (_names(devices),)):
            known = found.get(event.subject)
            if known is None or (known.time, known.id) < (event.time, event.id):
                found[event.subject] = event
        return found

    def sightings(self, devices: Sequence[str]) -> dict[str, Sighting]:
        """When these devices were seen last, of those that ever were."""
        rows = self._rows(_SIGHTINGS, (_names(devices),))
        return {device: Sighting(device, time, records) for device, time, records in rows}

    def seen(self, limit: int, after: tuple[str, str] | None = None, *, latest_first: bool = True) -> list[Sighting]:
        """Devices in the order in which they were seen last, beginning after a time and a device."""
        begin = after or ((_AFTER_ALL_TIMES, "") if latest_first else ("", ""))
        rows = self._rows(_LATEST_SEEN_FIRST if latest_first else _LONGEST_UNSEEN_FIRST, (*begin, limit))
        return [Sighting(*row) for row in rows]

    def count_seen(self) -> int:
        """How many devices were ever seen, but for those that only came with the records that are not indexed yet."""
        return int(self._rows("SELECT count(*) FROM seen", ())[0][0])

    def count_between(self, device: str, start: str, end: str, most: int) -> int:
        """How many records a device has in a time range; `most` if there are more. Those not indexed are left out."""
        return int(self._rows(_COUNT, (device, start, end, most))[0][0])

    def spread(self, device: str, bounds: Sequence[str]) -> list[Event]:
        """The newest record of a device in each range between two neighbours of `bounds`, which ascend; and all that
        are not indexed yet. The oldest first.
        """

        def work(db: sqlite3.Connection) -> list[bytes]:
            found = []
            for start, end in pairwise(bounds):
                found += db.execute(_ONE_OF, (device, start, end)).fetchall()
            found += db.execute(_NEWS_OF, (device, bounds[0], bounds[-1])).fetchall()
            return [body for (body,) in found]

        events = [_decode(body) for body in self.database.read("hot.read", work)]
        return sorted(events, key=lambda event: (event.time, event.id))

    def _rows(self, query: str, parameters: tuple[object, ...]) -> list[Any]:
        return self.database.read("hot.read", lambda db: db.execute(query, parameters).fetchall())

    def _events(self, query: str, parameters: tuple[object, ...]) -> list[Event]:
        return [_decode(body) for (body,) in self._rows(query, parameters)]


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    """Index what is not indexed yet."""
    db.execute(_INDEX)
    db.execute(_SEE)
    db.execute(_INDEXED)


def _names(devices: Sequence[str]) -> str:
    """The devices as SQLite's `json_each` takes them."""
    return msgspec.json.encode(list(devices)).decode()
