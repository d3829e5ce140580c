"""Azure's modules: what they make in deployments applied with the stand-in providers, and how they are written."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.deployer.applied.applying import Applied
from tests.deployer.applied.made import Worlds
from tests.deployer.applied.worlds import on
from tests.deployer.azure.bench import (
    MANAGED,
    SERVERLESS,
    bench,
    deployed,
    situation,
    slots,
    stack,
    stacks_at_azure,
)
from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.azure.resources import MAIN_RESOURCES
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, functions_of
from twin2multicloud.deployer.proof import Resource
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.deployer.resources import component_of, type_of
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.adapters.azure.build import AzureConfig

MODULES = SOURCE / "azure"


@pytest.fixture(scope="module", params=on(Provider.AZURE))
def applied(request: pytest.FixtureRequest, worlds: Worlds) -> Applied:
    return worlds(request.param)


@pytest.mark.slow
def test_every_component_has_a_resource(applied: Applied) -> None:
    """What is priced is what is deployed, and the plan finds it."""
    deployment = applied.deployment
    cool, archive = deployment.site(Slot.COOL), deployment.site(Slot.ARCHIVE)
    for component in deployment.blueprint.components:
        if component.provider is not Provider.AZURE or component.kind is Kind.EGRESS or not component.usage:
            continue
        if component.slot is Slot.ARCHIVE and component.kind is Kind.BUCKET and cool == archive:
            continue  # a rule of the cool tier's account
        if component.role is not None and component.name not in _planned(deployment, component.slot):
            continue  # what this twin never needs
        own = applied.resources(slot_name(component.slot), foundation_name(deployment.site(component.slot)))
        main = MAIN_RESOURCES[component.kind, component.service]
        addresses = [each.address for each in own if each.type == main and component_of(each.address, {component.name})]
        assert len(addresses) == 1, f"{component.id}: {main}: {addresses}"
        assert main == type_of(addresses[0])


@pytest.mark.slow
def test_apps_read_their_settings(applied: Applied) -> None:
    deployment, outputs = applied.deployment, applied.outputs
    for slot in slots(deployment):
        resources = applied.resources(slot_name(slot))
        for component, plan in _planned(deployment, slot).items():
            settings = _app(resources, component).attributes["app_settings"]
            config = msgspec.json.decode(settings["T2M_CONFIG"], type=AzureConfig)
            assert config.twin == deployment.spec.name
            foundation = outputs[foundation_name(deployment.site(slot))]
            assert config.topics == {name: foundation["topics"][name] for name in config.topics}
            assert set(config.topics) == {"errors", *(["alerts"] if "publish:alerts" in plan.grants else [])}
            if any(word.startswith("graph.") for word in plan.grants):
                graph = outputs[slot_name(Slot.MANAGEMENT)]["stores"]
                assert config.graph == graph["graph"]
                assert config.digital_twins_url == graph.get("digital_twins_url", "")
                assert config.graph_url == graph.get("graph_url", "")
            assert plan.public == (component in outputs[slot_name(slot)]["urls"])
            _package_is_the_role(plan, settings, resources)


@pytest.mark.slow
def test_outputs_describe_stores(applied: Applied) -> None:
    """Their fields are those of the configuration that ports are made from, on a person's machine, too."""
    deployment, outputs = applied.deployment, applied.outputs
    for each in stacks_at_azure(deployment):
        output = outputs[each.name]
        for name in ("stores",) if each.slot else ("secrets", "state"):
            if name in output:
                config = msgspec.convert({"twin": deployment.spec.name, **output[name]}, AzureConfig)
                urls = (config.blob_url, config.queue_url, config.cosmos_url, config.hot_url, config.vault_url)
                assert all(url.startswith("https://") for url in urls if url)
    if deployment.site(Slot.ACQUISITION).provider is Provider.AZURE:
        output = outputs[slot_name(Slot.ACQUISITION)]
        assert output["devices"]["authentication"] == "x509-ca"
        assert output["devices"]["endpoint"] == output["stores"]["hub_host"]
        assert set(output["hub_reader"]) >= {"hub_id", "policy", "endpoint", "path"}
    if deployment.site(Slot.VISUALIZATION).provider is Provider.AZURE:
        assert outputs[slot_name(Slot.VISUALIZATION)]["dashboards"]["url"].startswith("https://")


@pytest.mark.slow
def test_everything_is_tagged(applied: Applied) -> None:
    for each in applied.resources(*(at.name for at in stacks_at_azure(applied.deployment))):
        if "tags" in each.attributes:
            tags = each.attributes["tags"] or {}
            assert {"twin", "slot", "run", "owner", "managed-by"} <= tags.keys(), each.address


