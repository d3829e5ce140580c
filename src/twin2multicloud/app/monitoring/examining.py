"""Checking running twins on a schedule, and keeping what was found: now, when it changed, hour by hour."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.checks import HealthCheck
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.monitoring import checks
from twin2multicloud.app.monitoring.attending import Turns
from twin2multicloud.app.monitoring.sources import AWAY
from twin2multicloud.app.services import alerts, health, health_history, sandboxes, stacks
from twin2multicloud.app.services.health_history import CheckResult
from twin2multicloud.app.services.life import Operation
from twin2multicloud.app.settings import CheckLimits
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.watching.client import WatchClient
from twin2multicloud.sandbox.watching.devices import DevicesRequest

KEEP_S: Final = 60.0
"""What did not change is written so often."""
_UNSETTLED: Final = frozenset((Operation.DEPLOY, Operation.REDEPLOY, Operation.DESTROY, Operation.MOVE))
_TOLD: Final = frozenset(("probe", "dashboard"))
"""Kinds that become an alert when they are down: what fails otherwise tells of itself by an error event."""
_TOLD_IN_CLOUDS: Final = frozenset((*_TOLD, "queue", "function", "store", "graph", "devices", "letters"))
"""In clouds something may also fail that has nobody to tell it: each becomes an alert, also when it is degraded."""
_LAYERS: Final = {"dashboard": "L5", "store": "L3", "graph": "L4", "devices": "L1"}
_TIMEOUT_S: Final = 5.0
_MOST_SILENT: Final = 50


class Examiner(Protocol):
    """Checks twins at a target. Threads may share it, never for the same twin; it is never asked within a session."""

    def examine(self, twin_id: str) -> Sequence[CheckResult]:
        """What was found now; a check that is not due, or has no answer yet, is left out."""
        ...


@dataclass
class _Memory:
    """What is remembered of a twin from one time to the next."""

    counts: checks.Counts = field(default_factory=dict)
    looked: dict[str, float] = field(default_factory=dict)
    probe: str = ""
    probe_at: float = 0.0


class SandboxExaminer:
    """Checks sandboxes on this machine. `now` is the wall clock, which sandboxes tell their times by. Others who look
    at them may share their `looks`.
    """

    def __init__(
        self, backend: Backend, now: Callable[[], float] = time.time, looks: sandboxes.Looks | None = None
    ) -> None:
        self._backend = backend
        self._looks = looks or sandboxes.Looks(backend, 0.0)
        self._now = now
        self._limits: CheckLimits = backend.settings.checks
        self._memories: dict[str, _Memory] = {}

    def examine(self, twin_id: str) -> Sequence[CheckResult]:
        """As `Examiner.examine`."""
        with self._backend.database.read() as session:
            known = stacks.states(session, twin_id, "sandbox")
        seen, at = self._looks.at(twin_id), self._backend.now()
        memory = self._memories.setdefault(twin_id, _Memory())
        found = [*checks.layers(health.of_sandbox(seen, known, at)), *checks.links(health.links(seen, at))]
        for cloud in seen.clouds.values():
            found += checks.queues(cloud, self._limits)
            found += checks.functions(cloud, memory.counts, self._limits)
        memory.counts = checks.counts(seen.clouds)
        try:
            client = sandboxes.sandbox_of(self._backend, twin_id)
            interval_s = client.blueprint.workload.get("message_interval_s", 0.0)
        except AWAY:
            return found
        found += checks.store(seen.clouds, interval_s, self._limits)
        found += checks.graph(seen.clouds, self._limits)
        for question in (self._probe, self._dashboard, self._devices):
            answer = question(client, memory)
            if answer is not None:
                found.append(answer)
        return found

    def _is_due(self, memory: _Memory, what: str, every_s: float) -> bool:
        """Whether it is time, from the second time on that it is asked: a twin that has just come needs a while."""
        now = self._now()
        last = memory.looked.setdefault(what, now)
        if not every_s or 0 <= now - last < every_s:
            return False
        memory.looked[what] = now
        return True

    def _probe(self, client: SandboxClient, memory: _Memory) -> CheckResult | None:
        limit = self._limits.probe_s
        if memory.probe:
            return self._arrival(client, memory, limit)
        if not self._is_due(memory, "probe", self._limits.probe_every_s):
            return None
        memory.probe, memory.probe_at = self._backend.make_id("prb"), self._now()
        try:
            client.probe(memory.probe)
        except AWAY as error:
            memory.probe = ""
            return CheckResult("probe", "probe", "down", f"no probe is taken: {error}", None, limit, "s")
        return None

    def _arrival(self, client: SandboxClient, memory: _Memory, limit: float) -> CheckResult | None:
        try:
            arrived = client.probed(memory.probe)
        except AWAY:
            arrived = None
        if arrived is not None:
            took = max(arrived - memory.probe_at, 0.0)
            memory.probe = ""
            problem = f"a probe took {took:,.1f} s to the hot store" if took > limit else ""
            return CheckResult("probe", "probe", "degraded" if problem else "ok", problem, round(took, 3), limit, "s")
        waited = self._now() - memory.probe_at
        if waited <= limit:
            return None
        if waited > max(self._limits.probe_every_s, limit):
            memory.probe = ""  # another one is sent
        problem = f"a probe has not come to the hot store for {waited:,.0f} s"
        return CheckResult("probe", "probe", "down", problem, round(waited, 3), limit, "s")

    def _dashboard(self, client: SandboxClient, memory: _Memory) -> CheckResult | None:
        if Slot.VISUALIZATION not in client.built or not self._is_due(
            memory, "dashboard", self._limits.dashboard_every_s
        ):
            return None
        begun = time.monotonic()
        try:
            where = urlsplit(WatchClient(client).dashboard_url())
            connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_TIMEOUT_S)
            try:
                connection.request("GET", where.path)
                status = connection.getresponse().status
            finally:
                connection.close()
        except (*AWAY, http.client.HTTPException) as error:
            return CheckResult("dashboard", "dashboard", "down", f"it does not answer: {error}")
        took = round(time.monotonic() - begun, 3)
        if status >= 500:
            return CheckResult("dashboard", "dashboard", "down", f"it answers {status}", took, None, "s")
        return CheckResult("dashboard", "dashboard", "ok", "", took, None, "s")

    def _devices(self, client: SandboxClient, memory: _Memory) -> CheckResult | None:
        if not self._is_due(memory, "devices", self._limits.devices_every_s):
            return None
        try:
            asked = DevicesRequest(order="-last_seen", limit=1)
            latest = WatchClient(client).devices(asked)["devices"]
            ever = any(each["seen"] is not None for each in latest)
            told = WatchClient(client).devices(DevicesRequest(order="last_seen", limit=_MOST_SILENT))
        except AWAY:
            return None
        now = client.config.clock.at(self._now())
        silent = {
            str(each["id"]): max(now - to_epoch(each["seen"]), 0.0)
            for each in told["devices"]
            if each["seen"] is not None
        }
        interval_s = client.blueprint.workload.get("message_interval_s", 0.0)
        return checks.devices(silent, interval_s, self._limits, ever)


class Checker:
    """Has twins examined, each by itself, as often as the settings say."""

    def __init__(self, backend: Backend, examiners: Mapping[str, Examiner]) -> None:
        self._backend = backend
        self._examiners = examiners
        self._turns = Turns(backend.clock, backend.settings.checks.every_s)

    def is_due(self, twin_id: str, target: str) -> bool:
        """Whether it is time to check again. Whoever is told so checks."""
        return target in self._examiners and self._turns.take((twin_id, target))

    def attend(self, twin_id: str, target: str) -> None:
        """Examine, and keep what is found: at once if something changed, else once a minute."""
        with self._backend.database.read() as session:
            if self._is_unsettled(session, twin_id, target):
                return
            before = {row.subject: row for row in session.scalars(_known(twin_id, target))}
        found, at = self._examiners[target].examine(twin_id), self._backend.now()
        stale = at - timedelta(seconds=KEEP_S)
        news = [
            result
            for result in found
            if (row := before.get(result.subject)) is None
            or (row.health, row.problem) != (result.health, result.problem)
            or not stale < row.checked_at <= at
        ]
        gone = _gone(before, found) if target == "clouds" else []
        if not news and not gone:
            return
        with self._backend.database.write() as session:
            self._backend.database.take_turns(session, f"checks/{twin_id}")
            twin = session.get(Twin, twin_id)
            there = select(Stack.twin_id).where(Stack.twin_id == twin_id, Stack.target == target).limit(1)
            if twin is None or session.scalar(there) is None or self._is_unsettled(session, twin_id, target):
                return  # it is gone, or going
            changed = health_history.record(session, twin_id, target, news, at)
            for result in gone:
                row = session.get(HealthCheck, (twin_id, target, result.subject))
                if row is not None:
                    session.delete(row)
            told = _told_in_clouds if target == "clouds" else _told
            problems = [problem for result in (*changed, *gone) if (problem := told(result, at)) is not None]
            alerts.fold_in(self._backend, session, twin, target, problems)

    def _is_unsettled(self, session: Session, twin_id: str, target: str) -> bool:
        run = stacks.busy_run(session, twin_id, target)
        return run is not None and run.kind in _UNSETTLED


def _known(twin_id: str, target: str) -> Select[HealthCheck]:
    return select(HealthCheck).where(HealthCheck.twin_id == twin_id, HealthCheck.target == target)


def _gone(before: Mapping[str, HealthCheck], found: Sequence[CheckResult]) -> list[CheckResult]:
    """Checks of what is not there any more, such as the functions of a slot that was moved, once all was looked at:
    what was told of them is over.
    """
    if not any(each.kind == "layer" and each.health != "unknown" for each in found):
        return []
    there = {each.subject for each in found}
    return [
        CheckResult(row.kind, subject, "ok")  # type: ignore[arg-type]  # as it was written
        for subject, row in before.items()
        if subject not in there and row.kind in _TOLD_IN_CLOUDS - {"probe"} and row.health not in ("ok", "unknown")
    ]


def _told(result: CheckResult, at: datetime) -> alerts.Problem | None:
    """A check that is down, as an alert; one that is not any more, as the end of it."""
    if result.kind not in _TOLD:
        return None
    return _problem(result, at, "error", over=result.health != "down")


def _told_in_clouds(result: CheckResult, at: datetime) -> alerts.Problem | None:
    """A check that is not well, as an alert; one that is well again, as the end of it. What nobody can tell changes
    nothing.
    """
    if result.kind not in _TOLD_IN_CLOUDS or result.health == "unknown":
        return None
    return _problem(result, at, "error" if result.health == "down" else "warning", over=result.health == "ok")


def _problem(result: CheckResult, at: datetime, severity: str, *, over: bool) -> alerts.Problem:
    return alerts.Problem(
        fold=f"check|{result.subject}",
        kind=f"check-{result.kind}",
        severity=severity,
        message=result.problem or f"the check {result.subject} finds {result.health}",
        at=at,
        layer=_LAYERS.get(result.kind, ""),
        over=over,
        data={"check": result.subject},
    )
