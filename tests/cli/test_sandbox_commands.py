"""`sandbox` from the command line against one running sandbox: exit codes, JSON, helpful errors, what is shown."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.sandboxes import SPREAD, Bench, bench, environment, until
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("one sandbox's commands")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("commands"), SPREAD) as made:
        made.send("lamp-1", {"brightness": 95, "steps": 1}, {"brightness": 12.5, "steps": 0})
        made.send("meter-1", {"power": "much"})
        until(lambda: made.records() == 2 and list(made.client.dead_letters()), "not handled")
        yield made


# ── What goes wrong is said ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inject", "gremlins"], "'gremlins' is no fault; there are delay, drop, "),
        (["inject", "drop", "nowhere"], "'nowhere' is no link of this sandbox; it has telemetry, "),
        (["inject", "drop", "hot"], "'hot' is no link"),
        (["inject", "drop", "--rate", "0"], "rate: 0 is no share"),
        (["inject", "drop", "--rate", "1.5"], "rate: 1.5 is no share"),
        (["inject", "drop", "--rate", "nan"], "rate: nan is no share"),
        (["inject", "delay", "--seconds", "inf"], "--seconds: inf is no duration"),
        (["inject", "delay", "--seconds", "-1"], "seconds: -1 is out of range"),
        (["inject", "drop", "--for", "0"], "--for: 0 is out of range"),
        (["inject", "disk-full"], "name the store: hot, cool, archive, graph, queues"),
        (["inject", "refuse-writes", "persist"], "name the store"),
        (["inject", "kill"], "kill: name the cloud: "),
        (["inject", "kill", "ibm"], "'ibm' is no cloud of this sandbox; it has "),
        (["inject", "kill", "aws", "--seconds", "-3"], "--seconds: -3 is out of range"),
        (["inject", "outage", "moon"], "'moon' is no cloud"),
        (["inject", "clock-jump", "--seconds", "1e12"], "--seconds: 1e+12 is out of range"),
        (["logs", "--cloud", "ibm"], "'ibm' is no cloud of this sandbox"),
        (["verify", "--device", "toaster"], "--device: the twin has no device 'toaster'"),
        (["command", "toaster", "blink"], "the twin has no device 'toaster'"),
        (["command", "lamp-1", "explode"], "lamp has no command 'explode'; it has: switch, blink"),
        (["command", "meter-1", "blink"], "meter has no command 'blink'; it has: none"),
        (["command", "lamp-1", "switch", "on"], "'on': write FIELD=VALUE"),
        (["command", "lamp-1", "switch"], "to: is required"),
        (["command", "lamp-1", "switch", "to=maybe"], "to: 'maybe' is not one of on, off"),
        (["command", "lamp-1", "blink", "times=3"], "times: blink has no such field"),
        (["dead-letters", "list", "--cloud", "ibm"], "'ibm' is no cloud"),
        (["dead-letters", "show", "ffffffff"], "no dead letter has that id"),
        (["dead-letters", "replay"], "name dead letters by their ids, or all of them with --all"),
        (["dead-letters", "drop", "abc", "--all"], "name dead letters by their ids, or all"),
        (["down", "--delete"], "confirm it with --yes"),
        (["up", "smart-home"], "holds the twin 'bench', not 'smart-home'; give another --dir, or "),
        (["up", "twin.yaml", "--providers", "gcp"], "has another placement; `twin2multicloud sandbox down --delete`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_and_ends_with_2(site: Bench, arguments: list[str], said: str) -> None:
    refused = site(*arguments, code=2)
    assert said in refused.err
    assert refused.out == ""
    assert refused.err.startswith("error: ")


def test_a_refusal_as_json(site: Bench) -> None:
    error = site("inject", "gremlins", "--json", code=2).json["error"]
    assert error["kind"] == "usage"
    assert "'gremlins' is no fault" in error["message"]


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_status_as_json(site: Bench) -> None:
    found = site("status", "--json").json
    assert found["twin"] == "bench"
    assert {process["cloud"]: process["state"] for process in found["clouds"]} == dict.fromkeys(
        ("aws", "azure", "gcp"), "up"
    )
    assert {place["slot"]: place["cloud"] for place in found["placement"]} == {s.value: c for s, c in SPREAD.items()}
    assert found["status"]["gcp"]["stores"][0]["classes"][0]["records"] == site.records()
    edges = {(link["edge"], link["direction"]) for cloud in found["status"].values() for link in cloud["links"]}
    assert len(edges) == 16  # both ends of eight links


def test_feeds_as_json(site: Bench) -> None:
    (error,) = (e for e in site("errors", "--json").lines if (e["kind"], e["device"]) == ("invalid", "meter-1"))
    assert (error["cloud"], error["layer"], error["severity"]) == ("azure", "L2", "warning")
    assert error["component"] == "process"
    assert error["first"] <= error["last"]
    (alert,) = (a for a in site("alerts", "--json").lines if a["device"] == "lamp-1")
    assert (alert["rule"], alert["message"]) == ("bright", "95 at lamp-1")
    (letter,) = (each for each in site("dead-letters", "list", "--json").json if each["device"] == "meter-1")
    assert error["trace"] in letter["id"]
    shown = site("dead-letters", "show", letter["id"][:8], "--json").json
    assert "power: 'much' is not of type double" in shown["reason"]
    assert '"much"' in shown["body"]


def test_the_meters_are_compared(site: Bench) -> None:
    found = site("meters", "--json").json
    assert found["elapsed_s"] > 0
    assert found["usd_per_month"]["predicted"] > 0
    assert {row["provider"] for row in found["meters"]} == {"aws", "azure", "gcp"}
    assert "a month at this rate" in site("meters").out


def test_rotating_keys(site: Bench) -> None:
    def keys() -> set[str]:
        clouds = site("status", "--json").json["status"].values()
        return {id for cloud in clouds for link in cloud["links"] for id in link["key_ids"]}

    before = keys()
    assert site("rotate-keys", "--json").json == {"rotated": 8}
    assert not before & keys()
    assert site("verify", "--json").json["ok"]


def test_faults_are_shown_and_end(site: Bench) -> None:
    on = site("inject", "delay", "persist", "--seconds", "0.1", "--rate", "0.5", "--for", "60", "--json").json
    assert on == {"fault": "delay", "target": "persist", "clouds": ["gcp"]}
    assert "▲ GCP: delay persist (50% of requests, 0.1 s)" in site("status").out
    assert "no fault is on any more" in site("inject", "clear").err
    assert "▲" not in site("status").out


# ── What is shown ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize(
    "arguments",
    [["status"], ["up"], ["verify"], ["meters"], ["meters", "--all"], ["dead-letters", "list"]],
    ids=" ".join,
)
def test_tables_fit(site: Bench, arguments: list[str], columns: int) -> None:
    """No line is longer than the terminal, no row is broken in two, nothing has blanks at its end."""
    if arguments == ["up"]:
        arguments = ["up", "twin.yaml", "--placement", "placement.json"]
    shown = site(*arguments, env={"COLUMNS": str(columns)})
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= columns, shown.out
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in shown.out
    # A row that does not fit goes on in a line that begins with a blank.
    assert [line for line in lines if re.match(r" {6,}\S", line) and "hop" not in line] == [], shown.out


def test_logs(site: Bench) -> None:
    shown = site("logs", "--lines", "5").out
    assert re.search(r"^gcp +│ GCP: L3.hot, L4$", shown, re.MULTILINE)
    assert site("logs", "--cloud", "aws", "--lines", "0").out == ""


def test_a_reader_that_leaves_is_no_defect(site: Bench) -> None:
    for arguments in (["errors", "-f", "--json"], ["logs", "-f"]):
        with site.follow(*arguments) as running:
            assert running.stdout is not None
            assert running.stdout.readline()
            running.stdout.close()
            site.send("meter-2", b"{")  # something new to write
            site("inject", "drop", "history", "--for", "0.1")
            if arguments[0] == "logs":
                continue  # nothing more is written to the logs
            assert running.wait(20) == 141
            assert running.stderr is not None
            assert running.stderr.read() == ""


def test_following_ends_with_an_interruption(site: Bench) -> None:
    with site.follow("errors", "-f", "--json") as running:
        assert running.stdout is not None
        first = json.loads(running.stdout.readline())
        assert first["cloud"] in ("aws", "azure")
        mark = time.time()
        site.send("meter-3", b"[1]")
        while json.loads(running.stdout.readline()).get("device") != "meter-3":
            pass
        assert time.time() - mark < 5
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 130
        assert "Traceback" not in out + err


def test_the_live_view_in_a_terminal(site: Bench) -> None:
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    live = subprocess.Popen(
        [sys.executable, "-m", "twin2multicloud", "sandbox", "status", "-f"],
        cwd=site.home,
        env=environment({"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    try:
        deadline = time.monotonic() + PATIENCE_S
        while shown.count(b"twin time") < 2:
            assert time.monotonic() < deadline, shown
            if select.select([master], [], [], 0.2)[0]:
                shown += os.read(master, 65_536)
        live.send_signal(signal.SIGINT)
        assert live.wait(10) == 130
    finally:
        live.kill()
        live.wait()
        os.close(master)
    text = shown.decode("utf-8", "replace")
    assert "\x1b[" in text  # in colour
    assert "L3.hot" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("arguments", [["--help"], ["sandbox", "--help"], ["sandbox", "dead-letters", "-h"]])
def test_help_loads_nothing_of_the_sandbox(arguments: list[str]) -> None:
    code = (
        "import sys; from twin2multicloud.app.cli.main import run; assert run(sys.argv[1:]) == 0; "
        "print([m for m in sys.modules if m.split('.')[0] in ('msgspec', 'starlette', 'pydantic', 'rich', 'asyncio') "
        "or m.startswith('twin2multicloud.sandbox')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_says_which_faults_there_are(tmp_path: Path) -> None:
    shown = Bench(tmp_path)("inject", "--help").out
    for fault in ("lose-answer", "throttle", "disk-full", "outage", "clock-jump"):
        assert fault in shown
