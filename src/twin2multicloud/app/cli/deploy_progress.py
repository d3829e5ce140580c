"""How far each stack is, from what the engine says: counted, timed, with what is under way. Nothing is shown here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.engine.events import (
    ChangeSummary,
    Diagnostic,
    Event,
    Phase,
    PlannedChange,
    Progress,
    Severity,
)
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.plans import Action, StackPlan
from twin2multicloud.deployer.stacks import FOUNDATION

_DOING: Final = {"create": "creating", "update": "changing", "delete": "destroying", "replace": "replacing"}
_ENDED: Final = {Status.DONE: "done", Status.SKIPPED: "not begun"}


@dataclass
class Row:
    """One stack. `made` of `planned` operations are finished; `found` were seen while it is being planned; `running`
    are resources under way, with when each began; `began` and `over` are times of the clock.
    """

    stack: str
    state: str
    name: str = ""
    site: Site | None = None
    planned: int = 0
    made: int = 0
    found: int = 0
    running: dict[str, float] = field(default_factory=dict)
    began: float | None = None
    over: float | None = None


class Progressing:
    """The rows of one command. `clock` gives seconds that only ever grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self.begun = False

    def rows(self) -> list[Row]:
        """All of them, in the order of deploying once that is known."""
        return list(self._rows.values())

    def agreed(self, plans: Mapping[str, StackPlan]) -> None:
        """From now on it is not planned any more but done."""
        self.begun = True
        self._rows = {name: _row(name, plan) for name, plan in plans.items()}

    def take(self, stack: str, event: Event) -> None:
        """What the engine said."""
        row = self._rows.setdefault(stack, Row(stack, "planning"))
        if row.began is None:
            row.began = self._clock()
        if row.state in ("waiting", "unchanged"):
            row.state = "checking"  # it is planned once more, with what others have put out by now
        match event:
            case PlannedChange() if not self.begun:
                row.found += 1
            case Progress() if event.action in _DOING:
                self._progress(row, event)
            case Diagnostic(severity=Severity.ERROR):
                row.state = "failed"
            case ChangeSummary(operation="plan") if not self.begun:
                row.state, row.over = "planned", self._clock()
            case ChangeSummary() if event.operation != "plan" and row.state != "failed":
                row.state, row.made, row.over = "done", row.planned, self._clock()
                row.running.clear()
            case _:
                pass

    def ended(self, outcome: StackOutcome) -> None:
        """How a stack's run ended."""
        row = self._rows.setdefault(outcome.stack, Row(outcome.stack, ""))
        row.state = _ENDED.get(outcome.status, outcome.status.value)
        row.running.clear()
        if row.began is not None and row.over is None:
            row.over = self._clock()

    def seconds(self, row: Row) -> float | None:
        """How long a stack takes so far, or took; None before it began."""
        return None if row.began is None else (self._clock() if row.over is None else row.over) - row.began

    def slowest(self, row: Row) -> tuple[str, float] | None:
        """What is under way for longest, and for how long."""
        running = list(row.running.items())  # a view in another thread must not meet a change
        if not running:
            return None
        address, since = min(running, key=lambda each: each[1])
        return address, self._clock() - since

    def _progress(self, row: Row, event: Progress) -> None:
        if row.state != "failed":
            row.state = _DOING[event.action]
        if event.phase is Phase.STARTED:
            row.running[event.resource] = self._clock()
        elif event.phase is Phase.COMPLETE:
            row.running.pop(event.resource, None)
            row.made = min(row.made + 1, row.planned)
        elif event.phase is Phase.ERRORED:
            row.running.pop(event.resource, None)
            row.state = "failed"


def _row(name: str, plan: StackPlan) -> Row:
    # What is replaced is destroyed and made.
    planned = sum({Action.KEEP: 0, Action.REPLACE: 2}.get(change.action, 1) for change in plan.changes)
    called = FOUNDATION if plan.stack.slot is None else plan.stack.slot.value
    return Row(name, "unchanged" if plan.nothing else "waiting", called, plan.stack.site, planned)
