"""What moves have in common wherever they are made: what their plans tell, and that just this is done then.

A plan holds where each slot will be. Prices may change until somebody agrees, and another offer may be the cheapest one
by then: what is carried out is what they saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from twin2multicloud.app.estimate_json import estimate_json
from twin2multicloud.app.runs.work import Planned, Work, WorkFailedError
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.estimate import Estimate


@dataclass(frozen=True)
class Intended:
    """A new move: what it takes, where all slots will be, by how much it changes the twin's bill, and each cloud's new
    budget where clouds have one.
    """

    estimate: Estimate
    placement: Placement
    change_usd_per_month: float
    budgets_usd_per_month: Mapping[str, float] = field(default_factory=dict)


def asked_move(work: Work) -> tuple[Slot, str]:
    """Which slot is to move, and where to: a request for a new move names both."""
    assert work.asked.slot is not None
    assert work.asked.to is not None
    return work.asked.slot, work.asked.to


def planned_move(work: Work, *, under_way: bool, intended: Callable[[], Intended]) -> Planned:
    """The plan of a move; `UsageError` for a new one while another is under way, and for going on with none."""
    if work.asked.resume or work.asked.abort:
        if not under_way:
            raise UsageError("no move of this twin is under way, so there is nothing to resume or abort")
        return Planned({"move": "abort" if work.asked.abort else "resume", "stacks": []})
    if under_way:
        raise UsageError("a move of this twin is under way; resume or abort it first")
    found = intended()
    return Planned(
        {
            "estimate": estimate_json(found.estimate),
            "change_usd_per_month": found.change_usd_per_month,
            "placement": found.placement.model_dump(mode="json"),
            "budgets_usd_per_month": dict(found.budgets_usd_per_month),
            "stacks": [],
        }
    )


def agreed_move(work: Work, there: Placement) -> tuple[Placement, dict[str, float]]:
    """The placement and the budgets of the plan that was agreed to. `WorkFailedError` where the deployment is no longer
    the one that it was made for: another slot than the one to move is elsewhere.
    """
    plan = work.run.plan
    assert plan is not None, "a move is planned before it is carried out"
    placement = Placement.model_validate(plan["placement"])
    slot, _ = asked_move(work)
    astray = [
        f"{other.value} is {choice}, not {placement[other]}"
        for other, choice in there.items()
        if other is not slot and choice != placement[other]
    ]
    if astray:
        raise WorkFailedError(
            f"the twin is no longer deployed as it was when this move was planned: {'; '.join(astray)}. Nothing was "
            "done; ask for a new one",
            {},
        )
    return placement, dict(plan["budgets_usd_per_month"])


def has_ended(work: Work, there: Blueprint) -> bool:
    """Whether a move of which nothing is under way ended right before an interruption: it was one to go on with, or
    the slot is where the plan that was agreed to takes it.
    """
    if work.asked.resume or work.asked.abort:
        return True
    slot, _ = asked_move(work)
    target = (work.run.plan or {}).get("estimate", {}).get("move", {}).get("target")
    return bool(target == msgspec.to_builtins(there.places[slot]))
