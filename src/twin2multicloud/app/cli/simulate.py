"""`simulate`: from options to a run, a line of progress while it runs, and its report."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.app.cli.simulate_view import Line, print_report
from twin2multicloud.app.cli.terminal import print_json
from twin2multicloud.model.durations import duration_s
from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.simulator.clock import FollowedClock, PacedClock
from twin2multicloud.simulator.connection import Connection, Following, read_connection
from twin2multicloud.simulator.faults import Fault, FaultPlan
from twin2multicloud.simulator.ledger import Ledger
from twin2multicloud.simulator.link import Target
from twin2multicloud.simulator.replay import ReplayError, Row, read_rows
from twin2multicloud.simulator.simulation import Plan, Simulation

if TYPE_CHECKING:
    from twin2multicloud.model.twin.definition import TwinDefinition
    from twin2multicloud.simulator.report import Report

NOT_ALL_ACKED: Final = 6
MOST_PER_SECOND: Final = 20_000.0
"""More than this machine could send is asked for by mistake."""
_SPARE_FILES: Final = 200


@dataclass(frozen=True)
class Request:
    """The command's arguments as they were given."""

    twin: str
    keys: Path
    to: str | None = None
    devices: int | None = None
    interval: str | None = None
    rate: float | None = None
    duration: str | None = None
    messages: int | None = None
    seed: int = 0
    start: str | None = None
    size: int | None = None
    faults: tuple[str, ...] = ()
    offline: str = "2s"
    replay: Path | None = None
    speed: float = 1.0
    restamp: bool = False
    ledger: Path | None = None
    drain: str = "30s"
    json_output: bool = False


def simulate(request: Request) -> int:
    """Run the command; its exit code. Errors with a cause and a remedy are raised."""
    definition = read_twin(request.twin)
    spec = _spec(request, definition)
    connection = _connection(request, spec.name)
    target = _target(request, connection)
    with _clock(request.keys.parent) as clock:
        report = _simulate(request, definition, spec, connection, target, clock)
    if request.json_output:
        print_json({"twin": spec.name, "to": f"{target.scheme}://{target.host}:{target.port}"} | report.as_json())
    else:
        print_report(report, spec.name, target)
    return 0 if report.complete else NOT_ALL_ACKED


def _simulate(
    request: Request,
    definition: TwinDefinition,
    spec: TwinSpec,
    connection: Connection,
    target: Target,
    clock: FollowedClock,
) -> Report:
    plan = _plan(request, definition, spec, clock.speed)
    rows = None if request.replay is None else _rows(request.replay, spec)
    _allow_files(len(plan.devices))
    line = Line(sys.stderr)
    with _ledger(request.ledger) as ledger, line:
        simulation = Simulation(
            spec,
            target,
            connection.key_of(),
            plan,
            clock=clock,
            waveforms=definition.waveforms(),
            ledger=ledger,
            rows=rows,
            progress=line.show if line.wanted else None,
            where=Following(request.keys) if request.to is None else None,
            dialect=connection.dialect(request.keys.parent),
        )
        try:
            return _run(simulation)
        except ReplayError as error:
            raise UsageError(f"--replay: {error}") from error


def _spec(request: Request, definition: TwinDefinition) -> TwinSpec:
    """The twin's devices; where the keys are those of a sandbox that runs fewer of them, these."""
    layout = Layout(request.keys.parent)
    if request.to is None and layout.exists and layout.config().twin == definition.name:
        return layout.spec()
    return compile_twin(definition)


def _run(simulation: Simulation) -> Report:
    """Run the simulation until it ends or Ctrl-C ends it, on the quickest event loop there is."""

    async def inside() -> Report:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # where there are no signals, Ctrl-C just ends it
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(name, simulation.finish)
        return await simulation.run()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(inside())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _connection(request: Request, twin: str) -> Connection:
    try:
        connection = read_connection(request.keys)
        connection.key_of()
        connection.dialect(request.keys.parent)
    except ValueError as error:
        remedy = "start a sandbox (`twin2multicloud sandbox up TWIN`) or name the file"
        raise UsageError(f"--keys: {error}; {remedy}") from error
    if connection.twin != twin:
        raise UsageError(f"--keys: {request.keys} is of the twin '{connection.twin}', not of '{twin}'")
    return connection


def _target(request: Request, connection: Connection) -> Target:
    url = request.to or connection.mqtt or connection.http
    if url is None:
        if Layout(request.keys.parent).exists:
            from twin2multicloud.sandbox.client import NotDeployedError

            raise NotDeployedError(Slot.ACQUISITION)
        raise UsageError(f"--to: {request.keys} names no address; say where devices connect, as mqtt://HOST:PORT")
    try:
        return Target.parse(connection.twin, url)
    except ValueError as error:
        raise UsageError(f"--to: {error}") from error


