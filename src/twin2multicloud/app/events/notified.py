"""Hearing of new events by PostgreSQL's notifications: every commit of events sends one."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import psycopg

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.events.log import CHANNEL

if TYPE_CHECKING:
    from twin2multicloud.app.events.tailer import Pace

_LOG = logging.getLogger("twin2multicloud.events")


class Notified:
    """A source of news (see `tailer`) that looks again and again where it cannot listen."""

    def __init__(self, database: Database, pace: Pace) -> None:
        self._database = database
        self._pace = pace
        self._connection: psycopg.Connection | None = None
        self._tried = float("-inf")
        self._connect()

    def wait(self, wake: threading.Event) -> bool:
        """Whether there may be something new; returns soon in any case."""
        if self._connection is None and not self._connect():
            wake.wait(self._pace.fallback_s)
            wake.clear()
            return True
        assert self._connection is not None
        wake.clear()
        try:
            for _ in self._connection.notifies(timeout=self._pace.notify_s, stop_after=1):
                pass
        except psycopg.Error as error:
            _LOG.warning("notifications of events broke off, looking instead: %s", error)
            self.close()
        return True

    def _connect(self) -> bool:
        if time.monotonic() - self._tried < self._pace.reconnect_s:
            return False
        self._tried = time.monotonic()
        url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            self._connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
            self._connection.execute(f"LISTEN {CHANNEL}")
        except psycopg.Error as error:
            _LOG.warning("notifications of events cannot be had, looking instead: %s", error)
            self.close()
            return False
        return True

    def close(self) -> None:
        """Listen no longer."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
