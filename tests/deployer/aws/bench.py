"""What tests of AWS's stacks share: placements over all offers, near and far, and Terraform over stand-ins."""

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
from twin2multicloud.deployer.clouds.aws import AWS
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.functions import shards_of
from twin2multicloud.deployer.packages import Package, build_packages
from twin2multicloud.deployer.rendering import Renderer, upstream_values
from twin2multicloud.deployer.stacks import ORDER, Stack
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.spec import FunctionAction, TwinSpec
from twin2multicloud.standin import serve

FIRST = (
    "aws.iot-core",
    "aws.lambda-arm64-sqs",
    "aws.dynamodb-on-demand",
    "aws.s3-standard-ia",
    "aws.s3-glacier-flexible",
    "aws.own-graph",
    "aws.managed-grafana",
)
SECOND = (
    "aws.iot-core-basic-ingest",
    "aws.lambda-x86-kinesis",
    "aws.dynamodb-provisioned",
    "aws.s3-glacier-instant",
    "aws.s3-glacier-deep-archive",
    "aws.twinmaker",
    "aws.grafana-oss",
)
X86 = (FIRST[0], "aws.lambda-x86-sqs", *SECOND[2:])
ARM_STREAM = (SECOND[0], "aws.lambda-arm64-kinesis", *FIRST[2:])
GUEST = ("azure.iot-hub-s1", FIRST[1], "gcp.firestore", FIRST[3], "azure.blob-archive", FIRST[5], "gcp.grafana-oss")
AT_HOME = (
    FIRST[0],
    "azure.functions-flex",
    FIRST[2],
    "gcp.storage-nearline",
    FIRST[4],
    "azure.digital-twins",
    SECOND[6],
)

HERE = "eu-central-1"
THERE = "eu-west-1"
NEAR = (HERE,) * 7
# Every edge of the data flow crosses: L1-L2, L2-L3.hot, L2-L4, L3.hot-L3.cool, L3.cool-L3.archive, and what L5 asks.
FAR = (HERE, THERE, HERE, THERE, HERE, HERE, THERE)
SITUATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "first offers, near": (FIRST, NEAR),
    "first offers, far": (FIRST, FAR),
    "second offers, near": (SECOND, NEAR),
    "second offers, far": (SECOND, FAR),
    "x86 and a queue, near": (X86, NEAR),
    "arm64 and a stream, far": (ARM_STREAM, FAR),
    "guest of other clouds": (GUEST, NEAR),
    "home of other clouds": (AT_HOME, NEAR),
}
_USUAL = {"azure": "westeurope", "gcp": "europe-west1"}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@cache
def blueprint(offers: tuple[str, ...], regions: tuple[str, ...] = NEAR, name: str = "smart-home") -> Blueprint:
    """The blueprint of a built-in twin, its slots on AWS in these regions."""
    definition, _ = twin(name)
    places = {
        slot: {
            "provider": (provider := offer.split(".")[0]),
            "offer": offer,
            "region": region if provider == "aws" else _USUAL[provider],
        }
        for slot, offer, region in zip(SLOTS, offers, regions, strict=True)
    }
    return blueprint_of(definition.workload, Placement.model_validate(places), definition.assumptions)


def deployed(
    offers: tuple[str, ...] = FIRST,
    regions: tuple[str, ...] = NEAR,
    *,
    name: str = "smart-home",
    held: frozenset[Slot] = frozenset(),
    discard: bool = False,
    spec: TwinSpec | None = None,
    **settings: Any,
) -> Deployment:
    """A deployment of a built-in twin at these offers."""
    plan = blueprint(offers, regions, name)
    wanted = {"uid": "k3x9f", "owner": "owner@example.com", "shards": shards_of(plan), **settings}
    own = spec or twin(name)[1]
    return Deployment(Settings(own.name, **wanted), own, plan, held, discard)


def situation(name: str, **more: Any) -> Deployment:
    """A deployment of one of `SITUATIONS`."""
    offers, regions = SITUATIONS[name]
    return deployed(offers, regions, **more)


def stacks_at_aws(deployment: Deployment) -> tuple[Stack, ...]:
    """The stacks on AWS in the order of deploying."""
    sites = [site for site in deployment.sites if site.provider is Provider.AWS]
    return (*(AWS.foundation(deployment, site) for site in sites), *(stack(deployment, s) for s in slots(deployment)))


