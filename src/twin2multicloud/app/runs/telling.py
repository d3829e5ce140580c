"""What a stage's process tells while it works: events, in the database before anything else happens with them.

They are written in batches, some fifty milliseconds apart, by a thread of their own; closing writes the rest. Texts are
those of the engine, which has masked every credential that it gave to Terraform.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from math import inf
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from sqlalchemy.exc import OperationalError

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.deploying.outcome_json import outcome_json
from twin2multicloud.app.deploying.plan_json import plan_json
from twin2multicloud.app.events.log import NewEvent, Severity
from twin2multicloud.deployer.engine.events import (
    ChangeSummary,
    Diagnostic,
    Event,
    Log,
    Outputs,
    Phase,
    PlannedChange,
    Progress,
    ResourceDrift,
    Version,
)
from twin2multicloud.deployer.engine.events import Severity as EngineSeverity
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.finishing.progress import StepProgress
from twin2multicloud.deployer.plans import StackPlan
from twin2multicloud.moving.steps import Progress as MoveProgress
from twin2multicloud.runtime.ports import Clock

_EVERY_S: Final = 0.05
_MOVE_EVERY_S: Final = 1.0
_LONG_AGO: Final = -inf
_LONGEST: Final = 20_000
_DOING: Final = {"create": "creating", "update": "changing", "delete": "destroying", "replace": "replacing"}
_DONE: Final = {"create": "created", "update": "changed", "delete": "destroyed", "replace": "replaced"}


class EventWriter:
    """Writes a run's events. A context: leaving it writes what is left."""

    def __init__(self, backend: Backend, run: Run) -> None:
        self._backend = backend
        self._blank = NewEvent(run.workspace_id, "", "", twin_id=run.twin_id, run_id=run.id)
        self._pending: list[NewEvent] = []
        self._guard = threading.Lock()
        self._flushing = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="events", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.flush()

    def write(
        self,
        kind: str,
        message: str,
        *,
        severity: Severity = "info",
        stack: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Have an event written. It keeps the time of this call."""
        event = replace(
            self._blank,
            kind=kind,
            message=message[:_LONGEST],
            severity=severity,
            stack=stack,
            data=dict(data or {}),
            at=self._backend.clock.now(),
        )
        with self._guard:
            self._pending.append(event)

    def flush(self) -> None:
        """Write what is pending now. What could not be written is still pending."""
        with self._flushing:
            with self._guard:
                batch = tuple(self._pending)
            if batch:
                with self._backend.database.write() as session:
                    self._backend.events.add(session, *batch)
                with self._guard:
                    del self._pending[: len(batch)]

    def _write_on(self) -> None:
        while not self._ended.wait(_EVERY_S):
            # A database that is away for a moment gets them later; one that stays away fails the stage at its end.
            with suppress(OperationalError):
                self.flush()


class RunTeller:
    """The deploying code's `Teller` for a run: all it is told becomes events.

    `approved` is the plan that somebody agreed to, as JSON: a plan that would do anything else is not agreed to.
    """

    def __init__(
        self, writer: EventWriter, approved: Mapping[str, Any] | None, reveal: Callable[[tuple[str, ...]], None]
    ) -> None:
        self._writer = writer
        self._approved = approved
        self._reveal = reveal
        self._plans: Mapping[str, StackPlan] = {}
        self.usd_per_month = 0.0
        self.plan_document: dict[str, Any] | None = None
        self.outcomes: dict[str, StackOutcome] = {}

    def plan(self, plans: Mapping[str, StackPlan], total_usd: float) -> None:
        """As `Teller.plan`."""
        self._plans = plans
        self.usd_per_month = total_usd
        self.plan_document = plan_json(plans, total_usd)

    def agreed(self, question: str, expected: str) -> bool:
        """Whether the plan does only what was agreed to."""
        del question, expected
        if self._approved is None:
            return False
        agreed = {
            (stack["stack"], each["address"], each["action"])
            for stack in self._approved["stacks"]
            for each in stack["resources"]
        }
        more = sorted(
            f"{plan.stack.name}: {action.value} {address}"
            for plan in self._plans.values()
            for address, action in plan.deeds
            if (plan.stack.name, address, action.value) not in agreed
        )
        if more:
            self._writer.write(
                "plan.changed",
                f"this is no longer the plan that was agreed to; it would also {'; '.join(more[:20])}",
                severity="error",
                data={"more": more[:200]},
            )
        return not more

    def say(self, text: str) -> None:
        """As `Teller.say`."""
        self._writer.write("said", text)

    def reveal(self, lines: tuple[str, ...]) -> None:
        """As `Teller.reveal`: kept sealed until somebody has them shown, never an event."""
        self._reveal(lines)

    def event(self, stack: str, event: Event) -> None:
        """As `Teller.event`."""
        message, severity = _words(event)
        data = {"event": msgspec.to_builtins(event)}
        self._writer.write("engine", message, severity=severity, stack=stack, data=data)

    def step(self, progress: StepProgress) -> None:
        """As `Teller.step`."""
        counted = f" ({progress.done:,} of {progress.total:,})" if progress.total else ""
        self._writer.write(
            "step", f"{progress.step}: {progress.text}{counted}", data={"step": msgspec.to_builtins(progress)}
        )

    def outcome(self, outcomes: Mapping[str, StackOutcome]) -> None:
        """As `Teller.outcome`."""
        self.outcomes |= outcomes
        for name, found in outcomes.items():
            bad = not found.ok and found.status is not Status.SKIPPED
            self._writer.write(
                "outcome",
                found.describe(),
                severity="error" if bad else "info",
                stack=name,
                data={"outcome": outcome_json(found)},
            )


class MoveTeller:
    """Writes how far a move is: where its steps begin and end, and of what they work on a line a second, and the last
    one. Stores are copied and compared by pages, of which there may be thousands in a second.
    """

    def __init__(self, writer: EventWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._told_at = _LONG_AGO
        self._left_out: MoveProgress | None = None

    def __call__(self, progress: MoveProgress) -> None:
        """Hear how far it is."""
        if progress.state != "working":
            self._catch_up()
            self._told_at = _LONG_AGO
            self._write(progress)
            return
        if self._left_out is not None and self._left_out.what != progress.what:
            self._catch_up()
        now = self._clock.now()
        if abs(now - self._told_at) < _MOVE_EVERY_S:
            self._left_out = progress
            return
        self._left_out, self._told_at = None, now
        self._write(progress)

    def _catch_up(self) -> None:
        left_out, self._left_out = self._left_out, None
        if left_out is not None:
            self._write(left_out)

    def _write(self, progress: MoveProgress) -> None:
        back = "back: " if progress.back else ""
        counted = f": {progress.what}, {progress.items:,} items" if progress.state == "working" else ""
        self._writer.write(
            "move",
            f"{back}{progress.step.value} {progress.state}{counted}",
            severity="error" if progress.state == "failed" else "info",
            data={"progress": msgspec.to_builtins(progress)},
        )


def _words(event: Event) -> tuple[str, Severity]:
    match event:
        case Progress(phase=Phase.STARTED):
            return f"{_short(event.resource)}: {_DOING.get(event.action, event.action)}", "info"
        case Progress(phase=Phase.STILL):
            doing = _DOING.get(event.action, event.action)
            return f"{_short(event.resource)}: {doing} ({event.elapsed_s:.0f} s so far)", "info"
        case Progress(phase=Phase.COMPLETE):
            return f"{_short(event.resource)}: {_DONE.get(event.action, event.action)}", "info"
        case Progress():
            return f"{_short(event.resource)}: failed", "error"
        case Diagnostic():
            return str(event), "error" if event.severity is EngineSeverity.ERROR else "warning"
        case Log():
            return event.message, "warning" if event.level == "warn" else "debug"
        case PlannedChange():
            return f"{_short(event.resource)}: to {event.action}", "debug"
        case ResourceDrift():
            return f"{_short(event.resource)}: {event.action} by others", "debug"
        case ChangeSummary():
            counted = f"{event.add} to add, {event.change} to change, {event.remove} to remove"
            return f"{event.operation}: {counted}", "debug"
        case Outputs():
            return f"outputs: {', '.join([*event.values, *event.sensitive]) or 'none'}", "debug"
        case Version():
            return f"infrastructure program {event.program}", "debug"


def _short(address: str) -> str:
    return address.removeprefix("module.slot.")
