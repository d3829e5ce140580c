"""From errors to exit codes and messages: on standard error for people, on standard output for `--json`."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NoReturn

import typer

from twin2multicloud.app.cli.terminal import print_json, printable
from twin2multicloud.app.errors import BackendError
from twin2multicloud.model.errors import (
    InfeasibleError,
    InvalidInputError,
    PriceError,
    Twin2MultiCloudError,
    UsageError,
)

EXIT_CODES: Final = {
    0: "done",
    1: "paper only: a figure that should match the publication does not",
    2: "usage: unknown command, option or name, or options that do not go together",
    3: "infeasible: no placement satisfies the constraints",
    4: "invalid input: a workload, an option's value or a price book is not acceptable",
    5: "a price is missing, or the price book is too old",
    6: "a twin or the backend is not as it should be: it does not answer, refuses, a check fails, a message is lost",
    7: "a stack could not be planned, deployed or destroyed, or not whole; what exists and what to do is told",
    8: "not agreed to, it would lose data, or a stack's state is locked or refused; nothing was done",
    9: "check only: the change breaks a rule of the policy",
    70: "internal: a defect of this program",
    130: "interrupted",
}
"""What the command line ends with."""

_NOT_RUNNING: Final = 6
INTERNAL: Final = 70
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141  # 128 + SIGPIPE, what a shell reports for the standard tools

DEBUG_VARIABLE: Final = "TWIN2MULTICLOUD_DEBUG"


@dataclass
class Session:
    """One run of the command line: the day it is, whether errors shall show their traceback, and which server and
    profile were given.
    """

    today: Callable[[], date] = date.today
    debug: bool = field(default_factory=lambda: os.environ.get(DEBUG_VARIABLE, "") not in ("", "0"))
    server: str | None = None
    profile: str | None = None

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        """The session a command runs in."""
        return context.obj if isinstance(context.obj, Session) else cls()


def finish(context: typer.Context, json_output: bool, action: Callable[[], int]) -> NoReturn:
    """Run a command's action and end with the code it returns, or with its error's. Raises `typer.Exit`."""
    try:
        code = action()
        sys.stdout.flush()
    except BrokenPipeError:
        code = leave_quietly()
    except Twin2MultiCloudError as error:
        if Session.of(context).debug:
            traceback.print_exc()
        code = error.exit_code
        if json_output:
            print_json({"error": error_json(error)})
        else:
            say(error_text(error))
    raise typer.Exit(code)


def error_text(error: Twin2MultiCloudError) -> str:
    """An error for people; a line for each finding."""
    if isinstance(error, InvalidInputError | BackendError):
        return "\n".join(f"error: {line}" for line in str(error).splitlines())
    return f"error: {error}"


def error_json(error: Twin2MultiCloudError) -> dict[str, Any]:
    """An error as plain JSON values: `kind`, `message`, `findings`; a conflict of constraints where that is it."""
    answer: dict[str, Any] = {"kind": _kind(error), "message": str(error), "findings": []}
    if isinstance(error, InvalidInputError):
        answer["source"] = error.source
    if isinstance(error, InvalidInputError | BackendError):
        answer["findings"] = [
            {
                "field": finding.field,
                "value": finding.value,
                "problem": finding.problem,
                "line": finding.line,
                "column": finding.column,
            }
            for finding in error.findings
        ]
    if isinstance(error, BackendError):
        answer["details"] = error.details
    if isinstance(error, InfeasibleError):
        from twin2multicloud.optimizer.bill.as_json import conflict_json
        from twin2multicloud.optimizer.bill.conflict import NoPlacementError

        nothing: dict[str, Any] = {"conflict": [], "relaxations": [], "reasons": []}
        answer |= conflict_json(error) if isinstance(error, NoPlacementError) else nothing
    return answer


def _kind(error: Twin2MultiCloudError) -> str:
    if isinstance(error, BackendError):
        return error.name
    kinds = {
        UsageError: "usage",
        InfeasibleError: "infeasible",
        InvalidInputError: "invalid-input",
        PriceError: "price",
    }
    known = next((kind for base, kind in kinds.items() if isinstance(error, base)), "internal")
    return "sandbox" if error.exit_code == _NOT_RUNNING else known


def say(message: str) -> None:
    """Write a message to standard error, with nothing in it that could command the terminal."""
    sys.stderr.write(printable(message) + "\n")


def defect(error: Exception, debug: bool) -> int:
    """Report an error nobody foresaw, in one line unless debugging; its exit code."""
    if debug:
        traceback.print_exc()
    cause = " ".join(f"{type(error).__name__}: {error}".split())
    say(f"error: {cause}: this is a defect of twin2multicloud; --debug or {DEBUG_VARIABLE}=1 shows the traceback")
    return INTERNAL


def leave_quietly() -> int:
    """Stop writing to a pipe that nobody reads any more; the exit code for that."""
    # Python flushes standard output once more at its end; that must not fail aloud.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return BROKEN_PIPE
