"""AWS's modules with the stand-in provider: applied, planned again without a change, checked, destroyed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.deployer.aws.bench import CERTIFICATE, SITUATIONS, Bench, bench, deployed, names_at, situation, stack
from twin2multicloud.blueprint.aws import AWS as OFFERED
from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.aws import MAIN_RESOURCES
from twin2multicloud.deployer.clouds.aws.policy import deployer_policy
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import functions_of
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.deployer.resources import component_of, type_of
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.adapters.aws.build import AwsConfig
from twin2multicloud.standin import World

MODULES = SOURCE / "aws"
Resources = dict[str, list[dict[str, Any]]]
TAGS = {"managed-by", "twin", "slot", "run", "owner"}
SHARED = {"rule-state", "dead-letters", "nonces", "errors"}
"""Components that the foundation has for all slots of a site."""


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_deployment_is_built_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    deployment = situation(name, budgets_usd_per_month={"aws": 12.5}, device_ca_pem=CERTIFICATE, discard=True)
    world = World(tmp_path / "world")
    with bench(deployment, tmp_path / "stacks", world.root) as terraform:
        made = {stack.name: terraform.apply(stack) for stack in terraform.stacks}
        _every_component_has_a_resource(deployment, made)
        _outputs_describe_stores(deployment, terraform)
        _everything_is_tagged(made)
        _deploying_is_allowed(deployment, made)
        for each in reversed(terraform.stacks):
            terraform.destroy(each)
    assert [path.name for path in world.root.rglob("*.json")] == []


@pytest.mark.slow
def test_all_stacks_can_be_planned_before_anything_exists(tmp_path: Path) -> None:
    with bench(situation("second offers, far", device_ca_pem=CERTIFICATE), tmp_path) as terraform:
        for each in terraform.stacks:
            planned = terraform.plan(each)
            assert all(change["change"]["actions"] == ["create"] for change in planned), each.name


@pytest.mark.slow
def test_holding_a_slot_stops_what_starts_it_and_nothing_else(tmp_path: Path) -> None:
    deployment = deployed(SITUATIONS["second offers, near"][0], device_ca_pem=CERTIFICATE)
    held = deployed(SITUATIONS["second offers, near"][0], device_ca_pem=CERTIFICATE, held=frozenset(Slot))
    touched = {
        Slot.COOL: {"module.slot.aws_s3_bucket_lifecycle_configuration.cool"},
        Slot.HOT: {'module.slot.module.function["to-cool-mover"].aws_scheduler_schedule.this[0]'},
        Slot.PROCESSING: {
            'module.slot.module.function["actions"].aws_lambda_event_source_mapping.this[0]',
            'module.slot.module.function["process"].aws_lambda_event_source_mapping.this[0]',
        },
    }
    with bench(deployment, tmp_path) as terraform:
        for each in terraform.stacks:
            terraform.apply(each)
        for slot, wanted in touched.items():
            changed = {
                change["address"]: change["change"]["actions"]
                for change in terraform.plan(stack(held, slot))
                if change["change"]["actions"] != ["no-op"]
            }
            assert changed == {address: ["update"] for address in wanted}, slot


def test_modules_are_formatted() -> None:
    terraform = shutil.which("terraform") or shutil.which("tofu")
    if terraform is None:
        pytest.skip("formatting is checked by a terraform or tofu on PATH")
    done = subprocess.run(
        [terraform, "fmt", "-check", "-recursive", MODULES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_slots_share_is_the_same_in_all() -> None:
    """Modules cannot include files; copies that differ would be defects that nobody sees."""
    for name in ("versions.tf",):
        texts = {path.read_text() for path in MODULES.rglob(name)}
        assert len(texts) == 1, name
    plain = {
        re.sub(r"\n  queue = .*?\n  }\n", "", path.read_text(), flags=re.DOTALL).replace('"../../', '"../')
        for path in MODULES.rglob("functions.tf")
    }
    assert len(plain) == 1


def test_every_variable_and_output_says_what_it_is() -> None:
    for path in MODULES.rglob("*.tf"):
        for block in path.read_text().split("\n}\n"):
            head = block.strip().splitlines()[0] if block.strip() else ""
            if head.startswith(("variable ", "output ")):
                assert "description" in block, f"{path.relative_to(MODULES)}: {head}"
            if head.startswith("variable "):
                assert re.search(r"\n  type +=", block), f"{path.relative_to(MODULES)}: {head}"


def test_the_situations_cover_every_offer() -> None:
    used = {offer for offers, _ in SITUATIONS.values() for offer in offers}
    assert {offer.id for offer in OFFERED.offers if offer.deployable} <= used


def test_every_kind_of_component_has_a_resource_for_its_cost() -> None:
    for name in SITUATIONS:
        for component in situation(name).blueprint.components:
            if component.provider is Provider.AWS and component.usage and component.kind is not Kind.EGRESS:
                assert (component.kind, component.service) in MAIN_RESOURCES, component.id


def _every_component_has_a_resource(deployment: Deployment, made: Resources) -> None:
    """What is priced is what is deployed, and the plan finds it."""
    for component in deployment.blueprint.components:
        if component.provider is not Provider.AWS or component.kind is Kind.EGRESS or not component.usage:
            continue
        if component.slot is Slot.ARCHIVE and not deployment.blueprint.by_edge["to-archive"].apart:
            continue  # a rule of the cool tier's bucket
        planned = {plan.component for plan in functions_of(deployment.blueprint, deployment.spec, component.slot)}
        if component.role is not None and component.name not in planned:
            continue  # what this twin never needs
        if component.kind is Kind.QUEUE and component.edge == "commands" and "commands-sender" not in planned:
            continue
        main = MAIN_RESOURCES[component.kind, component.service]
        if component.name in SHARED:
            own = made[foundation_name(deployment.site(component.slot))]
            assert [each for each in own if each["type"] == main], component.id
            continue
        of_slot = {each.name for each in deployment.blueprint.of(component.slot)}
        found = [
            each["address"]
            for each in made[slot_name(component.slot)]
            if component_of(each["address"], of_slot) == component.name and type_of(each["address"]) == main
        ]
        assert found, component.id


def _outputs_describe_stores(deployment: Deployment, terraform: Bench) -> None:
    """What a stack puts out of its stores is a configuration of the runtime, filled in."""
    for name, output in terraform.outputs.items():
        for key in ("stores", "secrets", "state"):
            if key in output:
                fields = {field: value for field, value in output[key].items() if value is not None}
                config = msgspec.convert({"twin": deployment.spec.name, **fields}, AwsConfig)
                told = msgspec.json.encode(config).decode()
                assert "{account}" not in told, name
                assert "{partition}" not in told, name
    for slot in deployment.blueprint.places:
        if deployment.site(slot).provider is not Provider.AWS:
            continue
        for plan in functions_of(deployment.blueprint, deployment.spec, slot):
            if plan.public:
                url = terraform.outputs[slot_name(slot)]["urls"][plan.component]
                assert url.startswith("https://")
                assert not url.endswith("/")


def _everything_is_tagged(made: Resources) -> None:
    for name, resources in made.items():
        for each in resources:
            if "tags" in each["values"] and each["type"] != "aws_lambda_layer_version":
                assert set(each["values"]["tags"] or {}) >= TAGS, f"{name}: {each['address']}"


def _deploying_is_allowed(deployment: Deployment, made: Resources) -> None:
    """`policies aws` knows every type that is in use."""
    slot = next(slot for slot in Slot if deployment.site(slot).provider is Provider.AWS)
    types = {each["type"] for resources in made.values() for each in resources}
    assert deployer_policy(types, names_at(deployment, slot))["Statement"]
