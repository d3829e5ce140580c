"""What is built for a twin, as a person would list it: per stack its parts, what starts them, what they may do.

Everything here is read from the blueprint, from `functions_of` and from the stacks' arguments; nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pictures.foundations import foundation_parts
from pictures.part import Part
from twin2multicloud.blueprint.catalog import offer_by_id
from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.blueprint.plan import PlannedComponent, PlannedLink
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of, used_edges
from twin2multicloud.deployer.stacks import Stack, stacks_of
from twin2multicloud.model.slots import SLOTS, Provider, Slot

_SHARED: Final = frozenset({"errors", "error-queue", "rule-state", "dead-letters", "nonces"})
"""Components that the bill counts in a slot and that are built once per site, in its foundation."""
_UNSEEN: Final = (Kind.EGRESS, Kind.SCHEDULE)  # traffic is no thing, and schedules are told with what they start
_DAY_S: Final = 86_400


@dataclass(frozen=True)
class SlotAnatomy:
    """One slot's stack."""

    slot: Slot
    site: Site
    offer: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class FoundationAnatomy:
    """What the slots at one site share."""

    site: Site
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Anatomy:
    """A whole deployment."""

    twin: str
    slots: tuple[SlotAnatomy, ...]
    foundations: tuple[FoundationAnatomy, ...]
    links: tuple[PlannedLink, ...]
    everywhere: frozenset[str]
    """Rights that every single function has, so that they are told once."""


def anatomy_of(deployment: Deployment) -> Anatomy:
    """What is built for a deployment."""
    blueprint, spec = deployment.blueprint, deployment.spec
    stacks = stacks_of(deployment)
    plans = [plan for slot in SLOTS for plan in functions_of(blueprint, spec, slot)]
    everywhere = frozenset.intersection(*(frozenset(plan.grants) for plan in plans))
    used = used_edges(blueprint, spec)
    return Anatomy(
        spec.name,
        tuple(_slot(deployment, stacks, slot, everywhere) for slot in SLOTS),
        tuple(FoundationAnatomy(s.site, foundation_parts(s, deployment)) for s in stacks if s.slot is None),
        tuple(link for link in blueprint.links if link.edge in used),
        everywhere,
    )


def _slot(deployment: Deployment, stacks: tuple[Stack, ...], slot: Slot, everywhere: frozenset[str]) -> SlotAnatomy:
    stack = next(stack for stack in stacks if stack.slot is slot)
    foundation = next(each for each in stacks if each.slot is None and each.site == stack.site)
    shared = _SHARED | frozenset(foundation.arguments.get("events", {}).get("topics", ()))
    offer = offer_by_id(deployment.blueprint.places[slot].offer)
    return SlotAnatomy(slot, stack.site, offer.title, tuple(_parts(deployment, stack, slot, everywhere, shared)))


def _parts(
    deployment: Deployment, stack: Stack, slot: Slot, everywhere: frozenset[str], shared: frozenset[str]
) -> Iterator[Part]:
    blueprint = deployment.blueprint
    plans = {plan.component: plan for plan in functions_of(blueprint, deployment.spec, slot)}
    unused = {link.edge for link in blueprint.links} - used_edges(blueprint, deployment.spec)
    fed = {plan.source for plan in plans.values() if plan.package == "send"}  # told with their senders
    service = ""
    for component in blueprint.of(slot):
        if component.role is not None:
            service = component.service
            if component.name in plans:
                yield _function(stack, plans[component.name], component.service, everywhere)
        elif component.name not in shared | fed and component.kind not in _UNSEEN and component.edge not in unused:
            notes = _notes(deployment, stack, component)
            yield Part(component.kind.value, component.name, component.service, notes)
    for plan in plans.values():  # what a twin's rules need, which nobody prices apart
        if blueprint.component(slot, plan.component) is None:
            yield _function(stack, plan, service, everywhere)


def _function(stack: Stack, plan: FunctionPlan, service: str, everywhere: frozenset[str]) -> Part:
    rights = _rights([grant for grant in plan.grants if grant not in everywhere])
    notes = (_started(stack, plan), rights)
    return Part("function", plan.component, service, tuple(note for note in notes if note))