def _clock(directory: Path) -> FollowedClock:
    """The clock of the sandbox that the keys are of; without one, the machine's."""
    wall = SystemClock()
    layout = Layout(directory)
    if not layout.exists:
        return FollowedClock(wall, PacedClock(wall, 0.0, 0.0), lambda: None)
    from twin2multicloud.sandbox.client import SandboxClient

    client = SandboxClient(layout)
    cloud = client.cloud_of(Slot.ACQUISITION)

    def read() -> tuple[float, float] | None:
        try:
            clock = client.cloud_status(cloud).clock
        except (Twin2MultiCloudError, ValueError):  # it is down at the moment, or answers nonsense
            return None
        return None if clock is None else (clock.now, clock.speed)

    setting = client.config.clock
    return FollowedClock(wall, PacedClock(wall, setting.start, setting.wall, setting.speed), read)


def _plan(request: Request, definition: TwinDefinition, spec: TwinSpec, pace: float) -> Plan:
    names = chosen_devices(spec, request.devices)
    interval_s = _interval_s(request, definition, len(names), pace)
    per_second = len(names) / interval_s
    if request.replay is None and per_second > MOST_PER_SECOND:
        raise UsageError(
            f"{len(names):,} devices every {interval_s:g} s are {per_second:,.0f} messages/s; give --devices, "
            f"--interval or --rate for less than {MOST_PER_SECOND:,.0f}"
        )
    if request.restamp and request.replay is None:
        raise UsageError("--restamp goes with --replay only")
    if request.replay is not None:
        given = {"--interval": request.interval, "--rate": request.rate, "--messages": request.messages}
        given |= {"--start": request.start}
        if wrong := [option for option, value in given.items() if value is not None]:
            raise UsageError(f"{', '.join(wrong)}: the file of --replay says when what is sent; use --speed")
    try:
        start_s = None if request.start is None else to_epoch(request.start)
    except ValueError as error:
        raise UsageError(f"--start: {error}") from error
    faults = _faults(request)
    return Plan(
        interval_s=interval_s,
        seed=request.seed,
        devices=names,
        duration_s=None if request.duration is None else _seconds("--duration", request.duration),
        messages_per_device=request.messages,
        start_s=start_s,
        size_bytes=request.size,
        faults=faults,
        offline_s=_seconds("--offline", request.offline),
        drain_s=_seconds("--drain", request.drain),
        replay_speed=request.speed,
        restamp=request.restamp,
    )


def _interval_s(request: Request, definition: TwinDefinition, devices: int, pace: float) -> float:
    """Seconds of the wall clock between two messages of a device."""
    if request.interval is not None and request.rate is not None:
        raise UsageError("--interval and --rate say the same in two ways; give one of them")
    if request.rate is not None:
        return devices / request.rate
    if request.interval is None:
        # A sped-up twin's devices are sped up, too.
        return definition.workload.message_interval_s / (pace if pace > 0 else 1.0)
    interval_s = _seconds("--interval", request.interval)
    if interval_s < 0.001:
        raise UsageError("--interval: less than 1ms; give --rate or fewer --devices instead")
    return interval_s


def chosen_devices(spec: TwinSpec, count: int | None) -> tuple[str, ...]:
    """`count` devices, from each group of the definition in turn, so that every type is there if possible."""
    if count is None or count >= len(spec.device_names):
        return spec.device_names
    groups = [iter(group) for group in spec.devices]
    chosen: list[str] = []
    while len(chosen) < count:
        for group in list(groups):
            name = next(group, None)
            if name is None:
                groups.remove(group)
            elif len(chosen) < count:
                chosen.append(name)
    return tuple(chosen)


def _faults(request: Request) -> dict[Fault, float]:
    rates: dict[Fault, float] = {}
    for text in request.faults:
        name, _, share = text.partition("=")
        try:
            fault = Fault(name.strip())
        except ValueError:
            raise UsageError(f"--fault: '{name[:40]}' is none of {', '.join(Fault)}") from None
        try:
            rates[fault] = float(share)
        except ValueError:
            raise UsageError(
                f"--fault: '{text[:60]}' gives no share; write {fault}=0.01 for one in a hundred"
            ) from None
    try:
        FaultPlan(request.seed, rates)
    except ValueError as error:
        raise UsageError(f"--fault: {error}") from error
    return rates


def _seconds(option: str, text: str) -> float:
    try:
        return float(text) if text.replace(".", "", 1).isdecimal() else duration_s(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _rows(path: Path, spec: TwinSpec) -> Iterator[Row]:
    try:
        return read_rows(path, spec)
    except ReplayError as error:
        raise UsageError(f"--replay: {error}") from error


def _ledger(path: Path | None) -> Ledger:
    try:
        return Ledger(path)
    except OSError as error:
        raise UsageError(f"--ledger: '{path}' cannot be written: {error.strerror or error}") from error


def _allow_files(devices: int) -> None:
    """Have as many sockets as there are devices; `UsageError` if the system does not allow that."""
    try:
        import resource
    except ImportError:
        return
    needed = devices + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited: Any = resource.RLIM_INFINITY
    if soft == unlimited or soft >= needed:
        return
    if hard != unlimited and hard < needed:
        raise UsageError(
            f"{devices:,} devices need as many sockets, and this system allows a process {hard:,}; give --devices "
            f"{max(1, hard - _SPARE_FILES)} or raise the limit (ulimit -Hn)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
