"""The way back to devices on IoT Core: MQTT at quality of service 1 on each device's own topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from twin2multicloud.runtime.adapters.aws.clients import Clients, calling
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import Command


class _Message(msgspec.Struct, omit_defaults=True):
    """What the device gets. `payload` is always there, `trace` if there is one."""

    id: str
    name: str
    payload: dict[str, Any] | None = None
    trace: str = ""


class IotCommands:
    """Publishes to `dt/{twin}/{device}/commands`.

    IoT Core keeps a message for a device whose session is persistent (by default for an hour after it disconnected)
    and drops it for one without; it tells nobody which of the two happened, so this never says that a device is
    offline. `endpoint` is the account's data endpoint ("" = the region's).
    """

    def __init__(self, clients: Clients, twin: str, *, endpoint: str = "") -> None:
        self._clients = clients
        self._twin = twin
        self._endpoint = endpoint

    def send(self, commands: Sequence[Command]) -> None:
        """As the port says; one request per command, those of a device one after the other."""
        by_device: dict[str, list[Command]] = {}
        for command in commands:
            if not command.device or set(command.device) & set("+#/"):
                raise RejectedError(f"'{command.device[:64]}' is no device: its name cannot be part of a topic")
            by_device.setdefault(command.device, []).append(command)
        self._clients.each(self._send, by_device.values())

    def _send(self, commands: Sequence[Command]) -> None:
        api = self._clients.get("iot-data", self._endpoint)
        for command in commands:
            message = _Message(command.id, command.name, command.payload, command.trace)
            with calling(f"sending command {command.id} to {command.device}"):
                api.publish(
                    topic=f"dt/{self._twin}/{command.device}/commands",
                    qos=1,
                    payload=msgspec.json.encode(message),
                    contentType="application/json",
                )
