"""Creating a sandbox, starting and ending it: what `sandbox up` and `sandbox down` do, for tests as well."""

from __future__ import annotations

import http.client
import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.blueprint.plan import Blueprint, blueprint_json
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.spec import TwinSpec, spec_json
from twin2multicloud.private_files import write_private
from twin2multicloud.sandbox.connecting import clouds_in_use, gateways, write_connection, write_links
from twin2multicloud.sandbox.layout import (
    ClockConfig,
    CloudConfig,
    Layout,
    SandboxConfig,
)
from twin2multicloud.sandbox.local_ports import any_taken, choose_ports
from twin2multicloud.sandbox.locks import ProcessLock, SandboxError, await_release, holder, signal_holder
from twin2multicloud.sandbox.supervisor import address_of, ask

__all__ = ["SandboxError", "TwinInSandbox", "create", "running", "same", "start", "stop"]

READY_S: Final = 20.0
_BEGIN_S: Final = 5.0
"""So long a supervisor that was begun may take until it answers."""
_TAKEN_S: Final = 2.0
_POLL_S: Final = 0.03
_ORPHANS_S: Final = 3.0
"""Clouds whose supervisor was killed end by themselves; one that has not by then is killed."""


@dataclass(frozen=True)
class TwinInSandbox:
    """What a sandbox is made from."""

    spec: TwinSpec
    blueprint: Blueprint
    sources: Mapping[str, str]
    placement: Mapping[str, Any]
    dashboards: list[dict[str, Any]]
    waveforms: Mapping[str, Any] = field(default_factory=dict)


def create(
    layout: Layout,
    twin: TwinInSandbox,
    *,
    speed: float | None = None,
    start: float | None = None,
    slots: Collection[Slot] | None = None,
) -> SandboxConfig:
    """Write a sandbox's directory, or bring an existing one up to date; its stores stay as they are. It must be down.

    `speed` is that of the twin's clock (None: what it was, 1 at first), `start` what a new one shows first (None: now).
    `slots` are those that are deployed (None: as it was, all at first). A placement that differs from the one the
    stores were filled at is refused: `sandbox down --delete` first, for moving a layer is the deployer's business.
    """
    known = layout.config() if layout.exists else None
    check(layout, twin)
    moving = layout.transition()
    _end_orphans(layout)
    layout.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if known is None:
        layout.clear()  # what is left of one whose deletion was killed
    built = slots if slots is not None else layout.built() if known is not None else SLOTS
    before = known.clouds if known is not None else {}
    clouds = {name: before.get(name, CloudConfig(0)) for name in clouds_in_use(twin.blueprint, built, moving)}
    doors = gateways(twin.blueprint, built, moving)
    choose_ports(clouds, doors)
    now = time.time()
    if known is not None:
        clock = ClockConfig(known.clock.at(now), now, known.clock.speed if speed is None else speed)
    else:
        clock = ClockConfig(now if start is None else start, now, 1.0 if speed is None else speed)
    config = SandboxConfig(
        twin.spec.name,
        clouds,
        clock,
        known.token if known is not None else secrets.token_urlsafe(24),
        twin.blueprint.assumptions["batch_window_s"],
    )
    write_connection(layout, config, doors)
    layout.write_built(built)
    layout.write_sources(dict(twin.sources))
    write_documents(layout, twin)
    layout.write_config(config)
    write_links(layout, config, now)
    return config


def check(layout: Layout, twin: TwinInSandbox) -> None:
    """Raise `UsageError` if a directory holds something else than a sandbox of this twin at this placement. Where slots
    go that are not deployed yet may have changed.
    """
    if not layout.exists:
        # A directory in which a sandbox was begun has the connection's file; any other with content is not ours.
        if layout.directory.is_dir() and not layout.connection_file.exists() and _strangers(layout):
            raise UsageError(
                f"{layout.directory} has other files in it ({', '.join(_strangers(layout)[:3])}); "
                "give --dir a directory that is empty or not there yet"
            )
        return
    known = layout.config()
    if known.twin != twin.spec.name:
        raise UsageError(
            f"{layout.directory} holds the twin '{known.twin}', not '{twin.spec.name}'; give another --dir, or "
            "`twin2multicloud sandbox down --delete` first"
        )
    kept = json.loads(layout.placement_file.read_text("utf-8"))
    if kept != dict(twin.placement):
        there, wanted = Placement.model_validate(kept), Placement.model_validate(dict(twin.placement))
        built = layout.built()
        astray = [
            f"{slot.value} is {there[slot]}, not {wanted[slot]}" for slot in wanted.differing(there) if slot in built
        ]
        if astray:
            raise UsageError(
                f"the sandbox in {layout.directory} has another placement; `twin2multicloud sandbox down --delete` "
                "removes it with its data, and `twin2multicloud move --target sandbox` takes a slot's data along to "
                f"another cloud. {'; '.join(astray)}"
            )
    moving = layout.transition()
    if moving is not None and not same(layout, twin):
        raise UsageError(
            f"the twin's definition has changed while {moving.move.slot.value} is being moved; let the move end first: "
            "`twin2multicloud move --target sandbox --resume`, or `--abort`"
        )


