"""The port through which stages of runs are carried out, whatever carries them out.

A *stage* is one stretch of a run's work that needs nobody's answer: a plan, an apply, a destroy, a move, a check. It is
one child process. The truth about runs is in our own tables; an engine only sees to it that a stage that was started
is carried out, through the death of any process, and that no two processes carry out the same stage at a time.

A stage's program may be begun again after it was interrupted, and, if the server dies at the wrong moment, even after
it had ended. So it must first look at its own record, and end at once with its old exit code where all is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Protocol

from twin2multicloud.model.errors import Twin2MultiCloudError

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class EngineError(Twin2MultiCloudError):
    """Stages cannot be carried out here; the message names the cause and the remedy."""

    exit_code: ClassVar[int] = 70


class State(StrEnum):
    """Where a stage is."""

    WAITING = "waiting"  # for a free place
    RUNNING = "running"  # its process lives, or is about to be started, or to be started again
    CANCELLING = "cancelling"  # its process was asked to end and has not ended yet
    SUCCEEDED = "succeeded"  # its process ended with exit code 0
    FAILED = "failed"  # its process ended otherwise, or could not be started
    CANCELLED = "cancelled"  # its process has ended, or was never started

    @property
    def ended(self) -> bool:
        """Whether nothing of the stage lives any more, nor ever will."""
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class StageStatus:
    """What an engine knows of a stage.

    `exit_code` is its process's, 128 more than the signal if one ended it; None before its end, if it was cancelled or
    never started. `tail` is the end of what it printed, `problem` says in a sentence why there is no exit code.
    """

    stage_id: str
    state: State
    exit_code: int | None = None
    tail: str = ""
    problem: str = ""


class StageEngine(Protocol):
    """Carries out stages durably. Calls block for some milliseconds: from a loop, through `asyncio.to_thread`."""

    def launch(self) -> None:
        """Begin to carry out stages, first those that were left unfinished. Raises `EngineError`."""

    def close(self) -> None:
        """Stop, interrupting what runs here and waiting for its end; it goes on at the next launch, anywhere."""

    def start(self, stage_id: str, payload: Json) -> None:
        """See to it that the stage is carried out: once, however often and wherever this is called.

        `payload` says what to do and is kept in the database in the clear: no secrets. A stage that is known, be it
        ended, stays as it is. Once this has returned, the stage survives the death of every process.
        """

    def cancel(self, stage_id: str) -> None:
        """Ask for the stage's end and return at once. It is over when its status says so. Ended or unknown: nothing."""

    def status(self, stage_id: str) -> StageStatus | None:
        """What is known of the stage; None if it was never started or was forgotten long after its end."""

    def unfinished(self) -> list[StageStatus]:
        """Every stage that has not ended, of all servers."""


def checked_id(stage_id: str) -> str:
    """The id, which also names files: letters, digits and `_.:-`, 200 at most. Raises ValueError."""
    if _ID.fullmatch(stage_id) is None:
        raise ValueError(f"a stage's id is 1 to 200 letters, digits and _.:-, not {stage_id!r}")
    return stage_id
