"""Lambda's entry points over real services on ministack, in this process; one twin in Lambda itself (slow)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contracts.base import record, unique
from tests.entry.aws_twin import Place, from_rule, kinesis_event, sqs_event, url_event, wire
from tests.standins.aws.places import drain
from tests.standins.aws.server import ministack
from twin2multicloud.runtime.adapters.aws.build import PLACE
from twin2multicloud.runtime.entry.aws import Function
from twin2multicloud.runtime.entry.aws_events import message_of
from twin2multicloud.runtime.entry.batches import Batches, Delivery
from twin2multicloud.runtime.entry.roles import FunctionConfig, FunctionError
from twin2multicloud.runtime.envelope import Event, RawMessage, decode, encode, encode_batch
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.handlers.archive import unpack
from twin2multicloud.runtime.links import Key, sign
from twin2multicloud.runtime.ports import EntityState
from twin2multicloud.runtime.settings import ConfigError
from twin2multicloud.runtime.times import to_time

ALL_LOCAL = ("persist", "twin-updates", "commands")
NOON_MS = 1_795_608_000_000.0  # 2026-11-25T12:00:00Z


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(ministack(), tmp_path)


def test_process_stores_updates_and_alerts(place: Place) -> None:
    warm, hot = place.devices
    place.ports.graph.put_entities([EntityState(device, "dtmi:t2m:thermometer;1", {}, {}) for device in place.devices])
    process = place.function("process", local=ALL_LOCAL)
    received = record(warm, "2026-11-25T11:59:00.000000Z", data={"temperature": 19})
    answer = process.process(
        sqs_event(
            from_rule(warm, b'{"temperature": 20.5}', NOON_MS),
            from_rule(hot, b'{"temperature": 31.5, "ts": 1795607990}', NOON_MS),
            encode(received),
        )
    )
    assert answer == {"batchItemFailures": []}
    stored = place.ports.hot.last(warm)
    assert stored is not None
    assert (stored.time, stored.data) == (to_time(NOON_MS / 1000), {"temperature": 20.5, "fahrenheit": 68.9})
    assert [event.data["temperature"] for event in place.ports.hot.history(warm, "2026", "2027", 9)] == [20.5, 19]
    state = place.ports.graph.get(hot)
    assert state is not None
    assert (state.values, state.times) == ({"temperature": 31.5}, {"temperature": to_time(1795607990)})
    alerts = [decode(body) for body in drain(place.server.clients, place.queues["alerts"])]
    assert [(alert.subject, alert.data["message"]) for alert in alerts] == [(hot, "31.5 °C")]
    assert len(drain(place.server.clients, place.queues["actions"])) == 1
    # The same batch again: nothing new anywhere.
    before = place.ports.hot.history(hot, "2026", "2027", 9)
    assert place.function("process", local=ALL_LOCAL).process(
        sqs_event(from_rule(hot, b'{"temperature": 31.5, "ts": 1795607990}', NOON_MS))
    ) == {"batchItemFailures": []}
    assert place.ports.hot.history(hot, "2026", "2027", 9) == before
    assert drain(place.server.clients, place.queues["alerts"]) == []


def test_what_leaves_for_elsewhere_goes_to_outboxes(place: Place) -> None:
    device = place.devices[0]
    process = place.function("process", changes={"hot_table": "", "graph_table": ""})
    assert process.process(sqs_event(from_rule(device, b'{"temperature": 35}', NOON_MS))) == {"batchItemFailures": []}
    outboxes = {
        name: [decode(body) for body in drain(place.server.clients, place.queues[f"{name}-outbox"])]
        for name in ALL_LOCAL
    }
    assert [event.data for event in outboxes["persist"]] == [{"temperature": 35, "fahrenheit": 95.0}]
    assert [event.data for event in outboxes["twin-updates"]] == [{"temperature": 35}]
    assert [event.data for event in outboxes["commands"]] == [{"name": "fan", "payload": {"on": True}}]


def test_poison_is_set_aside_and_the_rest_goes_on(place: Place) -> None:
    device = place.devices[0]
    process = place.function("process", local=ALL_LOCAL)
    bodies = (b"\x00 no JSON", from_rule(device, b"{oops", NOON_MS), from_rule("stranger", b"{}", NOON_MS), b'{"a": 1}')
    good = from_rule(device, b'{"temperature": 1.5}', NOON_MS)
    assert process.process(sqs_event(*bodies, good)) == {"batchItemFailures": []}
    assert place.ports.hot.last(device) is not None
    errors = [decode(body).data for body in drain(place.server.clients, place.queues["errors"])]
    kinds = sorted(error["kind"] for error in errors)
    # The twin's graph is empty here: one more report, of the update.
    assert kinds == ["graph-failed", "malformed", "malformed", "malformed", "unknown-device"]
    assert all(error["cloud"] == "aws" and error["component"] == "process" for error in errors)
    letters = [letter for letter in place.ports.dead_letters.list(limit=1000) if letter.body in bodies]
    assert {letter.body for letter in letters} == {bodies[0], bodies[3]}


def test_a_store_that_is_away_brings_the_whole_batch_again(place: Place) -> None:
    process = place.function("process", local=ALL_LOCAL, changes={"hot_table": "nowhere"})
    messages = [from_rule(device, b'{"temperature": 1}', NOON_MS) for device in place.devices]
    answer = process.process(sqs_event(*messages))
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["m0", "m1"]
    # A stream goes on from the first that is named.
    answer = process.process(kinesis_event(*messages))
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == ["s0"]
    errors = [decode(body).data for body in drain(place.server.clients, place.queues["errors"])]
    assert {(error["layer"], error["kind"]) for error in errors} == {("L3", "write-failed")}
    assert "correct its name in T2M_CONFIG" in errors[0]["message"]


def test_a_stream_is_processed_as_a_queue_is(place: Place) -> None:
    process = place.function("process", local=("persist", "commands"))
    batch = kinesis_event(*(from_rule(device, b'{"temperature": 2}', NOON_MS) for device in place.devices))
    assert process.process(batch) == {"batchItemFailures": []}
    assert all(place.ports.hot.last(device) is not None for device in place.devices)


def test_a_command_that_a_device_could_not_carry_out_is_reported(place: Place) -> None:
    device = place.devices[0]
    process = place.function("process", local=ALL_LOCAL)
    results = (b'{"id": "c1", "status": "ok"}', b'{"id": "c2", "status": "failed", "message": "stuck"}')
    batch = sqs_event(*(from_rule(device, result, NOON_MS, kind="results") for result in results))
    assert process.process(batch) == {"batchItemFailures": []}
    (error,) = [decode(each).data for each in drain(place.server.clients, place.queues["errors"])]
    assert (error["kind"], error["device"]) == ("action-failed", device)
    assert "stuck" in error["message"]
    assert place.ports.hot.last(device) is None


def test_a_user_function_that_fails_is_reported(place: Place) -> None:
    place.function("process", local=ALL_LOCAL).process(
        sqs_event(from_rule(place.devices[0], b'{"temperature": 31}', NOON_MS))
    )
    bodies = [body.encode() for body in drain(place.server.clients, place.queues["actions"])]
    drain(place.server.clients, place.queues["errors"])
    assert place.function("actions").actions(sqs_event(*bodies)) == {"batchItemFailures": []}
    (error,) = [decode(body).data for body in drain(place.server.clients, place.queues["errors"])]
    assert error["kind"] == "action-failed"
    assert f"no siren for {place.devices[0]}" in error["message"]


@contextmanager
def function_url(function: Function) -> Iterator[str]:
    """The function behind HTTP, as a function URL puts it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = function.receive(url_event(self.path, dict(self.headers), body))
            content = answer["body"].encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Place:
    return Place(ministack(), tmp_path_factory.mktemp("other"), place.devices)


