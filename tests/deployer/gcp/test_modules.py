"""The modules themselves: formatted, described, pinned to a range, free of secrets; applied over stand-ins."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.deployer.applied.applying import Applied, core
from tests.deployer.applied.made import Worlds
from tests.deployer.applied.worlds import on
from tests.deployer.gcp.bench import bench, deployed, stacks_at_gcp
from tests.deployer.gcp.references import Named, created, references
from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.gcp.resources import CARRIERS, ELSEWHERE, MAIN_RESOURCES, SHARED
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.deployer.resources import component_of, costs_of_resources, type_of
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.adapters.gcp.build import read_config

MODULES: Path = SOURCE / "gcp"
FOLDERS = sorted({path.parent for path in MODULES.rglob("*.tf")})


def test_modules_are_formatted() -> None:
    done = subprocess.run(
        [*core(), "fmt", "-check", "-recursive", str(MODULES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(MODULES).as_posix())
def test_a_module_says_what_it_builds_and_what_it_takes_and_gives(folder: Path) -> None:
    files = {path.name: path.read_text() for path in folder.glob("*.tf")}
    assert re.search(r'version = ">= 8\.7, < 9"', files["versions.tf"])
    if "main.tf" in files:
        assert files["main.tf"].startswith("# ")
    for name in ("variables.tf", "outputs.tf"):
        for block in re.split(r"\n(?=(?:variable|output) )", files.get(name, "")):
            if block.startswith(("variable", "output")):
                assert "description" in block, block
                assert not block.startswith("variable") or re.search(r"^  type ", block, re.MULTILINE), block


def test_no_module_has_a_value_of_a_secret_or_a_key_of_an_account() -> None:
    text = "\n".join(path.read_text() for path in MODULES.rglob("*.tf"))
    for kind in ("google_secret_manager_secret_version", "google_service_account_key", "google_storage_hmac_key"):
        assert kind not in text


@pytest.fixture(scope="module", params=on(Provider.GCP))
def applied(request: pytest.FixtureRequest, worlds: Worlds) -> Applied:
    return worlds(request.param)


@pytest.mark.slow
def test_nothing_is_named_before_it_is_there(applied: Applied) -> None:
    """Which stands in no Terraform, for stacks know each other by name."""
    there: set[Named] = set()
    for stack in stacks_at_gcp(applied.deployment):
        resources = applied.resources(stack.name)
        there |= {made for each in resources if (made := created(each)) is not None}
        for each in resources:
            assert set(references(each)) <= there, (stack.name, each.address)


@pytest.mark.slow
def test_every_component_shows_its_cost_at_a_resource(applied: Applied) -> None:
    for stack in stacks_at_gcp(applied.deployment):
        if stack.slot is not None:
            addresses = [each.address for each in applied.resources(stack.name)]
            _costs_are_shown(applied.deployment, stack.slot, addresses)


@pytest.mark.slow
def test_stacks_put_out_what_others_take(applied: Applied) -> None:
    for stack in stacks_at_gcp(applied.deployment):
        wanted = {"secrets", "errors_queue", "state"} if stack.slot is None else {"urls", "stores", "queues"}
        assert wanted <= applied.outputs[stack.name].keys()


def _costs_are_shown(deployment: Deployment, slot: Slot, addresses: list[str]) -> None:
    components = {each.name: each for each in deployment.blueprint.of(slot) if each.kind is not Kind.EGRESS}
    shown, left = costs_of_resources(addresses, dict.fromkeys(components, 1.0), CARRIERS)
    assert left.keys() <= SHARED | ELSEWHERE, (slot, left)
    for address in shown:
        component = components[component_of(address, components)]
        assert type_of(address) in MAIN_RESOURCES[component.kind, component.service], address


@pytest.mark.slow
def test_called_functions_know_the_audience_that_callers_show(tmp_path: Path) -> None:
    """Pub/Sub, Cloud Scheduler and the function itself name one and the same URL."""
    with bench(deployed(), tmp_path) as made:
        made.all("init", "-input=false")
        number = "123456789012"
        for stack, component, kind, audience in (
            (
                "L1",
                "intake",
                "google_pubsub_subscription",
                lambda after: after["push_config"][0]["oidc_token"][0]["audience"],
            ),
            (
                "L3-hot",
                "to-cool-mover-schedule",
                "google_cloud_scheduler_job",
                lambda after: after["http_target"][0]["oidc_token"][0]["audience"],
            ),
        ):
            planned = made.planned(stack)
            (caller,) = [each for each in planned if each["type"] == kind and f'"{component}"' in each["address"]]
            shown = audience(caller["change"]["after"])  # type: ignore[no-untyped-call]
            assert re.fullmatch(r"https://[a-z0-9-]+-\d+\.europe-west1\.run\.app", shown), shown
            number = shown.split(".")[0].rsplit("-", 1)[1]
        functions = [
            each
            for name in ("L2", "L3-hot")
            for each in made.planned(name)
            if each["type"] == "google_cloudfunctions2_function"
        ]
        for each in functions:
            after = each["change"]["after"]
            environment = after["service_config"][0]["environment_variables"]
            config = read_config(environment)
            assert json.loads(environment["T2M_FUNCTION"])["component"] in each["address"]
            if config.token_account:
                assert config.token_audience == f"https://{after['name']}-{number}.europe-west1.run.app"


@pytest.mark.slow
def test_what_is_held_is_off_and_nothing_else(tmp_path: Path) -> None:
    held = deployed(held=frozenset({Slot.PROCESSING, Slot.HOT, Slot.COOL}))
    with bench(held, tmp_path) as made:
        made.all("init", "-input=false")
        first = {each["address"]: each["change"]["after"] for each in made.planned("L1")}
        assert first['module.slot.module.queue["intake"].google_pubsub_subscription.this[0]']["push_config"] == []
        second = {each["address"]: each["change"]["after"] for each in made.planned("L2")}
        actions = second['module.slot.module.queue["actions"].google_pubsub_subscription.this[0]']
        assert actions["push_config"][0]["push_endpoint"].startswith("https://smart-building-k3x9f-actions-")
        hot = {each["type"]: each["change"]["after"] for each in made.planned("L3-hot")}
        assert hot["google_cloud_scheduler_job"]["paused"]
        cool = {each["type"]: each["change"]["after"] for each in made.planned("L3-cool")}
        assert cool["google_storage_bucket"]["lifecycle_rule"] == []
