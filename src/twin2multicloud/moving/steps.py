"""The steps of a move, in order, each of them repeatable; and the way back, as long as there is one.

    build      the slot's parts stand at the target too; what deletes from its stores is held from here on
    copy       everything is copied while all flows, then what came meanwhile, until little comes between two passes
    hold       writers wait at their queues; what was under way arrives
    catch-up   the last of it is copied
    cut-over   the slot is placed at the target
    release    writers go on
    verify     all that the source holds is at the target, byte for byte; what came in late is brought over
    destroy    nothing of the slot is left at the source

Until `destroy` has begun a move can be aborted: before the cut-over by taking away what was built, after it by the
same steps the other way round.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.moving.copying.base import Compared
from twin2multicloud.moving.move import Move


class Step(StrEnum):
    """One step."""

    BUILD = "build"
    COPY = "copy"
    HOLD = "hold"
    CATCH_UP = "catch-up"
    CUT_OVER = "cut-over"
    RELEASE = "release"
    VERIFY = "verify"
    DESTROY = "destroy"


HELD = (Step.HOLD, Step.CATCH_UP, Step.CUT_OVER)
"""Steps during which writers wait; should one fail they are let go, and the next attempt begins with the first."""


class Progress(msgspec.Struct, frozen=True):
    """What a person is told: which step, what of it, and how much so far."""

    step: Step
    state: Literal["begun", "working", "done", "failed"]
    what: str = ""
    items: int = 0
    bytes: int = 0
    back: bool = False


class Verified(msgspec.Struct, frozen=True):
    """One transfer, compared: items of the source, all of which are at the target; how many came late; their digest."""

    name: str
    items: int
    late: int
    digest: str
    unread: int = 0


class Report(msgspec.Struct, frozen=True):
    """What a move did. `held_s` is for how long writers waited, `copied` items and bytes of each transfer."""

    move: Move
    aborted: bool
    held_s: float
    seconds: float
    copied: dict[str, tuple[int, int]]
    verified: tuple[Verified, ...]
    carried: int


class VerificationError(Twin2MultiCloudError):
    """The target lacks something that the source has (exit code 6). Nothing was destroyed."""

    exit_code = 6

    def __init__(self, name: str, compared: Compared) -> None:
        items = ", ".join(compared.named)
        super().__init__(
            f"{name}: {compared.wrong} of {compared.items} items are not at the target as they are at the source "
            f"({items}). Nothing was destroyed; resume to compare again, or abort to go back"
        )
        self.compared = compared