def slots(deployment: Deployment) -> tuple[Slot, ...]:
    """The slots on AWS in the order of deploying."""
    return tuple(slot for slot in ORDER if deployment.site(slot).provider is Provider.AWS)


def stack(deployment: Deployment, slot: Slot) -> Stack:
    """A slot's stack."""
    return AWS.slot(deployment, slot)


def names_at(deployment: Deployment, slot: Slot) -> AwsNames:
    """The names of the site of a slot."""
    return AwsNames(deployment, deployment.site(slot))


def packages_of(deployment: Deployment, stacks: tuple[Stack, ...]) -> list[Package]:
    """What the functions of some stacks run, with user code that does nothing."""
    roles = tuple(dict.fromkeys(role for each in stacks for role in each.packages))
    spec = deployment.spec
    processors = {kind.processor for kind in spec.device_types if kind.processor}
    acts = {action.name for rule in spec.rules for action in rule.actions if isinstance(action, FunctionAction)}
    sources = dict.fromkeys(processors, "def process(reading, device):\n    return reading\n")
    sources |= dict.fromkeys(acts, "def act(alert):\n    pass\n")
    return list(build_packages({Provider.AWS: roles}, spec, sources))


@dataclass
class Bench:
    """A deployment's stacks on AWS in a directory, and Terraform with the stand-in attached."""

    deployment: Deployment
    directory: Path
    environment: Mapping[str, str]
    outputs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stacks = stacks_at_aws(self.deployment)
        self._renderer = Renderer(packages_of(self.deployment, self.stacks))

    def render(self, stack: Stack) -> Path:
        """A stack's directory, with what stacks applied before put out; its state is a file of its own."""
        directory = self._renderer.render([stack], self.directory, self.outputs)[stack.name].directory
        local = {"terraform": {"backend": {"local": {"path": f"../{stack.name}.tfstate"}}}}
        (directory / "backend_override.tf.json").write_text(json.dumps(local))
        return directory

    def apply(self, stack: Stack) -> list[dict[str, Any]]:
        """Apply a stack, whose second plan then has to be empty; its resources."""
        directory = self.render(stack)
        self.run(directory, "init", "-input=false")
        self.run(directory, "apply", "-input=false", "-auto-approve")
        self.run(directory, "plan", "-input=false", "-detailed-exitcode")  # 2 if there were changes
        self.outputs[stack.name] = json.loads(self.run(directory, "output", "-json"))["slot"]["value"]
        shown = json.loads(self.run(directory, "show", "-json"))
        return list(_resources(shown.get("values", {}).get("root_module", {})))

    def plan(self, stack: Stack) -> list[dict[str, Any]]:
        """What a plan of a stack would change."""
        directory = self.render(stack)
        self.run(directory, "init", "-input=false")
        self.run(directory, "plan", "-input=false", "-out=planned")
        shown = json.loads(self.run(directory, "show", "-json", "planned"))
        return [each for each in shown.get("resource_changes", []) if each["mode"] == "managed"]

    def run(self, directory: Path, *arguments: str) -> str:
        """What a command prints; it must succeed."""
        return terraform(directory, self.environment, *arguments)


def terraform(directory: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """What a command of Terraform's prints; it must succeed."""
    command = [*core(), *arguments, "-no-color"]
    done = subprocess.run(command, cwd=directory, env=dict(environment), capture_output=True, text=True, check=False)
    told = f"{directory.name}: {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert done.returncode == 0, told
    return done.stdout


@contextmanager
def bench(deployment: Deployment, directory: Path) -> Iterator[Bench]:
    """Terraform for a deployment's stacks on AWS; every state is believed."""
    with serve(providers=["aws"]) as variables:
        yield Bench(deployment, directory, {**os.environ, **variables})


def offline(stack: Stack) -> dict[str, Any]:
    """A stack's arguments with the placeholders of its upstream."""
    return {**stack.arguments, **upstream_values(stack.upstream, {})[0]}


def _resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (each for each in module.get("resources", ()) if each["mode"] == "managed")
    for child in module.get("child_modules", ()):
        yield from _resources(child)
