"""Entry points for the functions framework (Cloud Run functions and services), one per role.

A package's `main.py` makes a `Function` of its directory and offers one of its methods as the framework's target, an
HTTP function. A function is put together at its first request and kept while its instance lives. What Pub/Sub pushes
and what Cloud Scheduler calls must show Google's token, unless `check_tokens` is off.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from twin2multicloud.runtime.adapters.gcp.build import PLACE, GcpPorts, read_config
from twin2multicloud.runtime.adapters.gcp.build import VARIABLE as CONFIG
from twin2multicloud.runtime.entry.gathering import Gatherer
from twin2multicloud.runtime.entry.gcp_gateway import Answer, Gateway, error_answer, later
from twin2multicloud.runtime.entry.gcp_push import Delivery, TokenCheck, TokenError, google_certificates, pushed
from twin2multicloud.runtime.entry.gcp_work import Handle, Message, Work
from twin2multicloud.runtime.entry.queries import MOST_BYTES, answer_query
from twin2multicloud.runtime.entry.roles import Roles, read_function, read_package
from twin2multicloud.runtime.envelope import encode
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.runtime.handlers.receive import Receive
from twin2multicloud.runtime.links import MAX_BODY_BYTES
from twin2multicloud.runtime.settings import ConfigError, lacking

MOVE_S: Final = 840.0
"""A mover's time, within the 15 minutes that Cloud Scheduler waits for an answer; its schedule is the retry."""
DEVICE_KEYS: Final = "device-keys"
"""The secret that devices' keys are derived from."""
_PUSH_BYTES: Final = 16 * 2**20
_LINK_PATH: Final = "/links/"
_QUERY_PATH: Final = "/query/"

Reply: TypeAlias = tuple[bytes, int, dict[str, str]]


