"""Progress in place: what a terminal shows while stacks are planned, built and fail, whatever its width."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from tests.deployer.placements import THREE_CLOUDS, deployment, placement
from tests.patience import PATIENCE_S
from twin2multicloud.app.cli.deploy_live import LiveTeller
from twin2multicloud.deployer.engine.events import ChangeSummary, Diagnostic, Phase, PlannedChange, Progress, Severity
from twin2multicloud.deployer.engine.outcome import Action as Deed
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.plans import Action, ResourceChange, StackPlan
from twin2multicloud.deployer.stacks import stacks_of

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """A teller at a terminal of some width; `last` is what its lines show now."""

    def __init__(self, width: int, **more: object) -> None:
        self.written = io.StringIO()
        self.clock = Clock()
        # 256 colours as in the other tests: rich keeps a style's codes for the colours it was first shown with.
        console = Console(
            file=self.written,
            force_terminal=True,
            color_system="256",
            width=width,
            height=40,
            legacy_windows=False,
            **more,  # type: ignore[arg-type]
        )
        self.teller = LiveTeller(brief=True, clock=self.clock, console=console, ticking=False, ask=self.asked)
        self.at_question = ""

    def asked(self, question: str) -> str:
        self.at_question = self.written.getvalue()
        return "yes"

    @property
    def last(self) -> list[str]:
        drawn = self.written.getvalue().rpartition("\x1b[2K")[2]
        return [line.rstrip() for line in _CONTROL.sub("", drawn).replace("\r", "").split("\n")]

    def line(self, begin: str) -> str:
        return next(line for line in self.last if line.startswith(begin))


def plans(*names: str) -> dict[str, StackPlan]:
    """Plans of the three-cloud twin's stacks of these names, with three resources to make in each."""
    return {
        stack.name: StackPlan(
            stack, tuple(ResourceChange(f"module.slot.thing.{n}", "thing", Action.ADD) for n in range(3))
        )
        for stack in stacks_of(deployment(THREE_CLOUDS))
        if stack.name in names
    }


def made(number: int, phase: Phase = Phase.COMPLETE) -> Progress:
    return Progress(f"module.slot.thing.{number}", "create", phase)


