"""Lambda's entry points, one per role: `twin2multicloud.runtime.entry.aws.process` and so on.

A function is put together at its first event and kept while its sandbox lives. A batch answers with the messages
that shall come again (`ReportBatchItemFailures` is set on every event source mapping).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twin2multicloud.runtime.adapters.aws.build import AwsPorts, read_config
from twin2multicloud.runtime.adapters.aws.twinmaker_connector import Connector
from twin2multicloud.runtime.entry.aws_events import (
    from_queue,
    from_stream,
    is_stream,
    message_of,
    request_of,
    response_of,
)
from twin2multicloud.runtime.entry.batches import Batches, Handle
from twin2multicloud.runtime.entry.roles import FunctionError, Roles, read_function, read_package
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.runtime.handlers.receive import Receive

_SPARE_S: Final = 10.0
"""Time that a mover leaves before Lambda's own time-out, to end the window it is in."""


def process(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """L2: a batch from the intake queue or stream."""
    return _again(event, *_process())


def send(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """A link's sender: a batch from its outbox."""
    return _again(event, *_send())


def actions(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Webhooks and user functions: a batch from the actions queue."""
    return _again(event, *_actions())


def receive(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """A link's receiver: a POST to its function URL."""
    request = request_of(event)
    if request is None:
        raise FunctionError("a receiver is called through its function URL (payload format 2.0)")
    before, _, edge = request.path.rpartition("/links/")
    if request.method != "POST" or before or not edge:
        return response_of(404, b'{"error":"POST to /links/{edge}"}', {})
    answer = _receive()(edge, request.headers, request.body)
    return response_of(answer.status, answer.body, answer.headers)


def read(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """L5's questions: a signed POST to the function URL, or a query that IAM let through (the event is the query)."""
    if request_of(event) is not None:
        return receive(event, context)
    roles = _roles()
    if len(roles.function.receives) != 1:
        raise FunctionError("T2M_FUNCTION: a read handler receives one edge, history or state")
    return roles.query(roles.function.receives[0])(dict(event))


def move(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A mover, by its schedule, which is its retry, too. Answers what it moved."""
    roles = _roles()
    left_s = context.get_remaining_time_in_millis() / 1000
    try:
        moved = roles.move(max(1.0, left_s - _SPARE_S))()
    except HandlerError as error:
        roles.ports.reporter.report([error.report])
        raise
    except StoreError as error:
        kind = ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED
        name = roles.function.component
        roles.ports.reporter.report(
            [ErrorReport(layer="L3", severity="error", kind=kind, message=str(error), component=name)]
        )
        raise
    return dict(vars(moved))


def connector(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """What IoT TwinMaker calls to write and read the values of properties."""
    return _connector()(event)


def _again(event: Mapping[str, Any], queue: Batches, stream: Batches) -> dict[str, Any]:
    failed = stream(from_stream(event)) if is_stream(event) else queue(from_queue(event))
    return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}


@functools.cache
def _roles() -> Roles:
    root = Path(os.environ.get("LAMBDA_TASK_ROOT", "."))
    return Roles(AwsPorts(read_config(os.environ)), read_function(os.environ), read_package(root))


@functools.cache
def _process() -> tuple[Batches, Batches]:
    return _batches(_roles().process(), "intake")


@functools.cache
def _send() -> tuple[Batches, Batches]:
    handler = _roles().send()
    return _batches(handler, f"{handler.edge}-outbox")


@functools.cache
def _actions() -> tuple[Batches, Batches]:
    return _batches(_roles().act(), "actions")


@functools.cache
def _receive() -> Receive:
    return _roles().receive()


@functools.cache
def _connector() -> Connector:
    return Connector(AwsPorts(read_config(os.environ)).values)


def _batches(handle: Handle, topic: str) -> tuple[Batches, Batches]:
    """For queues, and for streams."""
    roles = _roles()
    queue, stream = (
        Batches(
            handle,
            message_of,
            topic=topic,
            component=roles.function.component,
            dead_letters=roles.ports.dead_letters,
            reporter=roles.ports.reporter,
            clock=roles.ports.clock,
            ordered=ordered,
        )
        for ordered in (False, True)
    )
    return queue, stream
