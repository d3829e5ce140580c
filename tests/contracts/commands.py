"""What every way back to devices must do."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

import pytest

from tests.contracts.base import NESTED, NUMBERS, TEXTS, Contract, exact, unique
from twin2multicloud.runtime.failures import DeviceOfflineError
from twin2multicloud.runtime.ports import Command, Commands


class DeviceSide(Protocol):
    """The devices at the other end."""

    def online(self) -> str:
        """A new device that is connected."""

    def offline(self) -> str:
        """A new device that the service knows but that is not connected."""

    def connect(self, device: str) -> None:
        """The offline device connects."""

    def received(self, device: str) -> list[Command]:
        """The commands the device has got so far, in order of arrival (it acknowledges each)."""


class CommandsContract(Contract):
    """Subclass and supply `open_commands` and `devices`."""

    settle_s = 5.0

    @pytest.fixture
    def open_commands(self) -> Callable[[], Commands]:
        """Opens the adapter under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def devices(self) -> DeviceSide:
        """The other end."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def commands(self, open_commands: Callable[[], Commands]) -> Commands:
        return open_commands()

    def arrive(self, devices: DeviceSide, device: str, commands: list[Command]) -> None:
        """Assert that the device gets exactly these; a repeat (same id) is what a device recognises."""
        deadline = time.monotonic() + self.settle_s
        while True:
            found = {command.id: exact(command) for command in devices.received(device)}
            if len(found) >= len(commands) or time.monotonic() >= deadline:
                break
            time.sleep(0.02)
        assert found == {command.id: exact(command) for command in commands}

    def test_a_command_arrives_exactly(self, commands: Commands, devices: DeviceSide) -> None:
        device = devices.online()
        payload = {"numbers": NUMBERS, "texts": TEXTS, "nested": NESTED}
        sent = Command(unique("c"), device, "set_temperature", payload, "trace-1")
        commands.send([sent])
        self.arrive(devices, device, [sent])

    def test_a_command_without_payload_arrives(self, commands: Commands, devices: DeviceSide) -> None:
        device = devices.online()
        sent = Command(unique("c"), device, "restart")
        commands.send([sent])
        self.arrive(devices, device, [sent])

    def test_each_device_gets_its_own(self, commands: Commands, devices: DeviceSide) -> None:
        first, second = devices.online(), devices.online()
        sent = [Command(unique("c"), device, "blink", {"n": n}) for n in range(3) for device in (first, second)]
        commands.send(sent)
        commands.send([])
        for device in (first, second):
            self.arrive(devices, device, [command for command in sent if command.device == device])

    def test_a_repeated_command_keeps_its_id(self, commands: Commands, devices: DeviceSide) -> None:
        device = devices.online()
        sent = Command(unique("c"), device, "restart")
        commands.send([sent])
        commands.send([sent])
        self.arrive(devices, device, [sent])

    def test_an_offline_device_gets_it_later_or_the_sender_is_told(
        self, open_commands: Callable[[], Commands], devices: DeviceSide
    ) -> None:
        offline, online = devices.offline(), devices.online()
        waiting, direct = Command(unique("c"), offline, "restart"), Command(unique("c"), online, "restart")
        told = ""
        try:
            open_commands().send([waiting, direct])
        except DeviceOfflineError as error:
            told = str(error)
            assert offline in told
            assert online not in told
        self.arrive(devices, online, [direct])
        devices.connect(offline)
        if told:
            with contextlib.suppress(DeviceOfflineError):  # it may take a moment to be seen
                open_commands().send([waiting])
        else:
            self.arrive(devices, offline, [waiting])
