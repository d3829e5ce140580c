"""Lambda's entry points, one per role: `twin2multicloud.runtime.entry.aws.process` and so on.

A function is put together at its first event, which is when boto3 is imported, and kept while its sandbox lives.
A batch answers with the messages that shall come again (`ReportBatchItemFailures` is set on every event source
mapping).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.runtime.adapters.aws.build import PLACE, AwsPorts, read_config
from twin2multicloud.runtime.entry.aws_events import (
    Request,
    from_queue,
    from_stream,
    is_stream,
    message_of,
    request_of,
    response_of,
)
from twin2multicloud.runtime.entry.batches import Batches, Handle
from twin2multicloud.runtime.entry.queries import answer_query
from twin2multicloud.runtime.entry.roles import FunctionError, Roles, read_function, read_package
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.runtime.handlers.receive import Receive

if TYPE_CHECKING:
    from twin2multicloud.runtime.adapters.aws.clients import Clients
    from twin2multicloud.runtime.adapters.aws.twinmaker_connector import Connector

_SPARE_S: Final = 10.0
"""Time that a mover leaves before Lambda's own time-out, to end the window it is in."""

_QUERY_PATH: Final = "/query/"

_Answer = dict[str, Any]
_Event = Mapping[str, Any]


def process(event: _Event, _context: object) -> _Answer:
    """L2: a batch from the intake queue or stream."""
    return _function().process(event)


def send(event: _Event, _context: object) -> _Answer:
    """A link's sender: a batch from its outbox."""
    return _function().send(event)


def actions(event: _Event, _context: object) -> _Answer:
    """Webhooks and user functions: a batch from the actions queue."""
    return _function().actions(event)


def receive(event: _Event, _context: object) -> _Answer:
    """A link's receiver: a POST to its function URL."""
    return _function().receive(event)


def read(event: _Event, _context: object) -> _Answer:
    """L5's questions: a signed POST to the function URL, one with the key of readers, or a query that IAM let through
    (the event is the query).
    """
    return _function().read(event)


def move(_event: _Event, context: Any) -> _Answer:
    """A mover, by its schedule, which is its retry, too. Answers what it moved."""
    return _function().move(context.get_remaining_time_in_millis() / 1000)


def connector(event: _Event, _context: object) -> _Answer:
    """What IoT TwinMaker calls to write and read the values of properties."""
    return _function().connect(event)


class Function:
    """One function: its environment, the directory of its package, and what is made of them when first needed."""

    def __init__(self, environment: Mapping[str, str], root: Path, *, clients: Clients | None = None) -> None:
        self._environment = environment
        self._root = root
        self._ports = AwsPorts(read_config(environment), clients=clients)

    def process(self, event: _Event) -> _Answer:
        """See `aws.process`."""
        return _again(event, *self._process)

    def send(self, event: _Event) -> _Answer:
        """See `aws.send`."""
        return _again(event, *self._send)

    def actions(self, event: _Event) -> _Answer:
        """See `aws.actions`."""
        return _again(event, *self._actions)

    def receive(self, event: _Event) -> _Answer:
        """See `aws.receive`."""
        request = request_of(event)
        if request is None:
            raise FunctionError("a receiver is called through its function URL (payload format 2.0)")
        before, _, edge = request.path.rpartition("/links/")
        if request.method != "POST" or before or not edge:
            return response_of(404, b'{"error":"POST to /links/{edge}"}', {})
        answer = self._receive(edge, request.headers, request.body)
        return response_of(answer.status, answer.body, answer.headers)

    def read(self, event: _Event) -> _Answer:
        """See `aws.read`."""
        request = request_of(event)
        if request is not None:
            return self.receive(event) if not request.path.startswith(_QUERY_PATH) else self._query(request)
        receives = self._roles.function.receives
        if len(receives) != 1:
            raise FunctionError("T2M_FUNCTION: a read handler receives one edge, history or state")
        return self._roles.query(receives[0])(dict(event))

    def move(self, seconds: float) -> _Answer:
        """See `aws.move`; the function has so many seconds left."""
        try:
            moved = self._roles.move(max(1.0, seconds - _SPARE_S))()
        except HandlerError as error:
            self._ports.reporter.report(error.reports)
            raise
        except StoreError as error:
            kind = ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED
            name = self._roles.function.component
            report = ErrorReport(layer="L3", severity="error", kind=kind, message=str(error), component=name)
            self._ports.reporter.report([report])
            raise
        return dict(vars(moved))

    def connect(self, event: _Event) -> _Answer:
        """See `aws.connector`."""
        return self._connector(event)

    def _query(self, request: Request) -> _Answer:
        if request.method != "POST":
            return response_of(404, b'{"error":"POST to /query/{edge}"}', {})
        edge = request.path.removeprefix(_QUERY_PATH)
        answer = answer_query(self._roles, edge, request.headers.get("authorization", ""), request.body)
        return response_of(answer.status, answer.body, answer.headers)

    def close(self) -> None:
        """End what is kept open between events, where the host says that there will be none any more."""
        if "_roles" in vars(self):
            self._roles.close()

    @cached_property
    def _roles(self) -> Roles:
        return Roles(self._ports, read_function(self._environment, PLACE), read_package(self._root))

    @cached_property
    def _process(self) -> tuple[Batches, Batches]:
        return self._batches(self._roles.process(), "intake")

    @cached_property
    def _send(self) -> tuple[Batches, Batches]:
        handler = self._roles.send()
        return self._batches(handler, f"{handler.edge}-outbox")

    @cached_property
    def _actions(self) -> tuple[Batches, Batches]:
        return self._batches(self._roles.act(), "actions")

    @cached_property
    def _receive(self) -> Receive:
        return self._roles.receive()

    @cached_property
    def _connector(self) -> Connector:
        from twin2multicloud.runtime.adapters.aws.twinmaker_connector import Connector

        return Connector(self._ports.values)

    def _batches(self, handle: Handle, topic: str) -> tuple[Batches, Batches]:
        """For queues, and for streams."""
        queue, stream = (
            Batches(
                handle,
                message_of,
                topic=topic,
                component=self._roles.function.component,
                dead_letters=self._ports.dead_letters,
                reporter=self._ports.reporter,
                clock=self._ports.clock,
                ordered=ordered,
            )
            for ordered in (False, True)
        )
        return queue, stream


@functools.cache
def _function() -> Function:
    return Function(os.environ, Path(os.environ.get("LAMBDA_TASK_ROOT", ".")))


def _again(event: _Event, queue: Batches, stream: Batches) -> _Answer:
    failed = stream(from_stream(event)) if is_stream(event) else queue(from_queue(event))
    return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}
