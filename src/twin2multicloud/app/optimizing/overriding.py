"""What a person's decision costs: a placement in which some slots are filled otherwise, against the cheapest one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.app.optimizing.differences import why
from twin2multicloud.app.optimizing.reading import Asked
from twin2multicloud.app.optimizing.solver import Placed, Solver, exactly
from twin2multicloud.blueprint.catalog import OFFERS, offer_by_id
from twin2multicloud.model.constraints import Constraints, Pin
from twin2multicloud.model.errors import Finding, InvalidInputError, UsageError
from twin2multicloud.model.names import unknown
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.validation import validated
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.optimizer.bill.result import BillResult
from twin2multicloud.optimizer.pricing.book import PriceBook

HALF_A_CENT: Final = 0.005


@dataclass(frozen=True)
class Decision:
    """A placement as decided, the cheapest one under the same constraints, and what is between them."""

    placed: Placed
    optimum: BillResult

    @property
    def extra_usd(self) -> float:
        """What the decision adds to the optimum, in USD per month."""
        # The optimum is one of the placements it was chosen from; below 0 there is only rounding.
        return max(self.placed.usd_per_month - self.optimum.usd_per_month, 0.0)

    @property
    def optimal(self) -> bool:
        """Whether it adds nothing that anybody would be billed."""
        return self.extra_usd <= HALF_A_CENT

    @property
    def warning(self) -> str | None:
        """What to say of a decision that is not the cheapest."""
        if self.optimal:
            return None
        cheapest = self.optimum.placement
        differing = [
            f"{slot.value}={choice} instead of {cheapest[slot]}"
            for slot, choice in self.placed.placement.items()
            if choice != cheapest[slot]
        ]
        return (
            f"not cost-optimal: {', '.join(differing)} adds ${self.extra_usd:,.2f} / month to the optimum of "
            f"${self.optimum.usd_per_month:,.2f}"
        )

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "placement": placement_json(self.placed.placement),
            "usd_per_month": self.placed.usd_per_month,
            "optimal": self.optimal,
            "extra_usd": self.extra_usd,
            "warning": self.warning,
            "why": [] if self.optimal else why(self.optimum.invoice, self.placed.invoice),
            "optimum": {
                "placement": placement_json(self.optimum.placement),
                "usd_per_month": self.optimum.usd_per_month,
            },
            "warnings": list(self.placed.warnings),
        }


def decide(
    solver: Solver, asked: Asked, placement: Placement, overrides: Mapping[Slot, Pin], optimum: BillResult | None = None
) -> Decision:
    """Fill the slots of `overrides` so, the cheapest way that leaves all other slots as `placement` has them.

    The constraints hold, except for pins of slots that are decided otherwise. Raises `InvalidInputError` for another
    slot that does not obey its pin, `NoPlacementError` where the decision contradicts constraints or the workload
    outgrows an offer, `UsageError` for names that do not exist.
    """
    free = without_pins(asked, overrides)
    astray = [
        Finding(
            f"placement.{slot.value}",
            f"is {placement[slot]}, but the constraints pin it to {pin}; override it, or drop the pin",
            str(placement[slot]),
        )
        for slot, pin in free.constraints.pins.items()
        if not pin.admits(placement[slot].provider, placement[slot].offer, placement[slot].region)
    ]
    if astray:
        raise InvalidInputError("request", astray)
    pins = {slot: overrides.get(slot) or exactly(placement[slot]) for slot in SLOTS}
    placed = solver.at(free, pins)
    return Decision(placed, optimum or solver.optimum(free))


def without_pins(asked: Asked, slots: Mapping[Slot, object]) -> Asked:
    """The same question without the pins of some slots."""
    pins = {slot: pin for slot, pin in asked.constraints.pins.items() if slot not in slots}
    return asked.under(asked.constraints.model_copy(update={"pins": pins}))


def read_overrides(book: PriceBook, given: Mapping[str, str], within: str = "overrides") -> dict[Slot, Pin]:
    """Decisions as pins; `InvalidInputError` naming every slot, offer and region that does not exist."""
    found, findings = validated(Constraints, {"pins": dict(given)})
    if found is None:
        renamed = [Finding(each.field.replace("pins", within, 1), each.problem, each.value) for each in findings]
        raise InvalidInputError("request", renamed)
    check_choices(book, dict(found.pins), within)
    return dict(found.pins)


def check_choices(book: PriceBook, pins: Mapping[Slot, Pin], within: str, *, deployable: bool = False) -> None:
    """`InvalidInputError` naming every offer and region that does not exist, or does not fill that slot; and, where
    `deployable` is asked for, every offer that is there only to be compared.
    """
    findings = []
    for slot, pin in pins.items():
        for problem in _problems(book, slot, pin, deployable):
            findings.append(Finding(f"{within}.{slot.value}", problem, str(pin)))
    if findings:
        raise InvalidInputError("request", findings)


def _problems(book: PriceBook, slot: Slot, pin: Pin, deployable: bool) -> list[str]:
    problems = []
    if pin.region is not None:
        codes = [region.code for region in book.regions_of(pin.provider)]
        if pin.region not in codes:
            problems.append(unknown(f"region of {pin.provider.label} in the price book", pin.region, codes))
    if pin.offer is None:
        return problems
    try:
        offer = offer_by_id(pin.offer)
    except UsageError as error:
        return [*problems, str(error)]
    others = [each.id for each in OFFERS if each.slot is slot and each.provider is pin.provider and each.deployable]
    if offer.slot is not slot:
        problems.append(f"{offer.id} fills {offer.slot.value}; for {slot.value} there are {', '.join(others)}")
    elif deployable and not offer.deployable:
        problems.append(
            f"{offer.id} is priced for comparison and cannot be deployed; {', '.join(others) or 'another cloud'} can"
        )
    return problems
