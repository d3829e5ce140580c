"""Commands that wait for their devices, on SQLite.

A simulated cloud's gateway takes a device's pending commands whenever it is connected or asks, and removes them when
the device has acknowledged them.

Operations at the gate: commands.send, commands.read, commands.done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.failures import DeviceOfflineError
from twin2multicloud.runtime.ports import Command

_SCHEMA: Final = (
    (
        "CREATE TABLE commands (number INTEGER PRIMARY KEY, id TEXT NOT NULL, device TEXT NOT NULL,"
        " command BLOB NOT NULL, UNIQUE (device, id))",
    ),
)

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Command).decode


class LocalCommands:
    """`ports.Commands` in one SQLite file. At most `per_device` commands wait for one device.

    `on_send` is called with the devices for which commands have been put down, from the sender's thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        per_device: int = 100,
        on_send: Callable[[Iterable[str]], None] | None = None,
        gate: Gate = open_gate,
    ) -> None:
        self.database = Database(path, _SCHEMA, gate=gate)
        self._per_device = per_device
        self._on_send = on_send

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def send(self, commands: Sequence[Command]) -> None:
        """As the port says: all are kept, except those for devices that do not fetch theirs, which are named."""
        if not commands:
            return
        rows = [(command.id, command.device, _encode(command)) for command in commands]

        def work(db: sqlite3.Connection) -> set[str]:
            room = {
                device: self._per_device
                - int(db.execute("SELECT count(*) FROM commands WHERE device = ?", (device,)).fetchone()[0])
                for device in {command.device for command in commands}
            }
            full = set()
            for row in rows:
                known = db.execute("SELECT 1 FROM commands WHERE device = ? AND id = ?", (row[1], row[0])).fetchone()
                if known is not None:
                    continue
                if room[row[1]] <= 0:
                    full.add(row[1])
                    continue
                db.execute("INSERT INTO commands (id, device, command) VALUES (?, ?, ?)", row)
                room[row[1]] -= 1
            return full

        full = self.database.write("commands.send", work)
        if self._on_send is not None:
            self._on_send(sorted({command.device for command in commands}))
        if full:
            raise DeviceOfflineError(
                f"{', '.join(sorted(full)[:20])}: {self._per_device} commands wait already and are not fetched"
            )

    def pending(self, device: str, limit: int = 100) -> list[Command]:
        """A device's commands that are not done, oldest first."""
        query = "SELECT command FROM commands WHERE device = ? ORDER BY number LIMIT ?"
        rows = self.database.read("commands.read", lambda db: db.execute(query, (device, max(limit, 0))).fetchall())
        return [_decode(command) for (command,) in rows]

    def done(self, device: str, ids: Sequence[str]) -> None:
        """The device has acknowledged them; those not there are no error."""
        rows = [(device, id) for id in ids]
        if rows:
            query = "DELETE FROM commands WHERE device = ? AND id = ?"
            self.database.write("commands.done", lambda db: db.executemany(query, rows))

    def counts(self) -> dict[str, int]:
        """Commands that wait, by device."""
        query = "SELECT device, count(*) FROM commands GROUP BY device ORDER BY device"
        return dict(self.database.read("commands.read", lambda db: db.execute(query).fetchall()))
