"""The contracts, over the local queues and the commands that wait for devices."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.contracts.base import unique
from tests.contracts.commands import CommandsContract, DeviceSide
from tests.contracts.local_places import opener
from tests.contracts.publisher import PublisherContract, Received
from twin2multicloud.runtime.adapters.local.commands import LocalCommands
from twin2multicloud.runtime.adapters.local.publisher import LocalPublisher
from twin2multicloud.runtime.adapters.local.queues import Queues
from twin2multicloud.runtime.envelope import Event, decode
from twin2multicloud.runtime.ports import Command

SUBSCRIPTIONS = {"alerts": ("alerts/console", "alerts/dashboard"), "errors": ("errors/console",)}


class LocalTopics:
    """The queues of one process: opened once for all publishers, and again after a "restart"."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.queues = Queues(path)
        self.arrived: dict[str, list[Event]] = {}

    def close(self) -> None:
        self.queues.close()

    def publisher(self) -> LocalPublisher:
        return LocalPublisher(self.queues, SUBSCRIPTIONS)

    def received(self, topic: str) -> list[Event]:
        for name in SUBSCRIPTIONS.get(topic, (topic,)):
            queue = self.queues.queue(name)
            messages = queue.receive(1000)
            self.arrived.setdefault(name, []).extend(decode(message.body) for message in messages)
            queue.ack([message.id for message in messages])
        first, *others = (self.arrived[name] for name in SUBSCRIPTIONS.get(topic, (topic,)))
        assert all(other == first for other in others), "every subscriber gets the same"
        return first


class TestLocalPublisher(PublisherContract):
    @pytest.fixture
    def topics_at_hand(self, tmp_path: Path) -> Generator[LocalTopics, None, None]:
        place = LocalTopics(tmp_path / "queues.db")
        yield place
        place.close()

    @pytest.fixture
    def open_publisher(self, topics_at_hand: LocalTopics) -> Callable[[], LocalPublisher]:
        return topics_at_hand.publisher

    @pytest.fixture
    def received(self, topics_at_hand: LocalTopics) -> Received:
        return topics_at_hand.received


class TestLocalPublisherAfterARestart(TestLocalPublisher):
    """What is received was read from the file by a process that did not send it."""

    @pytest.fixture
    def received(self, topics_at_hand: LocalTopics) -> Received:
        def restart_and_receive(topic: str) -> list[Event]:
            topics_at_hand.close()
            topics_at_hand.queues = Queues(topics_at_hand.path)
            return topics_at_hand.received(topic)

        return restart_and_receive


class LocalDevices:
    """Devices that fetch their commands, as the gateway does for them."""

    def __init__(self, commands: LocalCommands) -> None:
        self.commands = commands
        self.connected: set[str] = set()
        self.got: dict[str, list[Command]] = {}

    def online(self) -> str:
        device = self.offline()
        self.connect(device)
        return device

    def offline(self) -> str:
        device = unique("device")
        self.got[device] = []
        return device

    def connect(self, device: str) -> None:
        self.connected.add(device)

    def received(self, device: str) -> list[Command]:
        if device in self.connected:
            commands = self.commands.pending(device)
            self.got[device] += commands
            self.commands.done(device, [command.id for command in commands])
        return self.got[device]


class TestLocalCommands(CommandsContract):
    @pytest.fixture
    def open_commands(self, tmp_path: Path) -> Generator[Callable[[], LocalCommands], None, None]:
        with opener(lambda: LocalCommands(tmp_path / "commands.db")) as factory:
            yield factory

    @pytest.fixture
    def devices(self, open_commands: Callable[[], LocalCommands]) -> DeviceSide:
        return LocalDevices(open_commands())
