"""An event as it is told to the outside, and its bytes, made once for all who watch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from twin2multicloud.app.db.tables.events import Event

_COLUMNS = (
    Event.id,
    Event.at,
    Event.workspace_id,
    Event.twin_id,
    Event.run_id,
    Event.kind,
    Event.severity,
    Event.stack,
    Event.message,
    Event.data,
)


class Shown(msgspec.Struct, frozen=True, gc=False):
    """See `db.tables.events.Event`."""

    id: int
    at: datetime
    workspace: str
    twin: str | None
    run: str | None
    kind: str
    severity: str
    stack: str
    message: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event and its JSON."""

    event: Shown
    json: bytes


class Batch:
    """Consecutive events of a selection, in the forms in which they are sent."""

    __slots__ = ("_parts", "_sse", "_text", "first", "last", "size")

    def __init__(self, events: Sequence[Encoded]) -> None:
        self.first = events[0].event.id
        self.last = events[-1].event.id
        self._parts = [(each.event.id, each.json) for each in events]
        self.size = sum(len(json) for _, json in self._parts)
        self._sse: bytes | None = None
        self._text: str | None = None

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def sse(self) -> bytes:
        """As server-sent events. Each has its id, so whoever is cut off within a batch can go on after the last."""
        if self._sse is None:
            self._sse = b"".join([b"id: %d\ndata: %b\n\n" % part for part in self._parts])
        return self._sse

    @property
    def lines(self) -> bytes:
        """A line of JSON for each."""
        return b"".join([b"%b\n" % json for _, json in self._parts])

    @property
    def log(self) -> bytes:
        """A line of text for each, as people read it: when, how severe, of which stack, what."""
        return "".join([_written(_decode(json)) for _, json in self._parts]).encode()

    @property
    def text(self) -> str:
        """As a JSON array."""
        if self._text is None:
            self._text = (b"[" + b",".join([json for _, json in self._parts]) + b"]").decode()
        return self._text


_decode = msgspec.json.Decoder(Shown).decode


def _written(event: Shown) -> str:
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return f"{at}Z {event.severity:<7} {event.stack}{': ' if event.stack else ''}{event.message}\n"


def encode(event: Shown) -> Encoded:
    """With its JSON, which has no line ends."""
    return Encoded(event, msgspec.json.encode(event))


def read(
    session: Session, after: int, until: int | None, limit: int, where: Iterable[ColumnElement[bool]] = ()
) -> list[Encoded]:
    """The first `limit` events after one, up to another; oldest first."""
    query = select(*_COLUMNS).where(Event.id > after, *where).order_by(Event.id).limit(limit)
    if until is not None:
        query = query.where(Event.id <= until)
    return [encode(Shown(*row)) for row in session.execute(query)]
