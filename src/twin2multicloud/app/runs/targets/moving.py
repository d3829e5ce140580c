"""What moves have in common wherever they are made."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from twin2multicloud.app.moves import estimate_json
from twin2multicloud.app.runs.work import Planned, Work
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.estimate import Estimate


def asked_move(work: Work) -> tuple[Slot, str]:
    """Which slot is to move, and where to: a request for a new move names both."""
    assert work.asked.slot is not None
    assert work.asked.to is not None
    return work.asked.slot, work.asked.to


def planned_move(work: Work, *, under_way: bool, estimate: Callable[[], Estimate]) -> Planned:
    """The plan of a move; `UsageError` for a new one while another is under way, and for going on with none."""
    if work.asked.resume or work.asked.abort:
        if not under_way:
            raise UsageError("no move of this twin is under way, so there is nothing to resume or abort")
        return Planned({"move": "abort" if work.asked.abort else "resume", "stacks": []})
    if under_way:
        raise UsageError("a move of this twin is under way; resume or abort it first")
    return Planned({"estimate": estimate_json(estimate()), "stacks": []})


def has_ended(work: Work, there: Blueprint) -> bool:
    """Whether a move of which nothing is under way ended right before an interruption: it was one to go on with, or
    the slot is where the plan that was agreed to takes it.
    """
    if work.asked.resume or work.asked.abort:
        return True
    slot, _ = asked_move(work)
    target = (work.run.plan or {}).get("estimate", {}).get("move", {}).get("target")
    return bool(target == msgspec.to_builtins(there.places[slot]))
