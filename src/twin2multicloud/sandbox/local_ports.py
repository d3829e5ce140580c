"""Ports of this machine for the clouds of a sandbox."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import Final

from twin2multicloud.sandbox.layout import CloudConfig
from twin2multicloud.sandbox.locks import SandboxError

SPEAK_MQTT: Final = ("aws", "azure")
"""Clouds with a device gateway; Google Cloud has none."""

_PORTS: Final = range(20_000, 32_000)
"""Below what systems give to outgoing connections, so that none of those takes a port while its cloud is away."""


def choose_ports(clouds: Mapping[str, CloudConfig], gateways: Collection[str]) -> None:
    """Keep the ports that are free, choose others for the rest. All are held until all are chosen."""
    with ExitStack() as held:
        for name, cloud in clouds.items():
            cloud.http_port = free_port(held, cloud.http_port)
            cloud.mqtt_port = free_port(held, cloud.mqtt_port) if name in gateways and name in SPEAK_MQTT else 0


def any_taken(clouds: Mapping[str, CloudConfig]) -> bool:
    """Whether somebody else has one of these ports. The clouds must be down."""
    with ExitStack() as held:
        ports = [port for cloud in clouds.values() for port in (cloud.http_port, cloud.mqtt_port) if port]
        return not all(_bind(held, port) for port in ports)


def free_port(held: ExitStack, wanted: int) -> int:
    """A port that is free for as long as `held` is: the one wanted, or another."""
    tries = [port for port in (wanted,) if port] + random.sample(_PORTS, 20) + [0]
    found = next(filter(None, (_bind(held, port) for port in tries)), None)
    if found is None:
        raise SandboxError("no free port on 127.0.0.1")
    return found


def _bind(held: ExitStack, port: int) -> int | None:
    """The port, which is ours for as long as `held` is; None where it is somebody else's."""
    listener = held.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        return None
    found: int = listener.getsockname()[1]
    return found
