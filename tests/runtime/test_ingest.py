"""From what a device sent to an event, or to the reason why not; numbers, texts and times at their limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.parts import METER, NOW, at, raw, spec_of
from twin2multicloud.model.spec import DeviceType, Field
from twin2multicloud.runtime.envelope import (
    MOST_LEVELS,
    Event,
    RawMessage,
    decode,
    decode_batch,
    decode_raw,
    encode,
    encode_batch,
)
from twin2multicloud.runtime.handlers.ingest import dead_letter, ingest, letter_text, normalise
from twin2multicloud.runtime.handlers.validate import problems
from twin2multicloud.runtime.times import to_time

SPEC = spec_of()


def told(payload: bytes, device: str = "meter-1", **more: Any) -> RawMessage:
    return RawMessage(device, payload, NOW, **more)


def reason(payload: bytes, device: str = "meter-1") -> str:
    """Why a message is malformed."""
    done = ingest([told(payload, device)], SPEC, "process", "intake")
    assert done.events == []
    (letter,), (report,) = done.letters, done.reports
    assert letter.reason == report.message
    assert (letter.topic, letter.component, letter.at) == ("intake", "process", to_time(NOW))
    assert (report.layer, report.severity, report.trace) == ("L1", "warning", letter.id)
    assert len(report.message) < 400
    return report.message


LARGEST = b'{"label":"' + b"x" * (262_144 - 12) + b'"}'


def nested(levels: int) -> bytes:
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


MALFORMED = {
    "nothing": (b"", "truncated"),
    "blank": (b"  ", "truncated"),
    "text": (b"hello", "not JSON"),
    "cut off": (b'{"temperature": 1', "not JSON"),
    "two values": (b"{} {}", "not JSON"),
    "NaN": (b'{"temperature": NaN}', "not JSON"),
    "infinity": (b'{"temperature": Infinity}', "not JSON"),
    "minus infinity": (b'{"temperature": -Infinity}', "not JSON"),
    "too large for a double": (b'{"temperature": 1e309}', "out of range"),
    "thousands of digits": (b'{"temperature": ' + b"9" * 5000 + b"}", "out of range"),
    "a number beginning with 0": (b'{"temperature": 01}', "not JSON"),
    "single quotes": (b"{'temperature': 1}", "not JSON"),
    "a comma too many": (b'{"temperature": 1,}', "not JSON"),
    "not UTF-8": (b'{"label": "\xff"}', "not JSON"),
    "UTF-16": ('{"label": "x"}'.encode("utf-16"), "not JSON"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not JSON"),
    "half a surrogate pair": (b'{"label": "\\ud800"}', "not JSON"),
    "surrogates in UTF-8": (b'{"label": "\xed\xa0\x80"}', "not JSON"),
    "a control character": (b'{"label": "\x00"}', "not JSON"),
    "an array": (b"[1]", "a JSON array; a message is a JSON object"),
    "a number": (b"1.5", "a JSON number"),
    "a text in JSON": (b'"x"', "a JSON string"),
    "true": (b"true", "a JSON true or false"),
    "null": (b"null", "a JSON null"),
    "nested without end": (nested(100_000), "not JSON"),
    "nested too deeply": (nested(MOST_LEVELS + 1), f"more than {MOST_LEVELS} levels"),
    "too large": (LARGEST + b" ", "262145 bytes; a message has at most 262144"),
    "a time in words": (b'{"ts": "yesterday"}', "ts: Invalid isoformat string"),
    "a time of a huge text": (b'{"ts": "' + b"x" * 100_000 + b'"}', "ts: Invalid isoformat string"),
    "a time without zone": (b'{"time": "2026-11-25T12:00:00"}', "has no time zone"),
    "a time before 1970": (b'{"ts": "1969-12-31T23:59:59Z"}', "no time between 1970 and 9999"),
    "a time that is negative": (b'{"ts": -1}', "no time between 1970 and 9999"),
    "a time in nanoseconds": (b'{"ts": 1790000000000000000}', "no time between 1970 and 9999"),
    "a time of 400 digits": (b'{"ts": ' + b"9" * 400 + b"}", "no time between 1970 and 9999"),
    "a time that is true": (b'{"timestamp": true}', "is no time"),
    "a time that is an object": (b'{"timestamp": {"s": 1}}', "is no time"),
}


@pytest.mark.parametrize(("payload", "why"), MALFORMED.values(), ids=MALFORMED)
def test_malformed(payload: bytes, why: str) -> None:
    assert why in reason(payload)


@pytest.mark.parametrize(
    "device",
    ["meter-6", "meter-0", "meter-01", "meter-", "METER-1", "meter-1 ", "", "../meter-1", "x" * 5000, "\u2028"],
)
def test_unknown_devices(device: str) -> None:
    assert reason(b"{}", device) == f"the twin has no device '{device[:64]}'"
    (report,) = ingest([told(b"{}", device)], SPEC, "process", "intake").reports
    assert report.kind == "unknown-device"


def test_a_message_of_just_the_largest_size_and_depth() -> None:
    assert normalise(told(LARGEST), SPEC).data == {"label": "x" * (262_144 - 12)}
    event = normalise(told(nested(MOST_LEVELS)), SPEC)
    assert decode_batch(encode_batch([event])) == [event]


@pytest.mark.parametrize(
    ("payload", "time"),
    [
        (b'{"ts": 1790000000}', at(0)),
        (b'{"ts": 1790000000.25}', at(0.25)),
        (b'{"ts": 1790000000250}', at(0.25)),
        (b'{"time": "2026-09-21T14:13:20Z"}', at(0)),
        (b'{"timestamp": "2026-09-21T16:13:20.000001+02:00"}', at(0.000001)),
        (b'{"time": 1790000001, "ts": 5}', at(1)),
        (b'{"time": null, "ts": 1790000001}', at(1)),
        (b'{"x": 1}', at(0)),
        (b'{"ts": 0}', "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_times(payload: bytes, time: str) -> None:
    assert normalise(told(payload), SPEC).time == time


def test_an_event_is_the_same_whenever_it_is_made() -> None:
    one, other = (
        normalise(raw(ts=at(0), temperature=1), SPEC),
        normalise(raw(ts=at(0), temperature=1, received=5), SPEC),
    )
    assert one == other
    assert one.trace == one.id[:16]
    assert one.data == {"temperature": 1}
    assert (one.type, one.dataschema, one.source) == (
        "twin2multicloud.telemetry",
        "dtmi:t2m:test:meter;1",
        "/twins/test/devices/meter-1",
    )
    assert len({normalise(m, SPEC).id for m in (raw(ts=at(0)), raw(ts=at(1)), raw("meter-2", ts=at(0)))}) == 3


def test_the_last_of_equal_keys_counts() -> None:
    assert normalise(told(b'{"temperature": 1, "temperature": 2}'), SPEC).data == {"temperature": 2}


NUMBERS = [0, -0.0, 1, 2**53 + 1, -(2**63), 2**64, 2**70 + 1, 5e-324, 1e308, 1.7976931348623157e308, 0.1, 1e-7]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_come_through_every_hop(number: float) -> None:
    event = normalise(raw(ts=at(0), temperature=number), SPEC)
    there = decode_batch(encode_batch([decode(encode(event))]))[0]
    found = there.data["temperature"]
    assert (type(found), repr(found)) == (type(number), repr(number))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text().filter(lambda k: k not in ("time", "timestamp", "ts")), json_values, max_size=6))
def test_any_json_comes_through(data: dict[str, Any]) -> None:
    event = normalise(RawMessage("meter-1", msgspec.json.encode(data), NOW), SPEC)
    assert msgspec.json.encode(decode(encode(event)).data) == msgspec.json.encode(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_an_event_or_a_letter(payload: bytes) -> None:
    done = ingest([told(payload)], SPEC, "process", "intake")
    assert len(done.events) + len(done.letters) == 1
    for letter in done.letters:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(letter))["body"] == letter.body


# ── Notes ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_clock_that_is_ahead_is_noted_and_the_message_taken() -> None:
    done = ingest([raw(ts=at(301)), raw(ts=at(299)), raw(ts=at(-1e6))], SPEC, "process", "intake")
    assert len(done.events) == 3
    (report,) = done.reports
    assert (report.kind, report.message) == ("clock-skew", "the device's clock is 301 s ahead")


def test_a_lost_connection_is_noted() -> None:
    messages = [told(b'{"connected": %b}' % value, kind="state") for value in (b"false", b"true")]
    done = ingest(messages, SPEC, "process", "intake")
    assert [event.type for event in done.events] == ["twin2multicloud.device-state"] * 2
    assert [report.kind for report in done.reports] == ["disconnected"]


def test_a_letter_shows_the_devices_own_bytes() -> None:
    for topic in ("intake", "telemetry-outbox"):
        (letter,) = ingest([told(b'{"a": \xff "')], SPEC, "sender", topic).letters
        assert letter_text(letter) == '{"a": \\xff "'
    event = normalise(raw(ts=at(0), payload="x"), SPEC)
    shown = letter_text(dead_letter(event, "intake", "why", "process"))
    assert msgspec.json.decode(shown)["data"] == {"payload": "x"}


# ── Validation ──────────────────────────────────────────────────────────────────────────────────────────────────
def kind(**fields: Any) -> DeviceType:
    return DeviceType("k", "dtmi:x;1", (Field("f", **fields),))


CHECKS: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({"type": "double"}, [0, -1.5, 2**70, 1e308, 5e-324], [True, "1", [], {}, 10**400]),
    ({"type": "integer"}, [0, -5, 5.0, 2**53 + 1, 2**70 + 1, 1e15, -0.0], [5.5, True, "5", 10**400, 1e-9]),
    ({"type": "boolean"}, [True, False], [0, 1, "true", "", []]),
    ({"type": "string"}, ["", "ü", "1"], [1, True, [], {}]),
    ({"type": "object"}, [{}, {"a": 1}], [[], "", 1]),
    ({"type": "array"}, [[], [1]], [{}, "", 1]),
    ({"type": "string", "allowed": ("a", "b")}, ["a", "b"], ["c", "", "A"]),
    ({"type": "double", "minimum": 0.1, "maximum": 0.3}, [0.1, 0.3, 0.2], [0.09999999999, 0.1 + 0.2, -0.1, 10**300]),
    ({"type": "integer", "minimum": 0, "maximum": 2**53 + 2}, [0, 2**53 + 1], [-1, 2**53 + 3, -(10**300)]),
]


@pytest.mark.parametrize(("field", "good", "bad"), CHECKS, ids=[str(check[0]) for check in CHECKS])
def test_fields(field: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert problems({"f": value}, kind(**field)) == []
    for value in bad:
        (problem,) = problems({"f": value}, kind(**field))
        assert problem.startswith("f: ")
        assert len(problem) < 200


def test_required_null_and_unknown_fields() -> None:
    assert problems({}, kind(type="double")) == ["f: is required"]
    assert problems({"f": None}, kind(type="double")) == ["f: is required"]
    for data in ({}, {"f": None}, {"other": object()}):
        assert problems(data, kind(type="double", required=False)) == []


def test_every_problem_is_named_with_value_and_unit() -> None:
    data = {"temperature": 150.5, "count": -1, "open": "yes", "mode": "x" * 100}
    assert problems(data, METER) == [
        "temperature: 150.5 °C is above 150",
        "count: -1 is below 0",
        "open: 'yes' is not of type boolean",
        f"mode: '{'x' * 38}… is not one of off, on",
    ]


def test_no_number_that_is_none_gets_in_by_another_way() -> None:
    """Events that are posted were decoded from JSON, which knows neither; the check holds all the same."""
    for value in (math.nan, math.inf, -math.inf):
        assert problems({"f": value}, kind(type="double"))
        assert problems({"f": value}, kind(type="integer"))
    assert isinstance(normalise(raw(ts=at(0)), SPEC), Event)


@pytest.mark.parametrize("read", [decode, decode_batch, decode_raw])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\xff",
        b'{"id":"\xff"}',
        b'[{"id":"\xff"}]',
        b"[" * 5000,
        b'{"payload":' + b"[" * 5000,
        b"{}",
        b"[1]",
    ],
)
def test_what_is_no_envelope_is_one_error(read: Callable[[bytes], Any], content: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read(content)
    deep = b'{"specversion":"1.0","id":"a","source":"","type":"","subject":"","time":"","data":' + b"[" * 5000
    with pytest.raises(msgspec.DecodeError):
        read(deep if read is decode else b"[" + deep)
