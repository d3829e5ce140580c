"""What a move needs of whatever runs the twin: the sandbox, or the three clouds by way of Terraform.

A `Driver` brings the twin from one state into the next; `moving.steps` decides in which order, copies, compares and
keeps the journal. Rules for every method, unless its docstring says otherwise:

- It is idempotent, and returns once what it says is true everywhere. A move that was killed calls it again.
- It may block. What may pass by itself (a cloud that does not answer just now) is waited for within its own patience,
  then raised as a `DriverError`; the move stops there, nothing is undone, and it can be resumed.
- The same `Move` is given throughout. Going back after the cut-over is the move with its ends exchanged
  (`Move.back`), for which `build` is not called.

What a driver keeps of its own about a move under way must survive its process: a move is resumed by another one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.move import Move, Places, Store
from twin2multicloud.runtime.ports import DeadLetters, HotStore, ObjectStore, RuleStates, TwinGraph


class DriverError(Twin2MultiCloudError):
    """A step that could not be taken; the message says why and what to do. The move can be resumed (exit code 6)."""

    exit_code = 6


class Hold(StrEnum):
    """Who is made to wait."""

    REMOVERS = "removers"
    """What deletes from the slot's stores or reclassifies there: the mover to the next tier, lifecycle rules. They are
    held from the beginning to the end, so that the source only grows; nothing waits for them but age."""

    WRITERS = "writers"
    """What writes to the slot. They are held for the moments between the last copy and the cut-over. A durable queue
    stands before each of them, so devices' messages are accepted all the time:

    - L3.hot, L4: processing; telemetry waits in its intake
    - L3.cool, L3.archive: the mover into the tier; its schedule is the retry
    - L2: telemetry waits before it, in the queue of L1 (which then exists even where L1 and L2 are neighbours)
    - L1: nothing is held. Devices are told the target's endpoint, and the source lets no device in any more
    - L5: nothing
    """


HOLD_NOBODY: Final = (Slot.ACQUISITION, Slot.VISUALIZATION)
"""Slots for which no writer waits."""


class Driver(Protocol):
    """One deployed twin that a slot of is moved."""

    @property
    def places(self) -> Places:
        """Where the slots are now: before the cut-over the move's source, after it the target."""

    def build(self, move: Move) -> None:
        """The slot's parts exist at the target, beside those at the source, with empty stores and nothing routed to
        them. An acquisition service already takes what devices send, and hands it over to processing."""

    def hold(self, move: Move, who: Hold) -> None:
        """These wait from now on, also after a restart of whatever they run in. Held removers stay held."""

    def under_way(self, move: Move) -> int:
        """How many messages were let in before `Hold.WRITERS` and are not where they belong yet: what waits in the
        outboxes of the slot's edges (L3.hot: persist; L4: twin-updates; L2: all of its queues, L1: its queue), and
        what is being handled. 0 = the source is at rest."""

    def carry(self, move: Move) -> int:
        """Bring over what the slot keeps and no port shows, such as commands that wait for their devices at L1, alerts
        that nobody has pulled yet; how many. Called when the source is at rest."""

    def cut_over(self, move: Move) -> None:
        """The slot is placed at the target: placement, blueprint and links say so, neighbours whose glue changes are
        rebuilt, a link's keys stay where both of its ends do. Whoever was held still is. The source's stores still
        answer, but nothing is routed to them."""

    def release(self, move: Move, who: Hold) -> None:
        """These go on, wherever they are now."""

    def destroy(self, move: Move, place: Place) -> None:
        """Of the slot nothing is left at `place`, one of the move's ends and not where the slot is placed now. A store
        that other slots go on using there (a bucket of two tiers) loses the moved objects only."""

    # ── The stores of either end, for as long as both exist ─────────────────────────────────────────────────
    def hot(self, store: Store) -> HotStore:
        """The port of a hot store."""

    def objects(self, store: Store) -> ObjectStore:
        """The port of a bucket."""

    def graph(self, store: Store) -> TwinGraph:
        """The port of a twin graph."""

    def letters(self, store: Store) -> DeadLetters:
        """The port of a dead-letter store, which may hold letters of other slots, too: only the slot's are copied."""

    def states(self, store: Store) -> RuleStates:
        """The port of a store of rule states."""
