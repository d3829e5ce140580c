"""Whatever a client sends, the gateway stays up, and stores nothing but what a device published as itself."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.harness import TWIN, V5, V311, Bench, connect
from tests.mqtt.strategies import packets
from twin2multicloud.mqtt.packets import Packet, Publish, Subscribe, Will
from twin2multicloud.mqtt.writer import encode
from twin2multicloud.sandbox.gateway.connection import DeviceConnection

kinds = st.sampled_from(["telemetry", "results", "state", "commands", "other"])
devices = st.sampled_from(["sensor-1", "sensor-2"])
topics = st.builds(lambda device, kind: f"dt/{TWIN}/{device}/{kind}", devices, kinds)


class Wire(asyncio.Transport):
    """A transport that keeps what is written and knows whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Nothing is read here anyway."""

    resume_reading = pause_reading


def plausible(version: int) -> st.SearchStrategy[Packet]:
    """What gets further than arbitrary packets do."""
    return st.one_of(
        st.builds(lambda topic, body, number: Publish(topic, body, 1, number), topics, st.binary(), st.integers(1, 9)),
        st.builds(lambda topic, number: Subscribe(number, ((topic, 1),)), topics, st.integers(1, 9)),
        st.builds(lambda device, topic: connect(device, version=version, will=Will(topic, b"{}")), devices, topics),
        st.builds(lambda device: connect(device, version=version, password=b"wrong"), devices),
        packets(version),
    )


@given(
    st.sampled_from([V311, V5]).flatmap(lambda v: st.tuples(st.just(v), st.lists(plausible(v), max_size=8))),
    st.booleans(),
    st.binary(max_size=40),
    st.lists(st.integers(0, 2000), max_size=5),
)
def test_nothing_breaks_and_nobody_speaks_for_another(
    sent: tuple[int, list[Packet]], introduced: bool, rubbish: bytes, cuts: list[int]
) -> None:
    version, conversation = sent
    bench, wire = Bench(), Wire()
    taken: list[tuple[str, bytes, str]] = []
    bench.intake.put = lambda m, receiver=None, number=0: taken.append((m.device, m.payload, m.kind))  # type: ignore[assignment, method-assign]
    connection = DeviceConnection(bench.gateway, lambda: 0.0)
    connection.connection_made(wire)
    first = [connect("sensor-1", version=version)] if introduced else []
    stream = b"".join(encode(packet, version) for packet in [*first, *conversation]) + rubbish
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    for start, stop in pairwise(edges):
        if not wire.closed:
            connection.data_received(stream[start:stop])
    if wire.closed:
        count = len(taken)
        connection.connection_lost(None)
        assert len(taken) - count <= 1, "at most the news that the device is gone"
    published = {packet.payload for packet in conversation if isinstance(packet, Publish)}
    for device, payload, kind in taken:
        assert device == connection.device
        assert kind in ("telemetry", "result", "state")
        assert payload in published or payload in (b"{}", b'{"connected": false}')
    own = [p for p in conversation if isinstance(p, Publish) and p.topic == f"dt/{TWIN}/{connection.device}/telemetry"]
    assert sum(kind == "telemetry" for _, _, kind in taken) <= len(own)
    assert bench.gateway.connections <= 1
