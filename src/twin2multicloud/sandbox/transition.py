"""A move under way, as the clouds' processes need to know it: `transition.json`, there for as long as the move takes.

What a cloud does follows from its documents alone, so one that is killed comes back as it has to be: with the stores
of both ends open, and with whoever is held still waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.driver import Hold
from twin2multicloud.moving.letters import TOPICS
from twin2multicloud.moving.move import Move, Store, Transfer

_HELD: Final[Mapping[tuple[Slot, Hold], frozenset[str]]] = {
    (Slot.PROCESSING, Hold.WRITERS): frozenset(("telemetry-sender", "telemetry-forwarder")),
    (Slot.HOT, Hold.REMOVERS): frozenset(("to-cool-mover",)),
    (Slot.HOT, Hold.WRITERS): frozenset(("process",)),
    (Slot.COOL, Hold.REMOVERS): frozenset(("to-archive-mover", "lifecycle", "archive-lifecycle")),
    (Slot.COOL, Hold.WRITERS): frozenset(("to-cool-mover",)),
    # At one place the bucket's lifecycle rule is both: it archives, and it deletes in the end.
    (Slot.ARCHIVE, Hold.REMOVERS): frozenset(("lifecycle", "archive-lifecycle")),
    (Slot.ARCHIVE, Hold.WRITERS): frozenset(("to-archive-mover",)),
    (Slot.MANAGEMENT, Hold.WRITERS): frozenset(("process",)),
}

OUTBOXES: Final[Mapping[Slot, tuple[str, ...]]] = {
    Slot.ACQUISITION: TOPICS[Slot.ACQUISITION],
    Slot.PROCESSING: TOPICS[Slot.PROCESSING],
    Slot.HOT: ("persist-outbox",),
    Slot.MANAGEMENT: ("twin-updates-outbox",),
}
"""Queues that are empty when a slot's source is at rest: its own, or those of the edges that lead to it."""

AHEAD: Final = (Slot.ACQUISITION, Slot.VISUALIZATION)
"""Slots without a store of their own: the target's cloud runs by the blueprint to come, beside the source, and the
links of both ends are there as long as the move is under way."""


class Transition(msgspec.Struct, frozen=True):
    """A move: which way it goes at present, who is held, and what is copied between which stores."""

    move: Move
    transfers: tuple[Transfer, ...]
    held: tuple[Hold, ...] = ()
    ahead: Provider | None = None
    """A cloud that runs by the blueprint of the move's other end, beside the one where the slot is placed now."""
    shut: Provider | None = None
    """A cloud whose gateway lets no device in any more."""

    @property
    def held_functions(self) -> frozenset[str]:
        """The functions that wait, wherever they are."""
        none: frozenset[str] = frozenset()
        return none.union(*(_HELD.get((self.move.slot, hold), none) for hold in self.held))

    @property
    def diverted(self) -> bool:
        """Whether devices' messages wait before processing, in a queue of L1."""
        return self.move.slot is Slot.PROCESSING and Hold.WRITERS in self.held

    def stores(self, provider: Provider) -> tuple[Store, ...]:
        """The stores of this cloud that are copied from or to."""
        ends = {end for transfer in self.transfers for end in (transfer.source, transfer.target)}
        return tuple(sorted((e for e in ends if e.place.provider is provider), key=lambda e: (e.kind, e.owner)))
