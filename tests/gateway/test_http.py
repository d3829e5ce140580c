"""Acquisition by HTTPS: what is taken, when it is acknowledged, and what is refused how."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from tests.gateway.harness import DEVICES, SECRET, ManualClock, Reports, Sink, key, until
from twin2multicloud.runtime.device_keys import DeviceKeys
from twin2multicloud.runtime.envelope import messages_in
from twin2multicloud.runtime.failures import ErrorKind, StoreError
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.gateway.http import HttpGateway
from twin2multicloud.sandbox.gateway.intake import Intake


class Site:
    """The app, asked as a server asks it."""

    def __init__(self, *, pending: list[Command] | None = None, backlog: int = 10_000) -> None:
        self.sink, self.reports, self.clock = Sink(), Reports(), ManualClock()
        self.intake = Intake(self.sink, reporter=self.reports, patience_s=0.2, backlog=backlog, batch=10)
        self.gateway = HttpGateway(
            DeviceKeys(SECRET, DEVICES.__contains__).authenticate,
            self.intake,
            clock=self.clock,
            reporter=self.reports,
            pending=lambda device: [c for c in pending or [] if c.device == device],
            message_bytes=1000,
            body_bytes=20_000,
        )
        self.app = Starlette(routes=self.gateway.routes())

    async def post(
        self,
        body: bytes,
        *,
        device: str = "sensor-1",
        what: str = "telemetry",
        bearer: str | None = "own",
        headers: dict[str, str] | None = None,
        chunk: int = 4096,
    ) -> tuple[int, dict[str, str], Any]:
        fields = {k.lower().encode(): v.encode() for k, v in (headers or {}).items()}
        if bearer is not None:
            fields[b"authorization"] = f"Bearer {key(device) if bearer == 'own' else bearer}".encode()
        chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]
        answer: dict[str, Any] = {"body": b""}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                answer["headers"] = {k.decode(): v.decode() for k, v in message["headers"]}
            else:
                answer["body"] += message.get("body", b"")

        path = f"/devices/{device}/{what}"
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": list(fields.items()),
        }
        await self.app(scope, receive, send)
        return answer["status"], answer["headers"], json.loads(answer["body"]) if answer["body"] else None


def run(test: Callable[[Site], Any], **options: Any) -> None:
    async def inside() -> None:
        site = Site(**options)
        site.intake.start()
        try:
            await test(site)
        finally:
            site.sink.gate.set()
            await site.intake.stop(within_s=1)

    asyncio.run(inside())


def test_one_message_or_an_array_is_stored_byte_for_byte_and_then_accepted() -> None:
    async def test(site: Site) -> None:
        status, _, answer = await site.post(b'{"t": 1.50}')
        assert (status, answer) == (202, {"commands": []})
        assert (await site.post(b' [{"t":  2.0},\n {"t": 3}] '))[0] == 202
        assert (await site.post(b'{"id": "c1", "status": "ok"}', what="results"))[0] == 202
        assert (await site.post(b"[]"))[0] == 202
        assert site.sink.of("telemetry") == [
            ("sensor-1", b'{"t": 1.50}'),
            ("sensor-1", b'{"t":  2.0}'),
            ("sensor-1", b'{"t": 3}'),
        ]
        assert site.sink.of("result") == [("sensor-1", b'{"id": "c1", "status": "ok"}')]
        counters = site.gateway.counters
        assert (counters.messages, counters.results, counters.requests, counters.acknowledged) == (3, 1, 4, 4)
        assert site.sink.stored[0].received == site.clock.time

    run(test)


def test_the_commands_that_wait_come_with_the_answer() -> None:
    async def test(site: Site) -> None:
        _, _, answer = await site.post(b"{}")
        assert answer == {"commands": [{"id": "c1", "name": "open", "payload": {"by": 2}, "trace": "t"}]}
        assert (await site.post(b"{}", what="results"))[2] == {"commands": []}

    run(test, pending=[Command("c1", "sensor-1", "open", {"by": 2}, "t"), Command("c2", "sensor-2", "open")])


def test_it_is_accepted_only_when_it_is_stored() -> None:
    async def test(site: Site) -> None:
        site.sink.gate.clear()
        request = asyncio.create_task(site.post(b"[1, 2, 3]"))
        await until(lambda: site.sink.attempts)
        assert not request.done()
        site.sink.gate.set()
        assert (await request)[0] == 202

    run(test)


@pytest.mark.parametrize("body", [b"", b"not json", b"[1, 2", b"\xff\x00", b'"text"', b"[" * 9000])
def test_what_is_no_json_is_taken_for_the_dead_letter_store_to_show(body: bytes) -> None:
    async def test(site: Site) -> None:
        site.gateway._message_bytes = 20_000
        assert (await site.post(body))[0] == 202
        assert site.sink.of("telemetry") == [("sensor-1", body)]

    run(test)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"bearer": None}, 401),
        ({"bearer": None, "headers": {"Authorization": "Basic abc"}}, 401),
        ({"bearer": ""}, 401),
        ({"bearer": "wrong"}, 403),
        ({"bearer": key("sensor-2")}, 403),
        ({"device": "nobody"}, 403),
        ({"headers": {"Content-Encoding": "gzip"}}, 415),
    ],
)
def test_who_shows_no_key_or_another_ones_is_refused(options: dict[str, Any], status: int) -> None:
    async def test(site: Site) -> None:
        for what in ("telemetry", "results"):
            found, headers, answer = await site.post(b"{}", what=what, **options)
            assert found == status
            assert answer["error"]
            assert (headers.get("www-authenticate") == "Bearer") == (status == 401)
        assert not site.sink.stored
        assert site.gateway.counters.refused_requests == 2
        assert {report.kind for report in site.reports.all} <= {ErrorKind.UNKNOWN_DEVICE}

    run(test)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x" * 1001, {}),
        (b"[" + b",".join([b"1"] * 101) + b"]", {}),
        (b"[1," + b'"' + b"x" * 1000 + b'"]', {}),
        (b"x" * 20_001, {}),
        (b"{}", {"Content-Length": "20001"}),
        (b"{}", {"Content-Length": "9" * 5000}),
    ],
)
def test_too_much_is_refused(body: bytes, headers: dict[str, str]) -> None:
    async def test(site: Site) -> None:
        assert (await site.post(body, headers=headers))[0] == 413
        assert not site.sink.stored

    run(test)


def test_a_refusing_store_is_said_with_when_to_come_again() -> None:
    async def test(site: Site) -> None:
        site.sink.failure = StoreError("full", quota=True, retry_after_s=7)
        status, headers, _ = await site.post(b"[1, 2]")
        assert (status, headers["retry-after"]) == (503, "7")
        assert site.gateway.counters.unacknowledged == 2
        site.sink.failure = None
        assert (await site.post(b"[1, 2]"))[0] == 202

    run(test)


def test_a_full_intake_throttles() -> None:
    async def test(site: Site) -> None:
        site.sink.gate.clear()
        request = asyncio.create_task(site.post(b"[" + b",".join([b"1"] * 100) + b"]"))
        await until(lambda: site.intake.is_full)
        status, headers, _ = await site.post(b"{}")
        assert (status, headers["retry-after"]) == (429, "1")
        site.sink.gate.set()
        assert (await request)[0] == 202
        assert (await site.post(b"{}"))[0] == 202

    run(test, backlog=50)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(json_values, max_size=5), st.sampled_from([None, 2]))
def test_an_arrays_elements_are_its_messages(values: list[Any], indent: int | None) -> None:
    found = messages_in(json.dumps(values, indent=indent).encode())
    assert [json.loads(element) for element in found] == values


@given(st.binary(max_size=200))
def test_any_body_is_some_messages(body: bytes) -> None:
    found = messages_in(body)
    assert found == [body] or body.lstrip().startswith(b"[")
