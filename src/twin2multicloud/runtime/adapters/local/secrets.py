"""Secrets on SQLite, in a file that only its owner can read. Values appear in no message and no representation.

Operations at the gate: secrets.get, secrets.put.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate

_SCHEMA: Final = (("CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",),)


class LocalSecrets:
    """`ports.Secrets` in one SQLite file of mode 0600. Not cached: a change is seen at once."""

    def __init__(self, path: Path, *, gate: Gate = open_gate) -> None:
        self.database = Database(path, _SCHEMA, power_safe=True, gate=gate)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def get(self, name: str) -> str:
        """As the port says."""
        query = "SELECT value FROM secrets WHERE name = ?"
        found = self.database.read("secrets.get", lambda db: db.execute(query, (name,)).fetchone())
        if found is None:
            raise KeyError(name)
        return str(found[0])

    def put(self, name: str, value: str) -> None:
        """As the port says."""
        query = "INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        self.database.write("secrets.put", lambda db: db.execute(query, (name, value)))

    def names(self) -> list[str]:
        """The names, not the values."""
        rows = self.database.read(
            "secrets.get", lambda db: db.execute("SELECT name FROM secrets ORDER BY name").fetchall()
        )
        return [name for (name,) in rows]
