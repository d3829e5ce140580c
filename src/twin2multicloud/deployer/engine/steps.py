"""What Terraform's commands come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twin2multicloud.deployer.engine.events import ChangeSummary, Diagnostic, PlannedChange, ResourceDrift, Severity
from twin2multicloud.deployer.engine.process import Ended
from twin2multicloud.deployer.state.errors import StateError


@dataclass(frozen=True)
class Step:
    """A command that has ended: what it said went wrong, what it counted, what the state server turned away."""

    name: str
    ended: Ended
    diagnostics: tuple[Diagnostic, ...] = ()
    summary: ChangeSummary | None = None
    refusals: tuple[StateError, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it did what it was to do."""
        return self.ended.code in ((0, 2) if self.name == "plan" else (0,))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What stopped it."""
        return tuple(said for said in self.diagnostics if said.severity is Severity.ERROR)


@dataclass(frozen=True)
class Plan:
    """What would be done. `file` is what `apply` takes; it holds secrets and stays in the work directory."""

    step: Step
    file: Path
    changes: tuple[PlannedChange, ...] = ()
    drift: tuple[ResourceDrift, ...] = ()
    destroy: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is a plan at all."""
        return self.step.ok

    @property
    def has_changes(self) -> bool:
        """Whether applying it would do anything, be it only to outputs or to the state."""
        return self.step.ended.code == 2
