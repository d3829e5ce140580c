"""Somebody who follows the event log, as a browser does, and compares what was told with what is there in the end."""

from __future__ import annotations

import threading

from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables import Event

_EVERY_S = 0.05


class Watcher:
    """Reads on after the last event that it has seen, and never looks back."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._seen: list[tuple[int, str, str]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """What was seen is there, as it was, and nothing that was not seen has come in between."""
        with self._backend.database.read() as session:
            there = [_told(event) for event in session.scalars(select(Event).order_by(Event.id))]
        seen = list(self._seen)
        assert seen == there[: len(seen)]
        assert len({number for number, _, _ in there}) == len(there)

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            with self._backend.database.read() as session:
                last = self._seen[-1][0] if self._seen else 0
                self._seen += [
                    _told(event)
                    for event in session.scalars(select(Event).where(Event.id > last).order_by(Event.id).limit(1_000))
                ]


def _told(event: Event) -> tuple[int, str, str]:
    return event.id, event.kind, event.message
