"""The modules themselves: formatted, described, pinned to a range, free of secrets; applied over stand-ins."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.deployer.gcp.bench import SITUATIONS, bench, deployed, situation
from tests.deployer.gcp.references import Named, created, references
from twin2multicloud.deployer.clouds.gcp.resources import CARRIERS, ELSEWHERE, MAIN_RESOURCES, SHARED, has_resource
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.engine.binary import find_core
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.deployer.resources import component_of, costs_of_resources, type_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.gcp.build import read_config

MODULES: Path = SOURCE / "gcp"
FOLDERS = sorted({path.parent for path in MODULES.rglob("*.tf")})


def test_modules_are_formatted() -> None:
    done = subprocess.run(
        [*find_core().command, "fmt", "-check", "-recursive", str(MODULES)], capture_output=True, text=True, check=False
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


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_stacks_are_built_found_unchanged_and_destroyed(name: str, tmp_path: Path) -> None:
    """Every offer, with its neighbours here and elsewhere. Nothing is named before it is there, which stands in no
    Terraform, for stacks know each other by name; and every component shows its cost at a resource.
    """
    deployment = situation(name, budgets_usd_per_month={"gcp": 40.0})
    with bench(deployment, tmp_path) as made:
        there: set[Named] = set()
        for stack in made.stacks:
            made.run(stack.name, "init", "-input=false")
            planned = made.planned(stack.name)
            there |= {named for each in planned if (named := created(each)) is not None}
            for each in planned:
                assert set(references(each)) <= there, (stack.name, each["address"])
            if stack.slot is not None:
                _costs_are_shown(deployment, stack.slot, [each["address"] for each in planned])
            made.run(stack.name, "apply", "-input=false", "planned")
            made.run(stack.name, "plan", "-input=false", "-detailed-exitcode")
            wanted = {"secrets", "errors_queue", "state"} if stack.slot is None else {"urls", "stores", "queues"}
            assert wanted <= made.outputs(stack.name).keys()
        made.all("destroy", "-input=false", "-auto-approve", backwards=True)


def _costs_are_shown(deployment: Deployment, slot: Slot, addresses: list[str]) -> None:
    components = {each.name: each for each in deployment.blueprint.of(slot) if has_resource(each.kind)}
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
            shown = audience(caller["change"]["after"])
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
