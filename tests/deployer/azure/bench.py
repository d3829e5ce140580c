"""What tests of Azure's stacks share: placements over all offers, near and far, and Terraform over stand-ins."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.deployer.applied.applying import core
from tests.deployer.placements import twin
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.deployer.clouds.azure import AZURE
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.functions import shards_of
from twin2multicloud.deployer.packages import build_packages
from twin2multicloud.deployer.rendering import Renderer, upstream_values
from twin2multicloud.deployer.stacks import ORDER, Stack
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.spec import FunctionAction
from twin2multicloud.standin import serve

SERVERLESS = (
    "azure.iot-hub-s1",
    "azure.functions-consumption",
    "azure.cosmos-serverless",
    "azure.blob-cool",
    "azure.blob-archive",
    "azure.own-graph",
    "azure.grafana-oss",
)
MANAGED = (
    "azure.iot-hub-s2",
    "azure.functions-flex",
    "azure.cosmos-provisioned",
    "azure.blob-cold",
    "azure.blob-archive",
    "azure.digital-twins",
    "azure.managed-grafana",
)
BASIC = ("azure.iot-hub-b1", "azure.functions-flex", "azure.cosmos-autoscale", *SERVERLESS[3:])
LARGEST = ("azure.iot-hub-s3", *MANAGED[1:])
OTHERS = (("azure.iot-hub-b2", *SERVERLESS[1:]), ("azure.iot-hub-b3", *SERVERLESS[1:]), LARGEST)
GUEST = ("aws.iot-core", "azure.functions-consumption", "gcp.firestore", "azure.blob-cool", "aws.s3-glacier-flexible")
AT_HOME = ("azure.iot-hub-s1", "aws.lambda-arm64-sqs", "azure.cosmos-serverless", "gcp.storage-nearline")

HERE = "westeurope"
THERE = "northeurope"
NEAR = (HERE,) * 7
# Every edge of the data flow crosses: L1-L2, L2-L3.hot, L2-L4, L3.hot-L3.cool, L3.cool-L3.archive, and what L5 asks.
FAR = (HERE, THERE, HERE, THERE, HERE, HERE, THERE)
SITUATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "serverless, near": (SERVERLESS, NEAR),
    "serverless, far": (SERVERLESS, FAR),
    "managed, near": (MANAGED, NEAR),
    "managed, far": (MANAGED, FAR),
    "basic, near": (BASIC, NEAR),
    "among other clouds": ((*GUEST, "azure.digital-twins", "azure.grafana-oss"), NEAR),
    "around another cloud": ((*AT_HOME, "azure.blob-archive", "azure.own-graph", "azure.managed-grafana"), NEAR),
}
_USUAL = {"aws": "eu-central-1", "gcp": "europe-west1"}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@cache
def blueprint(offers: tuple[str, ...], regions: tuple[str, ...] = NEAR, name: str = "smart-home") -> Blueprint:
    """The blueprint of a built-in twin, its slots on Azure in these regions."""
    definition, _ = twin(name)
    places = {
        slot: {
            "provider": (provider := offer.split(".")[0]),
            "offer": offer,
            "region": region if provider == "azure" else _USUAL[provider],
        }
        for slot, offer, region in zip(SLOTS, offers, regions, strict=True)
    }
    return blueprint_of(definition.workload, Placement.model_validate(places), definition.assumptions)


def deployed(
    offers: tuple[str, ...] = SERVERLESS,
    regions: tuple[str, ...] = NEAR,
    *,
    name: str = "smart-home",
    held: frozenset[Slot] = frozenset(),
    **settings: Any,
) -> Deployment:
    """A deployment of a built-in twin at these offers."""
    _, spec = twin(name)
    plan = blueprint(offers, regions, name)
    wanted = {"uid": "k3x9f", "owner": "owner@example.com", "shards": shards_of(plan), **settings}
    return Deployment(Settings(spec.name, **wanted), spec, plan, held)


def situation(name: str, **more: Any) -> Deployment:
    """A deployment of one of `SITUATIONS`."""
    offers, regions = SITUATIONS[name]
    return deployed(offers, regions, **more)


def stacks_at_azure(deployment: Deployment) -> tuple[Stack, ...]:
    """The stacks on Azure in the order of deploying."""
    sites = [site for site in deployment.sites if site.provider is Provider.AZURE]
    return (*(AZURE.foundation(deployment, site) for site in sites), *(stack(deployment, s) for s in slots(deployment)))


def slots(deployment: Deployment) -> tuple[Slot, ...]:
    """The slots on Azure in the order of deploying."""
    return tuple(slot for slot in ORDER if deployment.site(slot).provider is Provider.AZURE)


def stack(deployment: Deployment, slot: Slot) -> Stack:
    """A slot's stack."""
    return AZURE.slot(deployment, slot)


