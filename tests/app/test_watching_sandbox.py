"""What a page shows of a twin that runs: a real sandbox with a cloud for each hop, asked over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.app.test_operating_sandbox import until
from tests.patience import PATIENCE_S
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, ring, small_twin
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.model.spec import Rule
from twin2multicloud.sandbox.faults import Fault, FaultKind

pytestmark = pytest.mark.slow
_RULES = (
    Rule("warm", "meter", "temperature > -50", severity="critical"),
    Rule("lit", "lamp", "power >= 0", trigger="each"),
)


@dataclass(frozen=True)
class Running:
    """A twin that runs, and somebody who may look at it."""

    owner: Person
    twin: str
    rig: Rig

    def get(self, what: str, code: int = 200, **params: Any) -> Any:
        return self.owner.get(f"twins/{self.twin}/{what}", code, params=params)


@pytest.fixture
def running(sqlite_site: Site) -> Iterator[Running]:
    owner = sqlite_site.person("wanda")
    twin = owner.create_twin()["id"]
    place(sqlite_site, twin)
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    rig = Rig(
        sandbox_layout(sqlite_site.backend, twin).directory,
        *small_twin(12, rules=_RULES),
        placement_of(ring(0, 1)),
    )
    rig.up()
    try:
        yield Running(owner, twin, rig)
    finally:
        rig.down()


def test_what_a_running_twin_is_like(running: Running) -> None:
    run = running.rig.run(messages=6)
    running.rig.settle(len(run.ledger))
    latest = max(entry.time for entry in run.ledger)
    _devices(running, latest)
    _history(running)
    _rules_and_graph(running)
    _rates(running)
    _dashboards(running)
    _links(running)
    _costs(running)
    running.rig.client.kill("gcp", 30)  # where the hot store is
    lost = running.get("devices")
    assert (lost["live"], lost["total"]) == (False, 3), "what the definition says is there all the same"
    assert "gcp does not answer" in lost["problem"]
    assert running.get("rates")["problem"] == "no answer from gcp"
    path = f"twins/{running.twin}/dashboards/query"
    running.owner.post(path, {"kind": "history", "device": "meter-001"}, 503)


def test_who_sends_is_connected(running: Running) -> None:
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(running.rig.run, messages=40, interval_s=0.2)
        deadline = time.monotonic() + PATIENCE_S
        while not all(each["connected"] for each in running.get("devices")["items"]):
            assert time.monotonic() < deadline
            assert not sending.done()
        sending.result()


def _devices(running: Running, latest: str) -> None:
    first = running.get("devices", sort="-last_seen", limit=5)
    assert (first["live"], first["total"], first["problem"]) == (True, 12, "")
    assert first["items"][0]["last_seen"] == latest
    assert all(each["messages"] == 6 and 0 <= each["age_s"] < 60 for each in first["items"])
    assert {each["connected"] for each in first["items"]} == {False}, "the simulation has ended"
    rest = running.get("devices", sort="-last_seen", limit=50, cursor=first["next"])
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 12
    [lamp] = running.get("devices", search="LAMP-1", type="lamp")["items"]
    assert lamp["values"]["power"]["unit"] == "W"
    assert set(lamp["values"]) == {"power", "mode"}


def _history(running: Running) -> None:
    found = running.get("devices/meter-001/history", field=["temperature", "label"], seconds=600, points=4)
    temperature, label = found["series"]
    assert (found["records"], found["complete"], temperature["unit"]) == (6, True, "°C")
    assert sum(point["count"] for point in temperature["points"]) == 6
    for point in temperature["points"]:
        assert point["min"] <= point["mean"] <= point["max"]
    assert label["points"][-1]["last"].startswith("label")
    assert found["last"]["temperature"]["value"] == temperature["points"][-1]["last"]
    until = datetime.fromisoformat(found["since"])
    assert running.get("devices/meter-001/history", until=until.isoformat())["records"] == 0
    assert running.get("devices/meter-001/history", 422, field="temprature")["errors"][0]["field"] == "field"
    running.get("devices/meter-999/history", 404)


def _rules_and_graph(running: Running) -> None:
    # The sandbox's own twin is another one than the kept definition, which is what rules and models are named by.
    assert running.get("rules")["live"] is True
    [house] = running.get("graph", roots=True)["items"]
    assert (house["id"], house["outgoing_count"], house["outgoing"][0]["name"]) == ("house", 12, "contains")
    [meter] = running.get("graph", of="house", search="meter-001")["items"]
    assert meter["properties"]["temperature"]["at"] is not None
    assert meter["incoming"] == [{"name": "contains", "twin": "house"}]


def _dashboards(running: Running) -> None:
    found = running.get("dashboards")
    assert (found["live"], found["dashboards"]) == (True, []), "the ones that are deployed, which are none"
    assert found["page_url"].endswith("/dashboard/")
    path = f"twins/{running.twin}/dashboards/query"
    history = running.owner.post(
        path, {"kind": "history", "device": "meter-001", "fields": ["temperature"], "limit": 4}
    )
    assert (history["fields"], len(history["points"])) == (["temperature"], 4)
    state = running.owner.post(path, {"kind": "state", "entity": "meter-001"})
    assert state["entities"][0]["values"]["temperature"] == history["points"][-1][1]
    last = running.owner.post(path, {"kind": "last", "devices": ["meter-001", "nothing"]})
    assert list(last["last"]) == ["meter-001"]
    alerts = running.owner.post(path, {"kind": "alerts", "rules": ["warm"], "limit": 3})
    assert {each["rule"] for each in alerts["alerts"]} == {"warm"}
    assert running.owner.post(path, {"kind": "rates"})["fields"] == ["messages", "errors"]
    wrong = running.owner.post(path, {"kind": "history", "device": "nothing"}, 422)
    assert "nothing" in wrong["detail"]


def _costs(running: Running) -> None:
    found = running.get("costs")
    assert (found["live"], found["problem"], found["billed"]) == (True, "", None)
    assert sum(each["usd_metered"] for each in found["meters"]) == pytest.approx(found["usd_metered"])
    month = found["month"]
    assert 0 < month["counted_s"] <= found["metered_s"]
    assert sum(each["usd_to_date"] for each in found["meters"]) == pytest.approx(month["usd_to_date"])
    assert month["usd_to_date"] <= month["usd_forecast"]


def _links(running: Running) -> None:
    def persist() -> Any:
        return next(each for each in running.get("status")["links"] if each["edge"] == "persist")

    assert (persist()["source"], persist()["target"], persist()["health"]) == ("azure", "gcp", "ok")
    running.rig.client.inject(Fault(FaultKind.DROP, "persist"))
    running.rig.run(messages=1)
    assert until(lambda: persist() if persist()["health"] in ("degraded", "down") else None)["problem"]
    running.rig.client.clear_faults()
    until(lambda: persist()["problem"].startswith("it had to be tried again"))
    assert all(each["checked_at"] for each in running.get("status")["layers"])


def _rates(running: Running) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = running.get("rates", seconds=60)
        assert len(found["at"]) == len(found["total"]["messages"]) == len(found["clouds"]["azure"]["errors"])
        if all(series["messages"][-1] is not None for series in found["clouds"].values()):
            break
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert (found["live"], found["step_s"], found["speed"], set(found["clouds"])) == (
        True, 1, 1.0, {"aws", "azure", "gcp"},
    )  # fmt: skip
    assert found["messages_per_s"] is not None