def test_a_batch_crosses_a_link(place: Place, other: Place) -> None:
    device = place.devices[0]
    events = [record(device, to_time(second), data={"n": second, "text": "Größe"}) for second in range(1, 26)]
    receiver = other.function("persist-receiver", receives=("persist",))
    with function_url(receiver) as url:
        wire("persist", place, other, url)
        sender = place.function("persist-sender", edge="persist")
        batch = sqs_event(*(encode(event) for event in events))
        assert sender.send(batch) == {"batchItemFailures": []}
        assert sender.send(batch) == {"batchItemFailures": []}
        sender.close()
    assert other.ports.hot.between([device], to_time(0), to_time(100)) == events


def test_a_peer_that_is_away_brings_the_batch_again(place: Place, other: Place) -> None:
    with function_url(other.function("x")) as url:
        pass  # gone again
    wire("persist", place, other, url)
    sender = place.function("persist-sender", edge="persist")
    answer = sender.send(sqs_event(encode(record(place.devices[0], to_time(1)))))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    (error,) = [decode(body).data for body in drain(place.server.clients, place.queues["errors"])]
    assert (error["kind"], error["link"]) == ("link-timeout", "persist")


def test_a_receiver_refuses_what_is_not_signed(place: Place, other: Place) -> None:
    wire("persist", place, other, "http://unused")
    receiver = other.function("persist-receiver", receives=("persist",))
    device = unique("d")
    body = encode_batch([record(device, to_time(1))])
    document = msgspec.json.decode(place.ports.secrets.get("links"))
    (key,) = document["out"]["persist"]["keys"]
    good = sign("persist", Key(**key), body, now=time.time(), nonce="n" * 24)
    wrong = sign("persist", Key(key["id"], "AAAA", 0.0), body, now=time.time(), nonce="m" * 24)

    def status(headers: dict[str, str], body: bytes, path: str = "/links/persist", method: str = "POST") -> int:
        found: int = receiver.receive(url_event(path, headers, body, method))["statusCode"]
        return found

    assert status({}, body) == 401
    assert status(wrong, body) == 401
    assert status(good, body + b" ") == 401
    assert status(good, body, "/links/history") == 404
    assert status(good, body, "/elsewhere") == 404
    assert status(good, body, method="GET") == 404
    assert other.ports.hot.last(device) is None
    assert status(good, body) == 202
    assert status(good, body) == 409
    assert other.ports.hot.last(device) is not None
    with pytest.raises(FunctionError, match="function URL"):
        receiver.receive({"Records": []})


