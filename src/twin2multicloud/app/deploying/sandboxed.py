"""The same commands for a twin in the sandbox: what is planned are the blueprint's components, as processes here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.plans import Action, ResourceChange, StackPlan
from twin2multicloud.deployer.stacks import ORDER, Stack, slot_name
from twin2multicloud.model.slots import SLOTS, Slot

if TYPE_CHECKING:
    from twin2multicloud.app.deploying.prices import Prices
    from twin2multicloud.model.placement import Placement
    from twin2multicloud.model.twin.definition import TwinDefinition
    from twin2multicloud.sandbox.create import TwinInSandbox

_UNSEEN = frozenset({Kind.EGRESS})
"""Kinds that are prices only: nothing is made for them."""


def sandbox_plan(
    wanted: Blueprint | None,
    there: Blueprint | None,
    prices: Prices | None,
    *,
    slots: Collection[Slot] = SLOTS,
    built: Collection[Slot] = SLOTS,
) -> dict[str, StackPlan]:
    """What slots of a sandbox would gain and lose to become `wanted` (None: nothing), from what is `there` (None:
    nothing), where `built` are the slots that are deployed.
    """
    plans: dict[str, StackPlan] = {}
    for slot in (each for each in ORDER if each in slots):
        after, before = _components(wanted, slot), _components(there if slot in built else None, slot)
        usd = {} if prices is None else prices.components.get(slot, {})
        changes = tuple(
            ResourceChange(
                f"module.slot.{component.kind.value}.{name}",
                component.kind.value,
                _action(after.get(name), before.get(name)),
                name,
                usd_per_month=usd.get(name),
            )
            for name, component in {**before, **after}.items()
        )
        shown = {change.component for change in changes}
        left = {name: cost for name, cost in usd.items() if name not in shown}
        blueprint = there if wanted is None else wanted
        assert blueprint is not None
        place = blueprint.places[slot]
        stack = Stack(slot_name(slot), Site(place.provider, "on this machine"), slot, "sandbox", {}, {})
        plans[stack.name] = StackPlan(stack, changes, left)
    return plans


def _components(blueprint: Blueprint | None, slot: Slot) -> Mapping[str, PlannedComponent]:
    if blueprint is None:
        return {}
    return {each.name: each for each in blueprint.of(slot) if each.kind not in _UNSEEN}


def _action(after: PlannedComponent | None, before: PlannedComponent | None) -> Action:
    if before is None:
        return Action.ADD
    if after is None:
        return Action.DESTROY
    same = (before.provider, before.kind, before.service) == (after.provider, after.kind, after.service)
    return Action.KEEP if same else Action.REPLACE


def in_sandbox(definition: TwinDefinition, placement: Placement, devices: int | None = None) -> TwinInSandbox:
    """Everything a sandbox is made from; with only so many of the twin's devices, if given."""
    from twin2multicloud.blueprint.plan import blueprint_of
    from twin2multicloud.dashboards.build import grafana_dashboards
    from twin2multicloud.dashboards.source import ReadSource
    from twin2multicloud.model.twin.compile import compile_twin, processor_sources
    from twin2multicloud.sandbox.create import TwinInSandbox
    from twin2multicloud.sandbox.scale import scaled_down

    spec, workload = compile_twin(definition), definition.workload
    if devices is not None:
        spec = scaled_down(spec, devices)
        workload = workload.model_copy(update={"devices": len(spec.device_names)})
    return TwinInSandbox(
        spec,
        blueprint_of(workload, placement, definition.assumptions),
        processor_sources(definition),
        placement.model_dump(mode="json"),
        grafana_dashboards(spec, ReadSource("api/query", "api/query")),
        definition.waveforms(),
    )
