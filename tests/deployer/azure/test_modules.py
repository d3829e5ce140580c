"""Azure's modules with the stand-in providers: applied, planned again without a change, used, destroyed."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.deployer.azure.bench import (
    CERTIFICATE,
    MANAGED,
    OTHERS,
    SERVERLESS,
    SITUATIONS,
    Bench,
    bench,
    deployed,
    situation,
    stack,
)
from twin2multicloud.blueprint.azure import AZURE as OFFERED
from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.azure.resources import MAIN_RESOURCES
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, functions_of
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.deployer.resources import component_of, type_of
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.runtime.adapters.azure.build import AzureConfig
from twin2multicloud.standin import World

MODULES = SOURCE / "azure"
Resources = dict[str, list[dict[str, Any]]]


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_deployment_is_built_used_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    settings = {
        "users": ("viewer@example.com",),
        "budgets_usd_per_month": {"azure": 12.5},
        "device_ca_pem": CERTIFICATE,
    }
    deployment = situation(name, **settings)
    world = World(tmp_path / "world")
    with bench(deployment, tmp_path / "stacks", world.root) as terraform:
        made = {stack.name: terraform.apply(stack) for stack in terraform.stacks}
        _every_component_has_a_resource(deployment, made)
        _apps_read_their_settings(deployment, made, terraform)
        _outputs_describe_stores(deployment, terraform)
        _everything_is_tagged(made)
        for stack in reversed(terraform.stacks):
            terraform.destroy(stack)
    assert [path.name for path in world.root.rglob("*.json")] == []


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


def test_the_situations_cover_every_offer() -> None:
    used = {offer for offers, _ in SITUATIONS.values() for offer in offers} | {o for offers in OTHERS for o in offers}
    assert {offer.id for offer in OFFERED.offers} <= used


def _every_component_has_a_resource(deployment: Deployment, made: Resources) -> None:
    """What is priced is what is deployed, and the plan finds it."""
    cool, archive = deployment.site(Slot.COOL), deployment.site(Slot.ARCHIVE)
    for component in deployment.blueprint.components:
        if component.provider is not Provider.AZURE or component.kind is Kind.EGRESS or not component.usage:
            continue
        if component.slot is Slot.ARCHIVE and component.kind is Kind.BUCKET and cool == archive:
            continue  # a rule of the cool tier's account
        if component.role is not None and component.name not in _planned(deployment, component.slot):
            continue  # what this twin never needs
        own = made[slot_name(component.slot)] + made[foundation_name(deployment.site(component.slot))]
        main = MAIN_RESOURCES[component.kind, component.service]
        found = [each for each in own if each["type"] == main]
        addresses = [each["address"] for each in found if component_of(each["address"], {component.name})]
        assert len(addresses) == 1, f"{component.id}: {main}: {addresses}"
        assert main == type_of(addresses[0])


def _apps_read_their_settings(deployment: Deployment, made: Resources, terraform: Bench) -> None:
    for slot in SLOTS:
        for component, plan in _planned(deployment, slot).items():
            if deployment.site(slot).provider is not Provider.AZURE:
                continue
            app = _app(made[slot_name(slot)], component)
            settings = app["app_settings"]
            config = msgspec.json.decode(settings["T2M_CONFIG"], type=AzureConfig)
            assert config.twin == deployment.spec.name
            foundation = terraform.outputs[foundation_name(deployment.site(slot))]
            assert config.topics == {name: foundation["topics"][name] for name in config.topics}
            assert set(config.topics) == {"errors", *(["alerts"] if "publish:alerts" in plan.grants else [])}
            if any(word.startswith("graph.") for word in plan.grants):
                graph = terraform.outputs[slot_name(Slot.MANAGEMENT)]["stores"]
                assert config.graph == graph["graph"]
                assert config.digital_twins_url == graph.get("digital_twins_url", "")
                assert config.graph_url == graph.get("graph_url", "")
            assert plan.public == (component in terraform.outputs[slot_name(slot)]["urls"])
            _package_is_the_role(plan, settings, made[slot_name(slot)])


def _package_is_the_role(plan: FunctionPlan, settings: dict[str, str], resources: list[dict[str, Any]]) -> None:
    blobs = [
        each["values"]
        for each in resources
        if each["type"] == "azurerm_storage_blob" and f'["{plan.component}"]' in each["address"]
    ]
    (blob,) = blobs
    assert blob["source"].endswith(f"packages/azure-{plan.package}.zip")
    if "WEBSITE_RUN_FROM_PACKAGE" in settings:
        assert settings["WEBSITE_RUN_FROM_PACKAGE"].endswith(blob["name"])


def _app(resources: list[dict[str, Any]], component: str) -> dict[str, Any]:
    kinds = ("azurerm_linux_function_app", "azurerm_function_app_flex_consumption")
    found = [
        each["values"]
        for each in resources
        if each["type"] in kinds and f'module.function["{component}"]' in each["address"]
    ]
    assert len(found) == 1, component
    app: dict[str, Any] = found[0]
    return app


def _outputs_describe_stores(deployment: Deployment, terraform: Bench) -> None:
    """Their fields are those of the configuration that ports are made from, on a person's machine, too."""
    for each in terraform.stacks:
        outputs = terraform.outputs[each.name]
        for name in ("stores",) if each.slot else ("secrets", "state"):
            if name in outputs:
                config = msgspec.convert({"twin": deployment.spec.name, **outputs[name]}, AzureConfig)
                urls = (config.blob_url, config.queue_url, config.cosmos_url, config.hot_url, config.vault_url)
                assert all(url.startswith("https://") for url in urls if url)
    if deployment.site(Slot.ACQUISITION).provider is Provider.AZURE:
        outputs = terraform.outputs[slot_name(Slot.ACQUISITION)]
        assert outputs["devices"]["authentication"] == "x509-ca"
        assert outputs["devices"]["endpoint"] == outputs["stores"]["hub_host"]
        assert set(outputs["hub_reader"]) >= {"hub_id", "policy", "endpoint", "path"}
    if deployment.site(Slot.VISUALIZATION).provider is Provider.AZURE:
        assert terraform.outputs[slot_name(Slot.VISUALIZATION)]["dashboards"]["url"].startswith("https://")


def _everything_is_tagged(made: Resources) -> None:
    for resources in made.values():
        for each in resources:
            if "tags" in each["values"]:
                tags = each["values"]["tags"] or {}
                assert {"twin", "slot", "run", "owner", "managed-by"} <= tags.keys(), each["address"]


def touched(changes: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What a plan would change, by address."""
    return {each["address"]: each["change"]["actions"] for each in changes if each["change"]["actions"] != ["no-op"]}


def _with_processor(deployment: Deployment) -> Deployment:
    first, *others = deployment.spec.device_types
    kinds = (msgspec.structs.replace(first, processor="own"), *others)
    return dataclasses.replace(deployment, spec=msgspec.structs.replace(deployment.spec, device_types=kinds))


def _planned(deployment: Deployment, slot: Slot) -> dict[str, FunctionPlan]:
    return {plan.component: plan for plan in functions_of(deployment.blueprint, deployment.spec, slot)}