def _strangers(layout: Layout) -> list[str]:
    ours = {file.name for file in layout.drafts()}
    return sorted(file.name for file in layout.directory.iterdir() if file.suffix != ".lock" and file.name not in ours)


def same(layout: Layout, twin: TwinInSandbox) -> bool:
    """Whether a sandbox was written from just this."""
    return layout.sources() == dict(twin.sources) and all(
        file.is_file() and file.read_bytes() == content for file, content in _documents(layout, twin).items()
    )


def same_but_places(layout: Layout, twin: TwinInSandbox) -> bool:
    """Whether a sandbox was written from just this, except for where slots go. Those that are deployed may not go
    elsewhere (see `check`), so its processes can follow while they run.
    """
    places = (layout.blueprint_file, layout.placement_file)
    return (
        layout.sources() == dict(twin.sources)
        and layout.config().batch_window_s == twin.blueprint.assumptions["batch_window_s"]
        and all(
            file in places or (file.is_file() and file.read_bytes() == content)
            for file, content in _documents(layout, twin).items()
        )
    )


def write_documents(layout: Layout, twin: TwinInSandbox) -> None:
    """Write what a sandbox's processes do; what is so already is left alone."""
    for file, content in _documents(layout, twin).items():
        if not file.is_file() or file.read_bytes() != content:
            write_private(file, content)


def _documents(layout: Layout, twin: TwinInSandbox) -> dict[Path, bytes]:
    return {
        layout.spec_file: spec_json(twin.spec),
        layout.blueprint_file: blueprint_json(twin.blueprint),
        layout.dashboards_file: msgspec.json.encode(twin.dashboards),
        layout.waveforms_file: msgspec.json.encode(twin.waveforms),
        layout.placement_file: json.dumps(dict(twin.placement), indent=2).encode(),
    }


def running(layout: Layout) -> bool:
    """Whether the sandbox's supervisor answers. One that was begun and does not yet is waited for."""
    deadline = time.monotonic() + _BEGIN_S
    while True:
        try:
            return "pid" in ask(layout, {"do": "status"}, 2.0)
        except ConnectionError:
            if holder(layout.supervisor_lock) is None or time.monotonic() > deadline:
                return False
        time.sleep(_POLL_S)


def start(layout: Layout, *, progress: Callable[[str], None] = lambda _text: None) -> None:
    """Start the processes of a created sandbox, and wait until every cloud answers. Ports that others have taken since
    they were chosen are replaced.
    """
    if running(layout):
        _await_clouds(layout, due(layout), progress)
        return
    _end_orphans(layout)
    layout.supervisor_file.unlink(missing_ok=True)
    _mend_ports(layout)
    for last in (False, True):
        try:
            _start(layout, progress)
        except BaseException as error:  # an interruption, too: nothing half started stays behind
            stop(layout)
            # Somebody may have been quicker: a port that was chosen is free until a cloud listens.
            if last or not isinstance(error, SandboxError) or not _mend_ports(layout):
                raise
        else:
            return


def _mend_ports(layout: Layout) -> bool:
    """Replace ports that others have taken, everywhere they are told; whether there were any. It must be down."""
    config = layout.config()
    if not any_taken(config.clouds):
        return False
    doors = gateways(layout.blueprint(), layout.built(), layout.transition())
    choose_ports(config.clouds, doors)
    write_connection(layout, config, doors)
    layout.write_config(config)
    write_links(layout, config, time.time())
    return True


def start_as_it_is(layout: Layout) -> None:
    """Start a sandbox that is down as its documents have it, be it in the midst of a move: a machine that lost its
    power comes back to that. Ports that others have taken meanwhile are replaced.
    """
    _end_orphans(layout)
    config, now = layout.config(), time.time()
    doors = gateways(layout.blueprint(), layout.built(), layout.transition())
    choose_ports(config.clouds, doors)
    config.clock = ClockConfig(config.clock.at(now), now, config.clock.speed)
    write_connection(layout, config, doors)
    layout.write_config(config)
    write_links(layout, config, now)
    start(layout)


