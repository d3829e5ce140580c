"""Commands on their way to devices: kept until the device has acknowledged them, delivered when it can take them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from twin2multicloud.runtime.adapters.local.commands import LocalCommands
from twin2multicloud.runtime.adapters.local.database import Gate, open_gate
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.gateway.mqtt import Delivery, MqttGateway


class CommandDesk:
    """The port `Commands` of the gateway's cloud; `delivered` hears of every command a device has taken."""

    def __init__(self, path: Path, *, gate: Gate = open_gate) -> None:
        self.delivered: Callable[[Command], None] = lambda _command: None
        self._store = LocalCommands(path, on_send=self._sent, gate=gate)
        self._busy: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._mqtt: MqttGateway | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, loop: asyncio.AbstractEventLoop, mqtt: MqttGateway | None) -> None:
        """Deliver from now on, by this gateway (None: devices fetch their commands themselves)."""
        self._loop, self._mqtt = loop, mqtt

    def send(self, commands: Sequence[Command]) -> None:
        """As `Commands.send`."""
        self._store.send(commands)

    def ready(self, device: str) -> None:
        """A device can take commands (called in the event loop)."""
        if self._mqtt is None or device in self._busy or not self._mqtt.is_connected(device):
            return
        self._busy.add(device)
        task = asyncio.get_running_loop().create_task(self._deliver(device, self._mqtt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def pending(self, device: str) -> list[Command]:
        """What waits for a device that asks by HTTPS. It has them now: the answer is how they are delivered."""
        commands = self._store.pending(device)
        if commands:
            self._store.done(device, [command.id for command in commands])
            for command in commands:
                self.delivered(command)
        return commands

    def waiting(self) -> list[Command]:
        """What waits for devices, of all of them."""
        return [c for device in self._store.counts() for c in self._store.pending(device, limit=1000)]

    def done(self, commands: Sequence[Command]) -> None:
        """They wait elsewhere now."""
        for command in commands:
            self._store.done(command.device, [command.id])

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _sent(self, devices: Iterable[str]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            for device in devices:
                self._loop.call_soon_threadsafe(self.ready, device)

    async def _deliver(self, device: str, mqtt: MqttGateway) -> None:
        loop = asyncio.get_running_loop()
        try:
            while commands := await loop.run_in_executor(None, self._store.pending, device):
                for command in commands:
                    if await mqtt.deliver(command) is not Delivery.DELIVERED:
                        return  # it comes again when the device is ready again
                    await loop.run_in_executor(None, self._store.done, device, [command.id])
                    self.delivered(command)
        except StoreError:
            return  # still there: the next command, or the device's next connection, tries again
        finally:
            self._busy.discard(device)
