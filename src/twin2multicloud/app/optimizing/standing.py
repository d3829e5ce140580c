"""How a twin's placement stands: against the cheapest one at the prices of now, against what else could fill a slot,
and against what somebody considers. Nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.app.optimizing.answers import encoded
from twin2multicloud.app.optimizing.differences import why
from twin2multicloud.app.optimizing.kept import Change, Json, Kept
from twin2multicloud.app.optimizing.lines import invoice_json
from twin2multicloud.app.optimizing.meters import identity
from twin2multicloud.app.optimizing.overriding import Decision, without_pins
from twin2multicloud.app.optimizing.reading import Asked, read_placement
from twin2multicloud.app.optimizing.solver import Placed, Solver
from twin2multicloud.app.optimizing.twins import asked_of, decided_by, pinned, pins_of
from twin2multicloud.model.constraints import Pin
from twin2multicloud.model.errors import Finding, InfeasibleError, InvalidInputError, PriceError
from twin2multicloud.model.names import parse_slot
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import PROVIDERS, Slot
from twin2multicloud.optimizer.bill.as_json import full_json, placement_json
from twin2multicloud.optimizer.bill.result import BillResult

RANKED: Final = 20
"""So many of the cheapest placements come with it."""


def standing(solver: Solver, kept: Kept) -> bytes:
    """What is placed and what it costs now, the cheapest placement that follows all decisions, and what these cost."""
    asked, decided = asked_of(kept), pins_of(kept.overrides)
    free = without_pins(asked, decided)
    answer: Json = {"price_book": identity(solver.book), **_nothing(), "overrides": _unpriced(decided)}
    problems: list[str] = []
    placed: Placed | None = None
    if kept.placement is not None:
        try:
            placed = _placed(solver, free, read_placement(kept.placement))
        except PriceError as error:
            problems.append(str(error))
        else:
            answer["placed"] = _billed(solver, placed)
    try:
        proposal = solver.optimum(pinned(free, decided), top=RANKED, alternatives=True)
        optimum = solver.optimum(free)
    except (InfeasibleError, PriceError) as error:
        problems.append(str(error))
    else:
        answer["proposal"] = {**full_json(proposal), **invoice_json(proposal.invoice, solver.book)}
        answer["baselines"] = _baselines(optimum)
        answer["overrides"] = _overrides(solver, free, decided, proposal)
        if placed is not None:
            told = Decision(placed, optimum).as_json()
            answer |= {name: told[name] for name in ("optimal", "extra_usd", "warning", "why", "optimum")}
        else:
            answer["optimum"] = {
                "placement": placement_json(optimum.placement),
                "usd_per_month": optimum.usd_per_month,
            }
    answer["problem"] = "; ".join(problems) or None
    return encoded(answer)


def _nothing() -> Json:
    names = ("placed", "proposal", "optimum", "baselines", "optimal", "extra_usd", "warning")
    return {**dict.fromkeys(names), "why": []}


def _placed(solver: Solver, asked: Asked, placement: Placement) -> Placed:
    invoice = solver.bill(asked, placement)
    return Placed(placement, invoice.usd, invoice, ())


def _billed(solver: Solver, placed: Placed) -> Json:
    return {
        "price_book": identity(solver.book),
        "placement": placement_json(placed.placement),
        **invoice_json(placed.invoice, solver.book),
    }


def _baselines(optimum: BillResult) -> dict[str, float | None]:
    found = {provider: optimum.baselines[provider] for provider in PROVIDERS}
    return {provider.value: None if each is None else each.usd_per_month for provider, each in found.items()}


def _unpriced(decided: Mapping[Slot, Pin]) -> list[Json]:
    return [{"slot": slot.value, "choice": str(pin), "extra_usd": None} for slot, pin in decided.items()]


def _overrides(solver: Solver, free: Asked, decided: Mapping[Slot, Pin], proposal: BillResult) -> list[Json]:
    """What each decision adds while the others hold: the optimum with all of them, less the one without it."""
    found = []
    for slot, pin in decided.items():
        rest = {other: each for other, each in decided.items() if other is not slot}
        without = solver.optimum(pinned(free, rest)).usd_per_month
        extra = max(proposal.usd_per_month - without, 0.0)
        found.append({"slot": slot.value, "choice": str(pin), "extra_usd": extra})
    return found


def preview(solver: Solver, kept: Kept, wanted: Change) -> bytes:
    """What would come of a change of the placement: the decision, its whole bill, and what it changes. Raises what
    `twins.change` does.
    """
    decision, decided = decided_by(solver, kept, wanted)
    placed = decision.placed
    answer: dict[str, Any] = {**_billed(solver, placed), **decision.as_json()}
    answer["overrides"] = {slot.value: str(pin) for slot, pin in decided.items()}
    answer |= {"before": None, "change_usd": None, "changes": []}
    if kept.placement is not None:
        before = _before(solver, kept)
        if before is not None:
            answer["before"] = {
                "placement": placement_json(before.placement),
                "usd_per_month": before.usd_per_month,
            }
            answer["change_usd"] = placed.usd_per_month - before.usd_per_month
            answer["changes"] = why(before.invoice, placed.invoice)
    return encoded(answer)


def _before(solver: Solver, kept: Kept) -> Placed | None:
    """What is placed, at the prices of now; None where these do not say."""
    assert kept.placement is not None
    try:
        return _placed(solver, asked_of(kept), read_placement(kept.placement))
    except PriceError:
        return None


def choices(solver: Solver, kept: Kept, name: str) -> bytes:
    """All that could fill a slot while the others stay as they are placed, or would be proposed; cheapest first."""
    try:
        slot = parse_slot(name)
    except ValueError as error:
        raise InvalidInputError("request", [Finding("slot", str(error), name)]) from error
    asked, decided = asked_of(kept), pins_of(kept.overrides)
    free = without_pins(asked, decided)
    placement = (
        solver.optimum(pinned(free, decided)).placement if kept.placement is None else read_placement(kept.placement)
    )
    now = solver.bill(free, placement).usd
    items = [
        {
            "provider": each.choice.provider.value,
            "offer": each.choice.offer,
            "region": each.choice.region,
            "usd_per_month": each.usd_per_month,
            "change_usd": None if each.usd_per_month is None else each.usd_per_month - now,
            "chosen": each.choice == placement[slot],
            "problem": each.problem,
        }
        for each in solver.neighbours(free, placement, slot)
    ]
    return encoded({"price_book": identity(solver.book), "slot": slot.value, "usd_per_month": now, "items": items})