@pytest.mark.slow
@pytest.mark.parametrize("name", ["managed, far", "among other clouds"])
def test_all_stacks_can_be_planned_before_anything_exists(name: str, tmp_path: Path) -> None:
    with bench(situation(name), tmp_path) as terraform:
        for stack in terraform.stacks:
            planned = terraform.plan(stack)
            assert all(each["change"]["actions"] == ["create"] for each in planned), stack.name


@pytest.mark.slow
def test_a_slot_that_is_held_changes_nothing_but_who_runs(tmp_path: Path) -> None:
    free, held = deployed(), deployed(held=frozenset({Slot.HOT}))
    with bench(free, tmp_path) as terraform:
        terraform.apply(stack(free, Slot.HOT))
        mover = 'module.slot.module.function["to-cool-mover"].azurerm_linux_function_app.consumption[0]'
        assert touched(terraform.plan(stack(held, Slot.HOT))) == {mover: ["update"]}


@pytest.mark.slow
@pytest.mark.parametrize("offers", [SERVERLESS, MANAGED])
def test_another_package_is_another_blob_of_its_app_alone(offers: tuple[str, ...], tmp_path: Path) -> None:
    deployment = deployed(offers, name="smart-building" if offers is MANAGED else "smart-home")
    if not any(kind.processor for kind in deployment.spec.device_types):
        deployment = _with_processor(deployment)
    processing = stack(deployment, Slot.PROCESSING)
    with bench(deployment, tmp_path) as terraform:
        terraform.apply(processing)
    with bench(deployment, tmp_path, code="def process(message, context):\n    return None\n") as terraform:
        found = touched(terraform.plan(processing))
    of_process = {address for address in found if 'module.function["process"]' in address}
    kinds = {type_of(address): found[address] for address in of_process}
    app = "azurerm_function_app_flex_consumption" if offers is MANAGED else "azurerm_linux_function_app"
    assert kinds[app] == ["update"]
    assert kinds["azurerm_storage_blob"] == ["create", "delete"]  # the new one is there before the old one goes
    assert not any("identity" in kind or "service_plan" in kind for kind in kinds)
    assert {address.split('"')[1] for address in found} <= {"process", "actions"}  # who runs the user's code


def test_modules_are_formatted() -> None:
    terraform = shutil.which("terraform") or shutil.which("tofu")
    if terraform is None:
        pytest.skip("formatting is checked by a terraform or tofu on PATH")
    done = subprocess.run(
        [terraform, "fmt", "-check", "-recursive", MODULES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_all_slots_share_is_the_same_in_all() -> None:
    """Modules can not include files; copies that differ would be defects that nobody sees."""
    for name in ("functions.tf", "functions_variables.tf", "functions_outputs.tf"):
        texts = {path.read_text().replace('"../../', '"../') for path in MODULES.rglob(name)}
        assert len(texts) == 1, name


def test_every_variable_and_output_says_what_it_is() -> None:
    for path in MODULES.rglob("*.tf"):
        blocks = path.read_text().split("\n}\n")
        for block in blocks:
            head = block.lstrip().splitlines()[0] if block.strip() else ""
            if head.startswith(("variable ", "output ")):
                assert "description" in block, f"{path.relative_to(MODULES)}: {head}"
            if head.startswith("variable "):
                assert "type " in block, f"{path.relative_to(MODULES)}: {head}"


def touched(changes: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What a plan would change, by address."""
    return {each["address"]: each["change"]["actions"] for each in changes if each["change"]["actions"] != ["no-op"]}


def _with_processor(deployment: Deployment) -> Deployment:
    first, *others = deployment.spec.device_types
    kinds = (msgspec.structs.replace(first, processor="own"), *others)
    return dataclasses.replace(deployment, spec=msgspec.structs.replace(deployment.spec, device_types=kinds))


def _planned(deployment: Deployment, slot: Slot) -> dict[str, FunctionPlan]:
    return {plan.component: plan for plan in functions_of(deployment.blueprint, deployment.spec, slot)}


def _package_is_the_role(plan: FunctionPlan, settings: dict[str, str], resources: list[Resource]) -> None:
    (blob,) = (
        each.attributes
        for each in resources
        if each.type == "azurerm_storage_blob" and f'["{plan.component}"]' in each.address
    )
    assert blob["source"].endswith(f"packages/azure-{plan.package}.zip")
    if "WEBSITE_RUN_FROM_PACKAGE" in settings:
        assert settings["WEBSITE_RUN_FROM_PACKAGE"].endswith(blob["name"])


def _app(resources: list[Resource], component: str) -> Resource:
    kinds = ("azurerm_linux_function_app", "azurerm_function_app_flex_consumption")
    (app,) = (each for each in resources if each.type in kinds and f'module.function["{component}"]' in each.address)
    return app
