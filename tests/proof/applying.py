"""Deployments applied for real but for the clouds: Terraform over stand-in providers, stack after stack."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deployer.placements import twin
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.engine.binary import find_core
from twin2multicloud.deployer.finishing.wiring import wires_of
from twin2multicloud.deployer.packages import Package, build_packages
from twin2multicloud.deployer.proof import World, read_world
from twin2multicloud.deployer.rendering import RenderedStack, Renderer
from twin2multicloud.deployer.stacks import Stack, needs, stacks_of
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.twin.compile import processor_sources
from twin2multicloud.runtime.links import LinksDocument
from twin2multicloud.runtime.wiring import wire
from twin2multicloud.standin import serve

_LOCAL: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
"""An override of the root modules' backend: states lie beside them."""


@dataclass(frozen=True)
class Applied:
    """A deployment with its world, its links documents, the hashes of its packages, and what its stacks put out."""

    deployment: Deployment
    world: World
    documents: Mapping[Site, LinksDocument]
    packages: Mapping[tuple[Provider, str], str]
    outputs: Mapping[str, Any]


def apply(deployment: Deployment, directory: Path) -> Applied:
    """Apply every stack of a deployment, in order, with the outputs of those before."""
    stacks = stacks_of(deployment)
    packages = _packages(deployment, stacks)
    renderer = Renderer(packages)
    names = {provider for stack in stacks for provider in stack.providers}
    outputs: dict[str, Any] = {}
    states: dict[str, bytes] = {}
    with serve(providers=sorted(names)) as environment, ThreadPoolExecutor(2) as pool:
        waiting, running, before = list(stacks), dict[Future[tuple[bytes, Any]], str](), needs(stacks)
        while waiting or running:
            for stack in [each for each in waiting if before[each.name] <= outputs.keys()]:
                rendered = renderer.render([stack], directory, outputs)[stack.name]
                running[pool.submit(_apply, rendered, environment)] = stack.name
                waiting.remove(stack)
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                states[name], outputs[name] = future.result()
    wires, left = wires_of(deployment, outputs)
    assert not left
    sites = {str(site): site for site in deployment.sites}
    documents = wire(sites, wires, now=1_700_000_000.0)
    return Applied(
        deployment,
        read_world(states),
        {sites[name]: document for name, document in documents.items()},
        {(package.cloud, package.role): package.sha256 for package in packages},
        outputs,
    )


def _packages(deployment: Deployment, stacks: tuple[Stack, ...]) -> list[Package]:
    roles: dict[Provider, set[str]] = {}
    for stack in stacks:
        roles.setdefault(stack.site.provider, set()).update(stack.packages)
    wanted = {provider: tuple(sorted(found)) for provider, found in roles.items()}
    definition, _ = twin(deployment.settings.twin)
    return list(build_packages(wanted, deployment.spec, processor_sources(definition)))


def _apply(rendered: RenderedStack, environment: Mapping[str, str]) -> tuple[bytes, Any]:
    root = rendered.directory
    (root / "backend_override.tf.json").write_text(json.dumps(_LOCAL))
    _terraform(root, environment, "init", "-input=false")
    _terraform(root, environment, "apply", "-auto-approve", "-input=false", "-lock=false", "-refresh=false")
    state = (root / "terraform.tfstate").read_bytes()
    output = json.loads(state)["outputs"].get("slot", {}).get("value")
    return state, output


def _terraform(root: Path, environment: Mapping[str, str], *command: str) -> None:
    done = subprocess.run(
        [*find_core().command, *command, "-no-color"],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = done.stdout[done.stdout.find("\nError:") :][-4000:]
    assert done.returncode == 0, f"{root.name}: {command[0]}:{errors}{done.stderr[-4000:]}"
