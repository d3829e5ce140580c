"""The event log: one order for all events, in which they become visible.

An event is written in the transaction that brings about what it tells. Numbers are given out in the order of commits
(SQLite has one writer at a time, on PostgreSQL an advisory lock has), so whoever has seen number n will never meet a
new event with a smaller one: resuming after n loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.tables.events import Event
from twin2multicloud.runtime.ports import Clock

Severity = Literal["debug", "info", "warning", "error"]
CHANNEL: Final = "t2m_events"
"""PostgreSQL's channel that is notified with every commit of events."""
_GATHERED: Final = "t2m_events"
_WRITTEN: Final = "t2m_events_written"


@dataclass(frozen=True)
class NewEvent:
    """An event to be written. `data` must hold no secret."""

    workspace_id: str
    kind: str
    message: str
    severity: Severity = "info"
    twin_id: str | None = None
    run_id: str | None = None
    stack: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    at: float | None = None


class EventLog:
    """Writes events. Told of by `database` when a session commits."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._listeners: list[Any] = []
        database.last_before_commit(self._flush)
        database.after_commit(self._tell)

    def add(self, session: Session, *events: NewEvent) -> None:
        """Have the session write events when it commits."""
        now = self._clock.now()
        gathered: list[tuple[float, NewEvent]] = session.info.setdefault(_GATHERED, [])
        gathered.extend((now if event.at is None else event.at, event) for event in events)

    def listen(self, listener: Any) -> None:
        """Call `listener()` whenever this process has committed events."""
        self._listeners.append(listener)

    def _flush(self, session: Session) -> None:
        gathered: list[tuple[float, NewEvent]] = session.info.pop(_GATHERED, [])
        if not gathered:
            return
        self._database.take_turns(session, "events")
        if not self._database.is_sqlite:
            session.execute(text(f"NOTIFY {CHANNEL}"))
        session.execute(insert(Event), [_row(at, event) for at, event in gathered])
        session.info[_WRITTEN] = True

    def _tell(self, session: Session) -> None:
        if session.info.pop(_WRITTEN, False):
            for listener in self._listeners:
                listener()


def _row(at: float, event: NewEvent) -> dict[str, Any]:
    return {
        "at": datetime.fromtimestamp(at, UTC),
        "workspace_id": event.workspace_id,
        "twin_id": event.twin_id,
        "run_id": event.run_id,
        "kind": event.kind,
        "severity": event.severity,
        "stack": event.stack,
        "message": event.message,
        "data": dict(event.data),
    }


def newest(session: Session) -> int:
    """The number of the newest event, 0 without any."""
    return session.scalar(select(func.max(Event.id))) or 0


def after(session: Session, cursor: int, limit: int, where: Iterable[Any] = ()) -> Sequence[Event]:
    """Events after a cursor, oldest first."""
    return session.scalars(select(Event).where(Event.id > cursor, *where).order_by(Event.id).limit(limit)).all()
