"""The journal of a move: what was decided, begun and done, one JSON line each, on the disk before it counts.

Whoever opens the file after the process that wrote it was killed knows where to go on. The last line may be cut off
then: it was not on the disk, so it did not count.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

import msgspec

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.move import Move

What = Literal["move", "begun", "done", "undone", "page", "compared", "abort", "end"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. `at` is the wall clock, seconds since 1970.

    - move: the first line, with `move` and `places` (where the slots were before)
    - begun, done, undone: a `step`
    - page: of a copy, with `step` (or the pass), `name` of the transfer, `items`, `bytes`, `cursor`
    - compared: `name`, `items`, `late`, `digest`
    - abort: from here on the move goes back
    - end: it is over; `step` says how
    """

    what: What
    at: float
    step: str = ""
    name: str = ""
    items: int = 0
    bytes: int = 0
    late: int = 0
    digest: str = ""
    time: str = ""
    cursor: Any = None
    move: Move | None = None
    places: dict[Slot, Place] | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Entry).decode


class Journal:
    """One move's journal, opened to go on with it. `now` is the wall clock."""

    def __init__(self, file: Path, now: Callable[[], float]) -> None:
        self.file = file
        self._now = now
        self.entries, whole = _read(file)
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(self._descriptor, whole)
        os.lseek(self._descriptor, 0, os.SEEK_END)

    @classmethod
    def begin(cls, file: Path, now: Callable[[], float], move: Move, places: dict[Slot, Place]) -> Journal:
        """A new one. `UsageError` if the file is there already: a move is under way."""
        if file.exists():
            raise UsageError("a move of this twin is under way; resume or abort it first")
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal = cls(file, now)
        journal.write("move", move=move, places=places)
        directory = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return journal

    def write(self, what: What, **fields: Any) -> None:
        """Add a line; it is on the disk when this returns."""
        entry = Entry(what, self._now(), **fields)
        os.write(self._descriptor, _encode(entry) + b"\n")
        os.fsync(self._descriptor)
        self.entries.append(entry)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ── What it says ────────────────────────────────────────────────────────────────────────────────────────
    @property
    def move(self) -> Move:
        """What is moved."""
        return self._first[0]

    @property
    def places(self) -> dict[Slot, Place]:
        """Where the slots were before."""
        return self._first[1]

    @property
    def _first(self) -> tuple[Move, dict[Slot, Place]]:
        first = self.entries[0] if self.entries else None
        if first is None or first.move is None or first.places is None:
            raise UsageError(f"{self.file} is no journal of a move; remove it")
        return first.move, first.places

    @property
    def aborted(self) -> bool:
        """Whether the move goes back."""
        return any(entry.what == "abort" for entry in self.entries)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return any(entry.what == "end" for entry in self.entries)

    def state(self, step: str) -> What | None:
        """What was last said of a step: begun, done or undone; None: nothing."""
        found = [e.what for e in self.entries if e.step == step and e.what in ("begun", "done", "undone")]
        return found[-1] if found else None

    def first(self, what: What, step: str) -> Entry | None:
        """The first entry of that kind about a step."""
        return next((e for e in self.entries if e.what == what and e.step == step), None)

    def last(self, what: What, step: str, name: str = "") -> Entry | None:
        """The last entry of that kind about a step (and a transfer)."""
        found = [e for e in self.entries if e.what == what and e.step == step and name in ("", e.name)]
        return found[-1] if found else None


def _read(file: Path) -> tuple[list[Entry], int]:
    """The whole lines of a journal, and how many bytes they take."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return [], 0
    entries: list[Entry] = []
    whole = 0
    for line in content.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            entries.append(_decode(line))
        except msgspec.DecodeError as error:
            raise UsageError(f"{file}: line {len(entries) + 1} cannot be read ({error})") from error
        whole += len(line)
    return entries, whole
