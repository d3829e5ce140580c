"""Taking down what twins in clouds use, and watching what that costs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.services import budgets, cloud_usage
from twin2multicloud.model.errors import PriceError

_LOG: Final = logging.getLogger(__name__)
Take = Callable[[Backend, str], None]


class CloudUsageTaker:
    """Looks as often as the settings say whether another hour of a twin in clouds can be read, and reads it. `take` is
    for tests.
    """

    def __init__(self, backend: Backend, take: Take = cloud_usage.take_down) -> None:
        self._backend = backend
        self._take = take
        self._every_s = backend.settings.cloud_meter_seconds
        self._guard = threading.Lock()
        self._looked_for: dict[str, float] = {}
        self._watched: dict[str, datetime | None] = {}

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time again. Whoever is told so does it."""
        now = self._backend.clock.now()
        with self._guard:
            last = self._looked_for.get(twin_id)
            if target != "clouds" or (last is not None and 0 <= now - last < self._every_s):
                return False
            self._looked_for[twin_id] = now
            return True

    def attend(self, twin_id: str, target: str) -> None:
        """Take it down if an hour has ended since. What cannot be read now is read later."""
        ends = cloud_usage.last_hour(self._backend.now())
        if cloud_usage.read_until(self._backend, twin_id) == ends:
            return
        self._take(self._backend, twin_id)
        until = cloud_usage.read_until(self._backend, twin_id)
        if until is None:
            return
        try:
            looked = self._watched.get(twin_id)
            self._watched[twin_id] = budgets.watch(self._backend, twin_id, target, until, looked)
        except PriceError as error:
            _LOG.warning("what %s uses cannot be priced: %s", twin_id, error)
