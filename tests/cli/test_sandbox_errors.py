"""From an injected cause to the folded error that `errors` tells; dead letters from the message to its repair."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import call
from tests.cli.sandboxes import LAMP, SPREAD, TWIN, Bench, bench, until
from tests.patience import PATIENCE_S
from twin2multicloud.model.errors import UsageError
from twin2multicloud.sandbox.create import SandboxError
from twin2multicloud.sandbox.dashboards import DashboardClient

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("one sandbox's errors")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("errors"), SPREAD) as made:
        yield made


@pytest.fixture
def site(running: Bench) -> Bench:
    """The sandbox of all tests, once what the one before has sent is where it belongs."""
    running.settled()
    return running


def told(site: Bench, kind: str, device: str) -> dict[str, Any] | None:
    """The folded error of a kind about a device."""
    return next((e for e in site.errors() if (e["kind"], e.get("device")) == (kind, device)), None)


def facts(error: dict[str, Any]) -> tuple[str, str, str, str]:
    return error["layer"], error["severity"], error["cloud"], error["component"]


# ── What a device does ──────────────────────────────────────────────────────────────────────────────────────────────
SENT: dict[str, tuple[str, Any, tuple[str, str, str, str]]] = {
    "malformed": ("meter-1", b"{", ("L1", "warning", "aws", "telemetry-sender")),
    "clock-skew": (
        "meter-1",
        {"power": 1, "time": 4e9},
        ("L1", "warning", "aws", "telemetry-sender"),
    ),
    "invalid": ("meter-1", {"power": 9000}, ("L2", "warning", "azure", "process")),
    "user-code": ("lamp-2", {"brightness": 66, "steps": 1}, ("L2", "error", "azure", "process")),
    "rule-failed": ("lamp-2", {"brightness": 1, "steps": 0}, ("L2", "warning", "azure", "process")),
}


@pytest.mark.parametrize("kind", SENT)
def test_what_a_device_sends(site: Bench, kind: str) -> None:
    device, message, expected = SENT[kind]
    before = time.time()
    known = told(site, kind, device) or {"first": before}  # as another test may have sent the like
    site.send(device, *[message] * 3)
    error = until(lambda: (e := told(site, kind, device)) and e["last"] >= before and e, f"no {kind}")
    assert facts(error) == expected
    assert error["trace"]
    assert known["first"] <= error["first"] <= error["last"] <= time.time()
    # The same again is folded: one error, one more time.
    count = error.get("count", 1)
    site.send(device, {**message, "note": "again"} if isinstance(message, dict) else message + b" ")
    again = until(lambda: (e := told(site, kind, device)) and e.get("count", 1) > count and e, "not again")
    assert again["first"] == error["first"]
    assert again["last"] > error["last"]


def test_actions_that_fail(site: Bench) -> None:
    site.send("meter-2", {"power": 3500})
    found = until(
        lambda: (e := [e for e in site.errors() if e["kind"] == "action-failed" and e["device"] == "meter-2"]) and e,
        "no action-failed",
    )
    assert {facts(error) for error in found} == {("L2", "error", "azure", "actions")}

    def says(device: str, text: str) -> bool:
        return text in (told(site, "action-failed", device) or {"message": ""})["message"]

    # One error folds both; the latest message is told. Each is seen sooner or later, as the webhook is tried again.
    until(lambda: says("meter-2", "webhook 127.0.0.1:9"), "no webhook")
    site.send("meter-3", {"power": 2500})
    until(lambda: says("meter-3", "out of order"), "no function")


def test_a_device_that_is_lost(site: Bench) -> None:
    done = call(
        "simulate",
        str(site.home / "twin.yaml"),
        "--keys",
        str(site.layout.connection_file),
        "--messages",
        "3",
        "--interval",
        "200ms",
        "--fault",
        "disconnect=0.5",
        "--offline",
        "100ms",
        "--json",
    )
    assert done.code == 0, done
    error = site.error("disconnected")
    assert facts(error) == ("L1", "warning", "aws", "telemetry-sender")
    assert error["device"]


# ── What stores, links and dashboards do ────────────────────────────────────────────────────────────────────────────
CAUSED = {
    "link-timeout": (("drop", "persist"), ("L2", "warning", "azure", "persist-sender"), "persist"),
    "write-failed": (("refuse-writes", "hot"), ("L3", "error", "gcp", "persist-receiver"), ""),
    "quota": (("disk-full", "hot"), ("L3", "error", "gcp", "persist-receiver"), ""),
    "graph-failed": (("refuse-writes", "graph"), ("L4", "error", "gcp", "twin-updates-receiver"), ""),
    "link-refused": (
        ("clock-jump", "gcp", "--seconds", "600"),
        ("L2", "warning", "gcp", "persist-receiver"),
        "persist",
    ),
    "read-failed": (("drop", "history"), ("L5", "warning", "aws", "dashboard"), "history"),
}


@pytest.mark.parametrize("kind", CAUSED)
def test_what_is_injected(site: Bench, kind: str) -> None:
    arguments, expected, link = CAUSED[kind]
    stored, before = site.records(), time.time()
    site("inject", *arguments)
    try:
        site.send("lamp-2", {"brightness": 50, "steps": 3, "note": kind})
        if kind == "read-failed":
            with pytest.raises((UsageError, SandboxError)):
                DashboardClient(site.client).history("lamp-2", 0, 4e9)
        error = until(
            lambda: next(
                (e for e in site.errors() if e["kind"] == kind and facts(e) == expected and e["last"] >= before), None
            ),
            f"no {kind}",
            15,
        )
        assert error.get("link", "") == link
    finally:
        site("inject", "clear")
    until(lambda: site.records() == stored + 1, "the message is lost", 20)
    assert site("status").out.count("▲") == 0


def test_an_outage_keeps_everybody_waiting_and_loses_nothing(site: Bench) -> None:
    stored = site.records()
    site("inject", "outage", "azure", "--for", "1.5")
    assert site("status", "--json").json["status"]["azure"]["state"] == "outage"
    site.send("meter-2", {"power": 7}, {"power": 8})
    until(lambda: site.records() == stored + 2, "lost", 20)
    until(lambda: site("status", "--json").json["status"]["azure"]["state"] == "up", "still out")


def test_a_dashboards_senseless_question_is_no_error(site: Bench) -> None:
    before = [e for e in site.errors() if e["kind"] == "read-failed"]
    with pytest.raises(UsageError, match="no device 'toaster'"):
        DashboardClient(site.client).history("toaster", 0, 1)
    assert [e for e in site.errors() if e["kind"] == "read-failed"] == before


# ── Dead letters ────────────────────────────────────────────────────────────────────────────────────────────────────
def letters(site: Bench) -> dict[str, dict[str, Any]]:
    return {letter["id"]: letter for letter in site("dead-letters", "list", "--json").json}


def test_what_cannot_be_read_comes_back_under_the_same_id(site: Bench) -> None:
    known = set(letters(site))
    site.send("meter-4", b'{"power": ')
    (id,) = until(lambda: set(letters(site)) - known, "not set aside")
    assert '{"power": ' in site("dead-letters", "show", id[:10]).out
    for _ in range(3):
        assert site("dead-letters", "replay", id[:10], "--json").json == {"replayed": [id], "kept": []}
        until(lambda: id in letters(site), "the message is gone")
        assert set(letters(site)) - known == {id}
    assert site("dead-letters", "drop", id[:10], "--json").json == {"dropped": [id]}
    assert set(letters(site)) == known


def test_a_message_waits_for_its_processor_to_be_mended(site: Bench) -> None:
    site("dead-letters", "drop", "--all")
    stored = site.records()
    site.send("lamp-1", {"brightness": 66, "steps": 7, "note": "mine ✓"})
    ((id, letter),) = until(lambda: letters(site), "not set aside").items()
    assert "sixty-six" in letter["reason"]
    site.write("lamp", LAMP.replace("== 66", '== 66 and reading["steps"] != 7'))
    site.up()
    assert "1 replayed" in site("dead-letters", "replay", id[:8]).err
    until(lambda: site.records() == stored + 1, "not stored")
    time.sleep(1.2)
    assert site.records() == stored + 1
    assert letters(site) == {}
    now = time.time()
    points = DashboardClient(site.client).history("lamp-1", now - 600, now)
    assert [point for point in points if "mine ✓" in point]


def test_a_device_that_was_taken_out_meanwhile(site: Bench) -> None:
    site("dead-letters", "drop", "--all")  # of other tests
    site("inject", "drop", "telemetry")
    site.send("meter-4", {"power": 4})
    (site.home / "twin.yaml").write_text(TWIN.replace("count: 4", "count: 3"))
    site.up()  # and the fault is gone with its process
    error = site.error("unknown-device")
    assert facts(error) == ("L1", "warning", "aws", "telemetry-sender")
    assert error["device"] == "meter-4"
    (site.home / "twin.yaml").write_text(TWIN)
    site.up()
    stored = site.records()
    assert len(site("dead-letters", "replay", "--all", "--json").json["replayed"]) == 1
    until(lambda: site.records() == stored + 1, "not stored")


# ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("clouds", [SPREAD, "azure", "gcp"], ids=["over a link", "by MQTT", "by HTTP"])
def test_a_command_is_taken_once_and_answered(clouds: Any, site: Bench, tmp_path: Any) -> None:
    if clouds is SPREAD:
        _commands(site)
    else:
        with bench(tmp_path, clouds) as made:
            _commands(made)


def _commands(site: Bench) -> None:
    # The device is away: the command waits for it.
    waiting = site("command", "lamp-2", "switch", "to=on", "--wait", "0", "--json", code=6).json
    assert waiting["answer"] is None
    lamp = site.device("lamp-2")
    lamp.send(json.dumps({"brightness": 1, "steps": 1}).encode())
    taken = lamp.command(PATIENCE_S)
    assert taken is not None
    assert (taken["id"], taken["name"], taken["payload"]) == (waiting["id"], "switch", {"to": "on"})
    answer = until(lambda: site.client.result("lamp-2", waiting["id"]), "no answer")
    assert (answer["status"], answer["message"]) == ("ok", "")
    # It is there, and fails.
    id = site("command", "lamp-2", "blink", "--json").json["id"]
    refused = lamp.command(10, "failed", "bulb missing")
    assert refused is not None
    assert refused["id"] == id
    assert until(lambda: site.client.result("lamp-2", id), "no answer")["status"] == "failed"
    error = until(lambda: next((e for e in site.errors() if e["message"].endswith("'bulb missing'")), None), "no error")
    assert (error["kind"], error["layer"], error["device"]) == ("action-failed", "L2", "lamp-2")
    assert lamp.command(0.3) is None
    lamp.close()
    assert [a for a in site("alerts", "--json").lines if not a["rule"]] == []  # an answer is no alert


def test_a_rule_commands_a_device(site: Bench) -> None:
    lamp = site.device("lamp-1")
    site.send("meter-1", {"power": 3950})
    command = lamp.command(PATIENCE_S)
    assert command is not None
    assert (command["name"], command["payload"]) == ("switch", {"to": "off"})
    lamp.close()


# ── Verifying a twin that does not work ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("arguments", "hop", "said"),
    [
        (("drop", "persist"), "L2 → L3 stored", "link-timeout"),
        (("refuse-writes", "graph"), "L2 → L4 twin updated", "twin graph: graph: writes are refused"),
    ],
)
def test_verify_says_what_fails(site: Bench, arguments: tuple[str, ...], hop: str, said: str) -> None:
    site("inject", *arguments)
    try:
        found = site("verify", "--timeout", "3", "--json", code=6).json
    finally:
        site("inject", "clear")
    hops = {h["name"]: h for h in found["hops"]}
    assert found["ok"] is False
    assert said in hops[hop]["detail"]
    assert hops["device → L1"]["ok"]
    assert hops["L1 → L2 processed"]["ok"]


def test_verify_says_that_a_processor_fails(site: Bench) -> None:
    site.write("lamp", "def process(reading, device):\n    raise KeyError('lux')\n")
    site.up()
    shown = site("verify", "--device", "lamp-1", code=6).out
    assert "✗  L1 → L2 processed" in shown
    assert "set aside at process:" in shown
    assert "lux" in shown
    assert "not every hop works" in shown
    site.write("lamp", LAMP)
    site.up()


def test_verify_while_the_device_itself_is_connected(site: Bench) -> None:
    stored = site.records()
    simulate = [sys.executable, "-m", "twin2multicloud", "simulate", "twin.yaml", "--rate", "20", "--duration", "90s"]
    with subprocess.Popen(simulate, cwd=site.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as devices:
        until(lambda: site.records() >= stored + 20, "not all are connected")  # each of six has sent
        found = site("verify", "--json", code=None).json
        assert found["ok"], [(hop["name"], hop["detail"]) for hop in found["hops"] if not hop["ok"]]
        assert devices.poll() is None, "they were to be connected all the time"
        devices.send_signal(signal.SIGINT)
        devices.wait(30)


def test_the_console_is_where_status_says(site: Bench) -> None:
    for process in site("status", "--json").json["clouds"]:
        connection = http.client.HTTPConnection(urlsplit(process["url"]).netloc, timeout=5)
        connection.request("GET", "/api/status")
        assert json.loads(connection.getresponse().read())["cloud"] == process["cloud"]
        connection.close()
