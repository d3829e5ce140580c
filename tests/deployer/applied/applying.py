"""Deployments that live once, for real but for the clouds: Terraform over stand-in providers, stack after stack."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.deployer.placements import twin
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.engine.binary import find_core
from twin2multicloud.deployer.finishing.wiring import wires_of
from twin2multicloud.deployer.packages import Package, build_packages
from twin2multicloud.deployer.proof import Resource, World, read_world
from twin2multicloud.deployer.rendering import Renderer
from twin2multicloud.deployer.stacks import Stack, needs, stacks_of
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.twin.compile import processor_sources
from twin2multicloud.runtime.links import LinksDocument
from twin2multicloud.runtime.wiring import wire
from twin2multicloud.standin import World as Clouds
from twin2multicloud.standin import serve

_LOCAL: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
"""An override of the root modules' backend: states lie beside them."""
_CHANGES = 2
"""How `plan -detailed-exitcode` ends if there is anything to do."""


@dataclass(frozen=True)
class Applied:
    """A deployment with its world, its links documents, the hashes of its packages, and what its stacks put out.

    `unsettled` is what a second plan would still do, by stack; `left` is what was there after everything was destroyed.
    """

    deployment: Deployment
    world: World
    documents: Mapping[Site, LinksDocument]
    packages: Mapping[tuple[Provider, str], str]
    outputs: Mapping[str, Any]
    unsettled: Mapping[str, str]
    left: tuple[str, ...]

    def resources(self, *stacks: str) -> list[Resource]:
        """What some stacks made."""
        return [each for each in self.world.resources if each.stack in stacks]


@dataclass(frozen=True)
class _Made:
    """What is found of a stack once it is applied."""

    state: bytes
    output: Any
    unsettled: str


def apply(deployment: Deployment, directory: Path) -> Applied:
    """Apply every stack of a deployment in order, with the outputs of those before; plan each again; destroy all."""
    stacks = stacks_of(deployment)
    packages = _packages(deployment, stacks)
    renderer = Renderer(packages)
    providers = {provider for stack in stacks for provider in stack.providers}
    clouds = Clouds(directory / "clouds")
    made: dict[str, _Made] = {}
    before = needs(stacks)
    after = {name: frozenset(each for each in before if name in before[each]) for name in before}
    with serve(clouds.root, providers=sorted(providers)) as environment:

        def build(stack: Stack) -> None:
            outputs = {name: each.output for name, each in list(made.items())}
            root = renderer.render([stack], directory, outputs)[stack.name].directory
            made[stack.name] = _build(root, environment)

        def destroy(stack: Stack) -> None:
            _destroy(directory / stack.name, environment)

        _in_order(stacks, before, build)
        _in_order(stacks, after, destroy)
    outputs = {name: each.output for name, each in made.items()}
    wires, waiting = wires_of(deployment, outputs)
    assert not waiting
    sites = {str(site): site for site in deployment.sites}
    documents = wire(sites, wires, now=1_700_000_000.0)
    return Applied(
        deployment,
        read_world({name: each.state for name, each in made.items()}),
        {sites[name]: document for name, document in documents.items()},
        {(package.cloud, package.role): package.sha256 for package in packages},
        outputs,
        {name: each.unsettled for name, each in made.items() if each.unsettled},
        tuple(sorted(f"{thing.type} {thing.id}" for thing in clouds.objects())),
    )


def _in_order(stacks: tuple[Stack, ...], before: Mapping[str, Set[str]], work: Callable[[Stack], None]) -> None:
    """Do something with each stack once it is done with those before, two at once."""
    waiting, running, done = list(stacks), dict[Future[None], str](), set[str]()
    with ThreadPoolExecutor(2) as pool:
        while waiting or running:
            for stack in [each for each in waiting if before[each.name] <= done]:
                running[pool.submit(work, stack)] = stack.name
                waiting.remove(stack)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                future.result()
                done.add(running.pop(future))


def _packages(deployment: Deployment, stacks: tuple[Stack, ...]) -> list[Package]:
    roles: dict[Provider, set[str]] = {}
    for stack in stacks:
        roles.setdefault(stack.site.provider, set()).update(stack.packages)
    wanted = {provider: tuple(sorted(found)) for provider, found in roles.items()}
    definition, _ = twin(deployment.settings.twin)
    return list(build_packages(wanted, deployment.spec, processor_sources(definition)))


def _build(root: Path, environment: Mapping[str, str]) -> _Made:
    (root / "backend_override.tf.json").write_text(json.dumps(_LOCAL))
    terraform(root, environment, "init", "-input=false")
    terraform(root, environment, "apply", "-auto-approve", "-input=false", "-lock=false", "-refresh=false")
    state = (root / "terraform.tfstate").read_bytes()
    again = terraform(
        root, environment, "plan", "-input=false", "-lock=false", "-detailed-exitcode", ends=(0, _CHANGES)
    )
    output = json.loads(state)["outputs"].get("slot", {}).get("value")
    return _Made(state, output, again.stdout if again.returncode == _CHANGES else "")


def _destroy(root: Path, environment: Mapping[str, str]) -> None:
    """The packages need not be there any more, and that nothing has changed the second plan has just shown."""
    for package in root.glob("packages/*.zip"):
        package.unlink()
    terraform(root, environment, "destroy", "-auto-approve", "-input=false", "-lock=false", "-refresh=false")


def terraform(
    root: Path, environment: Mapping[str, str], *command: str, ends: tuple[int, ...] = (0,)
) -> subprocess.CompletedProcess[str]:
    """Run a command of Terraform's in a root module; it must end in one of these ways."""
    done = subprocess.run(
        [*core(), *command, "-no-color"],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    told = f"{done.stdout[-6000:]}\n{done.stderr[-4000:]}"
    assert done.returncode in ends, f"{root.name}: {' '.join(command)}\n{told}"
    return done


@cache
def core() -> tuple[str, ...]:
    """What runs Terraform, looked for once: asking it for its version takes as long as a small plan."""
    return tuple(find_core().command)
