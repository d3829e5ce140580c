"""How far a run is, from what it tells: stacks with their resources, steps that follow, phases of a move.

Events come in their order. What a run tells twice, after an interruption, counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.schemas.runs import ENDED
from twin2multicloud.app.ui.runs.plan import Plan, StackPlan
from twin2multicloud.app.ui.store import Store

State = Literal["waiting", "planning", "planned", "unchanged", "checking", "working", "done", "failed", "not begun"]
ENDINGS: Final = frozenset(f"run.{status}" for status in ENDED)
_DEEDS: Final = frozenset({"create", "update", "delete", "replace"})
_OUTCOMES: Final[Mapping[str, State]] = {"done": "done", "skipped": "not begun"}


@dataclass
class Deed:
    """What is done with a resource, since when and until when."""

    address: str
    action: str
    state: Literal["running", "done", "failed"]
    began: datetime
    ended: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """For how long, so far."""
        return ((self.ended or now) - self.began).total_seconds()


@dataclass
class Row:
    """A stack. `made` of `planned` operations are done; `found` were seen while it is planned; `elapsed_s` as it told
    at its end.
    """

    stack: str
    state: State
    planned: int = 0
    made: int = 0
    found: int = 0
    deeds: dict[str, Deed] = field(default_factory=dict)
    began: datetime | None = None
    ended: datetime | None = None
    elapsed_s: float | None = None

    def seconds(self, now: datetime) -> float | None:
        """How long it takes so far, or took."""
        if self.elapsed_s is not None:
            return self.elapsed_s
        return None if self.began is None else ((self.ended or now) - self.began).total_seconds()

    @property
    def running(self) -> list[Deed]:
        """What is under way, the longest first."""
        return sorted((deed for deed in self.deeds.values() if deed.state == "running"), key=lambda deed: deed.began)


@dataclass
class Step:
    """A step that follows, or a phase of a move: `done` of `total` things, what was told last."""

    name: str
    state: Literal["working", "done", "failed"]
    text: str = ""
    done: int = 0
    total: int = 0
    items: dict[str, tuple[int, int]] = field(default_factory=dict)
    back: bool = False
    began: datetime | None = None
    ended: datetime | None = None


class Progress(Store):
    """A run's progress."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: Plan | None = None
        self.begun = False
        self.ended: str | None = None
        self.rows: dict[str, Row] = {}
        self.steps: dict[str, Step] = {}
        self.phases: dict[tuple[str, bool], Step] = {}
        self.told: list[Event] = []
        """What runs of other kinds tell: hops, findings of credentials, prices, drift."""

    def take(self, event: Event) -> None:
        """Count an event in. Tells nobody: see `changed`."""
        known = _KNOWN.get(event.kind)
        if known is not None:
            known(self, event)
        elif event.kind in ENDINGS:
            self.ended = event.kind.removeprefix("run.")
            for row in self.rows.values():
                if self.ended == "succeeded" and self.begun and row.state in ("waiting", "checking", "working"):
                    _finish(row, event.at)  # not every target tells of each stack
                row.ended = row.ended or event.at

    def take_plan(self, plan: Plan | None) -> None:
        """The run's plan, where it is known otherwise before its event has come."""
        if self.plan is None and plan is not None:
            self.plan = plan
            if self.begun:
                self._agreed()

    def _agreed(self) -> None:
        if self.plan is not None:
            known = self.rows
            self.rows = {stack.name: _row(stack) for stack in self.plan.stacks}
            # A plan that comes after what is done by it does not undo it.
            self.rows |= {name: row for name, row in known.items() if row.deeds or row.elapsed_s is not None}

    def _planned(self, event: Event) -> None:
        document = event.data.get("plan")
        if isinstance(document, dict):
            self.plan = Plan.read(document)

    def _applying(self, event: Event) -> None:
        del event
        if not self.begun:
            self.begun = True
            self.rows = {}
            self._agreed()

    def _engine(self, event: Event) -> None:
        told = event.data.get("event")
        if not isinstance(told, dict) or not event.stack:
            return
        row = self.rows.setdefault(event.stack, Row(event.stack, "planning"))
        row.began = row.began or event.at
        if row.state in ("waiting", "unchanged"):
            row.state = "checking"  # it is planned once more, with what others have put out by now
        kind = told.get("event")
        if kind == "planned_change" and not self.begun:
            row.found += told.get("action") in _DEEDS
        elif kind == "progress" and told.get("action") in _DEEDS:
            _deed(row, event, told)
        elif kind == "diagnostic" and told.get("severity") == "error":
            row.state = "failed"
        elif kind == "change_summary":
            _summary(row, event, told.get("operation") == "plan", self.begun)

    def _outcome(self, event: Event) -> None:
        found = event.data.get("outcome")
        if not isinstance(found, dict):
            return
        row = self.rows.setdefault(event.stack, Row(event.stack, "waiting"))
        row.state = _OUTCOMES.get(str(found.get("status")), "failed")
        row.ended = row.ended or event.at
        elapsed = found.get("elapsed_s")
        row.elapsed_s = float(elapsed) if elapsed and row.state != "not begun" else None
        if row.state == "done":
            row.made = row.planned
        for deed in row.running:
            deed.state, deed.ended = "failed" if row.state == "failed" else "done", event.at

    def _step(self, event: Event) -> None:
        told = event.data.get("step")
        if isinstance(told, dict):
            name, total, count = str(told.get("step", "")), int(told.get("total", 0)), int(told.get("done", 0))
            step = self.steps.setdefault(name, Step(name, "working", began=event.at))
            step.text, step.total, step.done = str(told.get("text", "")), total, count
            step.state, step.ended = "done" if count >= total else "working", event.at

    def _move(self, event: Event) -> None:
        told = event.data.get("progress")
        if not isinstance(told, dict):
            return
        name, back, state = str(told.get("step", "")), bool(told.get("back")), told.get("state")
        phase = self.phases.setdefault((name, back), Step(name, "working", back=back, began=event.at))
        if state == "begun":
            phase.state, phase.began, phase.ended = "working", event.at, None
        elif state == "working":
            phase.items[str(told.get("what", ""))] = (int(told.get("items", 0)), int(told.get("bytes", 0)))
        elif state in ("done", "failed"):
            phase.state, phase.ended = "done" if state == "done" else "failed", event.at

    def _other(self, event: Event) -> None:
        self.told.append(event)


