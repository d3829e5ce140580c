"""Send: post what an outbox holds, in batches, to the other end of a link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.envelope import CONTENT_TYPE, Event, RawMessage, encode
from twin2multicloud.runtime.failures import LinkError
from twin2multicloud.runtime.handlers.ingest import dead_letter, ingest
from twin2multicloud.runtime.handlers.link_trouble import LinkTrouble, link_report
from twin2multicloud.runtime.link_client import Answer, LinkClient
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters, Reporter


@dataclass
class Sent:
    """What was posted: messages, POSTs, bytes before compression and on the wire."""

    messages: int = 0
    posts: int = 0
    raw_bytes: int = 0
    wire_bytes: int = 0


class Send:
    """The sender of one edge. An exception means the whole batch shall come again (its receiver is idempotent).

    What a peer will never accept goes to the dead-letter store, so that it does not hold up what follows. A batch that
    is refused is halved until what is refused is known: the rest of it arrives.
    """

    def __init__(
        self,
        edge: str,
        spec: TwinSpec,
        *,
        client: LinkClient,
        dead_letters: DeadLetters,
        reporter: Reporter,
        component: str = "",
    ) -> None:
        self.edge = edge
        self._spec = spec
        self._client = client
        self._dead_letters = dead_letters
        self._reporter = reporter
        self._component = component or f"{edge}-sender"

    def __call__(
        self, batch: Sequence[RawMessage | Event], sent: Callable[[int, int, int, int], None] | None = None
    ) -> Sent:
        """Post a batch, in as few POSTs as their limits of messages and bytes allow.

        `sent` is told each POST: bytes on the wire, messages, bytes before compression, bytes of the body.
        """
        raw = [message for message in batch if isinstance(message, RawMessage)]
        taken = ingest(raw, self._spec, self._component, f"{self.edge}-outbox")
        if taken.letters:
            self._dead_letters.put(taken.letters)
        events = [*taken.events, *(message for message in batch if isinstance(message, Event))]
        done = Sent(messages=len(events))
        for part, encoded in self._batches(events):
            self._post(part, encoded, done, sent)
        self._reporter.report(taken.reports)
        return done

    def _batches(self, events: Sequence[Event]) -> Iterator[tuple[list[Event], list[bytes]]]:
        part: list[Event] = []
        encoded: list[bytes] = []
        size = 0
        limits = self._spec.batching
        for event in events:
            one = encode(event)
            if encoded and (len(part) == limits.link_messages or size + len(one) > limits.link_bytes):
                yield part, encoded
                part, encoded, size = [], [], 0
            part.append(event)
            encoded.append(one)
            size += len(one) + 1
        if encoded:
            yield part, encoded

    def _post(
        self,
        events: list[Event],
        encoded: list[bytes],
        done: Sent,
        sent: Callable[[int, int, int, int], None] | None,
    ) -> None:
        content = b"[" + b",".join(encoded) + b"]"
        trouble = LinkTrouble(self.edge, self._component, self._reporter)
        try:
            answer = self._client.post(self.edge, content, content_type=CONTENT_TYPE, troubled=trouble)
            if _accepted(answer) != len(events):
                raise LinkError(f"link {self.edge}: the answer is not our receiver's", retryable=True)
        except LinkError as error:
            if error.retryable:
                raise trouble.failed(error) from error
            if len(events) > 1:
                half = len(events) // 2
                self._post(events[:half], encoded[:half], done, sent)
                self._post(events[half:], encoded[half:], done, sent)
                return
            letters: list[DeadLetter] = [
                dead_letter(event, f"{self.edge}-outbox", str(error), self._component) for event in events
            ]
            self._dead_letters.put(letters)
            self._reporter.report([link_report(error, self.edge, self._component)])
            return
        done.posts += 1
        done.raw_bytes += len(content)
        done.wire_bytes += answer.wire_bytes
        if sent is not None:
            sent(answer.wire_bytes, len(events), len(content), answer.body_bytes)


def _accepted(answer: Answer) -> object:
    """How many messages the receiver says are safe with it. Whatever else answers 2xx knows nothing of that."""
    try:
        value = msgspec.json.decode(answer.body)
    except ValueError:
        return None
    return value.get("accepted") if isinstance(value, dict) else None
