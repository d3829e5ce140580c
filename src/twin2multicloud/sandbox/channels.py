"""The queues, streams and topics of a simulated cloud: who puts what in, in which form, and what the meters see.

A channel's messages are single events (an SQS message, a Pub/Sub message of a device) or whole batches (a Storage
Queue message, a Pub/Sub message of our handlers): the blueprint's services decide.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.adapters.local.queues import Queue
from twin2multicloud.runtime.envelope import (
    Event,
    RawMessage,
    encode,
    event_id,
    items_of,
)
from twin2multicloud.runtime.ports import DeadLetter
from twin2multicloud.runtime.times import to_time
from twin2multicloud.sandbox.host import Delivered
from twin2multicloud.sandbox.metering.hooks import ChannelMeter, Meters
from twin2multicloud.sandbox.status import QueueStatus

MOST_PACKED_BYTES: Final = 60_000
"""Largest batch in one queue message; a Storage Queue's holds 64 KiB, base64 aside."""

_RATE_S: Final = 2.0
_NEARER: Final = {"telemetry-outbox": "intake"}


class Channel:
    """One queue with its meter. `packed`: a message is a batch of at most `pack` events."""

    def __init__(self, name: str, queue: Queue, meter: ChannelMeter | None, *, packed: bool, pack: int) -> None:
        self.name = name
        self.queue = queue
        self.packed = packed
        self._meter = meter
        self._pack = pack
        self._lock = threading.Lock()
        self.sent = 0
        self.taken = 0
        self._sizes: dict[int, int] = {}
        self._looked = (time.monotonic(), 0, 0)
        self._rates = (0.0, 0.0)

    def put(self, events: Sequence[Event | RawMessage]) -> None:
        """Put events in, in order."""
        bodies = self._bodies(events)
        self.queue.send(bodies)
        with self._lock:
            self.sent += len(bodies)
        if self._meter is not None:
            self._meter.sent([size_of(body) for body in bodies])

    def _bodies(self, events: Sequence[Event | RawMessage]) -> list[bytes]:
        if not self.packed:
            return [encode(event) for event in events]
        batches: list[bytes] = []
        part: list[bytes] = []
        size = 0
        for event in events:
            one = encode(event)
            if part and (len(part) == self._pack or size + len(one) > MOST_PACKED_BYTES):
                batches.append(b"[" + b",".join(part) + b"]")
                part, size = [], 0
            part.append(one)
            size += len(one)
        if part:
            batches.append(b"[" + b",".join(part) + b"]")
        return batches

    # ── As its consumer sees it ─────────────────────────────────────────────────────────────────────────────
    def receive(self, limit: int, sent_by: float | None = None) -> Sequence[Delivered]:
        """As `Source.receive`; metered when the batch is complete (`begin`)."""
        return self.queue.receive(limit, sent_by=sent_by)

    def begin(self, batch: Sequence[Delivered]) -> None:
        """A run of the consumer begins with these messages."""
        sizes = [size_of(message.body) for message in batch]
        if self._meter is not None:
            self._meter.received(sizes)
        with self._lock:
            self._sizes.update(zip((message.id for message in batch), sizes, strict=True))

    def ack(self, ids: Sequence[int]) -> None:
        """As `Source.ack`."""
        self.queue.ack(ids)
        with self._lock:
            self.taken += len(ids)
            sizes = [self._sizes.pop(id, 0) for id in ids]
        if self._meter is not None:
            self._meter.acked(sizes)

    def nack(self, ids: Sequence[int], delay_s: float) -> None:
        """As `Source.nack`."""
        with self._lock:
            for id in ids:
                self._sizes.pop(id, None)
        self.queue.nack(ids, delay_s)

    def wait(self, timeout: float) -> bool:
        """As `Source.wait`."""
        return self.queue.wait(timeout)

    def wake(self) -> None:
        """As `Source.wake`."""
        self.queue.wake()

    @property
    def status(self) -> QueueStatus:
        """As the console shows it; the rates are those since the last look."""
        now = time.monotonic()
        with self._lock:
            sent, taken, (then, before_sent, before_taken) = self.sent, self.taken, self._looked
            if now - then > _RATE_S:
                self._looked = (now, sent, taken)
                self._rates = ((sent - before_sent) / (now - then), (taken - before_taken) / (now - then))
            rates = self._rates
        depth = self.queue.depth()
        return QueueStatus(
            name=self.name,
            depth=depth,
            oldest_age_s=self.queue.oldest_age() if depth else None,
            in_per_s=rates[0],
            out_per_s=rates[1],
            in_flight=self.queue.in_flight(),
        )


def size_of(body: bytes) -> int:
    """Bytes of a message as its service would hold it: a device's message is its payload, not our base64 of it."""
    if body[:1] == b"[" or body.startswith(b'{"specversion"'):
        return len(body)
    start = body.find(b'"payload":"')
    return len(body) if start < 0 else (body.find(b'"', start + 11) - start - 11) * 3 // 4


class Topics:
    """The port `Publisher` over channels. A name that nobody listens to takes what it is given to nowhere."""

    def __init__(self, channels: dict[str, Channel]) -> None:
        self._channels = channels

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """As `Publisher.publish`."""
        channel = self._channels.get(topic)
        if channel is not None and events:
            channel.put(events)

    def replay(self, topic: str, body: bytes) -> None:
        """Put a dead letter's message back where it came from; `KeyError` if there is no such channel here.

        What got stuck on its way from L1 to L2 goes into the intake where, since then, one of them moved next to the
        other.
        """
        nearer = _NEARER.get(topic, topic)
        self._channels[topic if topic in self._channels else nearer].put(items_of(body))


def packs(blueprint: Blueprint, slot: Slot, name: str) -> bool:
    """Whether a channel's messages are batches."""
    place = blueprint.places[slot]
    if place.provider is Provider.AWS:
        return False
    if name == "intake":
        return blueprint.by_edge["telemetry"].apart
    if place.provider is Provider.AZURE:
        return name.endswith("-outbox") and slot is not Slot.ACQUISITION
    # Functions on Cloud Run publish what comes of each message; the worker, and everything else, whole batches.
    single = name == "telemetry-outbox" or (slot is Slot.PROCESSING and "functions" in place.offer)
    return name.endswith("-outbox") and not single


def channel_meter(meters: Meters, blueprint: Blueprint, slot: Slot, *names: str) -> ChannelMeter | None:
    """The meter of the first of these components that the blueprint has."""
    for name in names:
        component = blueprint.component(slot, name)
        if component is not None and component.kind in (Kind.QUEUE, Kind.STREAM, Kind.TOPIC, Kind.BUCKET):
            return meters.channel(component.id)
    return None


def letter_of(component: str, topic: str, now: Callable[[], float]) -> Callable[[bytes, str], DeadLetter]:
    """Makes the dead letter of a queue message that no handler could read or handle."""

    def letter(body: bytes, reason: str) -> DeadLetter:
        device = trace = ""
        try:
            first = items_of(body)[0]
            device, trace = (first.device, "") if isinstance(first, RawMessage) else (first.subject, first.trace)
        except (ValueError, IndexError):
            pass  # that it cannot be read is the reason why it is a dead letter
        return DeadLetter(event_id(topic, "", body), topic, reason, body, to_time(now()), device, trace, component)

    return letter
