"""A sandbox's life: up, down, up again, killed in the middle; and what it holds through all of that."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.cli.sandboxes import SPREAD, TWIN, Bench, bench, kill_all, until
from tests.patience import PATIENCE_S
from twin2multicloud.sandbox import create
from twin2multicloud.sandbox.layout import Layout, SupervisorAddress
from twin2multicloud.sandbox.locks import ProcessLock, SandboxError, holder

pytestmark = pytest.mark.slow


def test_up_status_down_as_processes(tmp_path: Path) -> None:
    made = Bench(tmp_path, SPREAD)
    up = ("up", "twin.yaml", "--placement", "placement.json")
    try:
        assert "there is no sandbox in" in made.process("status", code=2).err
        began = made.process(*up)
        assert "bench is up after" in began.out
        assert "6 devices on 3 clouds" in began.err
        pids = sorted(made.pids())
        assert len(pids) == 4

        assert "bench was up already" in made.process(*up).out
        assert sorted(made.pids()) == pids

        (tmp_path / "twin.yaml").write_text(TWIN.replace("power > 3000", "power > 3100"))
        assert "as its definition has changed" in made.process(*up).out
        # A process that has closed all may be about to end.
        until(lambda: not set(made.pids()) & set(pids), "processes are left")
        assert made.process("verify").out.endswith("every hop works\n")

        assert "stopped; what is stored stays" in made.process("down").err
        until(lambda: not made.pids(), "processes are left")
        assert "it was not running" in made.process("down").err
        status = made.process("status", code=6)
        assert "not running" in status.out
        assert "is not running" in made.process("inject", "kill", "aws", code=6).err
        assert "does not answer" in made.process("verify", code=6).err
        assert made.process("verify", "--json", code=6).json["error"]["kind"] == "sandbox"

        (made.layout.directory / "notes.txt").write_text("mine")
        assert "deleted" in made.process("down", "--delete", "--yes").err
        assert [file.name for file in made.layout.directory.iterdir()] == ["notes.txt"]
        assert "there is no sandbox" in made.process("down", code=2).err
    finally:
        made.close()


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    made = Bench(tmp_path)
    refused = made.up("--dir", ".", code=2)
    assert "has other files in it" in refused.err
    assert (tmp_path / "processors" / "lamp.py").exists()
    assert made.pids() == []


def test_a_twin_with_findings_ends_with_4(tmp_path: Path) -> None:
    made = Bench(tmp_path, twin=TWIN.replace("power > 3000", "pover > 3000"))
    refused = made.up(code=4)
    assert "rules[2].when: column 1: unknown field 'pover'; did you mean 'power'?" in refused.err
    (finding,) = made.up("--json", code=4).json["error"]["findings"]
    assert finding["line"]
    assert not made.layout.directory.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "placement.json: "),
        ('{"placement": {}}', "placement.json: "),
    ],
)
def test_placements_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    made = Bench(tmp_path)
    (tmp_path / "placement.json").write_text(text)
    assert said in made.up(code=2).err


def test_ports_that_are_taken_meanwhile_are_given_up(tmp_path: Path) -> None:
    with bench(tmp_path, SPREAD) as made:
        before = made.layout.config().clouds
        made("down")
        with socket.create_server(("127.0.0.1", before["azure"].http_port)) as taken:
            made.up()
            after = made.layout.config().clouds
            assert after["azure"].http_port != taken.getsockname()[1]
            assert (after["aws"], after["gcp"]) == (before["aws"], before["gcp"])
            assert made("verify", "--json").json["ok"]  # links lead to the new port


def test_down_in_the_middle_and_up_lose_nothing(tmp_path: Path) -> None:
    with bench(tmp_path, SPREAD) as made:
        made.send("meter-1", {"power": 1500}, b"{", {"power": "x"})
        until(lambda: made("alerts", "--json").lines and made.records() == 1, "not handled")
        until(lambda: len(made("dead-letters", "list", "--json").json) == 2, "not set aside")
        made("command", "lamp-1", "switch", "to=on")
        made("inject", "drop", "persist")
        made("inject", "drop", "telemetry")
        for number in range(50):
            made.send("meter-2", {"power": 1500 + number})
        errors = {e["key"].partition("#")[0] for e in made.errors()}
        counted = made.client.meters()["aws"][1]
        made("down")
        made.up()

        until(lambda: made.records() == 51, "messages are missing")
        time.sleep(1.5)  # would anything come twice
        assert made.records() == 51
        assert len(made("dead-letters", "list", "--json").json) == 2
        assert errors <= {e["key"].partition("#")[0] for e in made.errors()}
        assert made.client.meters()["aws"][1] > counted
        made.send("meter-1", {"power": 1600})  # it is still warm: no second alert
        until(lambda: made.records() == 52, "not handled")
        time.sleep(0.3)
        assert [a["device"] for a in made("alerts", "--json").lines if a["rule"] == "warm"] == ["meter-1", "meter-2"]
        lamp = made.device("lamp-1")
        command = lamp.command(PATIENCE_S)
        assert command is not None
        assert (command["name"], command["payload"]) == ("switch", {"to": "on"})
        lamp.close()


def test_a_killed_supervisor_takes_its_clouds_along(tmp_path: Path) -> None:
    with bench(tmp_path, SPREAD) as made:
        made.send("meter-1", {"power": 1})
        address = msgspec.json.decode(made.layout.supervisor_file.read_bytes(), type=SupervisorAddress)
        os.kill(address.pid, signal.SIGKILL)
        until(lambda: not made.pids(), "orphans are left")
        status = made("status", code=6)
        assert "not running" in status.out
        assert {p["state"] for p in made("status", "--json", code=6).json["clouds"]} == {"stopped"}
        made.up()
        assert made("verify", "--json").json["ok"]
        until(lambda: made.records() == 2, "lost")


def test_ports_that_others_took_meanwhile_are_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between choosing a port and listening there is a moment: somebody takes one in it, and one while it starts."""
    with bench(tmp_path, SPREAD) as made, contextlib.ExitStack() as others:
        taken: list[int] = []

        def take(cloud: str) -> None:
            port = made.layout.config().clouds[cloud].http_port
            other = others.enter_context(socket.socket())
            other.bind(("127.0.0.1", port))
            other.listen()
            taken.append(port)

        begin = create._start

        def begin_late(layout: Layout, progress: Callable[[str], None]) -> None:
            if len(taken) == 1:
                take("aws")
            begin(layout, progress)

        made.up()
        made("down")
        take("azure")
        monkeypatch.setattr(create, "READY_S", 6.0)
        monkeypatch.setattr(create, "_start", begin_late)
        create.start(made.layout)
        ports = {cloud.http_port for cloud in made.layout.config().clouds.values()}
        assert len(taken) == 2
        assert not ports & set(taken)
        assert made("verify", "--json").json["ok"]


