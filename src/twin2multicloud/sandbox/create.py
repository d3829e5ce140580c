"""Creating a sandbox, starting and ending it: what `sandbox up` and `sandbox down` do, for tests as well."""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from twin2multicloud.blueprint.plan import Blueprint, blueprint_json
from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import TwinSpec, spec_json
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.links import LINKS_SECRET, LinksDocument
from twin2multicloud.sandbox.layout import (
    ClockConfig,
    CloudConfig,
    Connection,
    Layout,
    SandboxConfig,
    write_private,
)
from twin2multicloud.sandbox.supervisor import address_of, ask
from twin2multicloud.sandbox.wiring import wire

READY_S: Final = 20.0


class SandboxError(Twin2MultiCloudError):
    """A sandbox that does not come up, or does not answer (exit code 6)."""

    exit_code = 6


@dataclass(frozen=True)
class TwinInSandbox:
    """What a sandbox is made from."""

    spec: TwinSpec
    blueprint: Blueprint
    sources: Mapping[str, str]
    placement: Mapping[str, Any]
    dashboards: list[dict[str, Any]]
    waveforms: Mapping[str, Any] = field(default_factory=dict)


def create(layout: Layout, twin: TwinInSandbox, *, speed: float = 1.0, start: float | None = None) -> SandboxConfig:
    """Write a sandbox's directory, or bring an existing one up to date; its stores stay as they are.

    A placement that differs from the one the stores were filled at is refused: `sandbox down --delete` first, for
    moving a layer is the deployer's business.
    """
    known = layout.config() if layout.exists else None
    if known is not None and known.twin != twin.spec.name:
        raise UsageError(
            f"{layout.directory} holds the twin '{known.twin}', not '{twin.spec.name}'; give another --dir, or "
            "`twin2multicloud sandbox down --delete` first"
        )
    if known is not None and json.loads(layout.placement_file.read_text("utf-8")) != dict(twin.placement):
        raise UsageError(
            f"the sandbox in {layout.directory} has another placement; `twin2multicloud sandbox down --delete` "
            "removes it with its data"
        )
    layout.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    gateway = twin.blueprint.places[Slot.ACQUISITION].provider.value
    speaks_mqtt = gateway in ("aws", "azure")
    clouds = known.clouds if known is not None else {p.value: CloudConfig(0) for p in twin.blueprint.providers}
    _choose_ports(clouds, gateway if speaks_mqtt else None)
    now = time.time()
    clock = known.clock if known is not None else ClockConfig(start if start is not None else now, now, speed)
    if known is not None and speed != clock.speed:
        shown = clock.start + (now - clock.wall) * clock.speed
        clock = ClockConfig(shown, now, speed)
    config = SandboxConfig(
        twin.spec.name,
        clouds,
        clock,
        known.token if known is not None else secrets.token_urlsafe(24),
        twin.blueprint.assumptions["batch_window_s"],
    )
    _write(layout, twin, config, gateway, speaks_mqtt)
    _write_links(layout, twin.blueprint, clouds, now)
    return config


def _choose_ports(clouds: Mapping[str, CloudConfig], mqtt: str | None) -> None:
    """Keep the ports that are free, choose others for the rest. All are held until all are chosen."""
    with ExitStack() as held:
        for name, cloud in clouds.items():
            cloud.http_port = _free_port(held, cloud.http_port)
            cloud.mqtt_port = _free_port(held, cloud.mqtt_port) if name == mqtt else 0


def _free_port(held: ExitStack, wanted: int) -> int:
    for port in (wanted, 0):
        listener = held.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            continue
        found: int = listener.getsockname()[1]
        return found
    raise SandboxError("no free port on 127.0.0.1")


def _write(layout: Layout, twin: TwinInSandbox, config: SandboxConfig, gateway: str, mqtt: bool) -> None:
    secret = (
        layout.connection().keys["secret"]
        if layout.connection_file.exists()
        else base64.b64encode(secrets.token_bytes(32)).decode()
    )
    cloud = config.clouds[gateway]
    connection = Connection(
        twin.spec.name,
        f"mqtt://127.0.0.1:{cloud.mqtt_port}" if mqtt else None,
        cloud.url,
        {"secret": secret},
    )
    layout.write_sources(dict(twin.sources))
    write_private(layout.spec_file, spec_json(twin.spec))
    write_private(layout.blueprint_file, blueprint_json(twin.blueprint))
    write_private(layout.dashboards_file, msgspec.json.encode(twin.dashboards))
    write_private(layout.waveforms_file, msgspec.json.encode(twin.waveforms))
    write_private(layout.placement_file, json.dumps(dict(twin.placement), indent=2).encode())
    write_private(layout.connection_file, msgspec.json.encode(connection))
    write_private(layout.config_file, msgspec.json.encode(config))


def _write_links(layout: Layout, blueprint: Blueprint, clouds: Mapping[str, CloudConfig], now: float) -> None:
    stores = {name: LocalSecrets(layout.cloud(name) / "secrets.db") for name in clouds}
    try:
        known = {}
        for name, store in stores.items():
            try:
                known[name] = msgspec.json.decode(store.get(LINKS_SECRET), type=LinksDocument)
            except KeyError:
                continue
        for name, document in wire(blueprint, clouds, now, known).items():
            stores[name].put(LINKS_SECRET, msgspec.json.encode(document).decode())
    finally:
        for store in stores.values():
            store.close()


def running(layout: Layout) -> bool:
    """Whether the sandbox's supervisor answers."""
    try:
        return "pid" in ask(layout, {"do": "status"}, 2.0)
    except ConnectionError:
        return False


def start(layout: Layout, *, progress: Callable[[str], None] = lambda _text: None) -> None:
    """Start the processes of a created sandbox, and wait until every cloud answers."""
    if running(layout):
        return
    layout.supervisor_file.unlink(missing_ok=True)
    layout.logs.mkdir(parents=True, exist_ok=True)
    with layout.log("supervisor").open("ab") as log:
        # It leaves a process of its own behind and returns at once.
        subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-m", "twin2multicloud.sandbox.supervisor", str(layout.directory), "--detach"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
        )
    waiting = dict(layout.config().clouds)
    deadline = time.monotonic() + READY_S
    while waiting:
        for name, cloud in list(waiting.items()):
            if _answers(cloud.http_port):
                del waiting[name]
                progress(name)
        if not waiting:
            return
        address = address_of(layout)
        ended = address is not None and not _alive(address.pid)
        if ended or time.monotonic() > deadline:
            stop(layout)
            raise SandboxError(f"{', '.join(waiting)} did not come up; {_last_words(layout, next(iter(waiting)))}")
        time.sleep(0.03)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_words(layout: Layout, name: str) -> str:
    log = layout.log(name)
    lines = log.read_text("utf-8", "replace").splitlines()[-3:] if log.exists() else []
    return f"its log ends: {' | '.join(lines)}" if lines else f"see {layout.logs}"


def stop(layout: Layout, timeout_s: float = 20.0) -> bool:
    """End a sandbox's processes; True if there were any. What is stored stays."""
    address = address_of(layout)
    if address is None:
        return False
    try:
        ask(layout, {"do": "stop"})
    except ConnectionError:
        if not _alive(address.pid):
            layout.supervisor_file.unlink(missing_ok=True)
            return False
        os.kill(address.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while _alive(address.pid) and layout.supervisor_file.exists():
        if time.monotonic() > deadline:
            raise SandboxError(f"the supervisor (process {address.pid}) does not end; see {layout.log('supervisor')}")
        time.sleep(0.05)
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
