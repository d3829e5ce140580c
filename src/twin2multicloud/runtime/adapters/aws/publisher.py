"""Queues, topics and streams: SQS, SNS and Kinesis behind the names of the blueprint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.runtime.adapters.aws.clients import Clients, calling, failure
from twin2multicloud.runtime.envelope import Event, RawMessage, encode
from twin2multicloud.runtime.failures import RejectedError, StoreError

_ATTEMPTS: Final = 6
_Item = Event | RawMessage


@dataclass(frozen=True)
class _Service:
    """How one service takes a batch: limits, the request, and which entries it did not take and why.

    `send` answers one (code, message, is the sender's fault) per entry, None for those taken.
    """

    name: str
    entries: int
    entry_bytes: int
    batch_bytes: int
    overhead: Callable[[_Item], int]
    send: Callable[[Any, str, Sequence[tuple[_Item, bytes]]], list[tuple[str, str, bool] | None]]


class AwsPublisher:
    """`topics` maps a name to where it leads: the URL of an SQS queue, the ARN of an SNS topic or a Kinesis stream.

    One event is one message. A batch request may be taken in part; the rest is sent again, so an event may arrive
    after a later one: order is by event time, in the stores.
    """

    def __init__(self, clients: Clients, topics: Mapping[str, str]) -> None:
        self._clients = clients
        self._topics = dict(topics)

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """As the port says. An event larger than the service takes is a `RejectedError`, and nothing is sent."""
        self._publish(topic, events)

    def publish_raw(self, topic: str, messages: Sequence[RawMessage]) -> None:
        """As `RawPublisher.publish_raw`, in the form that IoT Core's rule gives what devices send."""
        self._publish(topic, messages)

    def _publish(self, topic: str, items: Sequence[_Item]) -> None:
        address = self._topics.get(topic)
        if address is None:
            known = ", ".join(sorted(self._topics)) or "none"
            raise StoreError(f"topic '{topic}' has no address; name it under topics in T2M_CONFIG (there: {known})")
        service = _SERVICES.get(address.split(":")[2]) if address.startswith("arn:") else _SQS
        if service is None:
            raise StoreError(f"topic '{topic}': {address} is neither an SQS queue, an SNS topic nor a Kinesis stream")
        entries = [(item, _text(item)) for item in items]
        for item, body in entries:
            if len(body) + service.overhead(item) > service.entry_bytes:
                raise RejectedError(
                    f"{topic}: {_named(item)} has {len(body)} bytes; {service.name} takes {service.entry_bytes}"
                )
        for batch in _batches(entries, service):
            self._send(service, topic, address, batch)

    def _send(self, service: _Service, topic: str, address: str, batch: list[tuple[_Item, bytes]]) -> None:
        what = f"publishing on {topic} ({service.name})"
        api = self._clients.get(service.name.lower())
        for attempt in range(1, _ATTEMPTS + 1):
            with calling(what):
                answers = service.send(api, address, batch)
            refused = [(entry, answer) for entry, answer in zip(batch, answers, strict=True) if answer is not None]
            if not refused:
                return
            code, message, sender = refused[0][1]
            problem = failure(code, message, what, sender=sender)
            if isinstance(problem, RejectedError) or attempt == _ATTEMPTS:
                raise problem
            batch = [entry for entry, _ in refused]
            self._clients.pause(attempt)


def _text(event: _Item) -> bytes:
    """The event's JSON without the two characters that JSON allows in text and SQS and SNS do not."""
    return encode(event).replace("\ufffe".encode(), b"\\ufffe").replace("\uffff".encode(), b"\\uffff")


def _batches(entries: Sequence[tuple[_Item, bytes]], service: _Service) -> Iterator[list[tuple[_Item, bytes]]]:
    batch: list[tuple[_Item, bytes]] = []
    size = 0
    for event, body in entries:
        weight = len(body) + service.overhead(event)
        if batch and (len(batch) == service.entries or size + weight > service.batch_bytes):
            yield batch
            batch, size = [], 0
        batch.append((event, body))
        size += weight
    if batch:
        yield batch


def _failed(answer: Mapping[str, Any], count: int) -> list[tuple[str, str, bool] | None]:
    results: list[tuple[str, str, bool] | None] = [None] * count
    for entry in answer.get("Failed", []):
        results[int(entry["Id"])] = (entry.get("Code", ""), entry.get("Message", ""), bool(entry.get("SenderFault")))
    return results


def _to_queue(api: Any, address: str, batch: Sequence[tuple[_Item, bytes]]) -> list[tuple[str, str, bool] | None]:
    entries = [{"Id": str(number), "MessageBody": body.decode()} for number, (_, body) in enumerate(batch)]
    return _failed(api.send_message_batch(QueueUrl=address, Entries=entries), len(batch))


def _to_topic(api: Any, address: str, batch: Sequence[tuple[_Item, bytes]]) -> list[tuple[str, str, bool] | None]:
    entries = [{"Id": str(number), "Message": body.decode()} for number, (_, body) in enumerate(batch)]
    return _failed(api.publish_batch(TopicArn=address, PublishBatchRequestEntries=entries), len(batch))


def _to_stream(api: Any, address: str, batch: Sequence[tuple[_Item, bytes]]) -> list[tuple[str, str, bool] | None]:
    records = [{"Data": body, "PartitionKey": _device(item)} for item, body in batch]
    answer = api.put_records(StreamARN=address, Records=records)
    return [
        (each["ErrorCode"], each.get("ErrorMessage", ""), False) if each.get("ErrorCode") else None
        for each in answer["Records"]
    ]


def _no_overhead(_: _Item) -> int:
    return 0


def _partition_key(item: _Item) -> int:
    return len(_device(item).encode())


def _device(item: _Item) -> str:
    return item.device if isinstance(item, RawMessage) else item.subject


def _named(item: _Item) -> str:
    return f"a message of {item.device}" if isinstance(item, RawMessage) else f"event {item.id} of {item.subject}"


_SQS: Final = _Service("SQS", 10, 2**20, 2**20, _no_overhead, _to_queue)
_SERVICES: Final[Mapping[str, _Service]] = {
    "sns": _Service("SNS", 10, 256 * 1024, 256 * 1024, _no_overhead, _to_topic),
    "kinesis": _Service("Kinesis", 500, 2**20, 5 * 2**20, _partition_key, _to_stream),
}
