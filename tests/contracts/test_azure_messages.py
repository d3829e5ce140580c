"""Azure's adapters of queues, topics, commands and secrets: Azurite, and fakes of the other services."""

from __future__ import annotations

import base64
import itertools
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from azure.storage.queue import QueueServiceClient
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from tests.contracts.base import unique
from tests.contracts.commands import CommandsContract, DeviceSide
from tests.contracts.publisher import PublisherContract, Received
from tests.contracts.secrets import SecretsContract
from tests.patience import PATIENCE_S
from tests.standins.azure.emulators import Azurite
from tests.standins.azure.fake_event_grid import FakeEventGrid
from tests.standins.azure.fake_iot_hub import HOST, FakeIotHub, sas_token
from tests.standins.azure.fake_key_vault import FakeKeyVault
from tests.standins.azure.rig import Certificates
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.adapters.azure.queue_messages import BATCH_BYTES, Overflow, messages, messages_of
from twin2multicloud.runtime.envelope import Event, encode
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import Command, Commands, Publisher, Secrets

pytest_plugins = ("tests.standins.azure.fixtures",)

_QUEUE_LIMIT = 64 * 1024


class QueueReader:
    """Takes what is in the queues, as a consumer does, and remembers it."""

    def __init__(self, queues: QueueServiceClient, overflow: Overflow, grid: FakeEventGrid) -> None:
        self._queues = queues
        self._overflow = overflow
        self._grid = grid
        self._taken: dict[str, list[Event]] = {}
        self._before = {topic: len(events) for topic, events in grid.received.items()}

    def __call__(self, topic: str) -> list[Event]:
        if topic in ("alerts", "errors"):
            events = self._grid.received.get(topic, [])[self._before.get(topic, 0) :]
            return [msgspec.convert(event, Event) for event in events]
        queue = self._queues.get_queue_client(topic)
        taken = self._taken.setdefault(topic, [])
        for message in queue.receive_messages(max_messages=32):
            assert len(message.content) <= _QUEUE_LIMIT
            found = messages_of(base64.b64decode(message.content, validate=True), self._overflow)
            taken.extend(event for event in found if isinstance(event, Event))
            queue.delete_message(message)
        return taken


class TestAzurePublisher(PublisherContract):
    ordered = False

    @pytest.fixture
    def open_publisher(self, storage_ports: Callable[[], AzurePorts]) -> Callable[[], Publisher]:
        return lambda: storage_ports().publisher

    @pytest.fixture
    def received(
        self, storage_ports: Callable[[], AzurePorts], azurite: Azurite, event_grid: FakeEventGrid
    ) -> Iterator[Received]:
        with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
            for topic in ("intake", "persist-outbox"):
                queues.get_queue_client(topic).clear_messages()
            yield QueueReader(queues, storage_ports().overflow, event_grid)


