"""The baseline of the running twin: one process that answers MQTT and inserts what devices say into one SQLite table.

It speaks MQTT with the gateway's own codec and acknowledges a message once the batch it came in is committed, as safely
as the sandbox's stores do it (WAL, synchronous=NORMAL). It knows no devices, keys, types, rules, links or twins.

Run: python -m benchmarks.baseline_loop PORT FILE
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import cast

import uvloop

from twin2multicloud.mqtt.packets import Connack, Connect, Publish, Suback, Subscribe
from twin2multicloud.mqtt.reader import Reader
from twin2multicloud.mqtt.writer import encode, puback

WINDOW_S = 0.002
"""How long a batch gathers: as long as the gateway's."""


class Table:
    """One table of messages, a commit per batch."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, topic TEXT, body BLOB)")

    def put(self, rows: list[tuple[str, bytes]]) -> None:
        """Write a batch."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO messages (topic, body) VALUES (?, ?)", rows)
        self._connection.execute("COMMIT")


class Loop:
    """What waits for the next commit, of all connections."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._waiting: list[tuple[Client, Publish]] = []

    def take(self, client: Client, packet: Publish) -> None:
        """Take a message for the next batch."""
        if not self._waiting:
            asyncio.get_running_loop().call_later(WINDOW_S, self._flush)
        self._waiting.append((client, packet))

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        self._table.put([(packet.topic, packet.payload) for _, packet in batch])
        for client, packet in batch:
            client.transport.write(puback(packet.id))


class Client(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._reader = Reader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer what there is."""
        for packet in self._reader.feed(data):
            if type(packet) is Publish:
                self._loop.take(self, packet)
            elif isinstance(packet, Connect):
                self.transport.write(encode(Connack(0)))
            elif isinstance(packet, Subscribe):
                self.transport.write(encode(Suback(packet.id, (1,))))


async def serve(port: int, path: Path) -> None:
    """Serve until the process is ended."""
    loop = Loop(Table(path))
    await asyncio.get_running_loop().create_server(lambda: Client(loop), "127.0.0.1", port, backlog=1024)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
