"""What became of a stack: what exists now, what failed in whose words, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from twin2multicloud.deployer.engine.events import ChangeSummary, Diagnostic
from twin2multicloud.deployer.engine.hints import Hint, worth_retrying
from twin2multicloud.deployer.state.document import OutputValue, StateResource


class Status(StrEnum):
    """How a stack's run ended."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"
    REFUSED = "refused"  # by whoever was asked to approve the plan


class Action(StrEnum):
    """What was to be done with a stack."""

    DEPLOY = "deploy"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Failure:
    """One thing that went wrong: in the provider's words, and what we make of it."""

    words: Diagnostic
    hint: Hint | None = None

    def __str__(self) -> str:
        return f"{self.words}\n{self.hint}" if self.hint else str(self.words)


@dataclass(frozen=True)
class StackOutcome:
    """How a stack's run ended and what exists now.

    `resources` is what the state lists; None where it could not be read. `unsaved` is a state that Terraform could not
    hand over, which the stack's next run does. `lost`: Terraform was killed, so that something may exist that no state
    knows of.
    """

    stack: str
    action: Action
    status: Status
    resources: tuple[StateResource, ...] | None = None
    failures: tuple[Failure, ...] = ()
    reason: str = ""
    summary: ChangeSummary | None = None
    outputs: dict[str, OutputValue] = field(default_factory=dict)
    unsaved: Path | None = None
    lost: bool = False
    elapsed_s: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether what was to be done is done."""
        return self.status is Status.DONE

    @property
    def retryable(self) -> bool:
        """Whether everything that failed passes by itself: the same run may well succeed in some minutes."""
        return self.status is Status.FAILED and worth_retrying(failure.hint for failure in self.failures)

    def describe(self) -> str:
        """A paragraph for a person: the status, why, what exists, what next."""
        lines = [
            f"{self.stack}: {self.action.value} {self.status.value}" + (f" ({self.reason})" if self.reason else "")
        ]
        lines += [str(failure) for failure in self.failures]
        if not self.ok and self.status is not Status.SKIPPED:
            lines += self._what_exists()
        if self.lost:
            lines.append(
                "Terraform was ended by force: what it was making then may exist without being in the state; "
                "look in the cloud's console for resources with this stack's tags"
            )
        if self.unsaved is not None:
            lines.append(
                f"The newest state could not be saved and is kept in {self.unsaved}; deploy or destroy again to save it"
            )
        return "\n".join(lines)

    def _what_exists(self) -> list[str]:
        if self.resources is None:
            return ["What exists could not be read from the state"]
        if not self.resources:
            return ["Nothing exists"]
        broken = sum(resource.tainted for resource in self.resources)
        half = f", {broken} of them half made" if broken else ""
        next_step = "deploy again to finish, or destroy it" if self.action is Action.DEPLOY else "destroy again"
        names = [f"  {resource.address}" + (" (half made)" if resource.tainted else "") for resource in self.resources]
        return [f"{len(self.resources)} resources exist{half}: {next_step}", *names]
