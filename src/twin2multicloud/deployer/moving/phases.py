"""Which stacks a move concerns at which of its phases, and what is held at each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import Stack, foundation_name, slot_name, stacks_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.driver import Hold
from twin2multicloud.moving.move import Move

WRITERS: Final = {
    Slot.HOT: (Slot.PROCESSING,),
    Slot.MANAGEMENT: (Slot.PROCESSING,),
    Slot.COOL: (Slot.HOT,),
    Slot.ARCHIVE: (Slot.COOL,),
    Slot.PROCESSING: (Slot.ACQUISITION,),
    Slot.ACQUISITION: (),
    Slot.VISUALIZATION: (),
}
"""The slots whose functions write into a slot, so that holding them makes it stand still."""


class MoveState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has been brought about of a move so far; kept on disk by the driver. `writers_since`: when they were held,
    in seconds since 1970.
    """

    cut: bool = False
    removers: bool = False
    writers: bool = False
    writers_since: float = 0.0


@dataclass(frozen=True)
class Phases:
    """A move between two deployments of the same twin, which differ in where one slot is."""

    move: Move
    before: Deployment
    after: Deployment

    @property
    def source_stack(self) -> str:
        """The stack that the slot is in before."""
        return slot_name(self.move.slot, self.before.generation(self.move.slot))

    @property
    def target_stack(self) -> str:
        """The stack that it is in afterwards."""
        return slot_name(self.move.slot, self.after.generation(self.move.slot))

    def held(self, state: MoveState) -> frozenset[Slot]:
        """The slots whose functions wait."""
        slots: set[Slot] = set()
        if state.removers:
            slots.add(self.move.slot)
        if state.writers:
            slots.update(WRITERS[self.move.slot])
        return frozenset(slots)

    def now(self, state: MoveState) -> Deployment:
        """The deployment as it is at a state: where the slots are, and who is held."""
        found = self.after if state.cut else self.before
        return Deployment(found.settings, found.spec, found.blueprint, self.held(state))

    def target(self, state: MoveState) -> tuple[Stack, ...]:
        """What has to be there for the target: the slot's stack, and its site's foundation."""
        after = Deployment(self.after.settings, self.after.spec, self.after.blueprint, self.held(state))
        wanted = {self.target_stack, foundation_name(after.site(self.move.slot))}
        return tuple(stack for stack in stacks_of(after) if stack.name in wanted)

    def leaving(self, place: Place) -> tuple[Stack, ...]:
        """What goes when the slot is no longer at `place`, one of the move's ends: its stack there, and the site's
        foundation if no other slot is at that site. What its stores held has been compared with its copy.
        """
        at_source = place == self.move.source
        gone, stays = (self.before, self.after) if at_source else (self.after, self.before)
        names = {self.source_stack if at_source else self.target_stack}
        site = gone.site(self.move.slot)
        if site not in stays.sites:
            names.add(foundation_name(site))
        found = Deployment(gone.settings, gone.spec, gone.blueprint, frozenset({self.move.slot}), discard=True)
        return tuple(stack for stack in stacks_of(found) if stack.name in names)


def moved(before: Deployment, move: Move, after: Deployment) -> Deployment:
    """`after` with the generation that the moved slot's new stack has."""
    generations = {**before.settings.generations, move.slot.value: before.generation(move.slot) + 1}
    settings = msgspec.structs.replace(after.settings, generations=generations)
    return Deployment(settings, after.spec, after.blueprint)


def state_with(state: MoveState, who: Hold, on: bool, now: float) -> MoveState:
    """The state once these are held or released."""
    if who is Hold.REMOVERS:
        return msgspec.structs.replace(state, removers=on)
    since = state.writers_since if state.writers and on else now
    return msgspec.structs.replace(state, writers=on, writers_since=since)
