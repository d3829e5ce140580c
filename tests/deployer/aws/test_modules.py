"""AWS's modules: what they make in deployments applied with the stand-in provider, and how they are written."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from tests.deployer.applied.applying import Applied
from tests.deployer.applied.made import Worlds
from tests.deployer.applied.worlds import named, on
from tests.deployer.aws.bench import (
    CERTIFICATE,
    SITUATIONS,
    bench,
    deployed,
    names_at,
    situation,
    slots,
    stack,
    stacks_at_aws,
)
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

MODULES = SOURCE / "aws"
TAGS = {"managed-by", "twin", "slot", "run", "owner"}
SHARED = {"rule-state", "dead-letters", "nonces", "errors"}
"""Components that the foundation has for all slots of a site."""


@pytest.fixture(scope="module", params=on(Provider.AWS))
def applied(request: pytest.FixtureRequest, worlds: Worlds) -> Applied:
    return worlds(request.param)


@pytest.mark.slow
def test_every_component_has_a_resource(applied: Applied) -> None:
    """What is priced is what is deployed, and the plan finds it."""
    deployment = applied.deployment
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
            own = applied.resources(foundation_name(deployment.site(component.slot)))
            assert [each for each in own if each.type == main], component.id
            continue
        of_slot = {each.name for each in deployment.blueprint.of(component.slot)}
        found = [
            each.address
            for each in applied.resources(slot_name(component.slot))
            if component_of(each.address, of_slot) == component.name and type_of(each.address) == main
        ]
        assert found, component.id


@pytest.mark.slow
def test_outputs_describe_stores(applied: Applied) -> None:
    """What a stack puts out of its stores is a configuration of the runtime, filled in."""
    deployment = applied.deployment
    for name in _stacks(deployment):
        output = applied.outputs[name]
        for key in ("stores", "secrets", "state"):
            if key in output:
                fields = {field: value for field, value in output[key].items() if value is not None}
                config = msgspec.convert({"twin": deployment.spec.name, **fields}, AwsConfig)
                told = msgspec.json.encode(config).decode()
                assert "{account}" not in told, name
                assert "{partition}" not in told, name
    for slot in slots(deployment):
        for plan in functions_of(deployment.blueprint, deployment.spec, slot):
            if plan.public:
                url = applied.outputs[slot_name(slot)]["urls"][plan.component]
                assert url.startswith("https://")
                assert not url.endswith("/")


@pytest.mark.slow
def test_everything_is_tagged(applied: Applied) -> None:
    for each in applied.resources(*_stacks(applied.deployment)):
        if "tags" in each.attributes and each.type != "aws_lambda_layer_version":
            assert set(each.attributes["tags"] or {}) >= TAGS, f"{each.stack}: {each.address}"


@pytest.mark.slow
def test_deploying_is_allowed(applied: Applied) -> None:
    """`policies aws` knows every type that is in use."""
    deployment = applied.deployment
    types = {each.type for each in applied.resources(*_stacks(deployment))}
    assert deployer_policy(types, names_at(deployment, slots(deployment)[0]))["Statement"]


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
        for slot, wanted in touched.items():
            terraform.apply(stack(deployment, slot))
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


def test_every_kind_of_component_has_a_resource_for_its_cost() -> None:
    for name in on(Provider.AWS):
        for component in named(name).blueprint.components:
            if component.provider is Provider.AWS and component.usage and component.kind is not Kind.EGRESS:
                assert (component.kind, component.service) in MAIN_RESOURCES, component.id


def _stacks(deployment: Deployment) -> tuple[str, ...]:
    return tuple(each.name for each in stacks_at_aws(deployment))
