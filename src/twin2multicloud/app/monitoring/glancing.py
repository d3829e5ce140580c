"""Looking after running twins every few seconds, so that lists tell how they do without asking any of them.

What was seen is written when something changed, and once a minute. That a layer's health changed is told as an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.glances import Glance
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.events.log import NewEvent, Severity
from twin2multicloud.app.monitoring.attending import Turns
from twin2multicloud.app.monitoring.sources import AWAY
from twin2multicloud.app.schemas.operating import LayerHealth
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.services import health, health_history, sandboxes, stacks
from twin2multicloud.app.services.life import Operation
from twin2multicloud.app.services.metering import metered

CHANGED: Final = "health.changed"
KEEP_S: Final = 60.0
"""What did not change is written so often."""
METER_S: Final = 60.0
_UNSETTLED: Final = frozenset((Operation.DEPLOY, Operation.REDEPLOY, Operation.DESTROY))
"""While one of these runs a twin is neither well nor ill."""
_SEVERITIES: Final[Mapping[str, Severity]] = {"down": "error", "degraded": "warning"}


class Looker(Protocol):
    """Tells how a twin does at a target. Threads may share it; it is never asked within a session."""

    def look(self, twin_id: str) -> Sequence[LayerHealth]:
        """Each slot's health now."""
        ...

    def usd_per_month(self, twin_id: str) -> float | None:
        """What a month costs at the rate that was metered; None where nobody can tell now."""
        ...


class SandboxLooker:
    """Looks at sandboxes on this machine. Others who look at them may share their `looks`."""

    def __init__(self, backend: Backend, looks: sandboxes.Looks | None = None) -> None:
        self._backend = backend
        self._looks = looks or sandboxes.Looks(backend, 0.0)

    def look(self, twin_id: str) -> Sequence[LayerHealth]:
        """As `Looker.look`."""
        with self._backend.database.read() as session:
            known = stacks.states(session, twin_id, "sandbox")
        return health.of_sandbox(self._looks.at(twin_id), known, self._backend.now())

    def usd_per_month(self, twin_id: str) -> float | None:
        """As `Looker.usd_per_month`."""
        try:
            found = metered(self._backend, sandboxes.sandbox_of(self._backend, twin_id))
        except AWAY:
            return None
        return None if found.month is None else found.month.usd.metered


class CloudLooker:
    """Looks at what the checks of twins in clouds found last: nothing is asked there."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def look(self, twin_id: str) -> Sequence[LayerHealth]:
        """As `Looker.look`; nothing for a twin that was not checked yet."""
        with self._backend.database.read() as session:
            known = stacks.states(session, twin_id, "clouds")
            checked = health_history.layers(session, twin_id, "clouds")
        return health.of_checks(known, checked, self._backend.now(), health.FRESH) if checked else ()

    def usd_per_month(self, twin_id: str) -> float | None:  # noqa: ARG002  metrics tell that hour by hour
        """As `Looker.usd_per_month`."""
        return None


class Glancer:
    """Looks at twins, each by itself, as often as the settings say."""

    def __init__(self, backend: Backend, lookers: Mapping[str, Looker]) -> None:
        self._backend = backend
        self._lookers = lookers
        self._turns = Turns(backend.clock, backend.settings.glance_seconds)

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time to look again. Whoever is told so looks."""
        return target in self._lookers and self._turns.take((twin_id, target))

    def attend(self, twin_id: str, target: str) -> None:
        """Look, and keep what is seen."""
        with self._backend.database.read() as session:
            if self._is_unsettled(session, twin_id, target):
                return
            before = session.get(Glance, (twin_id, target))
        layers = self._lookers[target].look(twin_id)
        if not layers:
            return
        at = self._backend.now()
        usd, metered_at = (None, None) if before is None else (before.usd_per_month, before.metered_at)
        if metered_at is None or at - metered_at >= timedelta(seconds=METER_S):
            usd, metered_at = self._lookers[target].usd_per_month(twin_id), at
        after = _followed(() if before is None else before.layers, layers, at)
        changes = _changes(() if before is None else before.layers, after)
        if before is not None and not changes and metered_at == before.metered_at and _is_fresh(before, at):
            return
        with self._backend.database.write() as session:
            self._backend.database.take_turns(session, f"glances/{twin_id}")
            twin, row = session.get(Twin, twin_id), session.get(Glance, (twin_id, target))
            there = select(Stack.twin_id).where(Stack.twin_id == twin_id, Stack.target == target).limit(1)
            if twin is None or session.scalar(there) is None or self._is_unsettled(session, twin_id, target):
                return  # it is gone, or going
            if (row is None) != (before is None) or (
                row is not None and before is not None and row.seen_at != before.seen_at
            ):
                return  # another one was faster
            if row is None:
                row = Glance(twin_id=twin_id, target=target)
                session.add(row)
            row.health, row.seen_at, row.layers = health.worst(layers), at, after
            row.usd_per_month, row.metered_at = usd, metered_at
            if changes:
                self._tell(session, twin, target, row.health, changes)

    def _is_unsettled(self, session: Session, twin_id: str, target: str) -> bool:
        run = stacks.busy_run(session, twin_id, target)
        return run is not None and run.kind in _UNSETTLED

    def _tell(self, session: Session, twin: Twin, target: str, worst: str, changes: Sequence[dict[str, Any]]) -> None:
        gravest = max((str(each["after"]) for each in changes), key=lambda word: health.GRAVITY[word])
        event = NewEvent(
            twin.workspace_id,
            CHANGED,
            f"{twin.name}: {_words(changes)}",
            _SEVERITIES.get(gravest, "info"),
            twin_id=twin.id,
            data={"target": target, "health": worst, "changes": list(changes)},
        )
        self._backend.events.add(session, event)


def _followed(before: Sequence[Mapping[str, Any]], layers: Sequence[LayerHealth], at: datetime) -> list[dict[str, Any]]:
    """The layers as they are kept: what did not change is so since it was first seen."""
    known = {str(each["slot"]): each for each in before}
    found = []
    for layer in layers:
        old = known.get(layer.slot)
        begun = layer.since if layer.health != "ok" and layer.since is not None and layer.since < at else at
        since = old["since"] if old is not None and old["health"] == layer.health else begun.isoformat()
        found.append({"slot": layer.slot, "cloud": layer.cloud, "health": layer.health, "since": since})
    return found


def _changes(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Layers that do otherwise than before. That one which nobody had seen before is well is no news."""
    known: dict[str, Health] = {str(each["slot"]): each["health"] for each in before}
    return [
        {
            "slot": each["slot"],
            "cloud": each["cloud"],
            "before": known.get(each["slot"], "unknown"),
            "after": each["health"],
            "since": each["since"],
        }
        for each in after
        if each["health"] != known.get(each["slot"], "ok")
    ]


def _words(changes: Sequence[Mapping[str, Any]]) -> str:
    """What changed, for people: slots to which the same happened are told together."""
    told: dict[tuple[str, str], list[str]] = {}
    for each in changes:
        told.setdefault((each["before"], each["after"]), []).append(each["slot"])
    found = []
    for (before, after), slots in told.items():
        now, then = ("is", "was") if len(slots) == 1 else ("are", "were")
        found.append(f"{', '.join(slots)} {now} {after} ({then} {before})")
    return "; ".join(found)


def _is_fresh(glance: Glance, at: datetime) -> bool:
    return timedelta(0) <= at - glance.seen_at < timedelta(seconds=KEEP_S)
