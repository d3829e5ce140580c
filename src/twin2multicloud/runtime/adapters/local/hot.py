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
from pathlib import Path
from typing import Final

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
)

_INDEX_EVERY: Final = 4000

_PUT: Final = "INSERT OR IGNORE INTO records (device, time, id, body) VALUES (?, ?, ?, ?)"
_INDEX: Final = (
    "INSERT OR REPLACE INTO by_device SELECT device, time, id, row FROM records"
    " WHERE row > (SELECT indexed FROM progress) ORDER BY device, time, id"
)
_PENDING: Final = "row > (SELECT indexed FROM progress)"
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

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Event).decode


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
                db.execute(_INDEX)
                db.execute("UPDATE progress SET indexed = (SELECT max(row) FROM records)")
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

    def _events(self, query: str, parameters: tuple[object, ...]) -> list[Event]:
        rows = self.database.read("hot.read", lambda db: db.execute(query, parameters).fetchall())
        return [_decode(body) for (body,) in rows]


def _names(devices: Sequence[str]) -> str:
    """The devices as SQLite's `json_each` takes them."""
    return msgspec.json.encode(list(devices)).decode()
