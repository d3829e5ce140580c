"""Queues and topics of a simulated cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.local.queues import Queues
from twin2multicloud.runtime.envelope import Event

_encode: Final = msgspec.json.Encoder().encode


class LocalPublisher:
    """`ports.Publisher` over local queues. A topic is the queue of its name, unless `subscriptions` gives several.

    `subscriptions` names, for topics with several subscribers, the queue of each: every one gets every event.
    """

    def __init__(self, queues: Queues, subscriptions: Mapping[str, Sequence[str]] | None = None) -> None:
        self._queues = queues
        self._subscriptions = dict(subscriptions or {})

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """As the port says; to all subscribers in one transaction."""
        if not events:
            return
        bodies = [_encode(event) for event in events]
        names = self._subscriptions.get(topic)
        if names is None:
            self._queues.queue(topic).send(bodies)
        else:
            self._queues.send(dict.fromkeys(names, bodies))
