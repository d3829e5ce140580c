"""Packets survive the wire however it is cut, and nothing that comes over it can do more than be refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.mqtt.strategies import packets
from twin2multicloud.mqtt.fields import text_field, varint
from twin2multicloud.mqtt.packets import (
    V5,
    V311,
    Connect,
    Packet,
    Pingreq,
    ProtocolError,
    Puback,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Unsubscribe,
    UnsupportedVersionError,
    Will,
)
from twin2multicloud.mqtt.reader import Reader
from twin2multicloud.mqtt.writer import encode, puback, publish_frame

versions = st.sampled_from([V311, V5])


def read(
    data: bytes, cuts: list[int] | None = None, version: int = V311, limit: int = 1 << 20
) -> tuple[list[Any], str]:
    """What a reader makes of `data` cut at `cuts`: the packets, and the error that ended it ("" = none)."""
    reader, found = Reader(version, limit), []
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
    try:
        for start, stop in pairwise(edges):
            for packet in reader.feed(data[start:stop]):
                found.append(packet)
    except ProtocolError as error:
        return found, str(error)
    return found, ""


@given(st.data(), versions)
def test_a_packet_is_read_as_it_was_written(data: st.DataObject, version: int) -> None:
    packet = data.draw(packets(version))
    assert read(encode(packet, version), version=version) == ([packet], "")


@given(st.data(), versions, st.lists(st.integers(0, 10_000), max_size=30))
def test_however_the_stream_is_cut_the_packets_are_the_same(data: st.DataObject, version: int, cuts: list[int]) -> None:
    sent = data.draw(st.lists(packets(version), max_size=8))
    stream = b"".join(encode(packet, version) for packet in sent)
    assert read(stream, cuts, version) == (sent, "")
    assert read(stream, list(range(len(stream))), version) == (sent, "")


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10), versions)
@example(b"\x30\x00", [], V311)
@example(b"\x30\x01\x00", [], V311)
@example(b"\x32\x02\x00\x00", [], V5)
@example(b"\x10\xff\xff\xff\x7f", [1, 2, 3], V311)
def test_arbitrary_bytes_are_packets_or_a_protocol_error_and_cuts_do_not_matter(
    content: bytes, cuts: list[int], version: int
) -> None:
    assert read(content, cuts, version) == read(content, [], version)


@given(st.data(), versions, st.integers(0, 500), st.integers(0, 255))
def test_one_altered_byte_never_does_more_than_be_refused(
    data: st.DataObject, version: int, where: int, value: int
) -> None:
    stream = bytearray(encode(data.draw(packets(version)), version))
    stream[where % len(stream)] = value
    read(bytes(stream), version=version)


@given(st.text("ab/", min_size=1), st.binary(max_size=300), st.integers(1, 65_535), st.booleans())
def test_the_short_ways_write_what_the_long_way_writes(topic: str, payload: bytes, number: int, dup: bool) -> None:
    assert publish_frame(text_field(topic), payload, number, dup=dup) == encode(Publish(topic, payload, 1, number, dup))
    assert puback(number) == encode(Puback(number)) == encode(Puback(number), V5)


def test_packets_before_an_error_are_given_before_it() -> None:
    found, error = read(encode(Pingreq()) + encode(Publish("a", b"x")) + b"\x36\x05\x00\x01a\x00\x01")
    assert found == [Pingreq(), Publish("a", b"x")]
    assert "not exist" in error


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xc0\x80\x00", "more bytes than it needs"),
        (b"\xc0\x80\x80\x80\x80\x01", "more than four bytes"),
        (b"\xc0\x01\x00", "after its last field"),
        (b"\xc1\x00", "0xc1"),
        (b"\x00\x00", "0x00"),
        (b"\xf0\x00", "0xf0"),
        (b"\x80\x02\x00\x01", "0x80"),
        (b"\x34\x05\x00\x01a\x00\x01", "QoS 2"),
        (b"\x36\x05\x00\x01a\x00\x01", "QoS 3"),
        (b"\x38\x03\x00\x01a", "duplicate of QoS 0"),
        (b"\x30\x02\x00\x00", "empty topic"),
        (b"\x30\x03\x00\x01#", "filter, not a topic"),
        (b"\x30\x03\x00\x01\x00", "U+0000"),
        (b"\x30\x03\x00\x01\xff", "no UTF-8"),
        (b"\x30\x05\x00\x03\xed\xa0\x80", "no UTF-8"),
        (b"\x30\x03\x00\x05a", "within its topic"),
        (b"\x32\x05\x00\x01a\x00\x00", "identifier 0"),
        (b"\x32\x04\x00\x01a\x00", "within its identifier"),
        (b"\x82\x02\x00\x01", "without a filter"),
        (b"\x82\x06\x00\x01\x00\x01a\x03", "options 0x03"),
        (b"\x82\x06\x00\x01\x00\x01a\x04", "options 0x04"),
        (b"\x82\x07\x00\x01\x00\x03a/#", "within a number"),
        (b"\x82\x08\x00\x01\x00\x03#/a\x00", "out of place"),
        (b"\x82\x07\x00\x01\x00\x02a+\x00", "out of place"),
        (b"\xa2\x02\x00\x01", "without a filter"),
        (b"\x10\x0a\x00\x04MQTX\x04\x02\x00\x00", "does not say MQTT"),
        (b"\x10\x0c\x00\x04MQTT\x04\x03\x00\x00\x00\x00", "contradict"),
        (b"\x10\x0c\x00\x04MQTT\x04\x20\x00\x00\x00\x00", "contradict"),
        (b"\x10\x0c\x00\x04MQTT\x04\x42\x00\x00\x00\x00", "contradict"),
        (b"\x10\x11\x00\x04MQTT\x04\x16\x00\x00\x00\x00\x00\x01w\x00\x00", "QoS 2"),
        (b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x00x", "after its last field"),
    ],
)
def test_what_the_standard_forbids_is_refused_with_the_reason(content: bytes, says: str) -> None:
    found, error = read(content)
    assert not found
    assert says in error


@pytest.mark.parametrize(("name", "level"), [(b"MQTT", 3), (b"MQTT", 6), (b"MQIsdp", 3)])
def test_other_protocol_levels_are_told_apart_so_that_they_can_be_answered(name: bytes, level: int) -> None:
    content = len(name).to_bytes(2, "big") + name + bytes([level, 2, 0, 0, 0, 0])
    with pytest.raises(UnsupportedVersionError) as refused:
        list(Reader().feed(b"\x10" + bytes([len(content)]) + content))
    assert refused.value.level == level


def test_too_large_a_packet_is_refused_before_its_content_comes() -> None:
    with pytest.raises(ProtocolError) as refused:
        list(Reader(max_packet_bytes=1000).feed(b"\x30" + varint(1001)))
    assert refused.value.reason is Reason.PACKET_TOO_LARGE
    assert read(encode(Publish("t", b"x" * 997)), limit=1000)[1] == ""


def test_a_subscription_at_qos_2_is_read_so_that_it_can_be_granted_less() -> None:
    assert read(b"\x82\x06\x00\x01\x00\x01a\x02") == ([Subscribe(1, (("a", 2),))], "")


def test_properties_are_checked() -> None:
    def publish(properties: bytes) -> bytes:
        content = b"\x00\x01a" + varint(len(properties)) + properties
        return b"\x30" + varint(len(content)) + content

    for bad, says in ((b"\x7f\x00", "no property"), (b"\x01\x00\x01\x01", "twice"), (b"\x02\x00", "within a number")):
        assert says in read(publish(bad), version=V5)[1]
    assert "longer than" in read(b"\x30\x04\x00\x01a\x05", version=V5)[1]
    twice = publish(b"\x26\x00\x01k\x00\x01v" * 2)
    assert read(twice, version=V5)[0][0].properties == ((0x26, ("k", "v")), (0x26, ("k", "v")))


@pytest.mark.parametrize(
    "packet",
    [
        Publish("t", b"", 2, 1),
        Publish("t", b"", 1, 0),
        Publish("t", b"", 0, 5),
        Publish("t" * 65_536, b""),
        Publish("a\0b", b""),
        Puback(65_536),
        Subscribe(1, (("a", 2),)),
        Connect("c", None, b"secret"),
        Connect("c", will=Will("t", b"", qos=2)),
        Connect("c", version=3),
    ],
)
def test_what_mqtt_cannot_carry_is_not_written(packet: Packet) -> None:
    with pytest.raises(ValueError):
        encode(packet)


def test_lengths_use_as_few_bytes_as_the_standard_says() -> None:
    for value, size in ((0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (2_097_151, 3), (268_435_455, 4)):
        assert len(varint(value)) == size
    with pytest.raises(ValueError, match="does not fit"):
        varint(268_435_456)


def test_versions_differ_where_the_standards_do() -> None:
    assert encode(Suback(1, (1,))) == b"\x90\x03\x00\x01\x01"
    assert encode(Suback(1, (1,)), V5) == b"\x90\x04\x00\x01\x00\x01"
    assert encode(Unsubscribe(1, ("a",)), V5) == b"\xa2\x06\x00\x01\x00\x00\x01a"
    assert encode(Puback(1, Reason.QUOTA_EXCEEDED), V5) == b"\x40\x04\x00\x01\x97\x00"
