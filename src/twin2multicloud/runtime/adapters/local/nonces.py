"""Nonces on SQLite, so that a replay is refused after a restart as well.

Operations at the gate: nonces.first_use.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.runtime.system_clock import SystemClock

_SCHEMA: Final = (
    (
        "CREATE TABLE nonces (link TEXT NOT NULL, nonce TEXT NOT NULL, until REAL NOT NULL,"
        " PRIMARY KEY (link, nonce)) WITHOUT ROWID",
    ),
)

_PURGE_AFTER: Final = 1000
"""Uses after which the expired nonces are removed."""


class LocalNonces:
    """`ports.Nonces` in one SQLite file. `clock` is the one that signatures are checked by: the real one."""

    def __init__(self, path: Path, *, clock: Clock | None = None, gate: Gate = open_gate) -> None:
        self.database = Database(path, _SCHEMA, gate=gate)
        self._clock = clock or SystemClock()
        self._uses = 0

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def first_use(self, link: str, nonce: str, until: float) -> bool:
        """As the port says."""

        def work(db: sqlite3.Connection) -> bool:
            return db.execute("INSERT OR IGNORE INTO nonces VALUES (?, ?, ?)", (link, nonce, until)).rowcount == 1

        first = self.database.write("nonces.first_use", work)
        self._uses += 1
        if self._uses % _PURGE_AFTER == 0:
            self.purge()
        return first

    def purge(self) -> None:
        """Forget the nonces whose time is over."""
        now_s = self._clock.now()
        self.database.write("nonces.first_use", lambda db: db.execute("DELETE FROM nonces WHERE until < ?", (now_s,)))

    def count(self) -> int:
        """How many are remembered."""
        return self.database.read(
            "nonces.first_use", lambda db: int(db.execute("SELECT count(*) FROM nonces").fetchone()[0])
        )
