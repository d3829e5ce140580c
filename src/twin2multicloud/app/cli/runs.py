"""What the commands of `runs` do."""

from __future__ import annotations

import sys
from codecs import getincrementaldecoder
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.asking import NOT_AGREED, agreed
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, known, moment
from twin2multicloud.app.cli.terminal import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from twin2multicloud.app.cli.run_request import StartRequest
    from twin2multicloud.app.client.client import Client
    from twin2multicloud.app.schemas.events import Event, Severity
    from twin2multicloud.app.schemas.runs import Run, RunSummary

_STYLES: Final = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "declined": "yellow",
    "awaiting-approval": "bold yellow",
}
_LOOKING: Final = frozenset({"drift", "verify"})
_AMISS: Final = 6
"""Exit code: what was looked at is not as it should be, or could not be looked at."""
_FAILED: Final = 7


class View(Protocol):
    """Shows a run's events, within `with`."""

    def __enter__(self) -> View: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def take(self, event: Event) -> bool:
        """Show one event; whether it is the run's last."""
        ...


def list_all(
    client: Client, twin: str | None, status: Sequence[Any], kind: Sequence[Any], limit: int, json_output: bool
) -> int:
    """`runs list`."""
    from twin2multicloud.app.schemas.runs import Kind, Status

    known(status, "--status", get_args(Status))
    known(kind, "--kind", get_args(Kind))
    of = None if twin is None else client.twins.find(twin)
    found = client.runs.list(twin=of, status=status, kind=kind, limit=limit)
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("run", "kind", "target", "version", "status", "by", "asked for (UTC)", "ended (UTC)"),
        (
            (
                name_of(run),
                run.kind,
                run.target or NONE,
                NONE if run.version is None else str(run.version),
                _status(run),
                run.created_by,
                moment(run.created_at),
                moment(run.ended_at),
            )
            for run in found
        ),
        "no runs; `twin2multicloud runs start deploy TWIN` asks for one",
    )
    return 0


def show(client: Client, wanted: str, json_output: bool) -> int:
    """`runs show`."""
    run = client.runs.get(client.runs.find(wanted))
    if json_output:
        records.print_model(run)
        return 0
    from twin2multicloud.app.cli.run_view import RunView

    rows: list[tuple[str, RenderableType]] = [
        ("id", run.id),
        ("kind", f"{run.kind} ({run.target})" if run.target else run.kind),
        ("status", _status(run)),
        ("version", NONE if run.version is None else str(run.version)),
        ("asked for", f"{moment(run.created_at)} UTC by {run.created_by}"),
    ]
    if run.approved_by is not None:
        rows.append(("agreed to", f"{moment(run.approved_at)} UTC by {run.approved_by}"))
    if run.ended_at is not None:
        rows.append(("ended", f"{moment(run.ended_at)} UTC"))
    for stage in run.stages:
        again = f", attempt {stage.attempt}" if stage.attempt > 1 else ""
        rows.append((f"{stage.name}", f"{stage.status}{again}, {moment(stage.begun_at)} – {moment(stage.ended_at)}"))
    if run.problem is not None:
        rows.append(("problem", run.problem))
    records.print_facts(f"run {name_of(run)}", rows)
    if run.plan is not None:
        RunView().plan(run.plan)
    if run.status == "awaiting-approval":
        say(f"it waits for somebody to agree: `twin2multicloud runs approve {name_of(run)}`")
    return 0


def start(client: Client, request: StartRequest) -> int:
    """`runs start`."""
    run = client.runs.create(client.twins.find(request.twin), request.body())
    if request.detach:
        return asked_for(run, request.json_output)
    if not request.json_output:
        say_begun(run)
    return _watch(client, run, request.json_output, ask=True)


def watch(client: Client, wanted: str, json_output: bool) -> int:
    """`runs watch`."""
    return _watch(client, client.runs.get(client.runs.find(wanted)), json_output, ask=False)


def log(client: Client, wanted: str, severity: Severity, stack: str | None, json_output: bool) -> int:
    """`runs log`."""
    decode = getincrementaldecoder("utf-8")("replace").decode
    form: Literal["text", "ndjson"] = "ndjson" if json_output else "text"
    for piece in client.runs.log(client.runs.find(wanted), form, severity=severity, stack=stack):
        told = decode(piece)
        # What would command a terminal is for files only.
        sys.stdout.write(printable(told) if sys.stdout.isatty() else told)
    return 0


def approve(client: Client, wanted: str, detach: bool, yes: bool, json_output: bool) -> int:
    """`runs approve`."""
    from twin2multicloud.app.cli.run_view import RunView

    run = client.runs.get(client.runs.find(wanted))
    if run.plan is not None and run.status == "awaiting-approval" and not json_output:
        RunView().plan(run.plan)
    if not yes and run.status == "awaiting-approval" and not agreed(*question(run)):
        say("not agreed to; it goes on waiting")
        return NOT_AGREED
    run = client.runs.decide(run.id, agreed=True, plan_digest=client.runs.digest_of(run))
    if detach:
        return asked_for(run, json_output)
    return _watch(client, run, json_output, ask=False, after=_agreed_at(client, run))


