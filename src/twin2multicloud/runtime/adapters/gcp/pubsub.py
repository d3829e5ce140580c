"""Topics on Pub/Sub: one event per message, or a batch per message where batches are to stay together.

Spoken to with the generated client: a call publishes up to 1,000 messages and returns when they are safe, with no
thread at work behind it, which an instance without CPU between requests would not run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import msgspec
from google.api_core.exceptions import NotFound
from google.pubsub_v1 import PublisherClient

from twin2multicloud.runtime.adapters.gcp.calls import calling
from twin2multicloud.runtime.adapters.gcp.messages import batch, command_json, single
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.envelope import Event, RawMessage, encode
from twin2multicloud.runtime.failures import DeviceOfflineError, RejectedError
from twin2multicloud.runtime.ports import Command

_REQUEST_MESSAGES: Final = 1000
_REQUEST_BYTES: Final = 9_000_000
"""The service takes 10 MB a request, and so a message, with everything around it."""


class Bundles(msgspec.Struct, frozen=True):
    """Which topics get whole batches as one message, and the most that a batch holds (as a link's POST does)."""

    topics: frozenset[str] = frozenset()
    messages: int = 20
    bytes: int = 4 * 2**20


class PubSubPublisher:
    """`Publisher`. A topic's id is `prefix` + its name in the blueprint, unless `topics` gives it another."""

    def __init__(
        self,
        client: PublisherClient,
        project: str,
        prefix: str,
        patience: Patience,
        bundles: Bundles = Bundles(),  # noqa: B008  frozen
        topics: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._client = client
        self._path = f"projects/{project}/topics/"
        self._prefix = prefix
        self._topics = topics
        self._patience = patience
        self._bundles = bundles

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """A request for each 1,000 messages or 9 MB."""
        bundled = topic in self._bundles.topics
        messages = list(self._bundled(events) if bundled else map(single, events))
        for message in messages:
            if len(message["data"]) > _REQUEST_BYTES:
                raise RejectedError(f"Pub/Sub {topic}: an event of {len(message['data'])} bytes; {_REQUEST_BYTES} fit")
        for portion in _requests(messages):
            with calling(f"Pub/Sub {topic}"):
                request = {"topic": self._id(topic), "messages": portion}
                self._client.publish(request, **self._patience.again())

    def publish_raw(self, topic: str, messages: Sequence[RawMessage]) -> None:
        """Hand over what devices sent as they sent it, with device and kind as attributes; as for `publish`."""
        wrapped = [
            {"data": message.payload, "attributes": {"device": message.device, "kind": message.kind}}
            for message in messages
        ]
        for portion in _requests(wrapped):
            with calling(f"Pub/Sub {topic}"):
                request = {"topic": self._id(topic), "messages": portion}
                self._client.publish(request, **self._patience.again())

    def _id(self, topic: str) -> str:
        return self._path + self._topics.get(topic, f"{self._prefix}{topic}")

    def _bundled(self, events: Sequence[Event]) -> Iterator[dict[str, Any]]:
        bundle: list[Event] = []
        size = 0
        for event in events:
            more = len(encode(event)) + 1
            if bundle and (len(bundle) == self._bundles.messages or size + more > self._bundles.bytes):
                yield batch(bundle)
                bundle, size = [], 0
            bundle.append(event)
            size += more
        if bundle:
            yield batch(bundle)


class DeviceTopics:
    """`Commands` by a topic per device, on whose subscription the device keeps a streaming pull (`gcp.pubsub-direct`).

    A topic keeps commands for a device that is away. A device without a topic is one that cannot be reached.
    """

    def __init__(self, client: PublisherClient, project: str, prefix: str, patience: Patience) -> None:
        self._client = client
        self._path = f"projects/{project}/topics/{prefix}"
        self._patience = patience

    def send(self, commands: Sequence[Command]) -> None:
        """A request per device."""
        by_device: dict[str, list[Command]] = {}
        for command in commands:
            by_device.setdefault(command.device, []).append(command)
        unknown = []
        for device, some in by_device.items():
            messages = [{"data": command_json(command), "attributes": {"id": command.id}} for command in some]
            topic = f"{self._path}{device_topic(device)}"
            with calling(f"Pub/Sub commands of {device}"):
                try:
                    for portion in _requests(messages):
                        self._client.publish({"topic": topic, "messages": portion}, **self._patience.again())
                except NotFound:
                    unknown.append(device)
        if unknown:
            raise DeviceOfflineError(f"no command topic exists for {', '.join(unknown)}")


def device_topic(device: str) -> str:
    """The name, after the prefix, of a device's command topic."""
    return f"device-{quote(device, safe='')}"


def _requests(messages: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    portion: list[dict[str, Any]] = []
    size = 0
    for message in messages:
        more = len(message["data"]) + 200
        if portion and (len(portion) == _REQUEST_MESSAGES or size + more > _REQUEST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(message)
        size += more
    if portion:
        yield portion
