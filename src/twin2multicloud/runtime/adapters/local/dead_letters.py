"""Dead letters on SQLite.

Operations at the gate: dead_letters.put, dead_letters.read, dead_letters.remove.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.ports import DeadLetter

_SCHEMA: Final = (("CREATE TABLE letters (id TEXT PRIMARY KEY, letter BLOB NOT NULL)",),)

# MessagePack keeps the body's bytes as they are.
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(DeadLetter).decode


class LocalDeadLetters:
    """`ports.DeadLetters` in one SQLite file. A letter that comes again replaces the one there."""

    def __init__(self, path: Path, *, gate: Gate = open_gate) -> None:
        self.database = Database(path, _SCHEMA, gate=gate)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """As the port says."""
        rows = [(letter.id, _encode(letter)) for letter in letters]
        if rows:
            query = "INSERT INTO letters VALUES (?, ?) ON CONFLICT DO UPDATE SET letter = excluded.letter"
            self.database.write("dead_letters.put", lambda db: db.executemany(query, rows))

    def get(self, id: str) -> DeadLetter | None:
        """As the port says."""
        query = "SELECT letter FROM letters WHERE id = ?"
        found = self.database.read("dead_letters.read", lambda db: db.execute(query, (id,)).fetchone())
        return None if found is None else _decode(found[0])

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """As the port says."""
        query = "SELECT letter FROM letters WHERE id > ? ORDER BY id LIMIT ?"
        rows = self.database.read("dead_letters.read", lambda db: db.execute(query, (after, max(limit, 0))).fetchall())
        return [_decode(letter) for (letter,) in rows]

    def remove(self, ids: Sequence[str]) -> None:
        """As the port says."""
        rows = [(id,) for id in ids]
        if rows:
            query = "DELETE FROM letters WHERE id = ?"
            self.database.write("dead_letters.remove", lambda db: db.executemany(query, rows))

    def count(self) -> int:
        """How many wait."""
        return self.database.read(
            "dead_letters.read", lambda db: int(db.execute("SELECT count(*) FROM letters").fetchone()[0])
        )
