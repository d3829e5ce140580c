"""A widespread MQTT client, Eclipse Paho, speaks to the gateway in both versions of the protocol."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from tests.gateway.harness import TWIN, Bench, key
from tests.patience import PATIENCE_S
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.gateway.mqtt import Delivery

VERSIONS = [pytest.param(paho.MQTTv311, id="3.1.1"), pytest.param(paho.MQTTv5, id="5")]


class Running:
    """A gateway in a thread of its own, since paho blocks."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.bench = self.call(self._start())

    async def _start(self) -> Bench:
        bench = Bench(patience_s=0.2)
        await bench.start()
        return bench

    def call(self, coroutine: Any) -> Any:
        return self.submit(coroutine).result(10)

    def submit(self, coroutine: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def stop(self) -> None:
        self.call(self.bench.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def running() -> Iterator[Running]:
    gateway = Running()
    yield gateway
    gateway.stop()


class Device:
    """A paho client as a device's firmware would use it."""

    def __init__(self, port: int, version: Any, name: str = "sensor-1", password: str | None = None) -> None:
        self.connects: queue.Queue[Any] = queue.Queue()
        self.received: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self.subscribed: queue.Queue[Any] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=version)
        self.client.username_pw_set(name, key(name) if password is None else password)
        self.client.will_set(f"dt/{TWIN}/{name}/state", b'{"connected": false}', qos=1)
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.client.on_connect = lambda _client, _data, _flags, reason, _properties: self.connects.put(reason)
        self.client.on_message = lambda _client, _data, message: self.received.put(message)
        self.client.on_subscribe = lambda _client, _data, _id, codes, _properties: self.subscribed.put(codes)
        self.client.connect("127.0.0.1", port, keepalive=30)
        self.client.loop_start()

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("version", VERSIONS)
def test_telemetry_is_acknowledged_and_stored(running: Running, version: Any) -> None:
    with Device(running.bench.port, version) as device:
        assert not device.connects.get(timeout=PATIENCE_S).is_failure
        for number in range(200):
            sent = device.client.publish(f"dt/{TWIN}/sensor-1/telemetry", b'{"n": %d}' % number, qos=1)
        sent.wait_for_publish(10)
        assert sent.is_published()
    assert running.bench.sink.of("telemetry") == [("sensor-1", b'{"n": %d}' % number) for number in range(200)]
    assert running.bench.sink.of("state") == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_command_goes_to_the_device_and_its_answer_back(running: Running, version: Any) -> None:
    with Device(running.bench.port, version) as device:
        device.connects.get(timeout=PATIENCE_S)
        device.client.subscribe(f"dt/{TWIN}/sensor-1/commands", qos=1)
        assert [code.value for code in device.subscribed.get(timeout=PATIENCE_S)] == [1]
        delivery = running.submit(running.bench.gateway.deliver(Command("c1", "sensor-1", "open")))
        message = device.received.get(timeout=PATIENCE_S)
        assert message.payload == b'{"id":"c1","name":"open","payload":{}}'
        assert delivery.result(5) is Delivery.DELIVERED
        device.client.publish(f"dt/{TWIN}/sensor-1/results", b'{"id": "c1", "status": "ok"}', qos=1).wait_for_publish(5)
    assert running.bench.sink.of("result") == [("sensor-1", b'{"id": "c1", "status": "ok"}')]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_key_is_refused_with_the_right_reason(running: Running, version: Any) -> None:
    with Device(running.bench.port, version, password="wrong") as device:
        reason = device.connects.get(timeout=PATIENCE_S)
        assert reason.is_failure
        assert str(reason) == "Bad user name or password"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lost_device_leaves_its_will(running: Running, version: Any) -> None:
    with Device(running.bench.port, version) as device:
        device.connects.get(timeout=PATIENCE_S)
        line = device.client.socket()
        assert isinstance(line, socket.socket)
        line.shutdown(socket.SHUT_RDWR)
        device.connects.get(timeout=PATIENCE_S)  # paho comes back by itself
    assert running.bench.sink.of("state") == [("sensor-1", b'{"connected": false}')]


def test_paho_sends_again_what_the_gateway_gave_up(running: Running) -> None:
    with Device(running.bench.port, paho.MQTTv311) as device:
        device.connects.get(timeout=PATIENCE_S)
        running.bench.sink.failure = StoreError("no store")
        sent = device.client.publish(f"dt/{TWIN}/sensor-1/telemetry", b"{}", qos=1)
        device.connects.get(timeout=PATIENCE_S)  # it was sent away, and connects again
        assert sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS
        running.bench.sink.failure = None
        sent.wait_for_publish(10)
        assert sent.is_published()
    assert ("sensor-1", b"{}") in running.bench.sink.of("telemetry")
    assert running.bench.gateway.counters.duplicates >= 1