def _finish(row: Row, at: datetime) -> None:
    row.state, row.made, row.ended = "done", row.planned, row.ended or at


def _row(stack: StackPlan) -> Row:
    return Row(stack.name, "waiting" if stack.operations else "unchanged", planned=stack.operations)


def _deed(row: Row, event: Event, told: Mapping[str, Any]) -> None:
    address, action = str(told.get("resource", "")), str(told.get("action"))
    phase = told.get("phase")
    if row.state != "failed":
        row.state = "working"
    deed = row.deeds.get(address)
    if phase == "started" or deed is None:
        deed = row.deeds[address] = Deed(address, action, "running", event.at)
    if phase == "complete" and deed.state != "done":
        deed.state, deed.ended = "done", event.at
        row.made = min(row.made + 1, row.planned) if row.planned else row.made + 1
    elif phase == "errored":
        deed.state, deed.ended = "failed", event.at
        row.state = "failed"


def _summary(row: Row, event: Event, of_plan: bool, begun: bool) -> None:
    if of_plan and not begun:
        row.state, row.ended = "planned", event.at
    elif not of_plan and row.state != "failed":
        row.state, row.made, row.ended = "done", max(row.made, row.planned), event.at


_KNOWN: Final = {
    "run.planned": Progress._planned,
    "run.applying": Progress._applying,
    "engine": Progress._engine,
    "outcome": Progress._outcome,
    "step": Progress._step,
    "move": Progress._move,
    **dict.fromkeys(("hop", "credentials", "prices", "drift"), Progress._other),
}
