"""What the MQTT gateway lets devices do, what it acknowledges and when, and what becomes of lost connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvloop

from tests.gateway.harness import TWIN, V5, Bench, connect, key, running, until
from twin2multicloud.mqtt import fields
from twin2multicloud.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Reason,
    Refusal,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)
from twin2multicloud.mqtt.writer import encode
from twin2multicloud.runtime.failures import ErrorKind, StoreError
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.gateway.mqtt import Delivery


def topic(kind: str = "telemetry", device: str = "sensor-1") -> str:
    return f"dt/{TWIN}/{device}/{kind}"


def run(test: Callable[[Bench], Awaitable[None]], **options: object) -> None:
    async def inside() -> None:
        async with running(**options) as bench:
            await test(bench)

    uvloop.run(inside())  # as the sandbox does; test_paho has asyncio's own loop


def test_a_message_is_stored_with_who_sent_it_what_and_when_and_then_acknowledged() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.client()
        client.send(
            Publish(topic(), b'{"t": 1}', 1, 7), Publish(topic("results"), b"{}", 1, 8), Publish(topic("state"), b"{}")
        )
        assert [await client.read(), await client.read()] == [Puback(7), Puback(8)]
        await until(lambda: len(bench.sink.stored) == 3)
        assert [(m.device, m.payload, m.kind, m.received) for m in bench.sink.stored] == [
            ("sensor-1", b'{"t": 1}', "telemetry", bench.clock.time),
            ("sensor-1", b"{}", "result", bench.clock.time),
            ("sensor-1", b"{}", "state", bench.clock.time),
        ]
        counters = bench.gateway.counters
        assert (counters.messages, counters.results, counters.states, counters.acknowledged) == (1, 1, 1, 2)
        assert counters.bytes == 12

    run(test)


def test_nothing_is_acknowledged_before_the_sink_has_returned() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.client()
        bench.sink.gate.clear()
        client.send(Publish(topic(), b"{}", 1, 7))
        assert await client.silent()
        bench.sink.gate.set()
        assert await client.read() == Puback(7)

    run(test)


def test_messages_of_many_connections_are_stored_together_and_in_each_ones_order() -> None:
    async def test(bench: Bench) -> None:
        devices = [f"sensor-{number}" for number in range(1, 21)]
        clients = [await bench.client(device) for device in devices]
        bench.sink.gate.clear()
        for number in range(1, 11):
            for device, client in zip(devices, clients, strict=True):
                client.send(Publish(topic(device=device), b"%d" % number, 1, number))
        await until(lambda: bench.intake.backlog == 200)
        bench.sink.gate.set()
        for client in clients:
            assert [await client.read() for _ in range(10)] == [Puback(number) for number in range(1, 11)]
        assert len(bench.sink.batches) <= 3
        for device in devices:
            assert [p for d, p in bench.sink.of("telemetry") if d == device] == [b"%d" % n for n in range(1, 11)]

    run(test)


@pytest.mark.parametrize(
    ("packet", "v311", "v5"),
    [
        (connect("sensor-1", password=b"wrong"), Refusal.BAD_USER_NAME_OR_PASSWORD, Reason.BAD_USER_NAME_OR_PASSWORD),
        (connect("sensor-1", password=None), Refusal.BAD_USER_NAME_OR_PASSWORD, Reason.BAD_USER_NAME_OR_PASSWORD),
        (connect("nobody"), Refusal.BAD_USER_NAME_OR_PASSWORD, Reason.BAD_USER_NAME_OR_PASSWORD),
        (connect("sensor-1", username="sensor-2"), Refusal.CLIENT_ID_NOT_VALID, Reason.CLIENT_ID_NOT_VALID),
        (Connect("sensor-1"), Refusal.CLIENT_ID_NOT_VALID, Reason.CLIENT_ID_NOT_VALID),
        (Connect(""), Refusal.CLIENT_ID_NOT_VALID, Reason.CLIENT_ID_NOT_VALID),
        (
            connect("sensor-1", will=Will(topic("state", "sensor-2"), b"")),
            Refusal.NOT_AUTHORIZED,
            Reason.NOT_AUTHORIZED,
        ),
    ],
)
@pytest.mark.parametrize("version", [4, 5])
def test_who_does_not_show_a_devices_own_key_is_not_let_in(
    packet: Connect, v311: Refusal, v5: Reason, version: int
) -> None:
    async def test(bench: Bench) -> None:
        client = await bench.open(version)
        packet.version = version
        client.send(packet)
        assert await client.read() == Connack(v5 if version == V5 else v311)
        assert await client.read() is None
        assert bench.gateway.connections == 0
        assert bench.gateway.counters.refused == 1
        assert bench.reports.all[0].kind is ErrorKind.UNKNOWN_DEVICE
        assert key("sensor-1") not in repr(bench.reports.all)
        assert not bench.sink.stored

    run(test)


@pytest.mark.parametrize(
    "elsewhere", [topic(device="sensor-2"), topic("commands"), "dt/other/sensor-1/telemetry", "$SYS/x", "t"]
)
def test_a_device_publishes_to_its_own_topics_only(elsewhere: str) -> None:
    async def test(bench: Bench) -> None:
        old = await bench.client("sensor-1")
        old.send(Publish(elsewhere, b"{}", 1, 3), Publish(topic(), b"{}", 1, 4))
        assert await old.read() is None
        new = await bench.client("sensor-1", version=V5)
        new.send(Publish(elsewhere, b"{}", 1, 3), Publish(topic(), b"{}", 1, 4))
        assert await new.read() == Puback(3, Reason.NOT_AUTHORIZED)
        assert await new.read() == Puback(4)
        assert bench.sink.of("telemetry") == [("sensor-1", b"{}")]
        assert bench.gateway.counters.refused_publishes == 2
        assert bench.reports.says("may not publish")

    run(test)


@pytest.mark.parametrize("name", ["#", "dt/#", f"dt/{TWIN}/+/commands", topic("commands", "sensor-2"), topic()])
def test_a_device_subscribes_to_its_own_commands_only(name: str) -> None:
    async def test(bench: Bench) -> None:
        client = await bench.client()
        client.send(Subscribe(9, ((name, 1), (topic("commands"), 0))))
        assert await client.read() == Suback(9, (0x80, 0))
        assert bench.ready == ["sensor-1"]
        assert bench.reports.says("may not subscribe")

    run(test)


def test_qos_2_is_granted_as_1_and_a_publish_with_it_ends_the_connection() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.client()
        name = topic("commands").encode()
        client.writer.write(b"\x82" + bytes([5 + len(name)]) + b"\x00\x01" + bytes([0, len(name)]) + name + b"\x02")
        assert await client.read() == Suback(1, (1,))
        client.writer.write(b"\x34\x05\x00\x01a\x00\x01")
        assert await client.read() is None
        v5 = await bench.client(version=V5)
        v5.writer.write(b"\x34\x06\x00\x01a\x00\x01\x00")
        assert await v5.read() == Disconnect(Reason.QOS_NOT_SUPPORTED)

    run(test)


@pytest.mark.parametrize(
    "content", [b"GET / HTTP/1.1\r\n\r\n", b"\x30\x03\x00\x01a", b"\xc0\x00", b"\x10\x00", b"\xff" * 9]
)
def test_what_is_no_connect_is_closed_and_counted(content: bytes) -> None:
    async def test(bench: Bench) -> None:
        client = await bench.open()
        client.writer.write(content)
        assert await client.read() is None
        assert bench.gateway.counters.protocol_errors == 1
        assert bench.reports.all[0].kind is ErrorKind.MALFORMED

    run(test)


def test_old_protocol_levels_get_the_answer_the_standard_has_for_them() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.open()
        client.writer.write(b"\x10\x10\x00\x06MQIsdp\x03\x02\x00\x00\x00\x02ab")
        assert await client.read() == Connack(Refusal.UNSUPPORTED_VERSION)
        assert await client.read() is None

    run(test)


def test_a_second_connect_and_servers_packets_are_errors() -> None:
    async def test(bench: Bench) -> None:
        for packet in (connect(), Connack(), Suback(1, (0,)), Pingresp()):
            client = await bench.client()
            client.send(packet)
            assert await client.read() is None
        assert bench.gateway.counters.protocol_errors == 4

    run(test)


def test_too_large_a_message_is_refused_before_it_is_read() -> None:
    async def test(bench: Bench) -> None:
        fits = await bench.client()
        fits.send(Publish(topic(), b"x" * 1000, 1, 1))
        assert await fits.read() == Puback(1)
        client = await bench.client("sensor-2", version=V5)
        client.send(Publish(topic(device="sensor-2"), b"x" * 3000, 1, 1))
        assert await client.read() == Disconnect(Reason.PACKET_TOO_LARGE)
        assert len(bench.sink.of("telemetry")) == 1

    run(test, message_bytes=1000)


def test_a_version_5_client_is_told_what_the_gateway_does_not_do() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.open(V5)
        client.send(connect(version=V5))
        answer = await client.read()
        assert isinstance(answer, Connack)
        assert dict(answer.properties)[fields.MAXIMUM_QOS] == 1
        assert dict(answer.properties)[fields.RETAIN_AVAILABLE] == 0

    run(test)


def test_a_command_is_delivered_when_the_device_has_acknowledged_it() -> None:
    async def test(bench: Bench) -> None:
        command = Command("c1", "sensor-1", "close", {"valve": 3}, "trace-1")
        assert await bench.gateway.deliver(command) is Delivery.OFFLINE
        client = await bench.client()
        assert await bench.gateway.deliver(command) is Delivery.OFFLINE, "it has not subscribed yet"
        client.send(Subscribe(1, ((topic("commands"), 1),)))
        await client.read()
        assert bench.ready == ["sensor-1"]
        delivery = asyncio.create_task(bench.gateway.deliver(command))
        sent = await client.read()
        assert isinstance(sent, Publish)
        assert sent.topic == topic("commands")
        assert sent.payload == b'{"id":"c1","name":"close","payload":{"valve":3},"trace":"trace-1"}'
        assert not delivery.done()
        client.send(Puback(sent.id))
        assert await delivery is Delivery.DELIVERED
        client.send(Unsubscribe(2, (topic("commands"),)))
        assert await client.read() == Unsuback(2)
        assert await bench.gateway.deliver(command) is Delivery.OFFLINE

    run(test)


def test_a_command_that_is_not_acknowledged_counts_as_unanswered() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.subscribed()
        command = Command("c1", "sensor-1", "close")
        assert await bench.gateway.deliver(command, timeout_s=0.05) is Delivery.UNANSWERED
        first = await client.read()
        lost = asyncio.create_task(bench.gateway.deliver(command))
        second = await client.read()
        assert isinstance(first, Publish)
        assert isinstance(second, Publish)
        assert first.id != second.id, "the first one's identifier is still taken"
        client.lose()
        assert await lost is Delivery.UNANSWERED
        assert bench.gateway.counters.commands == 2
        assert bench.gateway.counters.commands_acknowledged == 0

    run(test)


def test_a_lost_connection_becomes_a_state_message_and_a_goodbye_does_not() -> None:
    async def test(bench: Bench) -> None:
        with_will = await bench.client("sensor-1", will=Will(topic("state"), b'{"connected": false, "battery": 3}'))
        without = await bench.client("sensor-2")
        polite = await bench.client("sensor-3", will=Will(topic("state", "sensor-3"), b"{}"))
        polite.send(Disconnect())
        assert await polite.read() is None
        with_will.lose()
        without.lose()
        await until(lambda: len(bench.sink.stored) == 2)
        assert sorted(bench.sink.of("state")) == [
            ("sensor-1", b'{"connected": false, "battery": 3}'),
            ("sensor-2", b'{"connected": false}'),
        ]
        assert bench.gateway.connections == 0
        v5 = await bench.client("sensor-4", version=V5)
        v5.send(Disconnect(Reason.DISCONNECT_WITH_WILL))
        await until(lambda: len(bench.sink.stored) == 3)

    run(test)


def test_a_device_that_connects_again_takes_over_from_its_stale_connection() -> None:
    async def test(bench: Bench) -> None:
        stale = await bench.client(version=V5)
        fresh = await bench.subscribed()
        assert await stale.read() == Disconnect(Reason.SESSION_TAKEN_OVER)
        assert await stale.read() is None
        fresh.send(Publish(topic(), b"{}", 1, 1))
        assert await fresh.read() == Puback(1)
        assert bench.gateway.connections == 1
        assert bench.gateway.counters.takeovers == 1
        assert bench.sink.of("state") == [], "the device is connected"

    run(test)


def test_a_silent_device_is_taken_for_lost_after_one_and_a_half_keep_alives() -> None:
    async def test(bench: Bench) -> None:
        silent = await bench.client("sensor-1", keep_alive_s=1)
        alive = await bench.client("sensor-2", keep_alive_s=1)
        for _ in range(8):
            alive.send(Pingreq())
            assert await alive.read() == Pingresp()
            await asyncio.sleep(0.35)
        assert await silent.read() is None
        assert bench.gateway.counters.keep_alive_timeouts == 1
        assert bench.sink.of("state") == [("sensor-1", b'{"connected": false}')]
        assert bench.gateway.is_connected("sensor-2")

    run(test)


def test_who_connects_and_says_nothing_is_shown_out() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.open()
        assert await client.read() is None
        assert bench.gateway.connections == 0

    run(test, connect_within_s=0.2)


def test_who_connects_and_says_something_very_slowly_is_shown_out() -> None:
    async def test(bench: Bench) -> None:
        client = await bench.open()
        hello = encode(connect())
        for byte in hello:
            if client.writer.is_closing():
                break
            client.writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
        else:
            pytest.fail("it was let in after all")
        assert bench.gateway.counters.connects == 0

    run(test, connect_within_s=0.5)


def test_no_more_devices_than_allowed_are_let_in_but_each_may_come_again() -> None:
    async def test(bench: Bench) -> None:
        await bench.client("sensor-1")
        await bench.client("sensor-2")
        third = await bench.open()
        third.send(connect("sensor-3"))
        assert await third.read() == Connack(Refusal.SERVER_UNAVAILABLE)
        await bench.client("sensor-2")

    run(test, most_connections=2)


@pytest.mark.parametrize("in_thread", [True, False])
def test_a_refused_batch_is_tried_again_while_the_device_waits(in_thread: bool) -> None:
    async def test(bench: Bench) -> None:
        client = await bench.client()
        bench.sink.failure = StoreError("the disk is full", quota=True)
        client.send(Publish(topic(), b"1", 1, 1))
        await until(lambda: bench.sink.attempts >= 2)
        client.send(Publish(topic(), b"2", 1, 2))
        assert await client.silent()
        bench.sink.failure = None
        assert [await client.read(), await client.read()] == [Puback(1), Puback(2)]
        assert bench.sink.of("telemetry") == [("sensor-1", b"1"), ("sensor-1", b"2")]
        assert bench.reports.all[0].kind is ErrorKind.QUOTA
        assert bench.reports.says("the disk is full")

    run(test, in_thread=in_thread)


def test_a_batch_refused_for_too_long_is_never_acknowledged_and_the_device_is_made_to_send_it_again() -> None:
    async def test(bench: Bench) -> None:
        bench.sink.failure = StoreError("no store")
        old, new = await bench.client("sensor-1"), await bench.client("sensor-2", version=V5)
        old.send(Publish(topic(), b"1", 1, 1))
        new.send(Publish(topic(device="sensor-2"), b"2", 1, 1))
        assert await old.read() is None
        assert await new.read() == Disconnect(Reason.SERVER_BUSY)
        bench.sink.failure = None
        again = await bench.client("sensor-1")
        again.send(Publish(topic(), b"1", 1, 1, dup=True))
        assert await again.read() == Puback(1)
        assert bench.sink.of("telemetry") == [("sensor-1", b"1")]
        assert bench.sink.of("state") == [], "the device was not lost; the gateway sent it away"
        assert (bench.gateway.counters.duplicates, bench.gateway.counters.unacknowledged) == (1, 2)

    run(test, patience_s=0.3)


def test_a_full_intake_stops_reading_until_half_of_it_is_stored() -> None:
    async def test(bench: Bench) -> None:
        bench.sink.gate.clear()
        clients = {device: await bench.client(device) for device in ("sensor-1", "sensor-2")}
        for number in range(1, 5001):
            for device, client in clients.items():
                client.send(Publish(topic(device=device), b"x" * 1000, 1, number))
        await until(lambda: bench.gateway.paused)
        await asyncio.sleep(0.1)
        held = bench.intake.backlog
        # What was read in one go before the pause may exceed the bound, no more.
        assert 100 <= held < 1500
        await asyncio.sleep(0.1)
        assert bench.intake.backlog == held
        bench.sink.gate.set()
        for client in clients.values():
            for number in range(1, 5001):
                assert await client.read() == Puback(number)
        assert len(bench.sink.stored) == 10_000

    run(test, backlog=100, batch=20)


def test_a_device_that_takes_no_acknowledgements_is_not_read_from() -> None:
    async def test(bench: Bench) -> None:
        with socket.socket() as narrow:
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            narrow.setblocking(False)
            await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", bench.port))
            client = bench.adopt(*await asyncio.open_connection(sock=narrow))
            client.send(connect())
            await client.read()
            transport: Any = client.writer.transport  # uvloop's is no asyncio.Transport
            transport.pause_reading()
            packets = encode(Publish(topic(), b"", 1, 1)) * 1000
            sent, taken = 0, True
            while taken and sent < 3_000_000:
                client.writer.write(packets)
                sent += 1000
                with suppress(TimeoutError):
                    taken = False
                    await asyncio.wait_for(client.writer.drain(), 0.4)
                    taken = True
            assert not taken
            assert len(bench.sink.stored) < sent
            client.lose()

    run(test)


def test_a_defect_of_the_sink_is_shown_and_does_not_stop_the_gateway_for_good() -> None:
    async def test(bench: Bench) -> None:
        seen: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context["exception"]))
        client = await bench.client()
        bench.sink.failure = ZeroDivisionError("a defect")
        client.send(Publish(topic(), b"1", 1, 1))
        await until(lambda: seen)
        bench.sink.failure = None
        assert await client.read() == Puback(1)
        assert bench.sink.of("telemetry") == [("sensor-1", b"1")]
        assert bench.reports.all[0].severity == "critical"

    run(test)


def test_connected_time_is_that_of_the_twins_clock() -> None:
    async def test(bench: Bench) -> None:
        first = await bench.client("sensor-1")
        await bench.client("sensor-2")
        bench.clock.time += 600
        first.send(Disconnect())
        await until(lambda: bench.gateway.connections == 1)
        bench.clock.time += 60
        assert bench.gateway.connected_seconds() == {"sensor-1": 600, "sensor-2": 660}
        assert bench.gateway.connected_time.total_s() == 1260
        await bench.client("sensor-1")
        bench.clock.time -= 10_000
        assert bench.gateway.connected_seconds() == {"sensor-1": 600, "sensor-2": 0}
        bench.clock.time += 10_030
        assert bench.gateway.connected_seconds() == {"sensor-1": 630, "sensor-2": 690}

    run(test)


def test_stopping_acknowledges_what_can_be_stored_and_makes_no_lost_devices_of_it() -> None:
    async def test() -> None:
        bench = Bench()
        await bench.start()
        old, new = await bench.client("sensor-1"), await bench.client("sensor-2", version=V5)
        old.send(Publish(topic(), b"1", 1, 1))
        await until(lambda: bench.intake.backlog or bench.sink.stored)
        await bench.stop()
        assert [await old.read(), await old.read()] == [Puback(1), None]
        assert [await new.read(), await new.read()] == [Disconnect(Reason.SERVER_SHUTTING_DOWN), None]
        assert bench.sink.of("state") == []
        with pytest.raises(ConnectionRefusedError):
            await bench.open()
        await bench.close_clients()

    asyncio.run(test())
