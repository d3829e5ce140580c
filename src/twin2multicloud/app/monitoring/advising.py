"""Whether messages come otherwise than a twin's workload says, for long enough to ask anew which moves pay."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import ConflictError, UnavailableError
from twin2multicloud.app.monitoring.attending import Turns
from twin2multicloud.app.monitoring.sources import AWAY
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import advice
from twin2multicloud.app.services.advice import Counted
from twin2multicloud.app.services.sandboxes import sandbox_of

Ask = Callable[[str], Counted | None]
"""What a twin has counted so far; None where it does not answer."""
_KEPT: Final = 500
_PARTS: Final = 4
"""In each of so many parts of the time messages must come otherwise."""


class Asking:
    """Asks for advice about twins at a target where messages come otherwise, or as expected again; once for each such
    change, as far as this process knows.
    """

    def __init__(self, backend: Backend, target: Target) -> None:
        self._backend = backend
        self._target = target
        self._guard = threading.Lock()
        self._asked_for: dict[str, float | None] = {}

    def consider(self, twin_id: str, factor: float, expected_per_s: float) -> None:
        """So many messages come for each one expected, for long enough."""
        wanted = factor if advice.is_otherwise(factor) else None
        with self._guard:
            before = self._asked_for.get(twin_id)
        if _alike(before, wanted):
            return
        why = f"{expected_per_s * factor:.3g} messages come a second, where {expected_per_s:.3g} were expected"
        if advice.reconsider(self._backend, twin_id, why, wanted, self._target) is not None:
            with self._guard:
                self._asked_for[twin_id] = wanted


class Adviser:
    """Looks at the messages of twins in sandboxes, as often as the settings say. Each process has its own memory: after
    a restart a workload must be otherwise for as long again.
    """

    def __init__(self, backend: Backend, ask: Ask | None = None) -> None:
        self._backend = backend
        self._ask = ask or self._of_sandbox
        self._after_s = backend.settings.advice_after_minutes * 60
        self._turns = Turns(backend.clock, backend.settings.advice_seconds)
        self._guard = threading.Lock()
        self._counts: dict[str, deque[Counted]] = {}
        self._asking = Asking(backend, "sandbox")

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time to look again. Whoever is told so looks."""
        return target == "sandbox" and self._turns.take(twin_id)

    def attend(self, twin_id: str, _target: str, /) -> None:
        """Look, and ask for advice where messages have come otherwise for long enough, or as expected again."""
        count = self._ask(twin_id)
        if count is None:
            return
        with self._guard:
            counts = self._counts.setdefault(twin_id, deque(maxlen=_KEPT))
            if counts and count.elapsed_s < counts[-1].elapsed_s:
                counts.clear()  # it is another sandbox
            counts.append(count)
            factor = _sustained(counts, self._after_s)
        if factor is not None:
            self._asking.consider(twin_id, factor, count.expected_per_s)

    def _of_sandbox(self, twin_id: str) -> Counted | None:
        try:
            return advice.counted(sandbox_of(self._backend, twin_id))
        except (ConflictError, UnavailableError, *AWAY):
            return None


class CloudAdviser:
    """Looks at the messages of twins in clouds, as the clouds counted them hour by hour, whenever another one was
    read.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._after_s = advice.cloud_window_s(backend)
        self._turns = Turns(backend.clock, backend.settings.cloud_meter_seconds)
        self._looked: dict[str, float] = {}
        self._asking = Asking(backend, "clouds")

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time to look again. Whoever is told so looks."""
        return target == "clouds" and self._turns.take(twin_id)

    def attend(self, twin_id: str, _target: str, /) -> None:
        """As `Adviser.attend`. Where clouds do not count messages: nothing."""
        told = advice.counted_in_clouds(self._backend, twin_id)
        if told is None or self._looked.get(twin_id) == told.until:
            return
        self._looked[twin_id] = told.until
        factor = _sustained(told.counts, self._after_s)
        if factor is not None:
            self._asking.consider(twin_id, factor, told.counts[-1].expected_per_s)


def _sustained(counts: Sequence[Counted], after_s: float) -> float | None:
    """Messages for each one expected over the last `after_s` seconds of the twin's time, if that was so in each part of
    them: more, fewer, or about as many. Otherwise it was a moment; None then, and where it cannot be said yet.
    """
    now = counts[-1]
    marks = [_before(counts, now.elapsed_s - after_s * part / _PARTS) for part in range(_PARTS, 0, -1)]
    if marks[0] is None and now.elapsed_s < after_s:
        return None
    begin, *rest = marks
    sides = set()
    for earlier, later in zip(marks, (*rest, now), strict=True):
        factor = None if later is None else later.factor_since(earlier)
        sides.add(0 if not advice.is_otherwise(factor) else 1 if (factor or 0.0) > 1 else -1)
        if factor is None:
            return None
    return now.factor_since(begin) if len(sides) == 1 else None


def _before(counts: Sequence[Counted], elapsed_s: float) -> Counted | None:
    """The last count up to a moment of the twin's time; None where the first came later."""
    return next((each for each in reversed(counts) if each.elapsed_s <= elapsed_s), None)


def _alike(before: float | None, wanted: float | None) -> bool:
    """Whether advice was asked for so many messages already."""
    if before is None or wanted is None:
        return before is wanted
    return not advice.is_otherwise(wanted / before)
