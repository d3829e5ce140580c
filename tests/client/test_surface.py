"""The client reaches every operation of the API, with what that takes, and reads what it answers.

Each call of the client is recorded instead of sent, and held against the OpenAPI document: its path and method, its
queries, its body, the version or key that it must send along, and the shape that it expects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import getmembers, isfunction
from typing import Any, cast

import jsonschema_rs
import pytest
from pydantic import BaseModel

from tests.app.backends import Site
from tests.client.surface_calls import CALLS, Call
from twin2multicloud.app.api.description import operations
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Event, Http, Pauses

LEFT_OUT = {
    "log_in_locally": "sets a browser's cookie, which the page at /login/local asks for",
    "list_alerts_of_twin": "is list_alerts with a twin",
    "list_twin_events": "is list_events with a twin",
    "list_run_events": "is list_events with a run",
    "stream_twin_events": "is stream_events with a twin",
    "stream_run_events": "is stream_events with a run",
}
"""Operations that no method calls, and why."""
NO_QUERY = {"cursor", "limit", "follow", "last-event-id"}
"""What a client sees to by itself: parts of lists, and going on with streams."""


@dataclass(frozen=True)
class Sent:
    """What a method of the client would have sent, and the shape that it expects (None: text or bytes)."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any
    seen: bool
    idempotent: bool
    shape: Any


class _Recorded(Exception):  # noqa: N818  it is no failure
    def __init__(self, sent: Sent) -> None:
        super().__init__(sent.path)
        self.sent = sent


class _Recorder(Http):
    """An `Http` that sends nothing."""

    def __init__(self) -> None:
        # No certificates of authorities are read, of which there is one client a call.
        super().__init__("http://127.0.0.1:1", socket="nowhere", pauses=Pauses(lambda _: None))

    def _record(self, method: str, path: str, shape: Any, **more: Any) -> Any:
        given = more.get("body")
        body = given.model_dump(mode="json", exclude_unset=True) if isinstance(given, BaseModel) else given
        query = {name: value for name, value in (more.get("query") or {}).items() if value is not None}
        seen, key = more.get("seen") is not None, more.get("idempotency_key") is not None
        raise _Recorded(Sent(method, path, query, body, seen, key, shape))

    def send(self, method: Any, path: str, shape: Any, **more: Any) -> Any:
        return self._record(method, path, shape, **more)

    def get_unless(self, path: str, shape: Any, tag: str) -> Any:
        return self._record("GET", path, shape)

    def text(self, path: str, **query: Any) -> str:
        return str(self._record("GET", path, None, query=query))

    def content(self, path: str, **query: Any) -> bytes:
        return bytes(self._record("GET", path, None, query=query))

    def pieces(self, path: str, **query: Any) -> Any:
        yield bytes(self._record("GET", path, None, query=query))

    def ask_text(self, path: str, body: BaseModel) -> str:
        return str(self._record("POST", path, None, body=body))

    def stream(self, path: str, last_id: str | None, query: Mapping[str, Any] | None = None) -> Any:
        yield Event("", "", self._record("GET", path, None, query=query))


class _Watched:
    """Notes what is used of a client, or of one of its nouns."""

    def __init__(self, of: object, used: set[str], name: str = "") -> None:
        self._of, self._used, self._name = of, used, name

    def __getattr__(self, name: str) -> Any:
        if self._name:
            self._used.add(f"{self._name}.{name}")
            return getattr(self._of, name)
        return _Watched(getattr(self._of, name), self._used, name)


def _sent(call: Call, used: set[str] | None = None) -> Sent:
    with Client(_Recorder()) as client:
        try:
            found = call(cast(Client, _Watched(client, set() if used is None else used)))
            list(found if isinstance(found, Iterable) else [])  # lists ask when they are read
        except _Recorded as recorded:
            return recorded.sent
    raise AssertionError("nothing was asked")


@pytest.fixture
def document(sqlite_site: Site) -> dict[str, Any]:
    found: dict[str, Any] = sqlite_site.http.get("/api/v1/openapi.json").json()
    return found


def test_every_operation_is_reached_by_a_method(document: dict[str, Any]) -> None:
    known = {operation["operationId"]: (method, path, operation) for method, path, operation in operations(document)}
    reached = {name: [_sent(call) for call in calls] for name, calls in CALLS.items()}
    assert set(reached) == set(known) - set(LEFT_OUT)
    for name, calls in reached.items():
        method, path, operation = known[name]
        pattern = re.compile(re.sub(r"\{[a-z]+\}", "[^/]+", path))
        for sent in calls:
            assert (sent.method.lower(), bool(pattern.fullmatch(sent.path))) == (method, True), (name, sent.path)
            _check(name, document, operation, sent)


def _check(name: str, document: dict[str, Any], operation: dict[str, Any], sent: Sent) -> None:
    told = {each["name"]: each for each in operation.get("parameters", [])}
    assert set(sent.query) <= set(told), name
    for each, value in sent.query.items():
        _valid(document, told[each]["schema"], value, f"{name}: {each}")
    assert sent.seen == ("if-match" in told), name
    assert sent.idempotent == ("idempotency-key" in told), name
    wanted = operation.get("requestBody", {}).get("content", {}).get("application/json")
    assert (sent.body is not None) == (wanted is not None), name
    if wanted is not None:
        _valid(document, wanted["schema"], sent.body, name)
    answers = [answer for status, answer in operation["responses"].items() if status[0] == "2"]
    media = answers[0].get("content", {}).get("application/json", {}) if answers else {}
    if sent.shape not in (None, type(None)):
        assert _of(media["schema"]) == _named(sent.shape), name
    else:
        assert media.get("schema", {}) == {}, name


def _valid(document: dict[str, Any], schema: Any, value: Any, where: str) -> None:
    whole = {"components": document["components"], **schema}
    assert jsonschema_rs.is_valid(whole, value), f"{where}: {next(jsonschema_rs.iter_errors(whole, value))}"


def _of(schema: Mapping[str, Any]) -> str:
    """What a schema is of."""
    return f"list of {_of(schema['items'])}" if "items" in schema else str(schema["$ref"]).rpartition("/")[2]


def _named(shape: Any) -> str:
    """What OpenAPI calls a shape."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return re.sub(r"[^\w]", "_", shape.__name__)
    return f"list of {_named(shape.__args__[0])}"


def test_every_query_can_be_asked(document: dict[str, Any]) -> None:
    """One call at least of those of an operation sends it."""
    for method, path, operation in operations(document):
        name = operation["operationId"]
        if name in LEFT_OUT:
            continue
        told = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        asked = {query for call in CALLS[name] for query in _sent(call).query}
        assert told - NO_QUERY <= asked, f"{method} {path}: {told - NO_QUERY - asked}"


def test_every_method_is_held_against_the_document() -> None:
    """One that is not would drift from it."""
    used: set[str] = set()
    for calls in CALLS.values():
        for call in calls:
            _sent(call, used)
    there = {
        f"{noun}.{name}"
        for noun in vars(Client)
        if not noun.startswith("_")
        for name, _ in getmembers(type(getattr(Client(_Recorder()), noun)), isfunction)
        if not name.startswith("_")
    }
    assert there - used == {"runs.digest_of"}, "which asks nothing"
