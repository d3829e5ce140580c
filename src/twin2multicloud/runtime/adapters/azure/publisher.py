"""Queues of Azure Storage and topics of Event Grid, by their names in the blueprint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from twin2multicloud.runtime.adapters.azure.calls import calling
from twin2multicloud.runtime.adapters.azure.queue_messages import MESSAGE_BYTES, Overflow, messages
from twin2multicloud.runtime.envelope import Event, RawMessage, encode
from twin2multicloud.runtime.failures import RejectedError

if TYPE_CHECKING:
    from azure.storage.queue import QueueClient

    from twin2multicloud.runtime.adapters.azure.topics import Topic

_FOR_EVER: Final = -1


class AzurePublisher:
    """`Publisher`: to an Event Grid topic where `topics` has the name, else to the Storage Queue of that name.

    `most_events` bounds the events in one queue message, since a message becomes one POST of a link. The queue
    clients encode messages in base64, as the Functions host expects. Messages do not expire.
    """

    def __init__(
        self,
        queue: Callable[[str], QueueClient],
        topics: Mapping[str, Topic],
        overflow: Overflow,
        most_events: int = 20,
    ) -> None:
        self._queue = queue
        self._topics = dict(topics)
        self._overflow = overflow
        self._most_events = most_events

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """See `Publisher.publish`."""
        if topic in self._topics:
            self._topics[topic].send(events)
            return
        with calling(f"publish to {topic}"):
            queue = self._queue(topic)
            for message in messages(events, self._most_events, self._overflow):
                queue.send_message(message, time_to_live=_FOR_EVER)

    def publish_raw(self, topic: str, messages: Sequence[RawMessage]) -> None:
        """As `RawPublisher.publish_raw`, a queue message each."""
        bodies = [encode(message) for message in messages]
        for message, body in zip(messages, bodies, strict=True):
            if len(body) > MESSAGE_BYTES:
                raise RejectedError(
                    f"{topic}: a message of {message.device} has {len(body)} bytes; {MESSAGE_BYTES} fit"
                )
        with calling(f"publish to {topic}"):
            queue = self._queue(topic)
            for body in bodies:
                queue.send_message(body, time_to_live=_FOR_EVER)