def test_a_mover_takes_what_is_old_to_the_cool_tier(place: Place) -> None:
    device = place.devices[0]
    now = time.time()
    old = [record(device, to_time(now - 5 * 3600 + second), data={"n": second}) for second in range(20)]
    young = record(device, to_time(now - 60))
    place.ports.hot.put([*old, young])
    mover = place.function("to-cool-mover", edge="to-cool", local=("to-cool",))
    moved = mover.move(60.0)
    assert (moved["records"], moved["complete"]) == (20, True)
    assert place.ports.hot.history(device, "2020", "2100", 100) == [young]
    stored = place.ports.cool.list("")
    assert {each.storage_class for each in stored} == {"cool"}
    found = [event for each in stored for event in unpack(place.ports.cool.get(each.key))]
    assert sorted(found, key=lambda event: event.time) == old
    assert mover.move(60.0)["records"] == 0


def test_a_mover_that_cannot_write_says_so_and_loses_nothing(place: Place) -> None:
    device = place.devices[0]
    old = record(device, to_time(time.time() - 5 * 3600))
    place.ports.hot.put([old])
    mover = place.function("to-cool-mover", edge="to-cool", local=("to-cool",), changes={"cool": {"name": "nowhere"}})
    with pytest.raises(StoreError, match="NoSuchBucket"):
        mover.move(60.0)
    assert place.ports.hot.last(device) == old
    (error,) = [decode(body).data for body in drain(place.server.clients, place.queues["errors"])]
    assert (error["layer"], error["kind"], error["component"]) == ("L3", "write-failed", "to-cool-mover")


