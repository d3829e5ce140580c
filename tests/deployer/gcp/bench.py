"""What tests of Google Cloud's stacks share: placements over all offers, near and far, and Terraform over stand-ins."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.deployer.applied.applying import core
from tests.deployer.placements import twin
from twin2multicloud.blueprint.plan import blueprint_of
from twin2multicloud.deployer.clouds.gcp import GCP
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.functions import shards_of
from twin2multicloud.deployer.packages import build_packages
from twin2multicloud.deployer.rendering import Renderer
from twin2multicloud.deployer.stacks import ORDER, Stack
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.spec import FunctionAction
from twin2multicloud.standin import serve

SERVERLESS = (
    "gcp.run-gateway",
    "gcp.run-functions",
    "gcp.firestore",
    "gcp.storage-nearline",
    "gcp.storage-archive",
    "gcp.own-graph",
    "gcp.grafana-oss",
)
PROVISIONED = (
    "gcp.pubsub-direct",
    "gcp.run-worker",
    "gcp.bigtable",
    "gcp.storage-coldline",
    "gcp.storage-archive",
    "gcp.own-graph",
    "gcp.grafana-oss-vm",
)
HERE = "europe-west1"
THERE = "us-central1"
NEAR = (HERE,) * 7
# Every edge of the data flow crosses: L1-L2, L2-L3.hot, L2-L4, L3.hot-L3.cool, L3.cool-L3.archive.
FAR = (HERE, THERE, HERE, THERE, HERE, HERE, THERE)
SITUATIONS = {
    "serverless, near": (SERVERLESS, NEAR),
    "serverless, far": (SERVERLESS, FAR),
    "provisioned, near": (PROVISIONED, NEAR),
    "provisioned, far": (PROVISIONED, FAR),
}


@cache
def _blueprint(offers: tuple[str, ...], regions: tuple[str, ...], name: str):  # type: ignore[no-untyped-def]
    definition, _ = twin(name)
    usual = {"aws": "eu-central-1", "azure": "westeurope"}
    places = {
        slot: {
            "provider": offer.split(".")[0],
            "offer": offer,
            "region": region if offer.startswith("gcp.") else usual[offer.split(".")[0]],
        }
        for slot, offer, region in zip(SLOTS, offers, regions, strict=True)
    }
    return blueprint_of(definition.workload, Placement.model_validate(places), definition.assumptions)


def deployed(
    offers: tuple[str, ...] = SERVERLESS,
    regions: tuple[str, ...] = NEAR,
    *,
    name: str = "smart-building",
    held: frozenset[Slot] = frozenset(),
    discard: bool = False,
    **settings: Any,
) -> Deployment:
    """A deployment of a built-in twin at these offers, those of Google Cloud in these regions."""
    _, spec = twin(name)
    plan = _blueprint(offers, regions, name)
    made = Settings(spec.name, "k3x9f", "Owner@Example.com", shards=shards_of(plan), **settings)
    return Deployment(made, spec, plan, held, discard)


def situation(name: str, **more: Any) -> Deployment:
    """A deployment of one of `SITUATIONS`."""
    offers, regions = SITUATIONS[name]
    return deployed(offers, regions, **more)


def stacks_at_gcp(deployment: Deployment) -> tuple[Stack, ...]:
    """The stacks on Google Cloud in the order of deploying."""
    sites = [site for site in deployment.sites if site.provider is Provider.GCP]
    slots = [slot for slot in ORDER if deployment.site(slot).provider is Provider.GCP]
    return (*(GCP.foundation(deployment, site) for site in sites), *(GCP.slot(deployment, slot) for slot in slots))


def stack(deployment: Deployment, slot: Slot) -> Stack:
    """A slot's stack."""
    return GCP.slot(deployment, slot)


@dataclass(frozen=True)
class Bench:
    """Rendered stacks, their directories, and Terraform with the stand-ins attached."""

    stacks: tuple[Stack, ...]
    directories: Mapping[str, Path]
    environment: Mapping[str, str]

    def run(self, stack: str, *arguments: str, code: int = 0) -> str:
        """What a command prints; it must end with `code`."""
        command = [*core(), *arguments, "-no-color"]
        done = subprocess.run(
            command,
            cwd=self.directories[stack],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{stack}: {' '.join(arguments)}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def all(self, *arguments: str) -> None:
        """The same for all stacks, one after the other."""
        for each in self.stacks:
            self.run(each.name, *arguments)

    def planned(self, stack: str) -> list[dict[str, Any]]:
        """The resources of a stack's plan that Terraform would make."""
        self.run(stack, "plan", "-input=false", "-out=planned")
        shown = json.loads(self.run(stack, "show", "-json", "planned"))
        return [each for each in shown.get("resource_changes", []) if each["mode"] == "managed"]


@contextmanager
def bench(deployment: Deployment, directory: Path) -> Iterator[Bench]:
    """Render a deployment's stacks on Google Cloud and attach the stand-in of its provider."""
    stacks = stacks_at_gcp(deployment)
    roles = tuple(dict.fromkeys(role for each in stacks for role in each.packages))
    modules = {kind.processor for kind in deployment.spec.device_types if kind.processor} | {
        action.name for rule in deployment.spec.rules for action in rule.actions if isinstance(action, FunctionAction)
    }
    sources = dict.fromkeys(modules, "def process(message, context):\n    return message\n")
    packages = list(build_packages({Provider.GCP: roles}, deployment.spec, sources))
    rendered = Renderer(packages).render(stacks, directory)
    for each in rendered.values():
        # States in files of their own: these tests are about modules, not about who keeps the state.
        override: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
        (each.directory / "backend_override.tf.json").write_text(json.dumps(override))
    with serve(providers=["google"]) as variables:
        directories = {name: each.directory for name, each in rendered.items()}
        yield Bench(stacks, directories, {**os.environ, **variables})
