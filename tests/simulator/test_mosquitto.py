"""The simulated devices against a real broker, Eclipse Mosquitto: the client is not made for our gateway alone."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.gateway.harness import ManualClock, until
from tests.simulator.site import NOW
from tests.simulator.twins import SPEC, TWIN
from twin2multicloud.simulator.faults import Fault
from twin2multicloud.simulator.link import Target
from twin2multicloud.simulator.report import Report
from twin2multicloud.simulator.simulation import Plan, Simulation

pytestmark = pytest.mark.slow


class Broker:
    def __init__(self, folder: Path) -> None:
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if found is None:
            pytest.skip("stand-in missing: mosquitto")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        self._command = [found, "-c", str(config)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("mosquitto does not listen")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


class Listener:
    """Somebody else who is connected to the broker."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="listener")
        self.client.reconnect_delay_set(1, 1)
        self.ready = 0
        self.client.on_connect = lambda client, *_: client.subscribe("dt/#", qos=1)
        self.client.on_subscribe = lambda *_: setattr(self, "ready", self.ready + 1)
        self.client.on_message = lambda _client, _data, message: self.messages.append(
            (message.topic, bytes(message.payload))
        )
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def of(self, kind: str) -> list[bytes]:
        return [payload for topic, payload in self.messages if topic.endswith(f"/{kind}")]

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def listener(broker: Broker) -> Iterator[Listener]:
    listening = Listener(broker.port)
    yield listening
    listening.stop()


def simulation(broker: Broker, plan: Plan) -> Simulation:
    return Simulation(SPEC, Target(TWIN, "mqtt", "127.0.0.1", broker.port), lambda _: "", plan, clock=ManualClock(NOW))


def test_everything_arrives_wills_are_published_and_commands_answered(broker: Broker, listener: Listener) -> None:
    async def inside() -> Report:
        await until(lambda: listener.ready)
        faults = {Fault.DISCONNECT: 0.02}
        run = simulation(broker, Plan(0.05, messages_per_device=40, faults=faults, offline_s=0.2, seed=2))
        running = asyncio.create_task(run.run())
        await until(lambda: run.report.acked > 20)
        command = json.dumps({"id": "c1", "name": "identify", "payload": {}})
        listener.client.publish(f"dt/{TWIN}/climate-001/commands", command, qos=1)
        await until(lambda: listener.of("results"))
        report = await running
        await until(lambda: len(set(listener.of("telemetry"))) == 840)
        return report

    report = asyncio.run(inside())
    assert report.complete
    assert (report.sent, report.commands) == (840, 1)
    assert [json.loads(payload) for payload in listener.of("results")] == [{"id": "c1", "status": "ok"}]
    assert report.reconnects > 0
    assert set(listener.of("state")) == {b'{"connected": false}'}


def test_after_the_broker_was_killed_everything_is_acknowledged_by_the_next_one(broker: Broker) -> None:
    async def inside() -> Report:
        run = simulation(broker, Plan(0.05, messages_per_device=40))
        running = asyncio.create_task(run.run())
        await until(lambda: run.report.acked > 100)
        broker.kill()
        await asyncio.sleep(0.5)
        broker.start()
        return await running

    report = asyncio.run(inside())
    assert report.complete
    assert report.sent == report.acked == 840
    assert report.reconnects >= 21