class Function:
    """A function of the package in `root`. Every public method but `work` is an HTTP function: Flask's request in,
    body, status and headers out.
    """

    def __init__(
        self,
        root: Path,
        environment: Mapping[str, str] = os.environ,
        *,
        certificates: Callable[[], Mapping[str, str]] = google_certificates,
    ) -> None:
        self._root = root
        self._environment = environment
        self._certificates = certificates
        self._lock = threading.Lock()

    def process(self, request: Any) -> Reply:
        """L2: a message that Pub/Sub pushes."""
        return self._push(request, lambda: self._process)

    def send(self, request: Any) -> Reply:
        """A link's sender: a message of its outbox that Pub/Sub pushes."""
        return self._push(request, lambda: self._send)

    def actions(self, request: Any) -> Reply:
        """Webhooks and user functions: a message of the topic actions that Pub/Sub pushes."""
        return self._push(request, lambda: self._actions)

    def receive(self, request: Any) -> Reply:
        """A link's receiver: a signed POST to /links/{edge}."""
        return _reply(self._posted(request))

    def read(self, request: Any) -> Reply:
        """L5's questions: a signed POST to /links/{edge}, or one to /query/{edge} with a bearer token (`queries`)."""
        if request.path.startswith(_QUERY_PATH):
            return _reply(self._query(request, request.path.removeprefix(_QUERY_PATH)))
        return _reply(self._posted(request))

    def move(self, request: Any) -> Reply:
        """A mover, which Cloud Scheduler calls. Answers what it moved."""
        refusal = self._refusal(request)
        if refusal is not None:
            return _reply(refusal)
        roles = self._roles
        try:
            moved = roles.move(MOVE_S)()
        except HandlerError as error:
            roles.ports.reporter.report(error.reports)
            return _reply(later(str(error), error.retry_after_s))
        except StoreError as error:
            kind = ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED
            roles.ports.reporter.report([self._report(kind, str(error))])
            return _reply(later(str(error), error.retry_after_s))
        return _reply(_json(200, vars(moved)))

    def gateway(self, request: Any) -> Reply:
        """L1: what devices post."""
        body = _body(request, MAX_BODY_BYTES)
        if body is None:
            return _reply(error_answer(413, "the request is too large"))
        return _reply(self._gateway(request.method, request.path, _headers(request), body))

    def work(self) -> None:
        """L2 as a worker: pulls until the host sends SIGTERM, ending the batch under way. Listens on `PORT` if it is
        set, as Cloud Run wants it of every service.
        """
        from twin2multicloud.runtime.entry.gcp_worker import Worker, listening

        ports = self._ports
        if not ports.config.subscription:
            raise lacking(CONFIG, "subscription", "a worker", PLACE)
        worker = Worker(
            ports.clients.subscriber,
            f"projects/{ports.config.project}/subscriptions/{ports.config.subscription}",
            self._process,
            most=self._roles.spec.batching.stream_messages,
            patience=ports.config.patience,
            log=_log,
        )
        signal.signal(signal.SIGTERM, lambda _number, _frame: worker.stop())
        port = self._environment.get("PORT", "")
        try:
            with listening(int(port)) if port else nullcontext():
                worker.run()
        finally:
            self.close()

    def close(self) -> None:
        """End what is kept open between requests, where the host says that there will be none any more."""
        if "_roles" in vars(self):
            self._roles.close()

    # What a function is made of, each made when first asked for

    @cached_property
    def _ports(self) -> GcpPorts:
        return GcpPorts(read_config(self._environment), self._environment)

    @cached_property
    def _roles(self) -> Roles:
        return Roles(self._ports, read_function(self._environment, PLACE), read_package(self._root))

    @cached_property
    def _process(self) -> Work:
        process = self._roles.process()
        one_at_a_time = threading.Lock()  # rules remember from message to message

        def handle(messages: Sequence[Message]) -> None:
            with one_at_a_time:
                process(messages)

        return self._work(handle, "intake")

    @cached_property
    def _send(self) -> Work:
        send = self._roles.send()
        topic = f"{send.edge}-outbox"
        if not self._ports.config.gather:
            return self._work(send, topic)
        batching = self._roles.spec.batching
        gatherer: Gatherer[Message] = Gatherer(
            send, most=batching.link_messages, most_bytes=batching.link_bytes, window_s=batching.window_s
        )

        def gather(messages: Sequence[Message]) -> None:
            gatherer.gather(messages, sum(len(encode(message)) for message in messages))

        return self._work(send, topic, gather)

    @cached_property
    def _actions(self) -> Work:
        return self._work(self._roles.act(), "actions")

    @cached_property
    def _receive(self) -> Receive:
        return self._roles.receive()

    @cached_property
    def _gateway(self) -> Gateway:
        from base64 import b64decode

        from twin2multicloud.runtime.device_keys import DeviceKeys

        ports, spec = self._ports, self._roles.spec
        return Gateway(
            spec,
            keys=lambda: DeviceKeys(b64decode(ports.secrets.get(DEVICE_KEYS)), spec.type_of),
            publish=lambda messages: ports.publisher.publish_raw("telemetry", messages),
            pending=ports.pending_commands,
            reporter=ports.reporter,
            now=ports.clock.now,
            component=self._roles.function.component,
        )

    @cached_property
    def _tokens(self) -> TokenCheck | None:
        config = self._ports.config
        if not config.check_tokens:
            return None
        if not config.token_audience or not config.token_account:
            raise ConfigError(
                f"{CONFIG} lacks 'token_audience' or 'token_account', which a function needs that Pub/Sub or "
                f"Cloud Scheduler calls; deploy again, or add them in {PLACE} ('check_tokens' false is for emulators)"
            )
        return TokenCheck(
            config.token_audience, config.token_account, fetch=self._certificates, monotonic=time.monotonic
        )

    def _work(self, handle: Handle, topic: str, gather: Handle | None = None) -> Work:
        ports = self._ports
        return Work(
            handle,
            topic=topic,
            component=self._roles.function.component,
            dead_letters=ports.dead_letters,
            reporter=ports.reporter,
            log=_log,
            gather=gather,
        )

    # Requests

    def _push(self, request: Any, work: Callable[[], Work]) -> Reply:
        refusal = self._refusal(request)
        if refusal is not None:
            return _reply(refusal)
        body = _body(request, _PUSH_BYTES)
        try:
            delivery: Delivery = pushed(body or b"")
        except ValueError as error:
            return _reply(error_answer(400, f"not a Pub/Sub push: {error}"))
        with self._lock:  # made once, whatever number of requests come first
            handle = work()
        again = handle([delivery])
        if again.deliveries:
            # Anything but 2xx: Pub/Sub delivers it again, later and later.
            return _reply(later("the message shall come again", again.after_s))
        return b"", 204, {}

    def _refusal(self, request: Any) -> Answer | None:
        with self._lock:
            check = self._tokens
        if check is None:
            return None
        try:
            check(request.headers.get("Authorization", ""))
        except TokenError as error:
            return error_answer(403, str(error))
        except OSError as error:
            return later(str(error), None)
        return None

    def _posted(self, request: Any) -> Answer:
        if request.method != "POST" or not request.path.startswith(_LINK_PATH):
            return error_answer(404, "POST to /links/{edge}")
        body = _body(request, MAX_BODY_BYTES)
        if body is None:
            return error_answer(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
        with self._lock:
            receive = self._receive
        answer = receive(request.path.removeprefix(_LINK_PATH), _headers(request), body)
        return Answer(answer.status, answer.body, {"content-type": "application/json", **answer.headers})

    def _query(self, request: Any, edge: str) -> Answer:
        if request.method != "POST":
            return error_answer(404, "POST to /query/{edge}")
        body = _body(request, MOST_BYTES)
        if body is None:
            return error_answer(413, f"the query is larger than {MOST_BYTES} bytes")
        answer = answer_query(self._roles, edge, request.headers.get("Authorization", ""), body)
        return Answer(answer.status, answer.body, {"content-type": "application/json", **answer.headers})

    def _report(self, kind: ErrorKind, message: str) -> ErrorReport:
        return ErrorReport(
            layer="L3",
            severity="error",
            kind=kind,
            message=message,
            component=self._roles.function.component,
        )


def _body(request: Any, most: int) -> bytes | None:
    """A request's body; None if it is too large, read no further than that takes."""
    if (request.content_length or 0) > most:
        return None
    body: bytes = request.stream.read(most + 1)
    return body if len(body) <= most else None


def _headers(request: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _json(status: int, value: object) -> Answer:
    return Answer(status, msgspec.json.encode(value), {"content-type": "application/json"})


def _reply(answer: Answer) -> Reply:
    return answer.body, answer.status, answer.headers


def _log(text: str) -> None:
    print(msgspec.json.encode({"severity": "ERROR", "message": text}).decode(), file=sys.stderr, flush=True)
