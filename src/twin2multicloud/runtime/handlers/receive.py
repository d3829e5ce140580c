"""Receive: the other end of every link. Check, decode, put away, and only then answer 2xx."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from twin2multicloud.runtime.envelope import decode_batch
from twin2multicloud.runtime.failures import (
    ErrorKind,
    ErrorReport,
    HandlerError,
    RejectedError,
    StoreError,
)
from twin2multicloud.runtime.handlers.archive import ObjectPost, Shelf
from twin2multicloud.runtime.handlers.handover import Hand
from twin2multicloud.runtime.links import MAX_BODY_BYTES, LinkRefusedError, LinksSource, decompress, verify
from twin2multicloud.runtime.ports import Nonces, Reporter

OBJECT_EDGES: Final = ("to-cool", "to-archive")
QUERY_EDGES: Final = ("history", "state")
_LOOK_AGAIN_S: Final = 1.0
MOST_MESSAGES: Final = 20_000
"""Messages in one batch; far above `link_batch_messages`."""

Query = Callable[[dict[str, Any]], dict[str, Any]]
T = TypeVar("T")


@dataclass
class Response:
    """What goes back: status, JSON value, headers; and how many messages were put away."""

    status: int
    value: Any
    headers: dict[str, str]
    messages: int = 0

    @property
    def body(self) -> bytes:
        """The JSON text."""
        return msgspec.json.encode(self.value)


class Receive:
    """The receiver of all links that end at one place.

    `hands` says where the batches of each message edge go, `shelves` where the objects of each object edge go,
    `queries` who answers each query edge. Whatever is not there is answered 404.
    """

    def __init__(
        self,
        *,
        links: LinksSource,
        nonces: Nonces,
        reporter: Reporter,
        now: Callable[[], float],
        hands: Mapping[str, Hand] | None = None,
        shelves: Mapping[str, Shelf] | None = None,
        queries: Mapping[str, Query] | None = None,
    ) -> None:
        self._links = links
        self._nonces = nonces
        self._reporter = reporter
        self._now = now
        self._hands = dict(hands or {})
        self._shelves = dict(shelves or {})
        self._queries = dict(queries or {})

    @property
    def edges(self) -> tuple[str, ...]:
        """The links that end here."""
        return (*self._hands, *self._shelves, *self._queries)

    def __call__(self, edge: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Handle one POST. `headers` in lower case. Never raises for what a peer sends."""
        if edge not in self._hands and edge not in self._shelves and edge not in self._queries:
            return _answer(404, f"no link {edge[:40]} ends here")
        try:
            meta = self._verified(edge, headers, body)
            content = body if edge in self._shelves else decompress(body, headers.get("content-encoding", ""))
            return self._put_away(edge, meta, content)
        except LinkRefusedError as refused:
            self._report(edge, ErrorKind.LINK_REFUSED, f"refused a POST: {refused}", "warning")
            return _answer(refused.status, str(refused))
        except RejectedError as error:
            self._report(edge, ErrorKind.LINK_REFUSED, f"rejected a batch: {error}", "error")
            return _answer(422, str(error))
        except HandlerError as error:
            self._reporter.report(error.reports)
            return _later(str(error), error.retry_after_s)
        except StoreError as error:
            kind = ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED
            self._report(edge, ErrorKind.READ_FAILED if edge in self._queries else kind, str(error), "error")
            return _later(str(error), error.retry_after_s)

    def _verified(self, edge: str, headers: Mapping[str, str], body: bytes) -> str:
        if len(body) > MAX_BODY_BYTES:
            raise LinkRefusedError(413, f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are taken")
        for attempt in (1, 2):
            keys = self._links.document().into.get(edge, ())
            try:
                return verify(edge, headers, body, keys, now=self._now(), nonces=self._nonces)
            except LinkRefusedError as refused:
                # A key that is not known may be a new one: look once.
                if attempt == 2 or refused.status != 401 or headers.get("t2m-key-id") in {key.id for key in keys}:
                    raise
                self._links.forget(_LOOK_AGAIN_S)
        raise AssertionError("unreachable")

    def _put_away(self, edge: str, meta: str, content: bytes) -> Response:
        if edge in self._shelves:
            post = decoded(lambda: msgspec.json.decode(meta, type=ObjectPost))
            stored = self._shelves[edge].put_away(post, content)
            return Response(200, stored, {}, messages=post.count)
        if edge in self._queries:
            query = decoded(lambda: msgspec.json.decode(content))
            if not isinstance(query, dict):
                raise RejectedError("a query is a JSON object")
            return Response(200, self._queries[edge](query), {}, messages=1)
        events = decoded(lambda: decode_batch(content))
        if len(events) > MOST_MESSAGES:
            raise RejectedError(f"{len(events)} messages; a batch has at most {MOST_MESSAGES}")
        if events:
            self._hands[edge](events)
        return Response(202, {"accepted": len(events)}, {}, messages=len(events))

    def _report(self, edge: str, kind: ErrorKind, message: str, severity: Any) -> None:
        layers: dict[str, Any] = {"persist": "L3", "to-cool": "L3", "to-archive": "L3", "twin-updates": "L4"}
        layers |= dict.fromkeys(QUERY_EDGES, "L5")
        stores = kind in (ErrorKind.QUOTA, ErrorKind.WRITE_FAILED, ErrorKind.READ_FAILED)
        self._reporter.report(
            [
                ErrorReport(
                    layer=layers.get(edge, "L2") if stores else "L2",
                    severity=severity,
                    kind=kind,
                    message=message,
                    component=f"{edge}-receiver",
                    link=edge,
                )
            ]
        )


def decoded(decode: Callable[[], T]) -> T:
    """What a peer sent; `RejectedError` if it is not what this link takes."""
    try:
        return decode()
    except (ValueError, RecursionError) as error:  # msgspec's errors, broken UTF-8, nested without end
        raise RejectedError(str(error)) from error


def _answer(status: int, message: str) -> Response:
    return Response(status, {"error": message}, {})


def _later(message: str, retry_after_s: float | None) -> Response:
    headers = {} if retry_after_s is None else {"retry-after": str(max(1, round(retry_after_s)))}
    return Response(503, {"error": message}, headers)
