"""The steps of whole deployments, over real stores and the stand-ins of the clouds: hub, Pub/Sub, Grafana."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import msgspec
import pytest
from botocore.config import Config as BotoConfig  # type: ignore[import-untyped]

from tests.finishing.rig import SETTINGS, WORKSPACE, Stores, Told, deployment, outputs_of
from tests.finishing.test_hub_secret import READER
from tests.sandbox.twins import ring, small_twin
from tests.standins.aws.fake_twinmaker import FakeTwinMaker
from tests.standins.azure.fake_arm import FakeArm, fake_arm
from tests.standins.azure.fake_iot_hub import FakeIotHub, fake_iot_hub
from tests.standins.azure.rig import Certificates
from tests.standins.grafana.fake_grafana import FakeGrafana, fake_grafana
from twin2multicloud.deployer.credentials.arm import Arm
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.devices.kept import KeptDocuments
from twin2multicloud.deployer.finishing.grafana.client import Grafana
from twin2multicloud.deployer.finishing.grafana.sign_in import with_password
from twin2multicloud.deployer.finishing.hub_registry import HubRegistry, KeyOf, symmetric_key
from twin2multicloud.deployer.finishing.places import Outputs
from twin2multicloud.deployer.finishing.planned import Moment, azure_functions, planned_steps
from twin2multicloud.deployer.finishing.secrets import GRAFANA_ADMIN, device_keys
from twin2multicloud.deployer.finishing.steps import Finishing, FinishingError
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.spec import CommandAction, Rule
from twin2multicloud.runtime.adapters.azure.commands import hub_client
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.runtime.links import LINKS_SECRET
from twin2multicloud.runtime.ports import Secrets, TwinGraph

pytest_plugins = ("tests.standins.azure.fixtures",)

GIVEN = {"hook-key": "s3cret of the hook"}
USERS = msgspec.structs.replace(SETTINGS, users=("ann@example.org", "ben@example.org"))
AZURE_FIRST = ring(1, 1)  # L1 on Azure, L2 on GCP, L3.hot and L4 on AWS, L5 on Azure


@dataclass
class StandIns:
    """`Tools` that reach stand-ins: a secret store per site, one graph, a hub and a Grafana."""

    stores: Stores
    twin_graph: LocalTwinGraph
    fake_hub: FakeIotHub
    fake_grafana: FakeGrafana
    authority: str
    resource_manager: Arm
    fake_arm: FakeArm
    twinmaker: Any = None
    grafana_site: Site | None = None

    def aws(self, site: Site, service: str) -> Any:
        assert service == "iottwinmaker"
        return self.twinmaker

    def secrets(self, site: Site) -> Secrets:
        return self.stores(site)

    def graph(self) -> TwinGraph:
        return self.twin_graph

    def hub(self, host: str, key_of: KeyOf | None) -> HubRegistry:
        assert host == "house.azure-devices.net"
        return HubRegistry(
            hub_client("", None, self.fake_hub.connection_string, self.authority), key_of, sleep=_no_wait
        )

    def arm(self) -> Arm:
        return self.resource_manager

    def topics(self, devices: Mapping[str, Any]) -> Any:
        raise AssertionError("no device of these deployments has a topic of its own")

    @contextmanager
    def grafana(self, dashboards: Mapping[str, Any]) -> Iterator[Grafana]:
        assert self.grafana_site is not None
        headers = with_password(self.stores(self.grafana_site))
        client = Grafana(self.fake_grafana.url, headers, sleep=_no_wait)
        try:
            yield client
        finally:
            client.close()


def _no_wait(_seconds: float) -> None:
    """Stand-ins need no time."""


@pytest.fixture
def tools(stores: Stores, tmp_path: Path, certificates: Certificates) -> Iterator[StandIns]:
    graph = LocalTwinGraph(tmp_path / "graph.db")
    with fake_iot_hub(certificates) as hub, fake_grafana() as dashboards, fake_arm(certificates) as (fake, arm):
        yield StandIns(stores, graph, hub, dashboards, str(certificates.authority), arm, fake)
    graph.close()


Make = Callable[..., Finishing]


@pytest.fixture
def make(tools: StandIns, tmp_path: Path) -> Make:
    def finishing(deployed: Deployment, outputs: Outputs | None = None, given: Mapping[str, str] = GIVEN) -> Finishing:
        tools.grafana_site = site = deployed.site(Slot.VISUALIZATION)
        # As a container does, the fake takes the password from the secret that a step writes.
        tools.fake_grafana.password = lambda: tools.stores(site).get(GRAFANA_ADMIN)
        known = whole(deployed) if outputs is None else outputs
        return Finishing(deployed, known, tools, KeptDocuments(FolderDocuments(tmp_path)), given, now=lambda: 1000.0)

    return finishing


def own_grafana(clouds: Mapping[Slot, str], **options: Any) -> Deployment:
    offer = f"{clouds[Slot.VISUALIZATION]}.grafana-oss"
    return deployment(clouds, offers={Slot.VISUALIZATION: offer}, **options)


def whole(deployed: Deployment) -> dict[str, Any]:
    outputs = outputs_of(deployed)
    first = outputs[slot_name(Slot.ACQUISITION, deployed.generation(Slot.ACQUISITION))]
    first["devices"] = {"endpoint": "house.azure-devices.net", "authentication": "x509-ca"}
    first["hub_reader"] = READER
    for slot, functions in azure_functions(deployed).items():
        outputs[slot_name(slot, deployed.generation(slot))]["apps"] = {
            function.component: f"/sites/{function.component}" for function in functions
        }
    last = outputs[slot_name(Slot.VISUALIZATION, deployed.generation(Slot.VISUALIZATION))]
    last["dashboards"] = {"url": "https://dashboards.test", "kind": "oss"}
    return outputs


def test_a_whole_deployment_is_finished_and_then_there_is_nothing_to_do(
    tools: StandIns, make: Make, told: Told
) -> None:
    deployed = own_grafana(AZURE_FIRST)
    did = {each.step: each.text for each in make(deployed).run(Moment.STACKS, told)}
    assert list(did) == [
        "secrets",
        "hub's endpoint",
        "wiring",
        "function apps",
        "device registry",
        "graph",
        "dashboards",
    ]
    told_to = [path for path in tools.fake_arm.told if path.endswith(("/refresh", "/syncfunctiontriggers"))]
    assert told_to == [
        "/sites/telemetry-sender/config/configreferences/appsettings/refresh",
        "/sites/telemetry-sender/syncfunctiontriggers",
        "/sites/to-archive-mover/syncfunctiontriggers",
        "/sites/to-cool-receiver/syncfunctiontriggers",
    ]
    assert did["device registry"] == "5 created"
    assert did["graph"] == "6 added, 5 related"
    assert did["dashboards"] == "6 made; at https://dashboards.test"
    assert set(tools.fake_hub.devices) == set(deployed.spec.device_names)
    assert all(LINKS_SECRET in tools.stores(site).names() for site in deployed.sites)
    assert len(tools.fake_grafana.dashboards) == 1
    again = {each.step: each.text for each in make(deployed).run(Moment.STACKS, told)}
    assert again == {
        "secrets": "0 secrets written",
        "hub's endpoint": "is right already",
        "wiring": "0 links documents written",
        "function apps": "3 function apps told what starts them",
        "device registry": "5 there already",
        "graph": "nothing to change",
        "dashboards": "nothing to change; at https://dashboards.test",
    }


def test_before_the_slots_only_secrets_are_written(tools: StandIns, make: Make, told: Told) -> None:
    deployed = own_grafana(AZURE_FIRST)
    foundations: dict[str, dict[str, Any]] = {foundation_name(site): {} for site in deployed.sites}
    did = make(deployed, foundations).run(Moment.FOUNDATIONS, told)
    assert [each.step for each in did] == ["secrets"]
    # The container that starts next finds its password.
    assert "grafana-admin" in tools.stores(deployed.site(Slot.VISUALIZATION)).names()


def test_steps_without_their_stacks_are_left_out(tools: StandIns, make: Make, told: Told) -> None:
    deployed = own_grafana(AZURE_FIRST)
    outputs = whole(deployed)
    del outputs[slot_name(Slot.MANAGEMENT)]
    did = {each.step: each.text for each in make(deployed, outputs).run(Moment.STACKS, told)}
    assert list(did) == ["secrets", "hub's endpoint", "wiring", "function apps", "device registry"]
    assert did["wiring"].endswith("not deployed yet: state, twin-updates")


def test_failures_are_told_together_and_keep_no_other_step_from_running(
    tools: StandIns, make: Make, told: Told
) -> None:
    deployed = own_grafana(AZURE_FIRST)
    tools.fake_hub.refuse += [(403, {})]
    with pytest.raises(FinishingError) as failed:
        make(deployed, given={}).run(Moment.STACKS, told)
    first, second = failed.value.errors
    assert str(first).startswith("secrets: nobody gave 'hook-key'")
    assert "IoT Hub Registry Contributor" in str(second)
    assert [each.step for each in failed.value.did] == [
        "hub's endpoint",
        "wiring",
        "function apps",
        "graph",
        "dashboards",
    ]
    then = make(deployed).run(Moment.STACKS, told)
    assert [each.text for each in then if each.step in ("secrets", "device registry")] == [
        "1 secrets written",
        "5 created",
    ]


def test_viewers_get_a_password_that_is_told_once(tools: StandIns, make: Make, told: Told) -> None:
    deployed = own_grafana(AZURE_FIRST)
    with_users = Deployment(USERS, deployed.spec, deployed.blueprint)
    did = make(with_users).run(Moment.STACKS, told)[-1]
    assert [line.split(": ")[0] for line in did.once] == list(USERS.users)
    secret = did.once[0].split(": ")[1]
    assert secret not in f"{did!r} {told.all!r}"
    assert make(with_users).run(Moment.STACKS, told)[-1].once == ()
    fewer = msgspec.structs.replace(USERS, users=("ben@example.org",))
    make(Deployment(fewer, deployed.spec, deployed.blueprint)).run(Moment.STACKS, told)
    assert set(tools.fake_grafana.users) == {"admin", "ben@example.org"}


def test_devices_that_sign_have_keys_that_their_bundles_can_derive(
    tools: StandIns, make: Make, told: Told, tmp_path: Path
) -> None:
    deployed = own_grafana(AZURE_FIRST)
    outputs = whole(deployed)
    outputs[slot_name(Slot.ACQUISITION)]["devices"]["authentication"] = "sas"
    make(deployed, outputs).run(Moment.STACKS, told)
    secret = device_keys(KeptDocuments(FolderDocuments(tmp_path)))
    assert tools.fake_hub.devices["meter-001"].key == symmetric_key(secret, "meter-001")
    assert symmetric_key(secret, "meter-001") != device_key(secret, "meter-001")  # the same digest in another base64


@pytest.fixture
def workspace(tools: StandIns) -> Iterator[Any]:
    """A client of IoT TwinMaker, with the workspace that L4 puts out and an entity in it."""
    fake = FakeTwinMaker(settle_s=0.0)
    tools.twinmaker = boto3.client(
        "iottwinmaker",
        region_name="eu-central-1",
        endpoint_url=fake.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=BotoConfig(inject_host_prefix=False),
    )
    tools.twinmaker.create_workspace(workspaceId=WORKSPACE)
    tools.twinmaker.create_entity(workspaceId=WORKSPACE, entityId="room", entityName="room")
    yield tools.twinmaker
    fake.stop()


def test_slots_that_are_to_be_destroyed_are_forgotten(tools: StandIns, make: Make, told: Told, workspace: Any) -> None:
    deployed = own_grafana(AZURE_FIRST)
    make(deployed).run(Moment.STACKS, told)
    did = make(deployed).leave([Slot.MANAGEMENT, Slot.ACQUISITION], told)
    assert did[0].text == "3 links documents written"
    assert did[-1].text == "1 entities and component types removed", "or its workspace could not be destroyed"
    assert workspace.list_entities(workspaceId=WORKSPACE)["entitySummaries"] == []
    tools.fake_hub.devices.clear()
    again = {each.step: each.text for each in make(deployed).run(Moment.STACKS, told)}
    assert (again["wiring"], again["device registry"]) == ("3 links documents written", "5 created")


def test_a_plan_says_what_the_steps_would_do_without_asking_anybody() -> None:
    command = Rule("cold", "meter", "temperature < 0", actions=(CommandAction("reset"),))
    spec, _ = small_twin(5, rules=(command,))
    deployed = deployment("gcp", spec=spec, offers={Slot.ACQUISITION: "gcp.pubsub-direct"})
    steps = {step.name: step for step in planned_steps(deployed)}
    assert list(steps) == ["secrets", "wiring", "command topics", "graph", "dashboards"]
    assert steps["graph"].will == "load 0 models, 6 twins and 5 relationships"
    assert steps["command topics"].needs == {"L1", "foundation-gcp-europe-west1"}
    assert steps["secrets"].moment is Moment.FOUNDATIONS
    azure = deployment("azure", offers={Slot.PROCESSING: "azure.functions-flex"})
    assert "hub's endpoint" in {step.name for step in planned_steps(azure)}


def test_every_step_of_every_placement_names_stacks_that_exist() -> None:
    for clouds in (dict.fromkeys(SLOTS, cloud) for cloud in ("aws", "azure", "gcp")):
        deployed = deployment(clouds)
        names = set(outputs_of(deployed))
        assert all(step.needs <= names for step in planned_steps(deployed))
