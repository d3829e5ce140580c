"""A twin is deployed to the sandbox layer by layer over the API, with real processes: no slot touches another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import work_off
from tests.sandbox.twins import placement_of
from twin2multicloud.app.db.tables import Event, TwinVersion
from twin2multicloud.app.runs.targets.sandbox import SandboxTarget
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.deployer.stacks import ORDER
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import stop

pytestmark = pytest.mark.slow
CLOUDS = {**dict.fromkeys(Slot, "aws"), Slot.COOL: "azure", Slot.MANAGEMENT: "gcp"}


class Deployment:
    """A placed twin, and runs of it that are carried out right here."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.owner: Person = site.person("olga")
        self.twin: str = self.owner.create_twin()["id"]
        with site.backend.database.write() as session:
            version = session.get_one(TwinVersion, (self.twin, 1))
            version.placement = placement_of(CLOUDS).model_dump(mode="json")
        self.layout = sandbox_layout(site.backend, self.twin)

    def run(self, kind: str, status: str = "succeeded", **more: Any) -> dict[str, Any]:
        asked = self.owner.post(f"twins/{self.twin}/runs", {"kind": kind, "approve": True, **more}, 201)
        work_off(self.site, SandboxTarget())
        found: dict[str, Any] = self.owner.get(f"runs/{asked['id']}")
        assert found["status"] == status, found["problem"]
        return found

    def events(self, run: dict[str, Any], kind: str) -> list[Event]:
        with self.site.backend.database.read() as session:
            return list(session.query(Event).filter_by(run_id=run["id"], kind=kind).order_by(Event.id))

    @property
    def status(self) -> Any:
        return self.owner.get(f"twins/{self.twin}/status")

    @property
    def pids(self) -> dict[str, int]:
        return {process["cloud"]: process["pid"] for process in self.status["clouds"]}


@pytest.fixture
def deployment(sqlite_site: Site) -> Iterator[Deployment]:
    made = Deployment(sqlite_site)
    yield made
    stop(made.layout)


def test_each_layer_is_planned_deployed_and_told_by_itself(deployment: Deployment) -> None:
    storage = [slot.value for slot in ORDER[:3]]
    plan = deployment.run("plan", slots=storage)["plan"]
    assert [stack["slot"] for stack in plan["stacks"]] == storage
    assert all(stack["add"] == len(stack["resources"]) > 0 for stack in plan["stacks"])
    assert 0 < sum(stack["usd_per_month"] for stack in plan["stacks"]) < plan["usd_per_month"]
    assert deployment.status["life"] == "draft"

    first = deployment.run("deploy", slots=storage)
    assert first["result"]["missing"] == ["L1", "L2", "L4", "L5"]
    seen = deployment.status
    assert seen["life"] == "partial"
    assert {stack["slot"] for stack in seen["stacks"] if stack["whole"]} == set(storage)
    # What is not deployed has no health.
    assert {layer["slot"]: layer["health"] for layer in seen["layers"]} == dict.fromkeys(storage, "ok")
    assert seen["dashboard_url"] is None
    before = deployment.pids
    assert before.keys() == {"aws", "azure"}

    # Component by component, then slot by slot.
    told = deployment.events(first, "engine")
    for stack in first["plan"]["stacks"]:
        deeds = [event.data["event"] for event in told if event.stack == stack["stack"]]
        for phase in ("started", "complete"):
            assert [d["resource"] for d in deeds if d["phase"] == phase] == [r["address"] for r in stack["resources"]]
    assert {(event.stack, event.data["outcome"]["status"]) for event in deployment.events(first, "outcome")} == {
        (stack["stack"], "done") for stack in first["plan"]["stacks"]
    }

    # Again: nothing to do.
    again = deployment.run("deploy", slots=["L3.hot"])
    assert deployment.events(again, "engine") == []

    for slot in ORDER[3:]:
        refused = deployment.run("verify", "failed")
        assert "not deployed yet" in refused["problem"]
        refused = deployment.run("move", "failed", slot="L3.hot", to="gcp")
        assert f"{ORDER[-1].value} (Visualization)" in refused["problem"]
        deployment.run("deploy", slots=[slot.value])
        assert {layer["health"] for layer in deployment.status["layers"]} == {"ok"}
        assert {cloud: deployment.pids[cloud] for cloud in before} == before
    assert deployment.status["life"] == "deployed"
    assert deployment.run("verify")["result"]["ok"]


def test_destroying_and_redeploying_slots_touches_no_others(deployment: Deployment) -> None:
    deployment.run("deploy")
    before = deployment.pids
    verified = deployment.run("verify")  # whose message is kept
    assert verified["result"]["ok"]
    client = SandboxClient(deployment.layout)

    refused = deployment.run("destroy", "failed", slots=["L3.hot"])
    assert "stores hold data (L3.hot: 1 record)" in refused["problem"]
    assert deployment.status["life"] == "deployed"

    redone = deployment.run("redeploy", slots=["L3.hot", "L5"])
    assert [stack["slot"] for stack in redone["plan"]["stacks"]] == ["L3.hot", "L5"]
    assert client.cloud_status("aws").stores[0].classes[0].records == 1
    assert deployment.pids == before

    gone = deployment.run("destroy", slots=["L5", "L4"])
    assert {stack["slot"] for stack in gone["plan"]["stacks"]} == {"L4", "L5"}
    seen = deployment.status
    assert seen["life"] == "partial"
    assert {stack["slot"] for stack in seen["stacks"]} == {"L1", "L2", "L3.hot", "L3.cool", "L3.archive"}
    # The cloud that had no other slot is gone, the others run on.
    assert deployment.pids == {cloud: before[cloud] for cloud in ("aws", "azure")}
    assert client.cloud_status("aws").stores[0].classes[0].records == 1
    again = deployment.run("destroy", slots=["L5"])
    assert again["plan"]["stacks"] == []

    deployment.run("destroy", slots=["L3.hot"], discard_data=True)
    assert not (deployment.layout.cloud("aws") / "hot.db").exists()
    assert deployment.pids.keys() == {"aws", "azure"}

    # All that is there is built anew, and no more than that.
    assert {stack["slot"] for stack in deployment.run("redeploy")["plan"]["stacks"]} == {
        "L1", "L2", "L3.cool", "L3.archive",
    }  # fmt: skip
    assert {layer["slot"] for layer in deployment.status["layers"]} == {"L1", "L2", "L3.cool", "L3.archive"}
    deployment.run("deploy")
    assert deployment.status["life"] == "deployed"
    assert deployment.run("verify")["result"]["ok"]
    deployment.run("destroy", discard_data=True)
    assert not deployment.layout.directory.exists()
