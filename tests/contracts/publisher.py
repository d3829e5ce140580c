"""What every publisher must do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

import pytest

from tests.contracts.base import NESTED, NUMBERS, ODD_KEYS, TEXTS, Contract, at, exact, record, unique
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.ports import Publisher

Received = Callable[[str], list[Event]]


class PublisherContract(Contract):
    """Subclass and supply `open_publisher` and `received`."""

    settle_s = 5.0
    """How long a delivery may take."""
    topics: ClassVar[tuple[str, ...]] = ("intake", "persist-outbox", "alerts", "errors")
    """Names in the blueprint that exist at the place under test; at least two."""
    ordered: ClassVar[bool] = True
    """False for a service that may deliver in another order than it was handed."""
    once: ClassVar[bool] = True
    """False for a service that may deliver twice."""
    largest_bytes: ClassVar[int] = 200_000

    @pytest.fixture
    def open_publisher(self) -> Callable[[], Publisher]:
        """Opens the publisher under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def received(self) -> Received:
        """Everything that has arrived at a topic since the test began, in order of arrival."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def publisher(self, open_publisher: Callable[[], Publisher]) -> Publisher:
        return open_publisher()

    def arrive(self, received: Received, topic: str, events: list[Event]) -> None:
        """Assert that the events arrive: all, and as the service promises in order and once."""
        ours = {event.subject for event in events}
        deadline = time.monotonic() + self.settle_s
        while True:
            found = [exact(event) for event in received(topic) if event.subject in ours]
            if len(set(found)) >= len(events) or time.monotonic() >= deadline:
                break
            time.sleep(0.02)
        expected = [exact(event) for event in events]
        if not self.once:
            found = list(dict.fromkeys(found))
        if not self.ordered:
            found, expected = sorted(found), sorted(expected)
        assert found == expected

    def test_events_arrive_exactly(self, publisher: Publisher, received: Received) -> None:
        device = unique("exact")
        payloads = [NUMBERS, TEXTS, NESTED, ODD_KEYS, {}]
        events = [record(device, at(second), data=data, trace="t") for second, data in enumerate(payloads)]
        publisher.publish(self.topics[0], events)
        self.arrive(received, self.topics[0], events)

    def test_events_arrive_in_order(self, publisher: Publisher, received: Received) -> None:
        device = unique("order")
        events = [record(device, at(second), data={"n": second}) for second in range(self.many + 2)]
        publisher.publish(self.topics[1], events[: self.many])
        publisher.publish(self.topics[1], events[self.many : self.many + 1])
        publisher.publish(self.topics[1], events[self.many + 1 :])
        self.arrive(received, self.topics[1], events)

    def test_every_topic_gets_its_own(self, publisher: Publisher, received: Received) -> None:
        device = unique("topics")
        events = {topic: [record(device, at(n), data={"topic": topic})] for n, topic in enumerate(self.topics)}
        for topic, its in events.items():
            publisher.publish(topic, its)
        for topic, its in events.items():
            self.arrive(received, topic, its)

    def test_what_was_published_outlives_the_publisher(
        self, open_publisher: Callable[[], Publisher], received: Received
    ) -> None:
        events = [record(unique("durable"), at(1))]
        open_publisher().publish(self.topics[0], events)
        open_publisher().publish(self.topics[0], [])
        self.arrive(received, self.topics[0], events)

    def test_a_large_event_and_a_large_batch_arrive(self, publisher: Publisher, received: Received) -> None:
        device = unique("large")
        events = [record(device, at(n), data={"n": n, "text": "x" * self.largest_bytes}) for n in range(3)]
        publisher.publish(self.topics[0], events)
        self.arrive(received, self.topics[0], events)

    def test_publishers_at_the_same_time_lose_nothing(
        self, open_publisher: Callable[[], Publisher], received: Received
    ) -> None:
        devices = [unique("racer") for _ in range(self.racers)]
        events = {device: [record(device, at(n), data={"n": n}) for n in range(4)] for device in devices}

        def publish(device: str) -> Callable[[], None]:
            def act() -> None:
                publisher = open_publisher()
                for event in events[device]:
                    publisher.publish(self.topics[1], [event])

            return act

        self.race([publish(device) for device in devices])
        for its in events.values():
            self.arrive(received, self.topics[1], its)
