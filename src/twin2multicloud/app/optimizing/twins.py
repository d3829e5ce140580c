"""Questions about a twin that is kept: a proposal for it, somebody's decision about it, its bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, cast

from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.optimizing.answers import encoded
from twin2multicloud.app.optimizing.kept import Change, Changed, Json, Kept, Priced, Proposal
from twin2multicloud.app.optimizing.lines import invoice_json, table
from twin2multicloud.app.optimizing.meters import identity
from twin2multicloud.app.optimizing.overriding import Decision, check_choices, decide, read_overrides, without_pins
from twin2multicloud.app.optimizing.reading import Asked, constrained, parsed, read_placement
from twin2multicloud.app.optimizing.solver import Solver, exactly
from twin2multicloud.app.schemas.questions import ConstraintOptions
from twin2multicloud.model.constraints import Constraints, Pin
from twin2multicloud.model.errors import Finding, InvalidInputError, PriceError
from twin2multicloud.model.formats import Format
from twin2multicloud.model.names import parse_slot
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.optimizer.bill.as_json import full_json, placement_json
from twin2multicloud.optimizer.bill.conflict import NoPlacementError

_RANKED: Final = 5
"""Of the cheapest placements in a report."""


def deployable(base: Constraints | None, options: ConstraintOptions) -> Constraints:
    """A twin's constraints: what it is proposed shall be possible to deploy, unless somebody says otherwise."""
    if options.deployable_only is None:
        options = options.model_copy(update={"deployable_only": True})
    return constrained(base, options)


def asked_of(kept: Kept) -> Asked:
    """The question that a twin's placement answers, decisions aside."""
    document = parsed(kept.source, cast(Format, kept.format))
    constraints = (
        deployable(document.constraints, ConstraintOptions())
        if kept.constraints is None
        else Constraints.model_validate(kept.constraints)
    )
    return Asked(document.workload, constraints, document.assumptions, "")


def propose(
    solver: Solver, kept: Kept, options: ConstraintOptions, drop: Sequence[str], top: int, alternatives: bool
) -> Proposal:
    """The cheapest placement of a twin. Decisions that were made hold as pins, unless they are to be dropped or the
    options pin their slot.
    """
    document = parsed(kept.source, cast(Format, kept.format))
    asked = Asked(document.workload, deployable(document.constraints, options), document.assumptions, "")
    anew = {*_slots(drop), *constrained(None, ConstraintOptions(pins=options.pins)).pins}
    decided = {slot: pin for slot, pin in pins_of(kept.overrides).items() if slot not in anew}
    free = without_pins(asked, decided)
    result = solver.optimum(pinned(free, decided), top=top, alternatives=alternatives)
    inputs = {
        "constraints": free.constraints.model_dump(mode="json"),
        "overrides": {slot.value: str(pin) for slot, pin in decided.items()},
        "workload": result.workload.model_dump(mode="json"),
        "assumptions": result.assumptions.model_dump(mode="json"),
        "top": top,
    }
    return Proposal(encoded(full_json(result)), result.usd_per_month, inputs)


def pinned(asked: Asked, decided: Mapping[Slot, Pin]) -> Asked:
    """The same question with decisions as pins."""
    pins = {**asked.constraints.pins, **decided}
    return asked.under(asked.constraints.model_copy(update={"pins": pins}))


def change(solver: Solver, kept: Kept, wanted: Change) -> Changed:
    """Work out a change. `InvalidInputError` for names that do not exist and offers that cannot be deployed,
    `NoPlacementError` for what contradicts the constraints.
    """
    decision, decided = decided_by(solver, kept, wanted)
    return Changed(_told(solver, decision), {slot.value: str(pin) for slot, pin in decided.items()})


def decided_by(solver: Solver, kept: Kept, wanted: Change) -> tuple[Decision, dict[Slot, Pin]]:
    """What comes of a change, and the decisions that hold then. Raises what `change` does."""
    asked = asked_of(kept)
    before = None if kept.placement is None else read_placement(kept.placement)
    dropped = _slots(wanted.drop)
    decided = {slot: pin for slot, pin in pins_of(kept.overrides).items() if slot not in dropped}
    new = read_overrides(solver.book, wanted.overrides)
    if wanted.anew:
        decided |= new
        base = solver.optimum(pinned(without_pins(asked, decided), decided)).placement
    else:
        base = _base(solver, kept, wanted)
        if wanted.by_hand:
            reference = before or solver.optimum(without_pins(asked, dict.fromkeys(SLOTS))).placement
            decided = _by_hand(base, reference, decided)
        decided |= new
    fixed: dict[Slot, Pin] = {slot: new.get(slot) or exactly(base[slot]) for slot in decided}
    decision = decide(solver, asked, base, fixed)
    _check_there(solver, decision.placed.placement, can_be_deployed=True)
    return decision, decided