def test_a_stack_is_counted_timed_and_says_what_takes_long(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(100)
    teller, clock = screen.teller, screen.clock
    with teller:
        teller.plan(plans("L3-cool", "L2"), 3.0)
        teller.event("L3-cool", made(0, Phase.STARTED))
        clock.now += 7
        teller.event("L3-cool", made(1, Phase.STARTED))
        line = screen.line("L3.cool")
        assert "AWS" in line
        assert "eu-central-1" in line
        assert "creating" in line
        assert "0/3" in line
        assert re.search(r" 7 s thing\.0 +7 s$", line)
        assert "waiting" in screen.line("L2")
        teller.event("L3-cool", made(0))
        assert "1/3" in screen.line("L3.cool")
        assert screen.line("L3.cool").endswith("7 s thing.1")
        assert screen.last[-1].startswith("1 of 6 resources")
        teller.event("L3-cool", ChangeSummary("apply", 3, 0, 0))
        clock.now += 60
        teller.event("L2", made(0, Phase.STARTED))
        assert "done" in screen.line("L3.cool")
        assert screen.line("L3.cool").endswith(" 7 s"), "a stack that is done is not timed any more"
    assert "Plan: 6 to add" in capsys.readouterr().out


def test_planning_is_shown_and_gives_way_to_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(100)
    with screen.teller as teller:
        teller.event("L2", PlannedChange("module.slot.thing.0", "create"))
        teller.event("L2", PlannedChange("module.slot.thing.1", "create"))
        assert screen.line("L2").split() == ["L2", "planning", "2", "0", "s"]
        teller.event("L2", ChangeSummary("plan", 2, 0, 0))
        assert "planned" in screen.line("L2")
        teller.plan(plans("L2"), 3.0)
        assert screen.last == [""], "it is wiped away"
    assert "L2" in capsys.readouterr().out


def test_nothing_is_renewed_while_a_question_waits(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(100)
    with screen.teller as teller:
        teller.event("L2", PlannedChange("module.slot.thing.0", "create"))
        teller.plan(plans("L2"), 3.0)
        assert teller.agreed("Deploy this?", "yes")
        assert screen.at_question.count(HIDE) == screen.at_question.count(SHOW) == 1
        screen.clock.now += 1
        teller.event("L2", made(0))
        teller.outcome({"L2": StackOutcome("L2", Deed.DEPLOY, Status.DONE)})
    written = screen.written.getvalue()
    assert written.count(HIDE) == written.count(SHOW) == 2
    assert "1 of 1 stacks done in 1 s" in capsys.readouterr().err


def test_without_an_end_in_sight_there_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(100)
    screen.teller.event("L2", made(0))
    assert screen.written.getvalue() == ""
    assert "thing.0 created" in capsys.readouterr().err


def test_a_failure_is_told_above_and_stays_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(100)
    with screen.teller as teller:
        teller.plan(plans("L3-cool", "L2"), 3.0)
        teller.event("L3-cool", made(0, Phase.STARTED))
        teller.event("L3-cool", made(0, Phase.ERRORED))
        assert "thing.0 failed" in screen.written.getvalue()
        teller.event("L3-cool", Diagnostic(Severity.ERROR, "no more of these"))
        teller.event("L3-cool", made(1))
        assert "failed" in screen.line("L3.cool")
        skipped = StackOutcome("L2", Deed.DEPLOY, Status.SKIPPED, reason="it needs L3-cool")
        teller.outcome({"L3-cool": StackOutcome("L3-cool", Deed.DEPLOY, Status.FAILED), "L2": skipped})
    assert "not begun" in screen.line("L2")
    assert "Ctrl-C" not in screen.last[-2] + screen.last[-1], "there is nothing left to end"
    told = capsys.readouterr().err
    assert "L3-cool: deploy failed" in told
    assert "0 of 2 stacks done, 1 not begun" in told


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("more", [{}, {"no_color": True}], ids=["colour", "no colour"])
def test_every_stack_is_one_line_in_any_window(
    width: int, more: dict[str, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen(width, **more)
    with screen.teller as teller:
        several = plans(*(stack.name for stack in stacks_of(deployment(THREE_CLOUDS))))
        teller.plan(several, 3.0)
        long = "module.slot." + ".".join(["module.function"] * 9)
        for name in several:
            teller.event(name, Progress(long, "create", Phase.STARTED))
        shown = screen.last
    assert len(shown) == len(several) + 1
    assert all(len(line) <= width for line in shown)
    colours = re.findall(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", screen.written.getvalue())
    assert bool(colours) is not bool(more)


# ── In a real terminal ──────────────────────────────────────────────────────────────────────────────────────
class Terminal:
    """The program in a pseudo terminal of 60 columns; `written` is all that it has shown."""

    def __init__(self, arguments: list[object], environment: dict[str, str]) -> None:
        self._leader, follower = pty.openpty()
        size = {"COLUMNS": "60", "LINES": "40", "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "twin2multicloud", *map(str, arguments)],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**os.environ, **size, **environment},
        )
        os.close(follower)
        self.written = ""

    def until(self, pattern: str | None) -> None:
        """Read until this was written; None: until the program has ended."""
        deadline = time.monotonic() + 120
        while pattern is None or not re.search(pattern, _CONTROL.sub("", self.written)):
            assert time.monotonic() < deadline, self.written
            if select.select([self._leader], [], [], 0.2)[0]:
                try:
                    self.written += os.read(self._leader, 65536).decode(errors="replace")
                except OSError:  # what Linux answers once nobody has the other end open
                    assert pattern is None, self.written
                    break

    def type(self, text: str) -> None:
        os.write(self._leader, text.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._leader)


@pytest.mark.slow
def test_an_interrupt_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    placed, scenario = tmp_path / "placement.json", tmp_path / "scenario.json"
    placed.write_text(placement(THREE_CLOUDS).model_dump_json())
    scenario.write_text(json.dumps({"delays": [{"type": "aws_lambda_function", "verb": "create", "seconds": 4}]}))
    arguments = ["deploy", "smart-home", "--offline", "--brief", "--dir", tmp_path / "d", "--placement", placed]
    terminal = Terminal([*arguments, "--slot", "L3.cool"], {"T2M_STANDIN_SCENARIO": str(scenario), "NO_COLOR": "1"})
    try:
        terminal.until(r"Deploy this\? \[yes\] ")
        assert terminal.written.count(HIDE) == terminal.written.count(SHOW) > 0, "the question stands alone"
        terminal.type("yes\n")
        terminal.until(r"creating +\d+/22")
        terminal.process.send_signal(signal.SIGINT)
        terminal.until(None)
        assert terminal.process.wait(timeout=PATIENCE_S) == 7
    finally:
        terminal.close()
    assert terminal.written.count(HIDE) == terminal.written.count(SHOW)
    assert "L3-cool: deploy interrupted" in terminal.written
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.written), "NO_COLOR"
