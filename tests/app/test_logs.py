"""Logs: one format for all who log, the correlation id in every line, and no secret whatever is logged."""

from __future__ import annotations

import io
import json
import logging
import time
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from starlette.testclient import TestClient

from tests.app.backends import Person, Site
from tests.app.test_event_socket import socket_of
from twin2multicloud.app import logs
from twin2multicloud.app.correlation import correlated
from twin2multicloud.app.redaction import HIDDEN, LONGEST, redacted, redacted_text

# None of them is real; parts are joined so that scanners of repositories are not alarmed.
CANARIES = {
    "key of ours": "t2m_" + "Zk3vLq9xW2rT5yUiOpAsDfGhJkLzXcVbNm1234567",
    "AWS id": "AKIA" + "QWERTYUIOPASDFGH",
    "AWS secret": "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYabcdEFGHIJ",
    "PEM": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANcanary\nabc\n-----END PRIVATE KEY-----",
    "PEM cut off": "-----BEGIN RSA PRIVATE KEY-----\\nMIIEvQIBADANcanary",
    "JWT": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    "URL": "postgresql://ada:hunter2canary@db.example.org/app",
    "URL with a token": "https://canarytoken0123456789@example.org/x.git",
    "SAS": "https://x.blob.core.windows.net/a?sv=2024&sig=canary%2Fabc%3D&se=2026",
    "storage key": "canary" + "Ab1/" * 20 + "==",
    "bearer": "Authorization: Bearer canary-abcdefgh",
    "assignment": 'aws_secret_access_key = "canary with blanks"',
    "JSON": '{"client_secret": "canary\\"x", "password":"canary"}',
    "headers": "[(b'cookie', b'session=canary')]",
    "GitHub": "ghp_" + "canary0123456789012345678901234567890",
    "Google": "AIza" + "canary_canary_canary_canary_canary12",
}
MARKS = ("canary", "hunter2", "QWERTY", "wJalr", "MIIE", "c2lnbmF0dXJl", "t2m_Zk")


def bare(text: str) -> bool:
    return not any(mark in text for mark in MARKS)


@pytest.fixture
def lines() -> Iterator[Any]:
    """Configures logs; gives what was written."""
    root, dbos = logging.getLogger(), logging.getLogger("dbos")
    before = (root.handlers, root.level, dbos.handlers, dbos.propagate)
    showing = warnings.showwarning
    stream = io.StringIO()

    def configure(log_format: Literal["json", "text"]) -> io.StringIO:
        logs.configure(log_format, stream)
        return stream

    yield configure
    root.handlers, root.level, dbos.handlers, dbos.propagate = before
    root.setLevel(before[1])
    logging.captureWarnings(False)
    warnings.showwarning = showing
    structlog.reset_defaults()


@pytest.mark.parametrize("name", CANARIES)
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_secret_is_written(lines: Any, log_format: Literal["json", "text"], name: str) -> None:
    stream = lines(log_format)
    secret = CANARIES[name]
    own, foreign = structlog.get_logger("own"), logging.getLogger("library")

    def fail(argument: str) -> None:
        local = argument * 2
        raise ValueError(f"cannot use {argument!s} and {len(local)} more")

    own.info(f"got {secret}", nested={"list": [secret, {"deep": secret}], secret: 1})
    foreign.warning("got %s", secret, extra={"given": secret})
    foreign.error("object %r", {"password": "x", "value": secret})
    try:
        fail(secret)
    except ValueError:
        foreign.exception("failed")
        own.exception("failed")
    written = stream.getvalue()
    assert bare(written), written
    assert written.count(HIDDEN) >= 6
    assert "Traceback (most recent call last)" in written
    assert written.count("in fail") == 2


def test_values_are_hidden_by_their_name_whatever_they_look_like() -> None:
    given = {
        "Authorization": "x",
        "set-cookie": ["x"],
        "db_password": {"a": "x"},
        "apiKey": b"x",
        "key": "x",
        "TOKEN": "x",
        "azure_credentials": "x",
        "key_id": "key_1",
        "tokens_left": 7,
        "monkey": "x",
        "keyboard": "x",
    }
    hidden = {name for name, value in redacted(given).items() if value == HIDDEN}
    assert hidden == {"Authorization", "set-cookie", "db_password", "apiKey", "key", "TOKEN", "azure_credentials"}


