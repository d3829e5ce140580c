"""Checking twins in clouds, as often as the settings say: a look at everything, and probes."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.monitoring import checks
from twin2multicloud.app.monitoring.clouds import findings, gauges_of, probing
from twin2multicloud.app.monitoring.clouds.findings import Found, Sighting
from twin2multicloud.app.monitoring.clouds.gauges import MOST_COUNTED, Gauges, Readings, refused
from twin2multicloud.app.monitoring.clouds.watched import Watched, watched
from twin2multicloud.app.services.cloud_twins import REFUSED, CloudTwin, Open, opener
from twin2multicloud.app.services.health_history import LONGEST_S, CheckResult
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.stacks import slot_name
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.times import to_epoch

OpenGauges = Callable[[Site, Mapping[str, str]], AbstractContextManager[Gauges]]
MOST_LOOKED_AT: Final = 20
"""Devices whose newest record is looked at, and as many again that were silent before."""
_TIMEOUT_S: Final = 10.0
_NOTHING: Final = Watched((), (), ())


@dataclass
class _Memory:
    """What is remembered of a twin from one time to the next."""

    looked: dict[str, float] = field(default_factory=dict)
    probe: str = ""
    probe_at: float = 0.0
    arrived_at: float | None = None
    next_device: int = 0
    silent: list[str] = field(default_factory=list)


class CloudExaminer:
    """Checks twins in clouds. `open_twin`, `open_gauges` and `get_status` (of an HTTP GET) are for tests."""

    def __init__(
        self,
        backend: Backend,
        open_twin: Open | None = None,
        open_gauges: OpenGauges = gauges_of.opened,
        get_status: Callable[[str], int] | None = None,
    ) -> None:
        self._backend = backend
        self._open = open_twin or opener(backend)
        self._open_gauges = open_gauges
        self._get_status = get_status or status_of
        self._limits = backend.settings.checks.in_clouds
        self._look_s = backend.settings.checks.cloud_every_s
        self._memories: dict[str, _Memory] = {}

    def examine(self, twin_id: str) -> Sequence[CheckResult]:
        """As `Examiner.examine`."""
        memory = self._memories.setdefault(twin_id, _Memory())
        looks = self._is_due(memory, "look", self._look_s)
        sends = not memory.probe and self._is_due(memory, "probe", self._limits.probe_every_s)
        if not (looks or sends or memory.probe):
            return ()
        slots = self._slots(twin_id)
        try:
            with self._open(twin_id) as twin:
                # Probes first: one that has arrived says that the store takes what comes.
                probed = self._probed(twin, memory, sends=sends) if probing.can_be_probed(twin) else None
                found = self._all(twin, memory, slots) if looks else []
        except BackendError as error:
            memory.probe = ""
            return self._nobody_in(slots, str(error)) if looks else ()
        return [*found, *([probed] if probed is not None else [])]

    def _all(self, twin: CloudTwin, memory: _Memory, slots: Mapping[Slot, bool]) -> list[CheckResult]:
        found: list[Found] = []
        there = watched(twin)
        readings = [self._read(twin, site, there.at(site)) for site in twin.deployment.sites]
        for each in readings:
            found += findings.functions(each, self._limits)
            found += findings.queues(each, self._limits)
        found += findings.letters({site: _count(twin, site) for site in twin.deployment.sites}, readings)
        if _is_there(twin, Slot.HOT):
            found += self._records(twin, memory)
        dashboard = self._dashboard(twin)
        if dashboard is not None:
            found.append(Found(dashboard, Slot.VISUALIZATION))
        results = [
            *(each.result for each in found),
            *findings.layers(slots, found),
            *findings.links(twin.deployment.blueprint, found),
        ]
        return [self._lasting(result, self._look_s) for result in results]

    def _read(self, twin: CloudTwin, site: Site, there: Watched) -> Readings:
        if there == _NOTHING:
            return Readings()
        try:
            with self._open_gauges(site, twin.environs.get(site.provider, {})) as gauges:
                return gauges.read(there, self._backend.now())
        except REFUSED as error:
            text = f"{site.provider.label} cannot be asked: {error}"
            return Readings(
                dict.fromkeys(there.functions, text),
                dict.fromkeys(there.queues, text),
                dict.fromkeys(there.aside, text),
            )

    # ── Records ─────────────────────────────────────────────────────────────────────────────────────────────
    def _records(self, twin: CloudTwin, memory: _Memory) -> list[Found]:
        """Of some devices, in turn, and of those that were silent: the newest record, and whether the graph has it."""
        spec, now = twin.deployment.spec, self._backend.clock.now()
        interval_s = twin.deployment.blueprint.workload.get("message_interval_s", 0.0)
        # What is gathered before it is handled, and before a link takes it, comes so much later.
        late_s = 2 * spec.batching.window_s
        limit = max(self._limits.silence_s, self._limits.device_intervals * interval_s) + late_s
        try:
            seen = self._sightings(twin, memory, spec.device_names)
        except REFUSED as error:
            return [findings.store(None, refused(error, "the right to read the hot store"), now, limit)]
        known = {each.device: max(now - each.at, 0.0) for each in seen if each.at is not None}
        devices = checks.devices(known, 0.0, self._limits.model_copy(update={"silence_s": limit}), bool(known))
        memory.silent = [name for name, age in known.items() if age > limit][:MOST_LOOKED_AT]
        newest = max((each for each in seen if each.at is not None), key=lambda each: each.at or 0.0, default=None)
        moments = [each for each in (*(each.at for each in seen), memory.arrived_at) if each is not None]
        found = [findings.store(max(moments, default=None), "", now, limit), Found(devices, Slot.ACQUISITION)]
        if newest is not None and _is_there(twin, Slot.MANAGEMENT):
            lag = findings.graph(newest, _graph_time(twin, newest.device), now, self._limits)
            found += [lag] if lag is not None else []
        return found

    def _sightings(self, twin: CloudTwin, memory: _Memory, names: Sequence[str]) -> list[Sighting]:
        first = memory.next_device if memory.next_device < len(names) else 0
        turn = names[first : first + MOST_LOOKED_AT]
        memory.next_device = first + len(turn)
        hot = twin.reached.slot(Slot.HOT).hot
        there = frozenset(names)
        found = []
        for name in dict.fromkeys((*turn, *(each for each in memory.silent if each in there))):
            event = hot.last(name)
            found.append(Sighting(name, None if event is None else to_epoch(event.time)))
        return found

    # ── Probes ──────────────────────────────────────────────────────────────────────────────────────────────
    def _probed(self, twin: CloudTwin, memory: _Memory, *, sends: bool) -> CheckResult | None:
        limit, now = self._limits.probe_s, self._backend.clock.now()
        if memory.probe:
            return self._arrival(twin, memory, limit, now)
        if not sends:
            return None
        memory.probe, memory.probe_at = self._backend.make_id("prb"), now
        try:
            probing.send(twin, memory.probe, now)
        except REFUSED as error:
            memory.probe = ""
            text = f"no probe can be sent: {error}; whoever signs in needs the right to send to its queues"
            return self._probe_result("unknown", text, None, limit)
        return None

    def _arrival(self, twin: CloudTwin, memory: _Memory, limit: float, now: float) -> CheckResult | None:
        waited = max(now - memory.probe_at, 0.0)
        try:
            arrived = probing.has_arrived(twin, memory.probe, now)
        except REFUSED as error:
            memory.probe = ""
            text = f"nobody can see whether a probe arrived: {refused(error, 'the right to read the hot store')}"
            return self._probe_result("unknown", text, None, limit)
        if arrived:
            memory.probe, memory.arrived_at = "", now
            text = f"a probe took {waited:,.0f} s to the hot store" if waited > limit else ""
            return self._probe_result("degraded" if text else "ok", text, round(waited, 1), limit)
        if waited <= limit:
            return None
        if waited > max(self._limits.probe_every_s, limit):
            memory.probe = ""  # another one is sent
        text = f"a probe has not come to the hot store for {waited:,.0f} s"
        return self._probe_result("down", text, round(waited, 1), limit)

    def _probe_result(self, health: Any, text: str, value: float | None, limit: float) -> CheckResult:
        result = CheckResult("probe", "probe", health, text, value, limit, "s")
        return self._lasting(result, self._limits.probe_every_s)

    # ── The rest ────────────────────────────────────────────────────────────────────────────────────────────
    def _dashboard(self, twin: CloudTwin) -> CheckResult | None:
        told = (twin.outputs.get(_stack(twin, Slot.VISUALIZATION)) or {}).get("dashboards") or {}
        url = str(told.get("url") or "")
        if not url:
            return None
        begun = time.monotonic()
        try:
            status = self._get_status(f"{url.rstrip('/')}/api/health")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return CheckResult("dashboard", "dashboard", "down", f"it does not answer: {error}")
        took = round(time.monotonic() - begun, 3)
        if status >= 500:
            return CheckResult("dashboard", "dashboard", "down", f"it answers {status}", took, None, "s")
        return CheckResult("dashboard", "dashboard", "ok", "", took, None, "s")

    def _slots(self, twin_id: str) -> dict[Slot, bool]:
        rows = select(Stack.slot, Stack.whole).where(Stack.twin_id == twin_id, Stack.target == "clouds")
        with self._backend.database.read() as session:
            return {Slot(slot): whole for slot, whole in session.execute(rows) if slot}

    def _nobody_in(self, slots: Mapping[Slot, bool], problem: str) -> list[CheckResult]:
        return [
            self._lasting(CheckResult("layer", f"layer/{slot.value}", "unknown", problem), self._look_s)
            for slot in slots
        ]

    def _lasting(self, result: CheckResult, every_s: float) -> CheckResult:
        """What is found holds until it is looked at again, and a little longer."""
        return result.lasting(max(every_s * 1.5, LONGEST_S))

    def _is_due(self, memory: _Memory, what: str, every_s: float) -> bool:
        """Whether it is time, from the second time on that it is asked: a twin that has just come needs a while."""
        now = self._backend.clock.now()
        last = memory.looked.setdefault(what, now)
        if not every_s or 0 <= now - last < every_s:
            return False
        memory.looked[what] = now
        return True


def status_of(url: str) -> int:
    """What an address answers a GET with. Redirects are not followed."""
    where = urlsplit(url)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", where.path)
        return connection.getresponse().status
    finally:
        connection.close()


def _count(twin: CloudTwin, site: Site) -> int | str:
    """How many dead letters are in the twin's store at a site, at most those that are counted."""
    try:
        return len(twin.reached.shared(site).dead_letters.list("", MOST_COUNTED))
    except REFUSED as error:
        return refused(error, "the right to read the dead-letter store")


def _graph_time(twin: CloudTwin, device: str) -> float | str | None:
    try:
        state = twin.reached.slot(Slot.MANAGEMENT).graph.get(device)
    except REFUSED as error:
        return refused(error, "the right to read the twin graph")
    times = [to_epoch(each) for each in state.times.values() if each] if state is not None else []
    return max(times, default=None)


def _stack(twin: CloudTwin, slot: Slot) -> str:
    return slot_name(slot, twin.deployment.generation(slot))


def _is_there(twin: CloudTwin, slot: Slot) -> bool:
    return _stack(twin, slot) in twin.outputs
