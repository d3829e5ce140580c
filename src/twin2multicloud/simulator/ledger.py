"""The ledger: what must be in the stores after a run, a line of JSON for each valid message that was acknowledged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec

from twin2multicloud.simulator.messages import TIME_KEY


class LedgerEntry(msgspec.Struct, frozen=True):
    """A message: its id (`envelope.event_id`), device, event time, and `data_digest` of what it said."""

    id: str
    device: str
    time: str
    digest: str


def data_digest(data: Mapping[str, Any]) -> str:
    """128 bits of a hash over a message's values without its time, as hex; their order makes no difference."""
    said = {name: value for name, value in data.items() if name != TIME_KEY}
    return hashlib.blake2b(msgspec.json.encode(said, order="sorted"), digest_size=16).hexdigest()


class Ledger:
    """Writes entries to a file, each id once, or nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._stream: TextIO | None = None if path is None else path.open("w", encoding="utf-8")
        self._seen: set[str] = set()
        self.wanted = path is not None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, entry: LedgerEntry) -> None:
        """Write a line; it is in the file at the latest after `flush`."""
        if self._stream is not None and entry.id not in self._seen:
            self._seen.add(entry.id)
            self._stream.write(msgspec.json.encode(entry).decode() + "\n")

    def flush(self) -> None:
        """Have everything in the file."""
        if self._stream is not None:
            self._stream.flush()

    def close(self) -> None:
        """Have everything in the file, and close it."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def read_ledger(path: Path) -> list[LedgerEntry]:
    """A ledger's lines."""
    decoder = msgspec.json.Decoder(LedgerEntry)
    return [decoder.decode(line) for line in path.read_text(encoding="utf-8").splitlines()]
