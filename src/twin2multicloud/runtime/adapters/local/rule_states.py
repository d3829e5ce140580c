"""What rules remember, on SQLite.

Operations at the gate: rule_states.load, rule_states.save.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.ports import RuleState

Key = tuple[str, str]

_SCHEMA: Final = (
    (
        "CREATE TABLE states (rule TEXT NOT NULL, device TEXT NOT NULL, since TEXT NOT NULL, fired INTEGER NOT NULL,"
        " seen TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (rule, device)) WITHOUT ROWID",
    ),
    ("CREATE INDEX states_fired ON states (rule, device) WHERE fired = 1",),
)
_LOAD: Final = "SELECT since, fired, seen, version FROM states WHERE rule = ? AND device = ?"
_FIRST: Final = "INSERT OR IGNORE INTO states VALUES (?, ?, ?, ?, ?, 1)"
_NEXT: Final = (
    "UPDATE states SET since = ?3, fired = ?4, seen = ?5, version = ?6"
    " WHERE rule = ?1 AND device = ?2 AND version = ?6 - 1"
)


class Firing(NamedTuple):
    """For how many devices a rule has fired and was not cleared since, and the first of these by name."""

    total: int
    devices: list[str]


class LocalRuleStates:
    """`ports.RuleStates` in one SQLite file."""

    def __init__(self, path: Path, *, gate: Gate = open_gate) -> None:
        self.database = Database(path, _SCHEMA, page_bytes=1024, gate=gate)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def load(self, keys: Sequence[Key]) -> dict[Key, RuleState]:
        """As the port says."""

        def work(db: sqlite3.Connection) -> dict[Key, RuleState]:
            found: dict[Key, RuleState] = {}
            for key in keys:
                row = db.execute(_LOAD, key).fetchone()
                if row is not None:
                    since, fired, seen, version = row
                    found[key] = RuleState(since, bool(fired), seen, version)
            return found

        return self.database.read("rule_states.load", work) if keys else {}

    def save(self, changes: Mapping[Key, RuleState]) -> list[Key]:
        """As the port says; one transaction."""

        def work(db: sqlite3.Connection) -> list[Key]:
            lost = []
            for key, state in changes.items():
                values = (*key, state.since, state.fired, state.seen)
                if state.version == 1:
                    written = db.execute(_FIRST, values).rowcount
                else:
                    written = db.execute(_NEXT, (*values, state.version)).rowcount
                if written != 1:
                    lost.append(key)
            return lost

        return self.database.write("rule_states.save", work) if changes else []

    def count(self) -> int:
        """How many states there are."""
        return self.database.read(
            "rule_states.load", lambda db: int(db.execute("SELECT count(*) FROM states").fetchone()[0])
        )

    def firing(self, most: int) -> dict[str, Firing]:
        """Of each rule that has fired for a device and was not cleared since: how many devices, and `most` of them."""
        counts = "SELECT rule, count(*) FROM states INDEXED BY states_fired WHERE fired = 1 GROUP BY rule"
        names = "SELECT device FROM states INDEXED BY states_fired WHERE fired = 1 AND rule = ? ORDER BY device LIMIT ?"

        def work(db: sqlite3.Connection) -> dict[str, Firing]:
            return {
                rule: Firing(count, [device for (device,) in db.execute(names, (rule, most))])
                for rule, count in db.execute(counts).fetchall()
            }

        return self.database.read("rule_states.load", work)
