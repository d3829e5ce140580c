"""A run: many devices on one agenda, from the first connection until everything is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.simulator.agenda import Agenda
from twin2multicloud.simulator.device import SimulatedDevice
from twin2multicloud.simulator.dialect import Dialect
from twin2multicloud.simulator.faults import Fault, FaultPlan
from twin2multicloud.simulator.ledger import Ledger
from twin2multicloud.simulator.link import KeyOf, Links, Target
from twin2multicloud.simulator.messages import Messages, Waveforms
from twin2multicloud.simulator.replay import Replay, ReplayError, Row
from twin2multicloud.simulator.report import Report
from twin2multicloud.simulator.roaming import RoamingLinks, Where

_CHECK_S: Final = 1.0
_CHECKS: Final = 20
_PROGRESS_S: Final = 0.25
_LEAST_APART_S: Final = 2e-6
"""Between two messages of a device: more than a float and six decimals can tell apart."""
_PUT_BACK_S: Final = 1.0
"""A clock that shows this much less than before was set; less is put down to a burst or to rounding."""
_GOLDEN: Final = 0.6180339887498949
"""Multiples of it, taken modulo 1, are spread evenly, however many there are."""


@dataclass(frozen=True)
class Plan:
    """What a run is to do. Intervals and durations are of the wall clock; event times are of the twin's.

    `interval_s` is the time between two messages of a device. A run ends after `duration_s`, when each device has
    sent `messages_per_device`, at the end of a replay, or when it is told to. It then waits for acknowledgements,
    at most `drain_s`. With `start_s` event times are not the clock's but start_s + phase + number × interval, so that
    the same seed gives the same messages to the byte. A device that has `buffer` messages unacknowledged makes no more.
    """

    interval_s: float
    seed: int = 0
    devices: tuple[str, ...] = ()
    duration_s: float | None = None
    messages_per_device: int | None = None
    start_s: float | None = None
    size_bytes: int | None = None
    faults: dict[Fault, float] = field(default_factory=dict)
    offline_s: float = 2.0
    drain_s: float = 30.0
    connect_s: float = 10.0
    keep_alive_s: int = 60
    buffer: int = 1000
    replay_speed: float = 1.0
    restamp: bool = False


class Simulation:
    """Runs a plan once. `rows` replays a file instead of making messages up; `progress` hears of the report so far.

    `where` is asked now and then whether devices connect elsewhere by now; without it they never do. `dialect` is how
    devices speak MQTT where that is not our way.
    """

    def __init__(
        self,
        spec: TwinSpec,
        target: Target,
        key_of: KeyOf,
        plan: Plan,
        *,
        clock: Clock,
        waveforms: Waveforms | None = None,
        ledger: Ledger | None = None,
        rows: Iterator[Row] | None = None,
        progress: Callable[[Report], None] | None = None,
        where: Where | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        self.spec = spec
        self.plan = plan
        self.report = Report()
        self.ledger = ledger or Ledger(None)
        self.finishing = False
        self.agenda: Agenda
        self.messages = Messages(
            spec,
            seed=plan.seed,
            waveforms=waveforms,
            interval_s=plan.interval_s,
            start_s=clock.now() if plan.start_s is None else plan.start_s,
            size_bytes=plan.size_bytes,
        )
        self.faults = FaultPlan(plan.seed, plan.faults)
        self._target = target
        self._key_of = key_of
        self._clock = clock
        self._rows = rows
        self._progress = progress
        self._where = where
        self._dialect = dialect
        self._devices: dict[str, SimulatedDevice] = {}
        self._to_do = 0
        self._to_arrive = 0
        self._began_s = 0.0
        self._arrived = asyncio.Event()
        self._finished = asyncio.Event()
        self._abandoned = False
        self._failure: ReplayError | None = None

    async def run(self) -> Report:
        """Do it; what came of it. May be called once. `ReplayError` for a file that turns out not to be one, after
        what was sent of it is acknowledged."""
        self.agenda = Agenda(asyncio.get_running_loop())
        names = self.plan.devices or self.spec.device_names
        self.report.devices = self._to_do = self._to_arrive = len(names)
        links = self._links()
        try:
            self._devices = {name: self._device(name, index, links) for index, name in enumerate(names)}
            self._check(links)
            self._tell()
            await self._connect()
            self._begin()
            await self._finished.wait()
            await self._drain()
        finally:
            for device in self._devices.values():
                device.link.close()
            await asyncio.sleep(0.02)  # for the goodbyes to go out
            links.stop()
            self.agenda.stop()
            self.ledger.flush()
        if self._failure is not None:
            raise self._failure
        return self.report

    def finish(self) -> None:
        """Make no more messages; the run ends when all are acknowledged. A second call does not wait for that."""
        self._abandoned = self.finishing
        self.finishing = True
        self._finished.set()
        self._arrived.set()

    # What devices tell and ask

    def event_time(self, device: SimulatedDevice, number: int) -> float:
        """The event time of a device's next message: later than the one before, unless the clock was put back."""
        if self.plan.start_s is not None:
            return self.plan.start_s + device.phase_s + number * self.plan.interval_s
        now_s = self._clock.now()
        if device.last_time_s - _PUT_BACK_S < now_s <= device.last_time_s:
            now_s = device.last_time_s + _LEAST_APART_S
        device.last_time_s = now_s
        return now_s

    def arrived(self) -> None:
        """A device is connected, or never will be."""
        self._to_arrive -= 1
        if self._to_arrive <= 0:
            self._arrived.set()

    def device_done(self) -> None:
        """A device makes no more messages."""
        self._to_do -= 1
        if self._to_do <= 0:
            self._time_is_up()

    def _links(self) -> Links:
        if self._where is None:
            return self._links_to(self._target)
        return RoamingLinks(self._target, self._links_to, self._where)

    def _links_to(self, target: Target) -> Links:
        plan = self.plan
        if target.scheme == "http":
            from twin2multicloud.simulator.http_link import HttpLinks

            return HttpLinks(target, self._key_of, self.agenda, seed=plan.seed)
        from twin2multicloud.simulator.mqtt_link import MqttLinks

        return MqttLinks(
            target,
            self._key_of,
            self.agenda,
            seed=plan.seed,
            keep_alive_s=plan.keep_alive_s,
            dialect=self._dialect,
        )

    def _device(self, name: str, index: int, links: Links) -> SimulatedDevice:
        kind = self.spec.type_of(name)
        if kind is None:
            raise KeyError(f"the twin has no device {name[:64]!r}")
        device = SimulatedDevice(self, name, kind, index * _GOLDEN % 1.0 * self.plan.interval_s)
        device.link = links.make(device)
        return device

    async def _connect(self) -> None:
        """Connect all devices before the first message is due; those that take too long have to catch up."""
        if self._target.scheme == "http":  # nothing connects before there is something to say
            return
        for device in self._devices.values():
            device.link.open()
        try:
            await asyncio.wait_for(self._arrived.wait(), self.plan.connect_s + len(self._devices) / 500)
        except TimeoutError:
            return

    def _begin(self) -> None:
        self._began_s = self.agenda.now()
        if self.plan.duration_s is not None:
            self.agenda.after(self.plan.duration_s, self._time_is_up)
        if self._rows is not None:
            self._replay = Replay(self._rows, self.plan.replay_speed, self._began_s)
            self._play()
        else:
            for device in self._devices.values():
                device.begin(self._began_s)

    def _time_is_up(self) -> None:
        if not self.finishing:
            self.finish()

    def _play(self) -> None:
        """Send what is due of the file, and come again when the next row is."""
        try:
            self._send_rows()
        except ReplayError as error:
            self._failure = error
            self._time_is_up()

    def _send_rows(self) -> None:
        now_s = self.agenda.now()
        while not self.finishing:
            due = self._replay.next_due(now_s)
            if due is None:
                break
            device = self._devices.get(due[1].device)
            if device is not None:  # the run may be of some of the devices only
                device.replay(due[1].time_s, due[1].fields, due[0])
        if self._replay.ended:
            self._time_is_up()
        elif not self.finishing:
            self.agenda.at(self._replay.next_s, self._play)

    async def _drain(self) -> None:
        """Wait until everything is acknowledged, or that takes too long, or nobody wants to wait."""
        report = self.report
        give_up_s = self.agenda.now() + self.plan.drain_s
        while any(device.link.unacked and not device.refusal for device in self._devices.values()):
            if self._abandoned or self.agenda.now() > give_up_s:
                break
            await asyncio.sleep(0.02)
        report.duration_s = max(0.0, self.agenda.now() - self._began_s)

    def _tell(self) -> None:
        if self._progress is not None:
            self.report.duration_s = self.agenda.now() - self._began_s if self._began_s else 0.0
            self._progress(self.report)
            self.agenda.after(_PROGRESS_S, self._tell)

    def _check(self, links: Links, at: int = 0) -> None:
        """Look after a part of the devices, so that a second sees them all and none waits for the rest."""
        devices, now_s = list(self._devices.values()), self.agenda.now()
        step = -(-len(devices) // _CHECKS)
        for device in devices[at : at + step]:
            device.link.check(now_s)
        following = at + step
        if following >= len(devices):
            following = 0
            links.check(now_s)
            self.ledger.flush()
        self.agenda.after(_CHECK_S / _CHECKS, lambda: self._check(links, following))