def _started(stack: Stack, plan: FunctionPlan) -> str:
    most = f", {plan.batch} at once" if plan.batch > 1 else ""
    match plan.starts:
        case Starts.QUEUE if plan.package in ("send", "actions"):  # a queue of its own, not told apart
            kept = f"; {_undelivered(stack, plan.source)}" if stack.site.provider is not Provider.AZURE else ""
            return f"started by its queue {plan.source}{most}{kept}"
        case Starts.QUEUE:
            return f"started by {plan.source}{most}"
        case Starts.DEVICES:
            return f"started by what devices send to L1{most}"
        case Starts.HTTP:
            asking = {"gateway": "called by devices, each with its key", "read": "asked over HTTPS, signed"}
            return asking.get(plan.package, "called over HTTPS, signed by the sender")
        case Starts.SCHEDULE:
            hours = 24 / plan.runs_per_day
            return "started every hour" if hours == 1 else f"started {plan.runs_per_day} times a day"
        case Starts.SERVICE:
            return "asked by the twin service for values"
        case Starts.ALWAYS:
            return f"always runs, pulls {plan.source}{most}"


_VERBS: Final = {"read": "reads", "write": "writes", "delete": "deletes from", "update": "updates"}


def _rights(grants: list[str]) -> str:
    """Grants in words: by verb, in the order of the grants; `consume` is told by what starts the function."""
    found: dict[str, list[str]] = {}
    for grant in grants:
        verb, colon, what = grant.partition(":")
        if verb == "consume":
            continue
        thing, dot, deed = grant.partition(".")
        if colon:
            found.setdefault({"publish": "sends to", "secret": "secrets"}[verb], []).append(what)
        elif dot:
            found.setdefault(_VERBS[deed], []).append(thing)
        else:
            found.setdefault("uses", []).append(grant)
    return "; ".join(f"{verb} {', '.join(dict.fromkeys(things))}" for verb, things in found.items())


def _notes(deployment: Deployment, stack: Stack, component: PlannedComponent) -> tuple[str, ...]:
    if component.kind in (Kind.QUEUE, Kind.STREAM):
        return (_undelivered(stack, component.name),)
    if component.kind is Kind.GATEWAY:
        return tuple(_gateway(stack))
    if component.kind is Kind.BUCKET and component.slot in (Slot.COOL, Slot.ARCHIVE):
        return (_ageing(deployment, component.slot),)
    if component.kind is Kind.DASHBOARD:
        return ("panels and alert rules from the twin's definition; asks history and twin-state with the read-key",)
    if component.kind is Kind.TOPIC and component.name == "alerts":
        return ("what rules report; pulled with the errors",)
    if component.name == "intake" and component.kind is Kind.TOPIC:
        # Pub/Sub has several subscriptions on a topic: next door the devices' own one does.
        here = () if deployment.blueprint.by_edge["telemetry"].apart else ("a subscription on the devices' topic",)
        return (*here, _undelivered(stack, component.name))
    return ()


def _undelivered(stack: Stack, queue: str) -> str:
    """Where goes what nobody could take from a queue."""
    match stack.site.provider:
        case Provider.AWS:
            entry = stack.arguments.get("queues", {}).get(queue, {})
            return f"dead letters: {queue}-undelivered" if entry.get("undelivered") else "its records expire"
        case Provider.AZURE:
            return "what fails again and again goes to dead-letters"
        case Provider.GCP:
            return "dead letters: the topic undelivered"


def _gateway(stack: Stack) -> Iterator[str]:
    arguments = stack.arguments
    if "rules" in arguments:
        target = arguments["target"]["name"].removeprefix(arguments["devices"]["prefix"])
        yield f"devices by X.509; rules {', '.join(arguments['rules'])} deliver to {target}"
        yield "dead letters: gateway-undelivered"
    elif "hub" in arguments:
        hub = arguments["hub"]
        units = f"{hub['units']} unit{'s' if hub['units'] > 1 else ''} {hub['sku']}"
        yield f"devices by X.509 or key; {units}, {hub['partitions']} partitions"
        yield f"read by {', '.join(arguments['readers'])}"


def _ageing(deployment: Deployment, slot: Slot) -> str:
    """How a tier's contents leave it."""
    retention, apart = deployment.spec.retention, deployment.blueprint.by_edge["to-archive"].apart
    gone = math.ceil((retention.archive_s - retention.hot_s) / _DAY_S)
    cool = math.ceil((retention.cool_s - retention.hot_s) / _DAY_S)
    if slot is Slot.COOL:
        left = f"its mover empties it after {cool} days"
        return left if apart else f"a lifecycle rule archives after {cool}, deletes after {gone} days"
    if not apart:
        return "in the bucket of L3.cool, whose lifecycle rule changes the class"
    return f"deleted after {math.ceil((retention.archive_s - retention.cool_s) / _DAY_S)} days by a rule"
