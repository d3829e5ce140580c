"""`simulate` from the command line: what it finds, what it prints, what it ends with."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.harness import SECRET, Reports, Sink
from twin2multicloud.app.cli.main import run
from twin2multicloud.app.cli.simulate_command import FAULTS
from twin2multicloud.app.cli.simulate_view import progress_line
from twin2multicloud.runtime.device_keys import DeviceKeys
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.gateway.intake import Intake
from twin2multicloud.sandbox.gateway.mqtt import MqttGateway
from twin2multicloud.simulator.faults import Fault
from twin2multicloud.simulator.ledger import read_ledger
from twin2multicloud.simulator.report import Report

TWIN = """
name: vineyard
workload: {devices: 8, message_interval_s: 60, message_size_bytes: 120}
device_types:
  soil: {fields: {moisture: {type: double, min: 0, max: 100, simulate: {base: 31, noise: 1}}}}
  weather: {fields: {temperature: {type: double, min: -40, max: 60}}, commands: {reset: }}
devices:
  - {type: soil, name: "soil-{n}", count: 6}
  - {type: weather, names: [north, south]}
"""


class Gateway:
    """A gateway in a thread, since the command takes the main one."""

    def __init__(self, folder: Path) -> None:
        self.sink = Sink()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = self._call(self._start())
        secret = base64.b64encode(SECRET).decode()
        document = {
            "twin": "vineyard",
            "mqtt": f"mqtt://127.0.0.1:{self.port}",
            "http": None,
            "keys": {"secret": secret},
        }
        self.keys = folder / "connection.json"
        self.keys.write_text(json.dumps(document))

    async def _start(self) -> int:
        self._intake = Intake(self.sink, reporter=Reports())
        self._intake.start()
        keys = DeviceKeys(SECRET, lambda device: True)
        self.gateway = MqttGateway("vineyard", keys.authenticate, self._intake, clock=SystemClock(), reporter=Reports())
        return await self.gateway.start()

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def stop(self) -> None:
        self.sink.gate.set()
        self._call(self.gateway.stop(within_s=1))
        self._call(self._intake.stop(within_s=1))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    running = Gateway(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def twin(tmp_path: Path) -> str:
    path = tmp_path / "twin.yaml"
    path.write_text(TWIN)
    return str(path)


def test_a_run_prints_its_report_and_ends_with_0(gateway: Gateway, twin: str, capsys: Any) -> None:
    arguments = ["simulate", twin, "--keys", str(gateway.keys), "--rate", "400", "--messages", "10"]
    assert run([*arguments, "--fault", "duplicate=0.2"]) == 0
    printed, errors = capsys.readouterr()
    assert "vineyard  8 devices to mqtt://127.0.0.1" in printed
    assert "✓ everything acknowledged" in printed
    assert "fault duplicate" in printed
    assert errors == "", "no progress where there is no terminal"
    assert len(set(gateway.sink.of("telemetry"))) == 80
    assert {device for device, _ in gateway.sink.of("telemetry")} == {
        *(f"soil-{n}" for n in range(1, 7)),
        "north",
        "south",
    }


def test_json_and_a_ledger(gateway: Gateway, twin: str, tmp_path: Path, capsys: Any) -> None:
    ledger = tmp_path / "sent.ndjson"
    arguments = ["--interval", "20ms", "--messages", "5", "--devices", "3", "--size", "200", "--json"]
    assert run(["simulate", twin, "--keys", str(gateway.keys), "--ledger", str(ledger), *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["sent"], report["acked"], report["complete"], report["devices"]) == (15, 15, True, 3)
    assert report["bytes"] == 15 * 200
    assert report["ack_ms"]["p50"] > 0
    assert {entry.device for entry in read_ledger(ledger)} == {"soil-1", "soil-2", "north"}, "of every type"
    assert len(read_ledger(ledger)) == 15


def test_a_file_is_replayed(gateway: Gateway, twin: str, tmp_path: Path) -> None:
    rows = tmp_path / "july.csv"
    rows.write_text("device,time,temperature\nnorth,2026-07-01T00:00:00Z,20.5\nsouth,2026-07-01T00:01:00Z,21\n")
    assert run(["simulate", twin, "--keys", str(gateway.keys), "--replay", str(rows), "--speed", "600"]) == 0
    assert gateway.sink.of("telemetry") == [
        ("north", b'{"time":"2026-07-01T00:00:00.000000Z","temperature":20.5}'),
        ("south", b'{"time":"2026-07-01T00:01:00.000000Z","temperature":21}'),
    ]


def test_ctrl_c_ends_a_run_with_its_report(gateway: Gateway, twin: str, capsys: Any) -> None:
    def interrupt() -> None:
        while len(gateway.sink.stored) < 20:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert run(["simulate", twin, "--keys", str(gateway.keys), "--rate", "200"]) == 0
    thread.join()
    assert "everything acknowledged" in capsys.readouterr().out


def test_what_was_not_acknowledged_is_exit_code_6(gateway: Gateway, twin: str, capsys: Any) -> None:
    gateway.sink.gate.clear()
    arguments = ["--rate", "100", "--messages", "1", "--drain", "200ms"]
    assert run(["simulate", twin, "--keys", str(gateway.keys), *arguments]) == 6
    assert "✗ not everything acknowledged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--to", "ftp://x"], "--to"),
        (["--keys", "nowhere.json"], "--keys: 'nowhere.json' cannot be read"),
        (["--rate", "5", "--interval", "5s"], "--interval and --rate"),
        (["--interval", "0.01ms"], "--interval"),
        (["--interval", "soon"], "--interval: 'soon' is not a duration"),
        (["--interval", "1ms", "--rate", "1e9"], "--interval and --rate"),
        (["--rate", "1e6"], "messages/s"),
        (["--start", "yesterday"], "--start"),
        (["--fault", "gremlins=1"], "'gremlins' is none of malformed"),
        (["--fault", "late"], "write late=0.01"),
        (["--fault", "late=2"], "a share of all messages"),
        (["--replay", "nowhere.csv"], "--replay: 'nowhere.csv' cannot be read"),
        (["--replay", "nowhere.csv", "--rate", "3"], "--rate: the file of --replay says when"),
        (["--restamp"], "--restamp goes with --replay"),
        (["--ledger", "no/such/directory/l"], "--ledger"),
    ],
)
def test_options_that_cannot_be_meant_are_said(
    gateway: Gateway, twin: str, arguments: list[str], says: str, capsys: Any
) -> None:
    assert run(["simulate", twin, "--keys", str(gateway.keys), *arguments]) == 2
    assert says in capsys.readouterr().err
    assert not gateway.sink.stored


def test_keys_of_another_twin_are_refused(gateway: Gateway, capsys: Any) -> None:
    assert run(["simulate", "smart-home", "--keys", str(gateway.keys)]) == 2
    assert "is of the twin 'vineyard', not of 'smart-home'" in capsys.readouterr().err


def test_the_faults_of_the_help_are_those_there_are() -> None:
    assert tuple(fault.value for fault in Fault) == FAULTS


def test_the_line_of_progress_says_what_matters() -> None:
    report = Report(devices=10, connects=4)
    assert progress_line(report).plain == "connecting 10 devices · 4 connected"
    report = Report(sent=1200, acked=1000, duration_s=10, reconnects=3, refused=1, commands=2)
    report.latencies.add(0.0123)
    assert progress_line(report).plain == (
        "1,200 sent · 1,000 acked · 100/s · p99 12.3 ms · 200 waiting · 3 reconnects · 2 commands · 1 refused"
    )
