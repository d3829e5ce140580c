"""Topics and device topics on Pub/Sub, over Google's own emulator."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.contracts.base import at, record, unique
from tests.contracts.commands import CommandsContract
from tests.contracts.publisher import PublisherContract, Received
from tests.standins.gcp.processes import PROJECT
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.commands import PendingCommands
from twin2multicloud.runtime.adapters.gcp.messages import events_in
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.adapters.gcp.pubsub import (
    Bundles,
    DeviceTopics,
    PubSubPublisher,
    device_topic,
)
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import DeviceOfflineError, RejectedError, StoreError
from twin2multicloud.runtime.ports import Command

pytest_plugins = ["tests.standins.gcp.fixtures"]

TOPICS = ("intake", "persist-outbox", "alerts", "errors", "bundled")


class Subscriptions:
    """Topics with a subscription each, and everything that was pulled from them."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.prefix = f"t2m-{uuid.uuid4().hex[:8]}-"
        self.arrived: dict[str, list[bytes]] = {}

    def create(self, topic: str) -> None:
        path = f"projects/{PROJECT}/topics/{self.prefix}{topic}"
        self.clients.publisher.create_topic(name=path)
        self.clients.subscriber.create_subscription(name=self._subscription(topic), topic=path)

    def pull(self, topic: str) -> list[bytes]:
        name = self._subscription(topic)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it wastes calls, which a test may
            request = {"subscription": name, "max_messages": 1000, "return_immediately": True}
            answer = self.clients.subscriber.pull(request)
        arrived = self.arrived.setdefault(topic, [])
        arrived += [message.message.data for message in answer.received_messages]
        if answer.received_messages:
            ids = [message.ack_id for message in answer.received_messages]
            self.clients.subscriber.acknowledge(subscription=name, ack_ids=ids)
        return arrived

    def _subscription(self, topic: str) -> str:
        return f"projects/{PROJECT}/subscriptions/{self.prefix}{topic}"


@pytest.fixture(scope="module")
def subscriptions(clients: Clients) -> Subscriptions:
    made = Subscriptions(clients)
    for topic in TOPICS:
        made.create(topic)
    return made


class TestPublisher(PublisherContract):
    ordered = False
    once = False

    @pytest.fixture
    def open_publisher(
        self, clients: Clients, subscriptions: Subscriptions, patience: Patience
    ) -> Callable[[], PubSubPublisher]:
        bundles = Bundles(topics=frozenset({"bundled"}), messages=20, bytes=100_000)
        return lambda: PubSubPublisher(clients.publisher, PROJECT, subscriptions.prefix, patience, bundles)

    @pytest.fixture
    def received(self, subscriptions: Subscriptions) -> Received:
        def read(topic: str) -> list[Event]:
            return [event for data in subscriptions.pull(topic) for event in events_in(data)]

        return read

    def test_batches_stay_together_where_they_should(
        self, publisher: PubSubPublisher, subscriptions: Subscriptions, received: Received
    ) -> None:
        device = unique("bundle")
        small = [record(device, at(n)) for n in range(45)]
        large = [record(device, at(100 + n), data={"text": "x" * 40_000}) for n in range(3)]
        publisher.publish("bundled", small)
        publisher.publish("bundled", large)
        self.arrive(received, "bundled", [*small, *large])
        sizes = sorted(len(events_in(data)) for data in subscriptions.pull("bundled"))
        assert sizes == [1, 2, 5, 20, 20]

    def test_more_messages_than_a_request_takes(self, publisher: PubSubPublisher, received: Received) -> None:
        device = unique("many")
        events = [record(device, at(n / 10)) for n in range(1100)]
        publisher.publish("intake", events)
        self.arrive(received, "intake", events)

    def test_what_no_message_takes_is_rejected(self, publisher: PubSubPublisher) -> None:
        with pytest.raises(RejectedError, match="9000000"):
            publisher.publish("intake", [record("d", at(1), data={"text": "x" * 9_100_000})])

    def test_a_topic_of_a_moved_slot_has_another_id(
        self, clients: Clients, subscriptions: Subscriptions, patience: Patience, received: Received
    ) -> None:
        subscriptions.create("alerts-2")
        events = [record(unique("moved"), at(1))]
        ids = {"alerts": f"{subscriptions.prefix}alerts-2"}
        PubSubPublisher(clients.publisher, PROJECT, subscriptions.prefix, patience, topics=ids).publish(
            "alerts", events
        )
        self.arrive(received, "alerts-2", events)

    def test_a_topic_that_is_not_there_is_a_store_error(self, publisher: PubSubPublisher) -> None:
        with pytest.raises(StoreError, match="no-such-topic"):
            publisher.publish("no-such-topic", [record("d", at(1))])


