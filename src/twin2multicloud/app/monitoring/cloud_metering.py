"""Taking down what twins in clouds use, and watching what that costs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.monitoring.attending import Turns
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
        self._turns = Turns(backend.clock, backend.settings.cloud_meter_seconds)
        self._watched: dict[str, datetime | None] = {}

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time again. Whoever is told so does it."""
        return target == "clouds" and self._turns.take(twin_id)

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
