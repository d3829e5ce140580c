"""Act: the webhooks and user functions that rules ask for, apart from processing, which does not wait for them."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from twin2multicloud.model.spec import FunctionAction, TwinSpec, WebhookAction
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.runtime.ports import Reporter, Secrets
from twin2multicloud.runtime.user_code import UserCode, UserCodeError

_TIMEOUT_S: Final = 5.0
_REMEMBERED: Final = 10_000
SIGNATURE: Final = "t2m-webhook-signature"
"""Header of a signed webhook: HMAC-SHA256 over the body in hex."""


class Act:
    """Carries out the actions in a batch. A webhook that does not answer comes again; a function that fails does not,
    for what it had done by then is not known.

    A batch that comes again for one webhook's sake holds actions that are done: this process knows them and leaves
    them out. (Another process may repeat one; the alert's id says that it is the same.)
    """

    def __init__(
        self, spec: TwinSpec, user_code: UserCode, secrets: Secrets, reporter: Reporter, component: str = "actions"
    ) -> None:
        self._rules = {rule.name: rule for rule in spec.rules}
        self._code = user_code
        self._secrets = secrets
        self._reporter = reporter
        self._component = component
        self._done: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, events: Sequence[Event]) -> None:
        """Handle events that `Rules` made for their actions, one after the other. Raises `HandlerError` at the end if
        any is to come again."""
        failed: HandlerError | StoreError | None = None
        for event in events:
            with self._lock:
                if event.id in self._done:
                    continue
            try:
                self._one(event)
            except (HandlerError, StoreError) as error:
                failed = failed or error
                continue
            with self._lock:
                self._done[event.id] = None
                if len(self._done) > _REMEMBERED:
                    self._done.popitem(last=False)
        if failed is not None:
            raise failed

    def _one(self, event: Event) -> None:
        rule = self._rules.get(event.data.get("rule"))
        number = event.data.get("action")
        if rule is None or not isinstance(number, int) or not 0 <= number < len(rule.actions):
            return  # the rule was changed meanwhile
        action = rule.actions[number]
        alert = {key: value for key, value in event.data.items() if key != "action"}
        alert |= {"id": event.id, "device": event.subject, "time": event.time}
        if isinstance(action, WebhookAction):
            self._webhook(action, alert, event)
        elif isinstance(action, FunctionAction):
            try:
                self._code.act(action.name, alert)
            except UserCodeError as error:
                self._reporter.report([self._failed(str(error), event)])

    def _webhook(self, action: WebhookAction, alert: dict[str, Any], event: Event) -> None:
        body = msgspec.json.encode(alert)
        headers = {"content-type": "application/json", "t2m-event": event.id}
        where = urlsplit(action.url)
        try:
            if action.secret:
                key = self._secrets.get(action.secret).encode()
                headers[SIGNATURE] = hmac.new(key, body, hashlib.sha256).hexdigest()
            make = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
            connection = make(where.netloc, timeout=_TIMEOUT_S)
            try:
                path = (where.path or "/") + (f"?{where.query}" if where.query else "")
                connection.request("POST", path, body, headers)
                status = connection.getresponse().status
            finally:
                connection.close()
        except KeyError as error:
            self._reporter.report([self._failed(f"webhook {where.netloc}: there is no secret {error}", event)])
            return
        except (OSError, http.client.HTTPException) as error:
            raise HandlerError(
                self._failed(f"webhook {where.netloc}: {error or 'no answer in time'}", event), patient=False
            ) from error
        if status >= 500 or status == 429:
            raise HandlerError(self._failed(f"webhook {where.netloc} answered {status}", event), patient=False)
        if status >= 300:
            self._reporter.report([self._failed(f"webhook {where.netloc} answered {status}", event)])

    def _failed(self, message: str, event: Event) -> ErrorReport:
        return ErrorReport(
            layer="L2",
            severity="error",
            kind=ErrorKind.ACTION_FAILED,
            message=message,
            component=self._component,
            device=event.subject,
            trace=event.trace,
        )