def decline(client: Client, wanted: str, json_output: bool) -> int:
    """`runs decline`."""
    run = client.runs.decide(client.runs.find(wanted), agreed=False)
    if json_output:
        records.print_model(run)
    else:
        say(f"run {name_of(run)} is declined; nothing was done")
    return 0


def cancel(client: Client, wanted: str, json_output: bool) -> int:
    """`runs cancel`."""
    run = client.runs.cancel(client.runs.find(wanted))
    if json_output:
        records.print_model(run)
    else:
        say(f"run {name_of(run)} is {run.status}")
    return 0


def retry(client: Client, wanted: str, detach: bool, json_output: bool) -> int:
    """`runs retry`."""
    run = client.runs.retry(client.runs.find(wanted))
    return asked_for(run, json_output) if detach else _watch(client, run, json_output, ask=True)


def asked_for(run: Run, json_output: bool) -> int:
    """Say that a run was asked for, and who goes on with it."""
    if json_output:
        records.print_model(run)
    else:
        say(f"run {name_of(run)} is {run.status}; `twin2multicloud runs watch {name_of(run)}` shows how it goes")
    return 0


def say_begun(run: Run) -> None:
    """Say what will be watched."""
    say(f"run {name_of(run)} ({run.id}); Ctrl-C stops watching")


def follow(client: Client, run: Run, view: View, *, ask: bool, quiet: bool = False, after: int = 0) -> Run:
    """Show a run's events until its last, or until somebody here does not agree to its plan; the run as it is then.

    `ask`: agree to its plan at this terminal. `quiet`: standard error is not told what it waits for.
    """
    from twin2multicloud.app.cli.run_view import WAITS

    with view:
        for event in client.events.follow(run=run.id, after=after, disconnected=say):
            if view.take(event):
                break
            if event.kind == WAITS and client.runs.get(run.id).status == "awaiting-approval":
                if not ask:
                    if not quiet:
                        say(f"`twin2multicloud runs approve {name_of(run)}` agrees")
                    continue
                if not _decided(client, run, view):
                    break
    return client.runs.get(run.id)


def _watch(client: Client, run: Run, json_output: bool, *, ask: bool, after: int = 0) -> int:
    """Follow a run as a terminal or a program reads it; the exit code for how it ended."""
    from twin2multicloud.app.cli.run_view import JsonLines, RunView

    view: View = JsonLines() if json_output else RunView()
    return code_of(follow(client, run, view, ask=ask, quiet=json_output, after=after))


def _decided(client: Client, run: Run, view: View) -> bool:
    from twin2multicloud.app.cli.run_view import RunView

    planned = client.runs.get(run.id)
    asking = question(planned)
    if not (view.teller.agreed(*asking) if isinstance(view, RunView) else agreed(*asking)):
        say(f"it waits: `twin2multicloud runs approve {name_of(run)}` agrees, `decline` does not")
        return False
    client.runs.decide(run.id, agreed=True, plan_digest=client.runs.digest_of(planned))
    return True


def question(run: Run) -> tuple[str, str]:
    """What is asked before a run is carried out, and what agrees to it: of what destroys a twin, the twin's name."""
    if run.kind == "destroy" and run.twin_name is not None:
        what = ", ".join(run.request.get("slots", ())) or "all of it"
        where = f"{name_of(run)}, {run.target}"
        return f"Destroy {what} ({where})? Type the twin's name ({run.twin_name})", run.twin_name
    return f"Carry out run {name_of(run)} ({run.kind}, {run.target})?", "yes"


def _agreed_at(client: Client, run: Run) -> int:
    """The event from which it was being carried out."""
    newest = client.events.list(run=run.id, kind="run.applying", newest=True, limit=1)
    return next((event.id - 1 for event in newest), 0)


def code_of(run: Run) -> int:
    """The exit code for how a run is: the one that the same has with a twin deployed from a directory."""
    result = run.result or {}
    if run.status == "succeeded":
        return _AMISS if run.kind == "drift" and not result.get("clean", True) else 0
    # A run that was refused (stores hold data, a state is locked) says so; servers of before did not.
    if run.status != "failed" or result.get("exit_code") == NOT_AGREED:
        return NOT_AGREED
    return _AMISS if run.kind in _LOOKING else _FAILED


def name_of(run: RunSummary) -> str:
    """As other commands take it: TWIN/NUMBER, or an id where it is of no twin."""
    return run.id if run.twin_name is None else f"{run.twin_name}/{run.number}"


def _status(run: RunSummary) -> Text:
    from rich.text import Text

    return Text(run.status, _STYLES.get(run.status, ""))