@dataclass
class Bench:
    """A deployment's stacks on Azure in a directory, and Terraform with the stand-ins attached."""

    deployment: Deployment
    directory: Path
    environment: Mapping[str, str]
    outputs: dict[str, Any] = field(default_factory=dict)
    code: str = "def process(message, context):\n    return message\n"

    def __post_init__(self) -> None:
        self.stacks = stacks_at_azure(self.deployment)
        roles = tuple(dict.fromkeys(role for each in self.stacks for role in each.packages))
        spec = self.deployment.spec
        modules = {kind.processor for kind in spec.device_types if kind.processor} | {
            action.name for rule in spec.rules for action in rule.actions if isinstance(action, FunctionAction)
        }
        sources = dict.fromkeys(modules, self.code)
        self._renderer = Renderer(list(build_packages({Provider.AZURE: roles}, spec, sources)))

    def render(self, stack: Stack) -> Path:
        """A stack's directory, with what stacks applied before put out; its state is a file of its own."""
        directory = self._renderer.render([stack], self.directory, self.outputs)[stack.name].directory
        override = {"terraform": {"backend": {"local": {"path": f"../{stack.name}.tfstate"}}}}
        (directory / "backend_override.tf.json").write_text(json.dumps(override))
        return directory

    def apply(self, stack: Stack) -> list[dict[str, Any]]:
        """Apply a stack, whose second plan then has to be empty; its resources."""
        directory = self.render(stack)
        self.run(directory, "init", "-input=false")
        self.run(directory, "apply", "-input=false", "-auto-approve")
        self.run(directory, "plan", "-input=false", "-detailed-exitcode")  # 2 if there were changes
        values = json.loads(self.run(directory, "show", "-json"))["values"]
        self.outputs[stack.name] = values["outputs"]["slot"]["value"]
        return list(_resources(values.get("root_module", {})))

    def plan(self, stack: Stack) -> list[dict[str, Any]]:
        """What a plan of a stack would make, before anything exists."""
        directory = self.render(stack)
        self.run(directory, "init", "-input=false")
        self.run(directory, "plan", "-input=false", "-out=planned")
        shown = json.loads(self.run(directory, "show", "-json", "planned"))
        return [each for each in shown.get("resource_changes", []) if each["mode"] == "managed"]

    def run(self, directory: Path, *arguments: str) -> str:
        """What a command prints; it must succeed."""
        command = [*core(), *arguments, "-no-color"]
        environment = dict(self.environment)
        done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
        told = f"{directory.name}: {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        assert done.returncode == 0, told
        return done.stdout


@contextmanager
def bench(deployment: Deployment, directory: Path, **more: Any) -> Iterator[Bench]:
    """Terraform for a deployment's stacks on Azure; every state is believed."""
    with serve(providers=["azurerm", "azuread"]) as variables:
        yield Bench(deployment, directory, {**os.environ, **variables}, **more)


def offline(stack: Stack) -> dict[str, Any]:
    """A stack's arguments with the placeholders of its upstream."""
    return {**stack.arguments, **upstream_values(stack.upstream, {})[0]}


def _resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (each for each in module.get("resources", ()) if each["mode"] == "managed")
    for child in module.get("child_modules", ()):
        yield from _resources(child)
