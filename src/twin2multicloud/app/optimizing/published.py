"""The published model (edt25) under constraints of ours: those that it has a meaning for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.conflict import NoPlacementError, explain_conflict
from twin2multicloud.optimizer.bill.restrictions import Restriction, combined
from twin2multicloud.optimizer.edt25.result import solve
from twin2multicloud.optimizer.edt25.search import CLOUDS, NO_LIMITS, Limits

IGNORED_ASSUMPTIONS: Final = "the published model does not know the assumptions given"
UNKNOWN: Final = "not known to the published model (edt25); leave it out, or choose the model bill"


def limits_of(constraints: Constraints) -> Limits:
    """The limits of the published model that say what `constraints` say.

    Raises `UsageError` for constraints that it has no meaning for.
    """
    unknown = {
        "regions": bool(constraints.regions),
        "residency": constraints.residency is not None,
        "require": bool(constraints.require),
        "managed_only": constraints.managed_only,
        "deployable_only": constraints.deployable_only,
        "egress_policy": constraints.egress_policy != "list",
    }
    for slot, pin in constraints.pins.items():
        unknown[f"pin {slot}={pin} (only {slot}={pin.provider} is possible)"] = pin.offer is not None or bool(
            pin.region
        )
    given = [name for name, value in unknown.items() if value]
    if given:
        raise UsageError(f"{', '.join(given)}: {UNKNOWN}")
    if len(constraints.allowed_providers) == len(Provider) and not constraints.pins and constraints.max_clouds > 1:
        return NO_LIMITS
    allowed = {slot: frozenset(constraints.allowed_providers) for slot in SLOTS}
    for slot, pin in constraints.pins.items():
        allowed[slot] &= {pin.provider}
    return Limits(allowed, min(constraints.max_clouds, len(CLOUDS)))


def published_document(workload: Workload, constraints: Constraints, assumptions: Assumptions | None) -> dict[str, Any]:
    """The optimum of one workload as plain JSON values, as `optimize --model edt25 --json` writes them. Raises
    `UsageError` for constraints that the model has no meaning for, `NoPlacementError` where nothing obeys them.
    """
    batch = solve([workload], limits_of(constraints))
    if not batch.feasible[0]:
        raise conflict(workload, constraints)
    answer = batch.document(0)
    answer["warnings"] += [] if assumptions is None else [IGNORED_ASSUMPTIONS]
    return {**answer, "workload": workload.model_dump(mode="json")}


def conflict(workload: Workload, constraints: Constraints) -> NoPlacementError:
    """Which of the constraints cannot hold together, and what dropping each would cost."""
    places = [(slot, cloud) for slot in SLOTS for cloud in CLOUDS]

    def best(parts: Sequence[Restriction]) -> float | None:
        allowed, most = combined(len(places), parts)
        clouds: dict[Slot, frozenset[Provider]] = dict.fromkeys(SLOTS, frozenset())
        for (slot, cloud), permitted in zip(places, allowed, strict=True):
            if permitted:
                clouds[slot] |= {cloud}
        batch = solve([workload], Limits(clouds, most or len(CLOUDS)))
        return float(batch.usd_per_month[0]) if batch.feasible[0] else None

    everything = np.ones(len(places), dtype=np.bool_)
    parts = []
    if len(constraints.allowed_providers) < len(Provider):
        listed = constraints.allowed_providers
        mask = np.array([cloud in listed for _, cloud in places])
        parts.append(Restriction(f"providers {', '.join(listed)}", mask))
    for pinned, pin in constraints.pins.items():
        mask = np.array([slot is not pinned or cloud is pin.provider for slot, cloud in places])
        parts.append(Restriction(f"pin {pinned}={pin}", mask, slot=pinned))
    if constraints.max_clouds < len(CLOUDS):
        parts.append(Restriction("at most 1 cloud", everything, max_providers=constraints.max_clouds))
    reasons = ["the published model knows only aws and azure, and L2 is always on the cloud of L3.hot"]
    if workload.entities_3d > 0:
        reasons.append("3D (entities_3d > 0) needs IoT TwinMaker, so L4 is on aws")
    return explain_conflict(parts, best, reasons)
