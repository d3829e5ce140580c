"""The journal of a move: what was decided, begun and done, one JSON line each, on record before it counts.

Whoever opens it after the process that wrote it was killed knows where to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import msgspec

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.log import Log
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
    """One move's journal, to go on with it. `now` is the wall clock. A line that nobody can read is a `UsageError`."""

    def __init__(self, log: Log, now: Callable[[], float]) -> None:
        self._log = log
        self._now = now
        self.entries = list(_read(log))

    @classmethod
    def begin(cls, log: Log, now: Callable[[], float], move: Move, places: dict[Slot, Place]) -> Journal:
        """A new one. `UsageError` if the log has lines already: a move is under way."""
        if log.lines():
            raise UsageError("a move of this twin is under way; resume or abort it first")
        journal = cls(log, now)
        journal.write("move", move=move, places=places)
        return journal

    def write(self, what: What, **fields: Any) -> None:
        """Add a line; it is on record when this returns."""
        entry = Entry(what, self._now(), **fields)
        self._log.append(_encode(entry))
        self.entries.append(entry)

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
            raise UsageError(f"{self._log.name} is no journal of a move; remove it")
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


def _read(log: Log) -> Iterator[Entry]:
    for number, line in enumerate(log.lines(), 1):
        try:
            yield _decode(line)
        except msgspec.DecodeError as error:
            raise UsageError(f"{log.name}: line {number} cannot be read ({error})") from error
