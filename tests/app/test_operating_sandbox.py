"""A real sandbox, operated over HTTP: its faults become alerts, also over the death of whoever collects them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.patience import PATIENCE_S
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, ring, small_twin
from twin2multicloud.app.db.tables import Event
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.runtime.envelope import ALERT
from twin2multicloud.runtime.envelope import Event as Raised
from twin2multicloud.sandbox.create import create
from twin2multicloud.sandbox.journal import Journal

pytestmark = pytest.mark.slow
_COLLECTOR = """
import sys, threading
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.monitoring.collecting import collecting_alerts
from twin2multicloud.app.settings import read_settings
settings = read_settings(data=sys.argv[1], database_url=sys.argv[2], optimizer_processes=0, glance_seconds=1)
with open_backend(settings) as backend:
    with collecting_alerts(backend):
        threading.Event().wait()
"""


@contextmanager
def collector(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """A process that collects, until it is killed."""
    settings = site.backend.settings
    arguments = [sys.executable, "-c", _COLLECTOR, str(settings.data), settings.url]
    with subprocess.Popen(arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def until(true: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)
    return found


def told(site: Site) -> list[bool]:
    """Of each event of the hot store's alert whether it told that it came again."""
    with site.backend.database.read() as session:
        events = session.query(Event).filter_by(kind="alert").order_by(Event.id).all()
    return [event.data["again"] for event in events if event.data["kind"] == "write-failed"]


def raised_before(rig: Rig, count: int) -> None:
    """Have a rule raise alerts before anybody looks for the first time: more than are told at once."""
    create(rig.layout, rig.twin)
    journal = Journal(rig.layout.cloud("aws") / "journal.db", cloud="aws")
    data = {"rule": "hot", "severity": "critical", "message": "40 °C", "active": True}
    at = "2026-11-25T12:00:00.000000Z"
    journal.alert([Raised(f"{number:04}", "/x", ALERT, "meter-1", at, data) for number in range(count)])
    journal.close()


def alert_of(owner: Person) -> Any:
    return next((each for each in owner.get("alerts")["items"] if each["kind"] == "write-failed"), None)


def test_a_sandbox_is_operated(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    twin = owner.create_twin()["id"]
    place(sqlite_site, twin)
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    rig = Rig(sandbox_layout(sqlite_site.backend, twin).directory, *small_twin(4), placement_of("aws"))
    raised_before(rig, 1_200)
    rig.up()
    try:
        shown = owner.get(f"twins/{twin}/status")
        assert {each["health"] for each in shown["layers"]} == {"ok"}, shown["layers"]
        assert shown["clouds"][0]["uptime_s"] > 0
        assert owner.post(f"twins/{twin}/faults", {"kind": "refuse-writes", "target": "hot"}) == {"clouds": ["aws"]}
        owner.post(f"twins/{twin}/faults", {"kind": "refuse-writes", "target": "L9"}, 422)
        with collector(sqlite_site) as first:
            rig.run(messages=1)
            alert = until(lambda: alert_of(owner))
            hot = next(each for each in owner.get(f"twins/{twin}/status")["layers"] if each["slot"] == "L3.hot")
            assert (hot["health"], hot["cloud"]) == ("degraded", "aws")
            until(lambda: [each["count"] for each in owner.get("alerts")["items"] if each["kind"] == "rule"] == [1_200])
            until(lambda: _glance(owner)["health"] == "degraded")
            first.kill()
            first.wait()
        assert told(sqlite_site) == [False]
        owner.post(f"alerts/{alert['id']}/acknowledge")
        rig.run(messages=1)  # while nobody collects
        with collector(sqlite_site):
            until(lambda: told(sqlite_site) == [False, True])
            owner.call("DELETE", f"twins/{twin}/faults", code=204)
            until(lambda: alert_of(owner)["count"] == _counted(owner, twin))
            until(lambda: owner.get("twins")["items"][0]["usd_metered"])
            ill = {each["slot"] for each in _glance(owner)["layers"] if each["health"] != "ok"}
            assert ill == {"L3.hot"}, "the error is of the last minute"
        assert told(sqlite_site) == [False, True]
        assert owner.get(f"twins/{twin}/logs?cloud=aws&lines=5")["lines"]
        meters = owner.get(f"twins/{twin}/meters")
        assert meters["elapsed_s"] > 0
        assert meters["month"]["messages"] > 0, meters["problem"]
        counted = [each for each in meters["month"]["meters"] if each["metered"] > 0 and each["predicted"] > 0]
        assert any(each["usd_predicted"] > 0 for each in counted)
        assert sum(each["usd_predicted"] for each in meters["month"]["meters"]) == pytest.approx(
            meters["month"]["usd_predicted"]
        )
        before = datetime.fromisoformat(owner.get(f"twins/{twin}/status")["twin_time"])
        assert owner.post(f"twins/{twin}/faults", {"kind": "clock-jump", "seconds": 86_400}) == {"clouds": ["aws"]}
        after = datetime.fromisoformat(owner.get(f"twins/{twin}/status")["twin_time"])
        assert timedelta(days=1) <= after - before < timedelta(days=1, minutes=10)
        owner.post(f"twins/{twin}/faults", {"kind": "clock-jump", "target": "hot"}, 422)
        assert owner.get(f"twins/{twin}/dead-letters") == []
        owner.post(f"twins/{twin}/dead-letters/drop", {}, 422)
        meter = next(name for name in rig.spec.device_names if name.startswith("meter"))
        sent = owner.post(f"twins/{twin}/commands", {"device": meter, "name": "reset", "wait_s": 0})
        assert sent["answer"] is None
        actions = [each["action"] for each in owner.get("audit?limit=3")["items"]]
        assert actions == ["command.sent", "fault.injected", "fault.cleared"]
        with collector(sqlite_site):
            rig.down()
            until(lambda: _glance(owner)["health"] == "down")
            assert owner.get(f"twins/{twin}/events?kind=health.changed")["items"][-1]["data"]["health"] == "down"
    finally:
        rig.down()
    assert owner.get(f"twins/{twin}/status")["health"] == "down"


def test_a_link_is_told_of_while_it_is_tried(sqlite_site: Site) -> None:
    owner = sqlite_site.person("linda")
    twin = owner.create_twin()["id"]
    place(sqlite_site, twin)
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    rig = Rig(sandbox_layout(sqlite_site.backend, twin).directory, *small_twin(4), placement_of(ring(0, 1)))
    rig.up()
    try:
        # Asked to be patient for a minute, the sender waits half of one between two attempts.
        owner.post(f"twins/{twin}/faults", {"kind": "throttle", "target": "persist", "seconds": 60})
        with collector(sqlite_site):
            rig.run(messages=1)
            (alert,) = until(lambda: [a for a in owner.get("alerts")["items"] if a["kind"] == "link-timeout"])
        sender = next(each for each in rig.client.cloud_status("azure").functions if each.name == "persist-sender")
        assert (sender.invocations, sender.errors) == (0, 0), "its first run has not ended yet"
        assert "attempt 1; it is tried again" in alert["message"]
    finally:
        rig.down()


def _glance(owner: Person) -> Any:
    """What the list tells of the sandbox's health."""
    return owner.get("twins")["items"][0]["health"].get("sandbox", {"health": "unknown", "layers": []})


def _counted(owner: Person, twin: str) -> int:
    found = owner.get(f"twins/{twin}/errors", params={"limit": 1})
    rest = owner.get(f"twins/{twin}/errors", params={"cursor": found["next"]})["items"] if found["next"] else []
    return sum(each["count"] for each in found["items"] + rest if each["kind"] == "write-failed")
