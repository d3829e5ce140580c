"""What it costs once to get from one placement to another, slot by slot, as `move --dry-run` estimates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twin2multicloud.app.deploying.contents import expected_contents
from twin2multicloud.app.moves import estimate_move
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.model.workload import Workload
from twin2multicloud.moving.estimate import Estimate, Speeds
from twin2multicloud.moving.operations import Content
from twin2multicloud.optimizer.pricing.book import PriceBook

Held = Mapping[str, tuple[float, float]]
"""Items and bytes that stores hold, by the name of what is copied (`moving.move.Transfer.name`)."""


@dataclass
class Migration:
    """The moves of one twin. `held` is what its stores hold; without it they are taken as full as they get."""

    book: PriceBook
    spec: TwinSpec
    workload: Workload
    assumptions: Assumptions | None
    speeds: Speeds
    held: Held | None = None
    _blueprints: dict[Placement, Blueprint] = field(default_factory=dict)
    _moves: dict[tuple[Placement, Slot, SlotChoice], Estimate] = field(default_factory=dict)

    def move(self, before: Placement, slot: Slot, choice: SlotChoice) -> Estimate:
        """One slot goes elsewhere, and the others stay."""
        key = (before, slot, choice)
        if key not in self._moves:
            there, after = self._blueprint(before), self._blueprint(before.with_choice(slot, choice))
            self._moves[key] = estimate_move(there, after, slot, self._contents(there, after), self.speeds, self.book)
        return self._moves[key]

    def moves(self, before: Placement, after: Placement) -> tuple[Estimate, ...]:
        """The moves, one after the other, as they are carried out: in the slots' order, but the archive before the cool
        tier where that costs less. Where both lie in one bucket, the first that leaves has the other copied, too.
        """
        slots = before.differing(after)
        orders = [slots]
        if Slot.COOL in slots and Slot.ARCHIVE in slots:
            late = tuple(slot for slot in slots if slot is not Slot.COOL)
            at = late.index(Slot.ARCHIVE) + 1
            orders.append((*late[:at], Slot.COOL, *late[at:]))
        return min(
            (self._one_by_one(before, after, order) for order in orders),
            key=lambda moves: (sum(len(move.missing) for move in moves), sum(move.usd for move in moves)),
        )

    def _one_by_one(self, before: Placement, after: Placement, order: Sequence[Slot]) -> tuple[Estimate, ...]:
        found, at = [], before
        for slot in order:
            found.append(self.move(at, slot, after[slot]))
            at = at.with_choice(slot, after[slot])
        return tuple(found)

    def _blueprint(self, placement: Placement) -> Blueprint:
        if placement not in self._blueprints:
            self._blueprints[placement] = blueprint_of(self.workload, placement, self.assumptions)
        return self._blueprints[placement]

    def _contents(self, there: Blueprint, after: Blueprint) -> dict[str, Content]:
        expected = expected_contents(self.spec, there, after)
        if self.held is None:
            return expected
        return {name: Content(*self.held.get(name, (0.0, 0.0))) for name in expected}
