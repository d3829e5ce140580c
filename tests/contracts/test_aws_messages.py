"""Queues, topics, streams and commands on AWS, held to their contracts on ministack (commands: real MQTT over mTLS)."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from tests.contracts.base import record, unique
from tests.contracts.commands import CommandsContract, DeviceSide
from tests.contracts.publisher import PublisherContract, Received
from tests.standins.aws.devices import MqttDevices
from tests.standins.aws.places import all_messages, drain, queue, stream, topic_to
from tests.standins.aws.server import ministack
from twin2multicloud.runtime.adapters.aws.commands import IotCommands
from twin2multicloud.runtime.adapters.aws.publisher import AwsPublisher
from twin2multicloud.runtime.envelope import Event, decode
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import Command, Commands, Publisher


class TestQueuesAndTopics(PublisherContract):
    """Intake and outboxes on SQS, alerts and errors on SNS, which delivers to a queue."""

    ordered = False
    once = False

    @pytest.fixture
    def places(self) -> tuple[dict[str, str], dict[str, str]]:
        return queues_and_topics()

    @pytest.fixture
    def open_publisher(self, places: tuple[dict[str, str], dict[str, str]]) -> Callable[[], Publisher]:
        return lambda: AwsPublisher(ministack().clients, places[0])

    @pytest.fixture
    def received(self, places: tuple[dict[str, str], dict[str, str]]) -> Received:
        so_far: dict[str, list[Event]] = {}

        def receive(topic: str) -> list[Event]:
            found = so_far.setdefault(topic, [])
            found += [decode(body) for body in drain(ministack().clients, places[1][topic])]
            return found

        return receive


@functools.cache
def queues_and_topics() -> tuple[dict[str, str], dict[str, str]]:
    """Addresses to publish to, and the queues where it arrives."""
    clients = ministack().clients
    queues = {name: queue(clients, name) for name in ("intake", "persist-outbox", "alerts", "errors")}
    topics = {name: topic_to(clients, name, queues[name]) for name in ("alerts", "errors")}
    return {**queues, **topics}, queues


class TestStreams(PublisherContract):
    """The stream intake on Kinesis."""

    topics = ("intake", "other")
    ordered = False  # between the shards

    @pytest.fixture
    def open_publisher(self) -> Callable[[], Publisher]:
        return lambda: AwsPublisher(ministack().clients, streams())

    @pytest.fixture
    def received(self) -> Received:
        api = ministack().clients.get("kinesis")
        return lambda topic: [decode(body) for body in all_messages(api, streams()[topic])]


@functools.cache
def streams() -> dict[str, str]:
    return {name: stream(ministack().clients, name) for name in ("intake", "other")}


class TestCommands(CommandsContract):
    @pytest.fixture
    def open_commands(self) -> Callable[[], Commands]:
        return lambda: IotCommands(ministack().clients, "house")

    @pytest.fixture
    def devices(self) -> DeviceSide:
        return mqtt_devices()


@functools.cache
def mqtt_devices() -> MqttDevices:
    return MqttDevices(ministack(), "house")


def test_a_device_that_no_topic_can_name_is_rejected() -> None:
    with pytest.raises(RejectedError, match="is no device"):
        IotCommands(ministack().clients, "house").send([Command("1", "a/+/b", "restart")])


def test_a_topic_without_an_address_says_where_to_name_it() -> None:
    publisher = AwsPublisher(ministack().clients, {"intake": "arn:aws:s3:::bucket"})
    with pytest.raises(StoreError, match=r"'alerts' has no address.*T2M_CONFIG"):
        publisher.publish("alerts", [])
    with pytest.raises(StoreError, match="neither"):
        publisher.publish("intake", [])


def test_characters_that_sqs_forbids_arrive_all_the_same() -> None:
    clients = ministack().clients
    url = queue(clients, "odd")
    event = record(unique("odd"), "2026-11-25T12:00:00.000000Z", data={"text": "\ufffe\uffff\u0000\\ufffe"})
    AwsPublisher(clients, {"intake": url}).publish("intake", [event])
    assert [decode(body) for body in drain(clients, url)] == [event]


def test_an_event_that_is_too_large_is_rejected_before_anything_is_sent() -> None:
    addresses, queues = queues_and_topics()
    small, large = record(unique("small"), "t"), record(unique("large"), "t", data={"text": "x" * 270_000})
    with pytest.raises(RejectedError, match="SNS takes 262144"):
        AwsPublisher(ministack().clients, addresses).publish("alerts", [small, large])
    assert small not in [decode(body) for body in drain(ministack().clients, queues["alerts"])]
