"""The event log: one order for all events, in which they become visible.

An event is written in the transaction that brings about what it tells. Numbers are given out in the order of commits
(SQLite has one writer at a time, on PostgreSQL an advisory lock has), so whoever has seen number n will never meet a
new event with a smaller one: resuming after n loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, Literal

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.tables.events import Event
from twin2multicloud.runtime.ports import Clock

Severity = Literal["debug", "info", "warning", "error"]
CHANNEL: Final = "t2m_events"
"""PostgreSQL's channel that is notified with every commit of events."""
MESSAGE_MOST: Final = 20_000
"""Characters of a message that are kept."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL has no place for, and halves of characters."""
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
        "message": _text(event.message)[:MESSAGE_MOST],
        "data": {_text(key): _plain(value) for key, value in event.data.items()},
    }


def _plain(value: Any) -> Any:
    """What both databases store and every reader of JSON understands; programs' output can hold anything."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _text(value: str) -> str:
    return _UNSTORABLE.sub("\ufffd", value)


def newest(session: Session) -> int:
    """The number of the newest event, 0 without any."""
    return session.scalar(select(func.max(Event.id))) or 0
