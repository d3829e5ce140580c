"""Taking down what running twins use, now and then, and watching what that costs."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.monitoring.attending import Turns
from twin2multicloud.app.services import budgets, usage
from twin2multicloud.app.services.watching import ask_sandbox
from twin2multicloud.model.errors import PriceError

_LOG: Final = logging.getLogger(__name__)


class UsageTaker:
    """Takes down what twins in sandboxes of this machine use, each as often as the settings say."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._turns = Turns(backend.clock, backend.settings.meter_seconds)
        self._looked: dict[tuple[str, str], datetime | None] = {}

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time again. Whoever is told so does it."""
        return target == "sandbox" and self._turns.take(twin_id)

    def attend(self, twin_id: str, target: str) -> None:
        """Take it down. What does not answer now is read later: its counters go on."""
        told = ask_sandbox(self._backend, twin_id, "sandbox", usage.read)
        if told.answer is None or told.twin_time is None:
            return
        try:
            usage.take_down(self._backend, twin_id, target, told.answer, told.twin_time)
            looked = self._looked.get((twin_id, target))
            self._looked[twin_id, target] = budgets.watch(self._backend, twin_id, target, told.twin_time, looked)
        except PriceError as error:
            _LOG.warning("what %s uses cannot be taken down: %s", twin_id, error)
