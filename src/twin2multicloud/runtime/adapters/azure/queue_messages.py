"""What a Storage Queue message of ours holds: a JSON array of events, as it is, compressed, or in a blob.

A queue message has at most 64 KiB of text, of which base64 leaves 48 KiB. A batch has at most 64 KiB of JSON, the
service's own measure; what is larger than 48 KiB travels as `{"gzip": base64}`, and where that does not help, as
`{"blob": name}`. A consumer leaves the blob where it is, since a message may come again; a lifecycle rule deletes it
after `OVERFLOW_DAYS`, by when any queue of ours has long been emptied.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from twin2multicloud.runtime.adapters.azure.calls import calling
from twin2multicloud.runtime.adapters.azure.names import digest
from twin2multicloud.runtime.envelope import Event, RawMessage, decode, decode_batch, decode_raw, encode
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.links import compress, decompress

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

BATCH_BYTES: Final = 64 * 1024
"""JSON of the events in one message, unless it is a single event."""
MESSAGE_BYTES: Final = 48 * 1024
"""What a message holds before base64."""
OVERFLOW_DAYS: Final = 90

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Overflow:
    """Blobs for batches that no queue message can hold."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def keep(self, content: bytes) -> bytes:
        """Store a batch; the message to send instead. The same content takes the same blob."""
        name = f"{digest(content.decode())}.json"
        # It may be there from an earlier attempt.
        with calling("keep a large event"), suppress(ResourceExistsError):
            self._container.upload_blob(name, content, overwrite=False)
        return msgspec.json.encode({"blob": name})

    def fetch(self, name: str) -> bytes:
        """What `keep` stored. `RejectedError` if it is gone: it will not come back."""
        with calling("fetch a large event"):
            try:
                return self._container.download_blob(name, max_concurrency=1).readall()
            except ResourceNotFoundError as error:
                raise RejectedError(f"the blob {name} of a large event is gone") from error


def messages(events: Sequence[Event], most_events: int, overflow: Overflow) -> Iterator[bytes]:
    """Queue messages for events in their order, each with as many as it may hold."""
    part: list[bytes] = []
    size = 2
    for event in events:
        one = encode(event)
        if part and (size + len(one) + 1 > BATCH_BYTES or len(part) >= most_events):
            yield _message(part, overflow)
            part, size = [], 2
        part.append(one)
        size += len(one) + 1
    if part:
        yield _message(part, overflow)


def _message(events: Sequence[bytes], overflow: Overflow) -> bytes:
    content = b"[" + b",".join(events) + b"]"
    if len(content) <= MESSAGE_BYTES:
        return content
    # Text in text, so that no host on the way takes it for what it is not.
    packed = msgspec.json.encode({"gzip": base64.b64encode(compress(content)).decode()})
    return packed if len(packed) <= MESSAGE_BYTES else overflow.keep(content)


def messages_of(content: bytes, overflow: Overflow) -> list[Event | RawMessage]:
    """The events in a queue message, or the one event or raw message that was put back from the dead letters.

    `RejectedError` if it is none of ours.
    """
    try:
        if content.lstrip()[:1] == b"{":
            found = _OBJECT.decode(content)
            if "specversion" in found:
                return [decode(content)]
            if "blob" in found:
                content = overflow.fetch(str(found["blob"]))
            elif "gzip" in found:
                content = decompress(base64.b64decode(str(found["gzip"]), validate=True), "gzip")
            else:
                return [decode_raw(content)]
        return [*decode_batch(content)]
    except (msgspec.DecodeError, binascii.Error) as error:
        raise RejectedError(f"the queue message is no batch of events: {error}") from error
