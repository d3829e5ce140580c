"""From a blueprint back to what it was planned from: to be priced, or planned anew elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.workload import Workload


def workload_of(blueprint: Blueprint) -> Workload:
    """The workload that a blueprint was planned for."""
    return Workload.model_validate(_whole(blueprint.workload))


def assumptions_of(blueprint: Blueprint) -> Assumptions:
    """The assumptions that it was planned under."""
    return Assumptions.model_validate(_whole(blueprint.assumptions))


def blueprint_at(there: Blueprint, placement: Placement) -> Blueprint:
    """The blueprint of the same twin at another placement."""
    return blueprint_of(workload_of(there), placement, assumptions_of(there))


def _whole(figures: Mapping[str, float]) -> dict[str, int | float]:
    """A blueprint keeps all figures as floats; whole ones are counts to the models that they came from."""
    return {name: int(value) if value.is_integer() else value for name, value in figures.items()}