def test_what_is_no_secret_stays() -> None:
    for text in (
        "b53e217f0c1d2e3f4a5b6c7d8e9f00112233aabb",
        "twn_4qz0m8k2v1x7c9b3n5d6 is deployed, see https://example.org/a/b?page=2#x",
        'File "/usr/lib/python3.11/site-packages/sqlalchemy/engine/default.py", line 952, in do_execute',
        "arn:aws:lambda:eu-central-1:123456789012:function:t2m-greenhouse-persister",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ):
        assert redacted_text(text) == text


def test_long_and_deep_values_cost_little() -> None:
    nested: Any = "end"
    for _ in range(100):
        nested = [nested]
    begun = time.process_time()
    for piece in ("a", "A1b", "://", "token", "-----BEGIN X-----", "eyJaaaaaa.", "key=", "'", "\\"):
        assert len(redacted_text(piece * (1_000_000 // len(piece)))) <= 2 * LONGEST
    assert str(redacted(nested)).count("[") < 20
    assert time.process_time() - begun < 20  # the square of the length would be hours


def test_lines_have_the_correlation_id_and_cannot_be_forged(lines: Any) -> None:
    stream = lines("text")
    with correlated("abc-12345678"):
        logging.getLogger("uvicorn.error").info(
            "one\n2026-11-26T08:00:00.000Z info    root: forged\x1b[2J", extra={"x": "a b"}
        )
    logging.getLogger("dbos").warning("two")
    (first, second) = stream.getvalue().splitlines()
    assert first[10] == "T"
    assert " x='a b'" in first
    assert " correlation_id=abc-12345678" in first
    assert r"info    uvicorn.error: one\n2026" in first
    assert r"\x1b[2J" in first
    assert "warning dbos: two" in second
    assert "correlation_id" not in second


def test_requests_have_a_line_without_query_or_token(lines: Any, sqlite_site: Site) -> None:
    stream = lines("json")
    owner = sqlite_site.person("olga")
    twin = owner.create_twin()["id"]
    stream.seek(0)
    stream.truncate()
    owner.get(f"twins/{twin}?search=canary", headers={"X-Correlation-Id": "abc-12345678"})
    owner.call("GET", "canary/nowhere", code=404)
    owner.call("GET", "/health/live", code=200)
    sqlite_site.http.get("/api/v1/twins?canary=1")
    with socket_of(owner) as session:
        session.send_text('{"follow": false}')
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    requests = [line for line in found if line["logger"] == "twin2multicloud.access"]
    assert [(line["method"], line["route"], line["status"], line["principal"]) for line in requests] == [
        ("GET", "/api/v1/twins/{twin}", 200, owner.user_id),
        ("GET", "-", 404, "-"),
        ("GET", "/api/v1/twins", 401, "-"),
        ("WEBSOCKET", "/api/v1/events/socket", 101, owner.user_id),
    ]
    assert requests[0]["correlation_id"] == "abc-12345678"
    assert requests[0]["ms"] > 0
    assert bare(stream.getvalue())
    assert owner.token not in stream.getvalue()


def test_a_defect_is_told_with_its_correlation_id(
    lines: Any, sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = lines("json")
    person: Person = sqlite_site.person("olga")

    def fail(*_: Any) -> None:
        raise ZeroDivisionError(CANARIES["URL"])

    monkeypatch.setattr("twin2multicloud.app.api.routes.twins.summaries", fail)
    http = TestClient(sqlite_site.http.app, raise_server_exceptions=False, base_url="http://127.0.0.1:8080")
    headers = {"Authorization": f"Bearer {person.token}", "X-Correlation-Id": "abc-12345678"}
    answer = http.get("/api/v1/twins", headers=headers)
    assert answer.status_code == 500
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"] == "abc-12345678"
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    defect = next(line for line in found if line["logger"] == "twin2multicloud.api")
    assert defect["correlation_id"] == "abc-12345678"
    assert "ZeroDivisionError" in defect["exception"]
    assert next(line["status"] for line in found if line["logger"] == "twin2multicloud.access") == 500
    assert bare(stream.getvalue())
    assert bare(answer.text)