def test_a_queue_message_holds_no_more_events_than_a_post_of_a_link(
    storage_ports: Callable[..., AzurePorts], azurite: Azurite
) -> None:
    ports = storage_ports(most_events=3)
    with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
        queue = queues.get_queue_client("telemetry-outbox")
        queue.clear_messages()
        small = [Event(str(n), "/s", "t", "d", "2026-11-25T12:00:00.000000Z", {"n": n}) for n in range(7)]
        large = [Event(f"l{n}", "/s", "t", "d", small[0].time, {"x": "y" * (BATCH_BYTES // 2)}) for n in range(2)]
        ports.publisher.publish("telemetry-outbox", [*small, *large])
        batches = [messages_of(base64.b64decode(m.content), ports.overflow) for m in queue.receive_messages()]
    assert [len(batch) for batch in batches] == [3, 3, 2, 1]
    assert [event for batch in batches for event in batch] == [*small, *large]


class NoOverflow:
    """For events that fit."""

    def keep(self, content: bytes) -> bytes:
        raise AssertionError(f"{len(content)} bytes of text that repeats itself fit a message")


@given(
    sizes=st.lists(st.one_of(st.integers(0, 200), st.integers(0, 2 * BATCH_BYTES)), max_size=40),
    most=st.integers(1, 30),
)
def test_queue_messages_keep_order_and_their_bounds(sizes: list[int], most: int) -> None:
    events = [
        Event(str(n), "/s", "t", "d", "2026-11-25T12:00:00.000000Z", {"x": "y" * size}) for n, size in enumerate(sizes)
    ]
    overflow: Any = NoOverflow()
    made = list(messages(events, most, overflow))
    assert [event for message in made for event in messages_of(message, overflow)] == events
    assert all(len(base64.b64encode(message)) <= _QUEUE_LIMIT for message in made)
    assert all(len(messages_of(message, overflow)) <= most for message in made)
    # No two messages that follow each other would have fitted one.
    batches = [messages_of(message, overflow) for message in made]
    for first, second in itertools.pairwise(batches):
        weight = sum(len(encode(event)) + 1 for event in [*first, second[0]]) + 1
        assert len(first) == most or weight > BATCH_BYTES


def test_a_batch_that_does_not_compress_waits_in_a_blob(
    storage_ports: Callable[..., AzurePorts], azurite: Azurite
) -> None:
    ports = storage_ports()
    noise = random.Random(5).randbytes(90_000).hex()
    events = [Event(str(n), "/s", "t", "d", "2026-11-25T12:00:00.000000Z", {"n": n, "x": noise}) for n in range(2)]
    with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
        queue = queues.get_queue_client("commands-outbox")
        queue.clear_messages()
        ports.publisher.publish("commands-outbox", events)
        ports.publisher.publish("commands-outbox", events)  # again: the same blobs
        found = [base64.b64decode(m.content) for m in queue.receive_messages()]
    assert [len(each) < 200 for each in found] == [True] * 4
    assert [event for each in found for event in messages_of(each, ports.overflow)] == [*events, *events]
    assert len(set(found)) == 2


@pytest.mark.parametrize(
    "content", [b"", b"no", b"{}", b'{"blob": "gone.json"}', b'{"gzip": "?"}', b'{"gzip": "AAAA"}', b"[1]", b'"x"']
)
def test_what_is_no_message_of_ours_is_rejected(content: bytes, storage_ports: Callable[..., AzurePorts]) -> None:
    with pytest.raises(RejectedError):
        messages_of(content, storage_ports().overflow)


class PahoDevices:
    """Devices that speak IoT Hub's MQTT dialect, with paho instead of Microsoft's device SDK."""

    def __init__(self, hub: FakeIotHub, certificates: Certificates) -> None:
        self._hub = hub
        self._certificates = certificates
        self._clients: dict[str, mqtt.Client] = {}
        self._received: dict[str, list[Command]] = {}

    def online(self) -> str:
        device = self.offline()
        self.connect(device)
        return device

    def offline(self) -> str:
        device = unique("device")
        self._hub.add_device(device)
        return device

    def connect(self, device: str) -> None:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device, protocol=mqtt.MQTTv311)
        client.tls_set_context(ssl.create_default_context(cafile=str(self._certificates.authority)))
        token = sas_token(f"{HOST}/devices/{device}", self._hub.devices[device].key)
        client.username_pw_set(f"{HOST}/{device}/?api-version=2021-04-12", token)
        client.on_connect = lambda client, *_: client.subscribe("$iothub/methods/POST/#")
        client.on_message = lambda client, _, message: self._take(device, client, message)
        client.connect(HOST, self._hub.mqtt_port)
        client.loop_start()
        self._clients[device] = client
        deadline = time.monotonic() + PATIENCE_S
        while not ((session := self._hub.devices[device].session) and session.methods):
            assert time.monotonic() < deadline, "the device did not connect"
            time.sleep(0.01)

    def _take(self, device: str, client: mqtt.Client, message: mqtt.MQTTMessage) -> None:
        name, request = message.topic.removeprefix("$iothub/methods/POST/").split("/?$rid=")
        called = json.loads(message.payload)
        assert called["name"] == name
        command = Command(called["id"], device, name, called["payload"], called.get("trace", ""))
        self._received.setdefault(device, []).append(command)
        client.publish(f"$iothub/methods/res/200/?$rid={request}", b"{}")

    def received(self, device: str) -> list[Command]:
        return list(self._received.get(device, []))

    def close(self) -> None:
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()


class TestHubCommands(CommandsContract):
    @pytest.fixture
    def open_commands(
        self, open_ports: Callable[..., AzurePorts], iot_hub: FakeIotHub, certificates: Certificates
    ) -> Callable[[], Commands]:
        return lambda: (
            open_ports(hub_connection_string=iot_hub.connection_string, authority=str(certificates.authority)).commands
        )

    @pytest.fixture
    def devices(self, iot_hub: FakeIotHub, certificates: Certificates) -> Iterator[DeviceSide]:
        made = PahoDevices(iot_hub, certificates)
        yield made
        made.close()


class TestVaultSecrets(SecretsContract):
    @pytest.fixture
    def open_secrets(
        self, open_ports: Callable[..., AzurePorts], key_vault: FakeKeyVault, certificates: Certificates
    ) -> Callable[[], Secrets]:
        return lambda: (
            open_ports(vault_url=key_vault.url, authority=str(certificates.authority), any_token=True).secrets
        )
