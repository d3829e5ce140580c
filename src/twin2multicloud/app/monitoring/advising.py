"""Whether messages come otherwise than a twin's workload says, for long enough to ask anew which moves pay."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import ConflictError, UnavailableError
from twin2multicloud.app.monitoring.attending import Turns
from twin2multicloud.app.monitoring.sources import AWAY
from twin2multicloud.app.services import advice
from twin2multicloud.app.services.advice import Counted
from twin2multicloud.app.services.sandboxes import sandbox_of

Ask = Callable[[str], Counted | None]
"""What a twin has counted so far; None where it does not answer."""
_KEPT: Final = 500
_PARTS: Final = 4
"""In each of so many parts of the time messages must come otherwise."""


@dataclass
class _Seen:
    """Of one twin: what it had counted when it was looked at, and for which factor advice was asked last (None: for
    what its workload says).
    """

    counts: deque[Counted] = field(default_factory=lambda: deque(maxlen=_KEPT))
    asked_for: float | None = None


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
        self._seen: dict[str, _Seen] = {}

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time to look again. Whoever is told so looks."""
        return target == "sandbox" and self._turns.take(twin_id)

    def attend(self, twin_id: str, _target: str, /) -> None:
        """Look, and ask for advice where messages have come otherwise for long enough, or as expected again."""
        count = self._ask(twin_id)
        if count is None:
            return
        with self._guard:
            seen = self._seen.setdefault(twin_id, _Seen())
            if seen.counts and count.elapsed_s < seen.counts[-1].elapsed_s:
                seen.counts.clear()  # it is another sandbox
            seen.counts.append(count)
            factor = _sustained(seen.counts, self._after_s)
            before = seen.asked_for
        if factor is None:
            return
        wanted = factor if advice.is_otherwise(factor) else None
        if _alike(before, wanted):
            return
        per_s = count.expected_per_s * factor
        why = f"{per_s:.3g} messages come a second, where {count.expected_per_s:.3g} were expected"
        if advice.reconsider(self._backend, twin_id, why, wanted) is not None:
            with self._guard:
                seen.asked_for = wanted

    def _of_sandbox(self, twin_id: str) -> Counted | None:
        try:
            return advice.counted(sandbox_of(self._backend, twin_id))
        except (ConflictError, UnavailableError, *AWAY):
            return None


def _sustained(counts: deque[Counted], after_s: float) -> float | None:
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


def _before(counts: deque[Counted], elapsed_s: float) -> Counted | None:
    """The last count up to a moment of the twin's time; None where the first came later."""
    return next((each for each in reversed(counts) if each.elapsed_s <= elapsed_s), None)


def _alike(before: float | None, wanted: float | None) -> bool:
    """Whether advice was asked for so many messages already."""
    if before is None or wanted is None:
        return before is wanted
    return not advice.is_otherwise(wanted / before)