def test_an_orphan_that_hangs_is_killed(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        cloud = holder(made.layout.cloud_lock("aws"))
        supervisor = holder(made.layout.supervisor_lock)
        assert cloud
        assert supervisor
        os.kill(cloud, signal.SIGSTOP)
        os.kill(supervisor, signal.SIGKILL)
        made.up()
        assert cloud not in made.pids()
        assert made("verify", "--json").json["ok"]


def test_after_a_power_cut(tmp_path: Path) -> None:
    with bench(tmp_path, SPREAD) as made:
        for number in range(20):
            made.send("meter-2", {"power": number})
        kill_all(made.pids())
        until(lambda: not made.pids(), "not killed")
        # After a reboot somebody else may have the supervisor's process id.
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
            stale = SupervisorAddress(1, stranger.pid, "token")
            made.layout.supervisor_file.write_bytes(msgspec.json.encode(stale))
            assert "it was not running" in made("down").err
            made.up()
            until(lambda: made.records() == 20, "lost")
            assert stranger.poll() is None
            stranger.communicate(b"\n")


def test_a_cloud_that_dies_comes_back(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made("inject", "kill", "aws", "--seconds", "2")
        status = made("status", "--json", code=6).json
        assert status["clouds"][0]["state"] == "stopped"
        until(lambda: made("status", "--json", code=None).code == 0, "not back")
        assert "↻1" in made("status").out


def test_a_fast_clock_stands_still_while_down(tmp_path: Path) -> None:
    with bench(tmp_path, "aws", TWIN, "--speed", "43800") as made:
        first = made("status", "--json").json["clock"]
        made("down")
        down = made("status", "--json", code=6).json["clock"]
        assert first["now"] <= down["now"]
        time.sleep(0.5)
        assert made("status", "--json", code=6).json["clock"]["now"] == down["now"]
        made.up("--speed", "0")
        slow = made("status", "--json").json["clock"]
        assert slow == {"now": down["now"], "speed": 0.0}
        made.up("--speed", "3600")  # while it runs
        made.client.kill("aws", 0)  # what starts again follows, too
        time.sleep(0.5)
        until(lambda: made("status", "--json", code=None).code == 0, "not back")
        fast = made("status", "--json").json["clock"]
        assert fast["speed"] == 3600
        assert fast["now"] - slow["now"] > 1800


def test_a_lock_is_one_processs_own(tmp_path: Path) -> None:
    file = tmp_path / "x.lock"
    assert holder(file) is None
    with ProcessLock(file):
        assert holder(file) == os.getpid()
        with pytest.raises(SandboxError, match=f"in use by process {os.getpid()}"):
            ProcessLock(file)
    assert holder(file) is None


def test_an_interrupted_up_leaves_nothing_behind(tmp_path: Path) -> None:
    made = Bench(tmp_path, SPREAD)
    for _ in range(5):
        with made.follow("up", "twin.yaml", "--placement", "placement.json") as running:
            until(made.pids, "not begun")
            running.send_signal(signal.SIGINT)
            code = running.wait(30)
        if code != 0:
            break
        made("down")  # it was up before the signal came, as happens where this process has to wait for its turn
    assert code == 130
    until(lambda: not made.pids(), "processes are left")
    try:
        assert "bench is up after" in made.up().out
    finally:
        made.close()


def test_two_at_once_bring_up_one(tmp_path: Path) -> None:
    made = Bench(tmp_path)
    arguments = ("up", "twin.yaml", "--placement", "placement.json", "--json")
    try:
        with made.follow(*arguments) as first, made.follow(*arguments) as second:
            answers = [json.loads(one.communicate(timeout=60)[0]) for one in (first, second)]
        assert answers[0]["supervisor_pid"] == answers[1]["supervisor_pid"]
        assert [process["pid"] for process in answers[0]["clouds"]] == [p["pid"] for p in answers[1]["clouds"]]
        assert len(made.pids()) == 2
    finally:
        made.close()