def test_questions_are_answered_to_who_may_ask(place: Place) -> None:
    device = place.devices[0]
    place.ports.hot.put([record(device, to_time(NOON_MS / 1000 + n), data={"temperature": n}) for n in range(3)])
    place.ports.graph.put_entities([EntityState(device, "dtmi:t2m:thermometer;1", {"temperature": 2}, {})])
    history = place.function("history", receives=("history",))
    query = {"device": device, "start": NOON_MS / 1000, "end": NOON_MS / 1000 + 2}
    points = [[NOON_MS, 0], [NOON_MS + 1000, 1]]
    assert history.read(query) == {"device": device, "fields": ["temperature"], "points": points}
    answer = history.read(url_event("/links/history", {}, json.dumps(query).encode()))
    assert answer["statusCode"] == 401
    place.ports.secrets.put("read-key", "a-key-of-readers")
    asked = url_event("/query/history", {"Authorization": "Bearer a-key-of-readers"}, json.dumps(query).encode())
    answer = history.read(asked)
    assert (answer["statusCode"], json.loads(answer["body"])["points"]) == (200, points)
    for path, headers, status in (
        ("/query/history", {}, 401),
        ("/query/history", {"authorization": "Bearer a-key-of-writers"}, 401),
        ("/query/state", {"authorization": "Bearer a-key-of-readers"}, 404),
    ):
        assert history.read(url_event(path, headers, json.dumps(query).encode()))["statusCode"] == status
    state = place.function("twin-state", receives=("state",))
    assert state.read({"kind": "state", "entity": device})["entities"][0]["values"] == {"temperature": 2}
    with pytest.raises(FunctionError, match="receives one edge"):
        place.function("both", receives=("state", "history")).read(query)


class _Store:
    """What `Batches` needs of ports, kept in memory: the rest of this module has the real ones."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.reports: list[Any] = []

    def put(self, letters: Sequence[Any]) -> None:
        self.letters += letters

    def report(self, reports: Any) -> None:
        self.reports += reports

    def now(self) -> float:
        return 0.0


@pytest.mark.parametrize("ordered", [False, True])
def test_a_defect_does_not_take_the_queue_along(ordered: bool, capsys: pytest.CaptureFixture[str]) -> None:
    handled: list[str] = []

    def handle(messages: Sequence[Event | RawMessage]) -> None:
        for message in messages:
            assert isinstance(message, Event)
            if message.subject == "poison":
                raise ZeroDivisionError("by this one")
        handled.extend(message.subject for message in messages if isinstance(message, Event))

    store: Any = _Store()
    batches = Batches(
        handle,
        message_of,
        topic="intake",
        component="process",
        dead_letters=store,
        reporter=store,
        clock=store,
        ordered=ordered,
    )

    def batch(attempts: int) -> list[Delivery]:
        names = ("a", "poison", "b")
        return [Delivery(name, encode(record(name, to_time(1), id=name)), attempts) for name in names]

    assert batches(batch(1)) == ([] if ordered else ["poison"])
    assert handled == ["a", "b"]
    if not ordered:
        assert store.letters == []
        assert batches(batch(5)) == []
    (letter,) = store.letters
    assert (letter.id, letter.topic, letter.reason) == ("poison", "intake", "ZeroDivisionError: by this one")
    assert {report.kind for report in store.reports} == {"internal"}
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_what_a_role_needs_and_does_not_have_is_named(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"T2M_CONFIG lacks 'hot_table', which this function needs; .* in {PLACE}"):
        place.function("process", local=ALL_LOCAL, changes={"hot_table": ""}).process(sqs_event(b"{}"))
    with pytest.raises(FunctionError, match="lacks 'edge'"):
        place.function("sender").send(sqs_event())
    with pytest.raises(FunctionError, match=r"twin\.json"):
        Function(place.environment(FunctionConfig("process")), tmp_path / "nowhere").process(sqs_event())
