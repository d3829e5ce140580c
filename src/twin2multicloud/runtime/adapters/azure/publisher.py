"""Queues of Azure Storage and topics of Event Grid, by their names in the blueprint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from twin2multicloud.runtime.adapters.azure.calls import calling
from twin2multicloud.runtime.adapters.azure.queue_messages import Overflow, messages
from twin2multicloud.runtime.envelope import Event, encode
from twin2multicloud.runtime.failures import RejectedError

if TYPE_CHECKING:
    from azure.eventgrid import EventGridPublisherClient
    from azure.storage.queue import QueueClient

_TOPIC_REQUEST_BYTES: Final = 900_000
"""Event Grid takes requests (and single events) of up to 1 MB."""


class AzurePublisher:
    """`Publisher`: to an Event Grid topic where `topics` has the name, else to the Storage Queue of that name.

    `most_events` bounds the events in one queue message, since a message becomes one POST of a link. The queue
    clients encode messages in base64, as the Functions host expects.
    """

    def __init__(
        self,
        queue: Callable[[str], QueueClient],
        topics: Mapping[str, EventGridPublisherClient],
        overflow: Overflow,
        most_events: int = 20,
    ) -> None:
        self._queue = queue
        self._topics = dict(topics)
        self._overflow = overflow
        self._most_events = most_events

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """See `Publisher.publish`."""
        client = self._topics.get(topic)
        if client is not None:
            for batch in _requests(events):
                with calling(f"publish to {topic}"):
                    client.send(batch)
            return
        with calling(f"publish to {topic}"):
            queue = self._queue(topic)
            for message in messages(events, self._most_events, self._overflow):
                queue.send_message(message)


def _requests(events: Sequence[Event]) -> Iterator[list[dict[str, Any]]]:
    """CloudEvents as JSON objects, in requests that the service takes."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        weight = len(encode(event)) + 1
        if weight > _TOPIC_REQUEST_BYTES:
            raise RejectedError(f"event {event.id} has {weight} bytes; a topic takes {_TOPIC_REQUEST_BYTES}")
        if batch and size + weight > _TOPIC_REQUEST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(msgspec.to_builtins(event))
        size += weight
    if batch:
        yield batch