def _base(solver: Solver, kept: Kept, wanted: Change) -> Placement:
    """The placement that a change begins with."""
    given = wanted.placement if wanted.placement is not None else kept.placement
    if given is None:
        raise ConflictError("this twin has no placement yet; take a proposal (optimization), or give a placement")
    base = read_placement(given)
    _check_there(solver, base)
    return base


def _by_hand(base: Placement, reference: Placement, decided: Mapping[Slot, Pin]) -> dict[Slot, Pin]:
    """The decisions that a placement given by hand amounts to: the slots in which it differs, and those decided before
    that it still follows.
    """
    return {
        slot: decided[slot] if slot in decided and _admits(decided[slot], base, slot) else exactly(choice)
        for slot, choice in base.items()
        if choice != reference[slot] or slot in decided
    }


def _admits(pin: Pin, placement: Placement, slot: Slot) -> bool:
    choice = placement[slot]
    return pin.admits(choice.provider, choice.offer, choice.region)


def _check_there(solver: Solver, placement: Placement, *, can_be_deployed: bool = False) -> None:
    pins = {slot: exactly(choice) for slot, choice in placement.items()}
    check_choices(solver.book, pins, "placement", deployable=can_be_deployed)


def _told(solver: Solver, decision: Decision) -> Json:
    return {"price_book": identity(solver.book), **decision.as_json()}


def bill(solver: Solver, kept: Kept) -> bytes:
    """What the twin's placement costs at the prices of now, line by line."""
    invoice = solver.bill(asked_of(kept), _placed(kept))
    return encoded(
        {"price_book": identity(solver.book), "placement": kept.placement, **invoice_json(invoice, solver.book)}
    )


def bill_csv(solver: Solver, kept: Kept) -> bytes:
    """The same as a table, whose rows add up to it."""
    return table(solver.bill(asked_of(kept), _placed(kept)), solver.book).encode()


def report(solver: Solver, kept: Kept, title: str, today: date) -> bytes:
    """The twin's placement as an HTML document: what people decided is pinned in it, and where other prices or another
    definition would choose otherwise by now, all of it.
    """
    from twin2multicloud.app.report.html import render_report  # for whoever wants one

    placement, asked, decided = _placed(kept), asked_of(kept), pins_of(kept.overrides)
    free = without_pins(asked, decided)
    pins = {**free.constraints.pins, **decided}
    for fixed in (pins, {slot: exactly(choice) for slot, choice in placement.items()}):
        constraints = free.constraints.model_copy(update={"pins": fixed})
        result = solver.optimum(free.under(constraints), top=_RANKED, alternatives=True)
        if result.placement == placement:
            break
    return render_report(result, title=title, generated_on=today, book=solver.book).encode()


def _placed(kept: Kept) -> Placement:
    if kept.placement is None:
        raise ConflictError("this twin has no placement yet, so there is no bill; optimize it first")
    return read_placement(kept.placement)


def totals(solver: Solver, twins: Sequence[Kept]) -> list[float | str]:
    """What each twin's placement costs in USD per month, or why that cannot be said."""
    found: list[float | str] = []
    for kept in twins:
        assert kept.placement is not None
        try:
            found.append(solver.bill(asked_of(kept), read_placement(kept.placement)).usd)
        except PriceError as error:
            found.append(str(error))
    return found


def priced(solver: Solver, twins: Sequence[Kept]) -> list[Priced]:
    """What each twin's placement costs, and the cheapest that would do, whatever people decided."""
    found = []
    for kept, total in zip(twins, totals(solver, twins), strict=True):
        usd, problem = (total, None) if isinstance(total, float) else (None, total)
        try:
            best = solver.optimum(asked_of(kept))
        except (NoPlacementError, PriceError):
            found.append(Priced(usd, problem, None, None))
        else:
            found.append(Priced(usd, problem, best.usd_per_month, placement_json(best.placement)))
    return found


def pins_of(overrides: Mapping[str, str]) -> dict[Slot, Pin]:
    """Decisions that are kept, as pins."""
    return dict(Constraints.model_validate({"pins": dict(overrides)}).pins)


def _slots(names: Sequence[str]) -> set[Slot]:
    found = set()
    for number, name in enumerate(names):
        try:
            found.add(parse_slot(name))
        except ValueError as error:
            raise InvalidInputError("request", [Finding(f"drop[{number}]", str(error), name)]) from error
    return found