def _start(layout: Layout, progress: Callable[[str], None]) -> None:
    with layout.open_log("supervisor") as log, ProcessLock(layout.supervisor_lock, _TAKEN_S) as lock:
        # It leaves a process of its own behind and returns at once. That has the lock from its first moment on: whoever
        # comes after us, should we be killed here, sees it. -P: no module of the current directory counts.
        command = ["-m", "twin2multicloud.sandbox.supervisor", str(layout.directory), "--detach", str(lock.hand_over())]
        begun = subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-P", *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock.fileno(),),
            check=False,
        )
    if begun.returncode:
        raise SandboxError(f"the supervisor did not start; {last_words(layout, 'supervisor')}")
    _await_clouds(layout, layout.config().clouds, progress)


def due(layout: Layout) -> dict[str, CloudConfig]:
    """The clouds of a running sandbox that should answer: those that are not kept down for a while."""
    clouds = layout.config().clouds
    with suppress(ConnectionError):
        known = ask(layout, {"do": "status"})["clouds"]
        return {name: cloud for name, cloud in clouds.items() if not known.get(name, {}).get("held_s")}
    return clouds


def _await_clouds(layout: Layout, clouds: Mapping[str, CloudConfig], progress: Callable[[str], None]) -> None:
    config = layout.config()
    waiting = dict(clouds)
    began = time.monotonic()
    while True:
        for name, cloud in list(waiting.items()):
            if _answers(cloud.http_port, config.token):
                del waiting[name]
                progress(name)
        if not waiting:
            return
        ended = holder(layout.supervisor_lock) is None
        if ended or time.monotonic() - began > READY_S:
            cause = "supervisor" if ended else next(iter(waiting))
            raise SandboxError(f"{', '.join(waiting)} did not come up; {last_words(layout, cause)}")
        time.sleep(_POLL_S)


def _answers(port: int, token: str) -> bool:
    """Whether our cloud answers at a port: it is the only one that knows the token."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/control/ready", headers={"authorization": f"Bearer {token}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def last_words(layout: Layout, name: str) -> str:
    """How a process's log ends."""
    log = layout.log(name)
    lines = log.read_text("utf-8", "replace").splitlines()[-3:] if log.exists() else []
    return f"its log ends: {' | '.join(lines)}" if lines else f"see {layout.logs}"


def stop(layout: Layout, timeout_s: float = 20.0) -> bool:
    """End a sandbox's processes; True if there were any. What is stored stays."""
    try:
        found = "stopping" in ask(layout, {"do": "stop"})
    except ConnectionError:
        _await_begun(layout)
        found = holder(layout.supervisor_lock) is not None
        signal_holder(layout.supervisor_lock, signal.SIGTERM)
    if found:
        _await_end(layout, timeout_s)
        _stand_still(layout)
    found = _end_orphans(layout) or found
    layout.supervisor_file.unlink(missing_ok=True)
    return found


def _await_begun(layout: Layout) -> None:
    """A supervisor that was begun a moment ago has not said yet which process it is."""
    deadline = time.monotonic() + _BEGIN_S
    while holder(layout.supervisor_lock) == 0 and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def _await_end(layout: Layout, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while layout.supervisor_file.exists() or holder(layout.supervisor_lock) is not None:
        if time.monotonic() > deadline:
            address = address_of(layout)
            process = f" (process {address.pid})" if address is not None else ""
            raise SandboxError(f"the supervisor{process} does not end; see {layout.log('supervisor')}")
        time.sleep(0.02)


def _stand_still(layout: Layout) -> None:
    """A twin's clock that runs at another speed than ours stands still meanwhile: records do not age while it is down.

    One that runs as ours does goes on: devices have the same time.
    """
    config = layout.config()
    if config.clock.speed != 1.0 and not config.clock.stopped:
        now = time.time()
        config.clock = ClockConfig(config.clock.at(now), now, config.clock.speed, stopped=True)
        layout.write_config(config)


def _end_orphans(layout: Layout) -> bool:
    """Wait until clouds that lost their supervisor have ended, or end them; whether there were any."""
    if not layout.exists:
        return False
    locks = [layout.cloud_lock(name) for name in layout.config().clouds]
    found = [lock for lock in locks if holder(lock) is not None]
    for lock in found:
        if not await_release(lock, _ORPHANS_S, kill=True):
            raise SandboxError(f"process {holder(lock)} does not end; it holds {lock}")
    return bool(found)
