"""Azure Functions' entry points (Python v2 model): a function app from what the environment says it holds.

A package's `function_app.py` is two lines: import `make_app`, and `app = make_app()`. `T2M_FUNCTIONS` lists the app's
functions, `T2M_CONFIG` where its services are (`adapters.azure.build`), `twin.json` in the package is the twin.
Handlers and SDKs are made when the first event needs them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import azure.functions as func

from twin2multicloud.runtime.adapters.azure.build import PLACE, AzurePorts, build
from twin2multicloud.runtime.entry.azure_events import lower, raw_messages
from twin2multicloud.runtime.entry.azure_host import host_json as host_json
from twin2multicloud.runtime.entry.batches import Batches, Delivery, Handle, Message
from twin2multicloud.runtime.entry.queries import answer_query
from twin2multicloud.runtime.entry.roles import FunctionConfig, FunctionError, Package, Roles, read_package
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, RejectedError, StoreError
from twin2multicloud.runtime.settings import lacking, read_setting

VARIABLE: Final = "T2M_FUNCTIONS"
STORAGE: Final = "AzureWebJobsStorage"
"""The app setting that connects queues (and the host's own state)."""
HUB: Final = "T2M_HUB"
"""The app setting that connects the hub's Event Hubs-compatible endpoint.

`T2M_HUB_NAME` and `T2M_HUB_GROUP` name its event hub and consumer group."""


class AzureFunction(FunctionConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One function of an app. Senders and processing are triggered by `queue`, by the `hub`'s endpoint, or both.

    `schedule` (NCRONTAB, with seconds) and `seconds` are a mover's: when it runs, and how long it may work, less than
    the host's own time-out.
    """

    role: Literal["process", "send", "receive", "read", "move", "actions"]
    queue: str = ""
    hub: bool = False
    schedule: str = "0 0 * * * *"
    seconds: float = 240.0


class RedeliverError(Exception):
    """Raised to the host, which then delivers the batch again."""


def make_app(
    environment: Mapping[str, str] = os.environ, root: Path | None = None, ports: AzurePorts | None = None
) -> func.FunctionApp:
    """The function app. `root` is the package's directory (the host's, if None). Raises `ConfigError`."""
    functions = read_functions(environment)
    parts = _Parts(environment, root or Path(environment.get("AzureWebJobsScriptRoot", ".")), ports)
    app = func.FunctionApp()
    for function in functions:
        if function.role in ("send", "move") and not function.edge:
            raise lacking(VARIABLE, "edge", f"{function.component} ({function.role})", PLACE)
        _ADD[function.role](app, function, _Function(function, parts))
    return app


def read_functions(environment: Mapping[str, str]) -> list[AzureFunction]:
    """The app's functions; `ConfigError` names the field that is wrong."""
    return read_setting(environment, VARIABLE, list[AzureFunction], PLACE)


class _Parts:
    """What the functions of an app share."""

    def __init__(self, environment: Mapping[str, str], root: Path, ports: AzurePorts | None) -> None:
        self._environment = environment
        self._root = root
        self._ports = ports
        self.lock = threading.RLock()

    @cached_property
    def ports(self) -> AzurePorts:
        return self._ports or build(self._environment)

    @cached_property
    def package(self) -> Package:
        return read_package(self._root)


class _Function:
    """One function: its handler, made at the first event and kept. Several threads may call it."""

    def __init__(self, config: AzureFunction, parts: _Parts) -> None:
        self.config = config
        self._parts = parts
        self._lock = threading.Lock()

    @property
    def ports(self) -> AzurePorts:
        with self._parts.lock:
            return self._parts.ports

    @cached_property
    def roles(self) -> Roles:
        with self._parts.lock:
            roles = Roles(self._parts.ports, self.config, self._parts.package)
            self._parts.ports.at_close(roles.close)
            return roles

    @cached_property
    def receive(self) -> Any:
        return self.roles.receive()

    @cached_property
    def _handle(self) -> Handle:
        if self.config.role == "send":
            return self.roles.send()
        if self.config.role == "actions":
            return self.roles.act()
        return self._one_at_a_time(self.roles.process())

    def _one_at_a_time(self, handle: Handle) -> Handle:
        """Rules remember what they saw last: batches of one process follow each other."""

        def guarded(batch: Sequence[Message]) -> object:
            with self._lock:
                return handle(batch)

        return guarded

    def take(self, messages: Sequence[Message], *, attempts: int, ordered: bool, unreadable: bytes = b"") -> None:
        """Handle a batch; `RedeliverError` if it shall come again.

        With `unreadable`, there are no messages but a body that is none, and `messages` is empty.
        """
        with self._parts.lock:
            handle, ports = self._handle, self._parts.ports
        numbered = {str(number).encode(): message for number, message in enumerate(messages)}

        def read(body: bytes) -> Message:
            if body not in numbered:
                raise ValueError("no batch of events")
            return numbered[body]

        topic = self.config.queue or ("intake" if self.config.role == "process" else f"{self.config.edge}-outbox")
        batches = Batches(
            handle,
            read,
            topic=topic,
            component=self.config.component,
            dead_letters=ports.dead_letters,
            reporter=ports.reporter,
            clock=ports.clock,
            ordered=ordered,
        )
        bodies = list(numbered) or ([unreadable] if unreadable else [])
        failed = batches([Delivery(body.decode(errors="replace")[:40], body, attempts) for body in bodies])
        if failed:
            raise RedeliverError(
                f"{self.config.component}: the batch comes again ({len(failed)} of {len(bodies)} failed)"
            )


def _batched(app: func.FunctionApp, config: AzureFunction, function: _Function) -> None:
    """Processing, senders and actions: by queue, by the hub's endpoint, or both."""
    if not config.queue and not config.hub:
        raise FunctionError(f"{VARIABLE}: {config.component} needs a queue, or the hub, to trigger it")
    if config.queue:

        @app.function_name(config.component)
        @app.queue_trigger(arg_name="message", queue_name=config.queue, connection=STORAGE)
        def from_queue(message: func.QueueMessage) -> None:
            from twin2multicloud.runtime.adapters.azure.queue_messages import messages_of

            body, attempts = message.get_body(), message.dequeue_count or 1
            try:
                messages = messages_of(body, function.ports.overflow)
            except RejectedError:
                function.take([], attempts=attempts, ordered=False, unreadable=body)
                return
            function.take(messages, attempts=attempts, ordered=False)

    if config.hub:
        name = f"{config.component}-hub" if config.queue else config.component

        # The host goes past a batch that failed unless a retry holds it; the handlers are idempotent.
        @app.function_name(name)
        @app.retry("exponential_backoff", "-1", minimum_interval="00:00:01", maximum_interval="00:01:00")
        @app.event_hub_message_trigger(
            arg_name="events",
            event_hub_name=f"%{HUB}_NAME%",
            connection=HUB,
            consumer_group=f"%{HUB}_GROUP%",
            cardinality=func.Cardinality.MANY,
            data_type=func.DataType.BINARY,
        )
        def from_hub(events: list[func.EventHubEvent]) -> None:
            function.take(raw_messages(events), attempts=1, ordered=True)


def _links(app: func.FunctionApp, config: AzureFunction, function: _Function) -> None:
    """A receiver's or reader's links, a route each. Our own signature is what lets a request in; a reader's queries
    have routes of their own (`queries`).
    """
    if not config.receives:
        raise FunctionError(f"{VARIABLE}: {config.component} receives no edge")

    def add(edge: str, name: str) -> None:
        @app.function_name(name)
        @app.route(route=f"links/{edge}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
        def receive(req: func.HttpRequest) -> func.HttpResponse:
            answer = function.receive(edge, lower(req.headers), req.get_body())
            return func.HttpResponse(
                answer.body, status_code=answer.status, headers=answer.headers, mimetype="application/json"
            )

    def ask(edge: str, name: str) -> None:
        @app.function_name(f"{name}-query")
        @app.route(route=f"query/{edge}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
        def query(req: func.HttpRequest) -> func.HttpResponse:
            answer = answer_query(function.roles, edge, lower(req.headers).get("authorization", ""), req.get_body())
            return func.HttpResponse(
                answer.body, status_code=answer.status, headers=answer.headers, mimetype="application/json"
            )

    for edge in config.receives:
        name = config.component if len(config.receives) == 1 else f"{config.component}-{edge}"
        add(edge, name)
        if config.role == "read":
            ask(edge, name)


def _mover(app: func.FunctionApp, config: AzureFunction, function: _Function) -> None:
    """A mover, by its schedule, which is its retry, too; the host runs one at a time."""

    @app.function_name(config.component)
    @app.timer_trigger(arg_name="timer", schedule=config.schedule, run_on_startup=False, use_monitor=True)
    def move(timer: func.TimerRequest) -> None:  # noqa: ARG001 (the host gives it by name)
        try:
            function.roles.move(config.seconds)()
        except HandlerError as error:
            function.ports.reporter.report(error.reports)
            raise
        except StoreError as error:
            kind = ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED
            report = ErrorReport(
                layer="L3", severity="error", kind=kind, message=str(error), component=config.component
            )
            function.ports.reporter.report([report])
            raise


_ADD: Final[Mapping[str, Callable[[func.FunctionApp, AzureFunction, _Function], None]]] = {
    "process": _batched,
    "send": _batched,
    "actions": _batched,
    "receive": _links,
    "read": _links,
    "move": _mover,
}
