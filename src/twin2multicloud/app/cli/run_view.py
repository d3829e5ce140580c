"""A run as it goes: its events shown in the words and the view of the commands that deploy by themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from twin2multicloud.app.cli.deploy_live import make_teller
from twin2multicloud.app.cli.deploy_teller import TerminalTeller
from twin2multicloud.app.cli.terminal import output
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.schemas.runs import ENDED
from twin2multicloud.deployer.engine import events as engine
from twin2multicloud.deployer.engine.outcome import Action, StackOutcome, Status
from twin2multicloud.deployer.finishing.progress import StepProgress

_PLANNED: Final = "run.planned"
_ENDINGS: Final = frozenset(f"run.{status}" for status in ENDED)
WAITS: Final = "run.awaiting-approval"


@dataclass(frozen=True)
class _Told(StackOutcome):
    """An outcome in the words of whoever saw it."""

    words: str = ""

    def describe(self) -> str:
        """As it was told."""
        return self.words


class RunView:
    """Shows a run's events, within `with`. `teller` is whoever shows them: a view that is renewed, or plain lines.
    Events of the kinds `without` are not shown: whoever shows the run's result tells the same.
    """

    def __init__(
        self, *, brief: bool = False, teller: TerminalTeller | None = None, without: Collection[str] = ()
    ) -> None:
        self.teller = teller or make_teller(brief=brief)
        self._without = without
        self._outcomes: dict[str, StackOutcome] = {}

    def __enter__(self) -> Self:
        self.teller.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.teller.__exit__(kind, error, trace)

    def take(self, event: Event) -> bool:
        """Show one event; whether it is the run's last."""
        if event.kind in _ENDINGS:
            self._end()
            mark = "✓" if event.kind == "run.succeeded" else "✗"
            self.teller.say(f"{mark} {event.message}")
            return True
        if event.kind in self._without:
            return False
        known = _KNOWN.get(event.kind)
        if known is not None and known(self, event):
            return False
        if event.severity != "debug":
            marks = {"warning": "▲ ", "error": "✗ "}
            percent = event.data.get("percent")
            share = f"{percent:>3} % · " if isinstance(percent, int) else ""
            self.teller.say(f"{share}{marks.get(event.severity, '')}{event.message}")
        return False

    def _engine(self, event: Event) -> bool:
        try:
            found = msgspec.convert(event.data.get("event"), type=engine.Event)
        except msgspec.ValidationError:
            return False  # of another version of the server: its words will do
        self.teller.event(event.stack, found)
        return True

    def _step(self, event: Event) -> bool:
        if "step" not in event.data:
            return False
        self.teller.step(msgspec.convert(event.data["step"], type=StepProgress))
        return True

    def _outcome(self, event: Event) -> bool:
        found = event.data.get("outcome", {})
        try:
            status = Status(found.get("status", ""))
        except ValueError:
            return False
        self._outcomes[event.stack] = _Told(
            event.stack, Action.DEPLOY, status, elapsed_s=found.get("elapsed_s", 0.0), words=event.message
        )
        return True

    def _plan(self, event: Event) -> bool:
        plan = event.data.get("plan")
        if not isinstance(plan, dict):
            return False
        self.plan(plan)
        return True

    def plan(self, plan: Mapping[str, Any]) -> None:
        """Show a plan, on standard output."""
        if "estimate" in plan:
            from twin2multicloud.app.cli.move_view import print_estimate
            from twin2multicloud.moving.estimate import Estimate

            with output() as console:
                print_estimate(console, msgspec.convert(plan["estimate"], type=Estimate))
            sys.stdout.flush()
        elif plan.get("stacks"):
            from twin2multicloud.app.deploying.plan_json import plans_in

            self.teller.plan(plans_in(plan), plan.get("usd_per_month", 0.0))

    def _end(self) -> None:
        if self._outcomes:
            self.teller.outcome(self._outcomes)
            self._outcomes = {}
        else:
            self.teller.__exit__(None, None, None)


_KNOWN: Final[Mapping[str, Callable[[RunView, Event], bool]]] = {
    "engine": RunView._engine,
    "step": RunView._step,
    "outcome": RunView._outcome,
    _PLANNED: RunView._plan,
}


class JsonLines:
    """The same for programs: a line of JSON for each event, as the API tells it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Lines need no end."""

    def take(self, event: Event) -> bool:
        """Write one event; whether it is the run's last."""
        sys.stdout.write(event.model_dump_json() + "\n")
        sys.stdout.flush()
        return event.kind in _ENDINGS

    def plan(self, plan: Mapping[str, Any]) -> None:
        """It is in its event."""
        del plan


class Nothing:
    """Shows nothing: what a run came to is written when it has ended."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing needs no end."""

    def take(self, event: Event) -> bool:
        """Whether it is the run's last."""
        return event.kind in _ENDINGS


class UntilPlanned:
    """Shows what another view shows, and ends where the run's plan waits for somebody to agree."""

    def __init__(self, view: RunView | Nothing) -> None:
        self._view = view

    def __enter__(self) -> Self:
        self._view.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view.__exit__(kind, error, trace)

    def take(self, event: Event) -> bool:
        """Show one event; whether it is the last to be shown."""
        return event.kind == WAITS or self._view.take(event)
