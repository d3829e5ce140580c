"""Which steps follow the stacks of a deployment, what each would do, and which stacks it needs. Asks no cloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.finishing.progress import (
    APPS,
    DASHBOARDS,
    GRAPH,
    HUB,
    REGISTRY,
    SECRETS,
    TOPICS,
    WIRING,
)
from twin2multicloud.deployer.finishing.secrets import needed_secrets, own_grafana
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of, used_edges
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import SLOTS, Provider, Slot


class Moment(StrEnum):
    """When a step is due."""

    FOUNDATIONS = "foundations"
    """Once the sites' foundations are there, and before the other stacks: a container reads its password when it
    starts. (Run again after all stacks, it finds nothing to do.)"""
    STACKS = "stacks"
    """Once the slots' stacks are there."""


@dataclass(frozen=True)
class PlannedStep:
    """A step: its name, what it would do, when it is due, and the stacks without which it is left out."""

    name: str
    will: str
    moment: Moment
    needs: frozenset[str] = frozenset()


def planned_steps(deployment: Deployment) -> tuple[PlannedStep, ...]:
    """The steps of a whole deployment, in their order."""
    return tuple(_steps(deployment))


def stack_of(deployment: Deployment, slot: Slot) -> str:
    """The name of a slot's stack as it is now."""
    return slot_name(slot, deployment.generation(slot))


def _steps(deployment: Deployment) -> Iterator[PlannedStep]:
    spec, places = deployment.spec, deployment.blueprint.places
    devices = sum(len(group) for group in spec.devices)
    acquisition = places[Slot.ACQUISITION]
    first = _with_site(deployment, Slot.ACQUISITION)
    if wanted := needed_secrets(deployment):
        names = ", ".join(dict.fromkeys(secret.name for secret in wanted))
        yield PlannedStep(SECRETS, f"make or take over the secrets {names}", Moment.FOUNDATIONS)
    if acquisition.provider is Provider.AZURE and _reads_the_hub(deployment):
        yield PlannedStep(HUB, "let functions read the IoT Hub's endpoint", Moment.STACKS, first)
    sites = ", ".join(map(str, deployment.sites))
    yield PlannedStep(WIRING, f"write the links documents of {sites}", Moment.STACKS)
    if apps := sum(len(functions) for functions in azure_functions(deployment).values()):
        yield PlannedStep(APPS, f"make known what starts {apps} function apps", Moment.STACKS)
    if acquisition.provider is Provider.AZURE:
        yield PlannedStep(REGISTRY, f"register {devices} devices at the IoT Hub", Moment.STACKS, first)
    if acquisition.offer == "gcp.pubsub-direct" and "commands" in used_edges(deployment.blueprint, spec):
        yield PlannedStep(TOPICS, "make a topic for the commands of each device that takes any", Moment.STACKS, first)
    entities = devices + len(spec.entities)
    yield PlannedStep(
        GRAPH,
        f"load {len(spec.models)} models, {entities} twins and {len(spec.relationships)} relationships",
        Moment.STACKS,
        _with_site(deployment, Slot.MANAGEMENT),
    )
    people = len(deployment.settings.users) if own_grafana(deployment) else 0
    yield PlannedStep(
        DASHBOARDS,
        f"push {max(len(spec.dashboards), 1)} dashboards" + (f" and add {people} viewers" if people else ""),
        Moment.STACKS,
        _with_site(deployment, Slot.VISUALIZATION)
        | {stack_of(deployment, slot) for slot in (Slot.HOT, Slot.MANAGEMENT)},
    )


def azure_functions(deployment: Deployment) -> dict[Slot, tuple[FunctionPlan, ...]]:
    """The functions on Azure, by slot: each is an app."""
    return {
        slot: functions_of(deployment.blueprint, deployment.spec, slot)
        for slot in SLOTS
        if deployment.site(slot).provider is Provider.AZURE
    }


def _with_site(deployment: Deployment, slot: Slot) -> frozenset[str]:
    return frozenset({stack_of(deployment, slot), foundation_name(deployment.site(slot))})


def _reads_the_hub(deployment: Deployment) -> bool:
    return any(
        function.starts is Starts.DEVICES
        for slot in SLOTS
        for function in functions_of(deployment.blueprint, deployment.spec, slot)
        if deployment.site(slot) == deployment.site(Slot.ACQUISITION)
    )
