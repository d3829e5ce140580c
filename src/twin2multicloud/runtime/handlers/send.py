"""Send: post what an outbox holds, in batches, to the other end of a link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.envelope import CONTENT_TYPE, Event, RawMessage, encode
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, LinkError
from twin2multicloud.runtime.handlers.ingest import dead_letter, ingest
from twin2multicloud.runtime.link_client import LinkClient
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

    What a peer will never accept goes to the dead-letter store, so that it does not hold up what follows.
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
        for content, part in self._bodies(events):
            self._post(content, part, done, sent)
        self._reporter.report(taken.reports)
        return done

    def _bodies(self, events: Sequence[Event]) -> Iterator[tuple[bytes, list[Event]]]:
        part: list[Event] = []
        encoded: list[bytes] = []
        size = 0
        limits = self._spec.batching
        for event in events:
            one = encode(event)
            if encoded and (len(part) == limits.link_messages or size + len(one) > limits.link_bytes):
                yield b"[" + b",".join(encoded) + b"]", part
                part, encoded, size = [], [], 0
            part.append(event)
            encoded.append(one)
            size += len(one) + 1
        if encoded:
            yield b"[" + b",".join(encoded) + b"]", part

    def _post(
        self,
        content: bytes,
        events: list[Event],
        done: Sent,
        sent: Callable[[int, int, int, int], None] | None,
    ) -> None:
        try:
            answer = self._client.post(self.edge, content, content_type=CONTENT_TYPE)
        except LinkError as error:
            report = link_report(error, self.edge, self._component)
            if error.retryable:
                raise HandlerError(report, retry_after_s=error.retry_after_s) from error
            letters: list[DeadLetter] = [
                dead_letter(event, f"{self.edge}-outbox", str(error), self._component) for event in events
            ]
            self._dead_letters.put(letters)
            self._reporter.report([report])
            return
        done.posts += 1
        done.raw_bytes += len(content)
        done.wire_bytes += answer.wire_bytes
        if sent is not None:
            sent(answer.wire_bytes, len(events), len(content), answer.body_bytes)


def link_report(error: LinkError, edge: str, component: str) -> ErrorReport:
    """A failed POST as an error report."""
    refused = error.status is not None and 400 <= error.status < 500 and error.status not in (408, 429)
    return ErrorReport(
        layer="L2",
        severity="error" if refused else "warning",
        kind=ErrorKind.LINK_REFUSED if refused else ErrorKind.LINK_TIMEOUT,
        message=str(error),
        component=component,
        link=edge,
    )
