"""A run as a person sees it: its events in the words and the view of the commands that deploy by themselves."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from rich.console import Console

from tests.cli.conftest import Outcome
from twin2multicloud.app.cli.deploy_live import LiveTeller
from twin2multicloud.app.cli.deploy_teller import TerminalTeller
from twin2multicloud.app.cli.run_view import JsonLines, RunView
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.deployer.engine import events as engine

AT = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
PLAN = {
    "usd_per_month": 12.5,
    "stacks": [
        {
            "stack": f"L3-{tier}",
            "slot": f"L3.{tier}",
            "provider": "aws",
            "region": "eu-central-1",
            "module": "hot",
            "untouched": False,
            "pending": [],
            "usd_per_month": 12.5,
            "other_components_usd_per_month": {},
            "resources": [
                {
                    "address": f"module.slot.aws_dynamodb_table.{name}",
                    "type": "aws_dynamodb_table",
                    "action": "add",
                    "component": "",
                    "attributes": [],
                    "usd_per_month": None,
                }
                for name in ("one", "two")
            ],
        }
        for tier in ("hot", "cool")
    ],
}


def event(kind: str, message: str = "", severity: str = "info", stack: str = "", **data: Any) -> Event:
    return Event.model_validate(
        {
            "id": 1,
            "at": AT,
            "workspace": "wsp_1",
            "twin": "twn_1",
            "run": "run_1",
            "kind": kind,
            "severity": severity,
            "stack": stack,
            "message": message,
            "data": data,
        }
    )


def progress(stack: str, name: str, phase: engine.Phase) -> Event:
    found = engine.Progress(f"module.slot.aws_dynamodb_table.{name}", "create", phase, 3.0)
    return event("engine", f"{name}: {phase}", stack=stack, event=msgspec.to_builtins(found))


def outcome(stack: str, status: str, words: str) -> Event:
    return event("outcome", words, stack=stack, outcome={"status": status, "elapsed_s": 3.0})


RUN = [
    event("run.queued", "olga asked for run 1 (deploy of greenhouse)"),
    event("run.planned", "run 1 has a plan", plan=PLAN),
    event("run.applying", "olga agreed to run 1"),
    progress("L3-hot", "one", engine.Phase.STARTED),
    progress("L3-hot", "one", engine.Phase.COMPLETE),
    event("engine", "of a later version", stack="L3-hot", event={"event": "something-new"}),
    event("engine", "chatter", "debug", stack="L3-hot", event={"event": "something-new"}),
    progress("L3-cool", "two", engine.Phase.ERRORED),
    outcome("L3-hot", "done", "L3-hot: deploy done"),
    outcome("L3-cool", "failed", "L3-cool: deploy failed\nquota exceeded: ask for more"),
    event("odd", "a warning\x1b[2J", "warning"),
    event("run.failed", "L3-cool could not be deployed", "error"),
]


def test_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with RunView(teller=TerminalTeller(clock=lambda: 0.0)) as view:
        ends = [view.take(each) for each in RUN]
    assert ends == [False] * (len(RUN) - 1) + [True]
    told = Outcome(0, *capsys.readouterr())
    assert "L3.hot     AWS eu-central-1  2 to add" in told.out
    assert "$12.50 a month predicted" in told.out
    lines = told.err.splitlines()
    assert lines[0] == "olga asked for run 1 (deploy of greenhouse)"
    assert "  L3-hot  aws_dynamodb_table.one created (3 s)" in lines
    assert "  L3-cool aws_dynamodb_table.two failed" in lines
    assert "of a later version" in lines
    assert "chatter" not in lines
    assert "▲ a warning\\x1b[2J" in lines
    assert "quota exceeded: ask for more" in lines
    assert lines[-2:] == ["1 of 2 stacks done in 0 s", "✗ L3-cool could not be deployed"]


def test_a_line_for_each_stack_is_renewed_in_place() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=110, legacy_windows=False, color_system=None)
    teller = LiveTeller(clock=lambda: 0.0, console=console, ticking=False)
    with RunView(teller=teller) as view:
        for each in RUN[:5]:
            view.take(each)
        shown = stream.getvalue()
        assert "L3.hot     AWS   eu-central-1" in shown
        assert "1/2" in shown
        assert "1 of 4 resources" in shown
        for each in RUN[5:]:
            view.take(each)
    last = stream.getvalue().rpartition("L3.hot")[2]
    assert "done" in last
    assert "failed" in last


def test_a_sandbox_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with RunView(teller=TerminalTeller()) as view:
        view.take(event("step", "aws is up", cloud="aws"))
        view.take(event("step", "", step={"step": "graph", "text": "entities", "done": 3, "total": 9}))
        assert view.take(event("run.succeeded", "run 1 (deploy) is done"))
    err = capsys.readouterr().err.splitlines()
    assert err == ["aws is up", "  graph entities (3 of 9)", "✓ run 1 (deploy) is done"]


def test_programs_get_a_line_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonLines() as view:
        ends = [view.take(each) for each in RUN]
    assert ends[-1]
    assert [each["kind"] for each in Outcome(0, *capsys.readouterr()).lines] == [each.kind for each in RUN]