class TopicDevices:
    """Devices that pull from the subscription to their topic."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    def online(self) -> str:
        device = unique("device")
        self._subscriptions.create(device_topic(device))
        return device

    offline = online

    def connect(self, device: str) -> None:
        pass

    def received(self, device: str) -> list[Command]:
        found = self._subscriptions.pull(device_topic(device))
        return [Command(device=device, **msgspec.json.decode(data)) for data in found]


class TestDeviceTopics(CommandsContract):
    @pytest.fixture
    def open_commands(
        self, clients: Clients, subscriptions: Subscriptions, patience: Patience
    ) -> Callable[[], DeviceTopics]:
        return lambda: DeviceTopics(clients.publisher, PROJECT, subscriptions.prefix, patience)

    @pytest.fixture
    def devices(self, subscriptions: Subscriptions) -> TopicDevices:
        return TopicDevices(subscriptions)

    def test_a_device_without_a_topic_is_named_after_all_others_have_theirs(
        self, commands: DeviceTopics, devices: TopicDevices
    ) -> None:
        unknown, known = unique("unknown"), devices.online()
        sent = Command(unique("c"), known, "blink")
        with pytest.raises(DeviceOfflineError, match=unknown):
            commands.send([Command(unique("c"), unknown, "blink"), sent])
        self.arrive(devices, known, [sent])


class PollingDevices:
    """Devices that ask the gateway, and acknowledge what they got."""

    def __init__(self, pending: PendingCommands) -> None:
        self._pending = pending
        self._got: dict[str, list[Command]] = {}

    def online(self) -> str:
        return unique("device")

    offline = online

    def connect(self, device: str) -> None:
        pass

    def received(self, device: str) -> list[Command]:
        found = self._pending.pending(device)
        self._pending.acknowledge(device, [command.id for command in found])
        got = self._got.setdefault(device, [])
        got += found
        return got


class TestPendingCommands(CommandsContract):
    @pytest.fixture
    def now(self) -> list[float]:
        return [1_795_608_000.0]

    @pytest.fixture
    def open_commands(
        self, firestore_client: Any, patience: Patience, now: list[float]
    ) -> Callable[[], PendingCommands]:
        return lambda: PendingCommands(firestore_client, "t2m-pending", patience, lambda: now[0])

    @pytest.fixture
    def devices(self, open_commands: Callable[[], PendingCommands]) -> PollingDevices:
        return PollingDevices(open_commands())

    def test_commands_wait_in_order_until_acknowledged(
        self, open_commands: Callable[[], PendingCommands], now: list[float]
    ) -> None:
        commands, device = open_commands(), unique("device")
        sent = [Command(unique("c"), device, "step", {"n": n}) for n in range(25)]
        commands.send(sent[:24])
        now[0] += 1
        commands.send(sent[24:])
        assert commands.pending(device) == sent[:20]
        assert commands.pending(device, limit=100) == sent
        commands.acknowledge(device, [command.id for command in sent[:20]])
        commands.acknowledge(device, [sent[0].id, "never"])
        assert open_commands().pending(device) == sent[20:]
