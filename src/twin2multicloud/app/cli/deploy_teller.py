"""What a person at a terminal is told while a twin is deployed, and how they are asked."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.plan_view import print_plan
from twin2multicloud.app.cli.terminal import output, printable
from twin2multicloud.deployer.engine.events import Diagnostic, Event, Log, Phase, Progress, Severity
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.finishing.progress import StepProgress
from twin2multicloud.deployer.plans import StackPlan

_IN_SLOT: Final = "module.slot."
"""What every resource's address begins with: a stack's root has the one module."""
_DONE = {"create": "created", "update": "changed", "delete": "destroyed", "replace": "replaced"}
_DOING = {"create": "creating", "update": "changing", "delete": "destroying", "replace": "replacing"}


class TerminalTeller:
    """Plans on standard output; progress, questions and results on standard error."""

    def __init__(
        self,
        *,
        brief: bool = False,
        quiet: bool = False,
        ask: Callable[[str], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._brief = brief
        self._quiet = quiet
        self._ask = ask
        self._began = clock()
        self._clock = clock
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lines need no end; a view that is renewed in place has one."""

    def plan(self, plans: Mapping[str, StackPlan], total_usd: float) -> None:
        """Show the plan; quietly it is part of the JSON at the end."""
        self._width = max(map(len, plans), default=0)
        if not self._quiet:
            with output() as console:
                print_plan(console, plans, total_usd, brief=self._brief)
            sys.stdout.flush()
        self._began = self._clock()

    def agreed(self, question: str, expected: str) -> bool:
        """Ask at the terminal. Without one the answer is no, and says how to agree beforehand."""
        if self._ask is None and not sys.stdin.isatty():
            say(f"{question} There is nobody to ask; --yes agrees beforehand")
            return False
        ask = self._ask or input
        try:
            answer = ask(f"{question} [{expected}] ")
        except EOFError:
            return False
        self._began = self._clock()  # whoever thinks it over does not make deploying slower
        return answer.strip() == expected

    def say(self, text: str) -> None:
        """On standard error."""
        say(_paragraphs(printable(text)))

    def reveal(self, lines: tuple[str, ...]) -> None:
        """On standard error, once."""
        for line in lines:
            self.say(f"shown once, kept nowhere: {line}")

    def event(self, stack: str, event: Event) -> None:
        """Resources as they come and go, what is wrong, and every ten seconds what takes long."""
        if self._quiet:
            return
        match event:
            case Progress(phase=Phase.COMPLETE) if event.action in _DONE:
                took = f" ({event.elapsed_s:.0f} s)" if event.elapsed_s >= 1 else ""
                self._line(stack, f"{_short(event.resource)} {_DONE[event.action]}{took}")
            case Progress(phase=Phase.STILL) if event.action in _DOING:
                self._line(stack, f"{_short(event.resource)} {_DOING[event.action]} ({event.elapsed_s:.0f} s so far)")
            case Progress(phase=Phase.ERRORED):
                self._line(stack, f"{_short(event.resource)} failed")
            case Diagnostic(severity=Severity.WARNING):
                self._line(stack, f"warning: {event.summary}")
            case Log(level="warn"):
                self._line(stack, event.message)
            case _:
                pass

    def step(self, progress: StepProgress) -> None:
        """What follows Terraform."""
        if not self._quiet:
            counted = f" ({progress.done:,} of {progress.total:,})" if progress.total else ""
            self._line(progress.step, f"{progress.text}{counted}")

    def outcome(self, outcomes: Mapping[str, StackOutcome]) -> None:
        """How it ended; of what failed everything that a person needs to go on."""
        if self._quiet:
            return
        for found in outcomes.values():
            if found.ok:
                continue
            if found.status is not Status.SKIPPED:
                say("")
            say(_paragraphs(printable(found.describe().replace(_IN_SLOT, ""))))
        done = sum(found.ok for found in outcomes.values())
        skipped = sum(found.status is Status.SKIPPED for found in outcomes.values())
        if outcomes:
            more = f", {skipped} not begun" if skipped else ""
            say(f"{done} of {len(outcomes)} stacks done{more} in {self._clock() - self._began:.0f} s")

    def _line(self, who: str, what: str) -> None:
        say(printable(f"  {who:<{self._width}} {what}"))


def _short(address: str) -> str:
    return address.removeprefix(_IN_SLOT)


def _paragraphs(text: str) -> str:
    """Lines broken between words where a terminal would break within them; for a file or a program as they are."""
    if not sys.stderr.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    return "\n".join(_folded(line, columns) for line in text.splitlines())


def _folded(line: str, columns: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
