"""What the commands of `runs` do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.asking import agreed
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, known, moment
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from twin2multicloud.app.cli.run_view import JsonLines, RunView
    from twin2multicloud.app.client.client import Client
    from twin2multicloud.app.schemas.runs import Run, RunInput, RunSummary

_STYLES: Final = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "declined": "yellow",
    "awaiting-approval": "bold yellow",
}
_LOOKING: Final = frozenset({"drift", "verify"})
_NOT_AGREED: Final = 8


@dataclass(frozen=True)
class StartRequest:
    """What was asked for."""

    kind: str
    twin: str
    target: str
    version: int | None
    slots: tuple[str, ...]
    to: str | None
    resume: bool
    abort: bool
    discard_data: bool
    refresh: bool
    at_once: bool
    owner: str | None
    speed: float | None
    devices: int | None
    detach: bool
    yes: bool
    json_output: bool

    def body(self) -> RunInput:
        """As the API takes it. `UsageError` for options that do not go together."""
        from pydantic import ValidationError

        from twin2multicloud.app.schemas.runs import RunInput

        given: dict[str, Any] = {
            "kind": self.kind,
            "target": self.target,
            "version": self.version,
            "to": self.to,
            "owner": self.owner,
            "speed": self.speed,
            "devices": self.devices,
            **{name: True for name in ("resume", "abort", "discard_data", "refresh", "at_once") if getattr(self, name)},
        }
        if self.yes:
            given["approve"] = True
        if self.kind == "move" and self.slots:
            if len(self.slots) > 1:
                raise UsageError("one slot moves at a time; give --slot once")
            given["slot"] = self.slots[0]
        elif self.slots:
            given["slots"] = list(self.slots)
        try:
            return RunInput.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            wrong = [
                f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}".removeprefix(": ")
                for each in error.errors(include_url=False)
            ]
            raise UsageError("; ".join(wrong).replace("Value error, ", "")) from error


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
                _name(run),
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
    records.print_facts(f"run {_name(run)}", rows)
    if run.plan is not None:
        RunView().plan(run.plan)
    if run.status == "awaiting-approval":
        say(f"it waits for somebody to agree: `twin2multicloud runs approve {_name(run)}`")
    return 0


def start(client: Client, request: StartRequest) -> int:
    """`runs start`."""
    run = client.runs.create(client.twins.find(request.twin), request.body())
    if request.detach:
        return _asked_for(run, request.json_output)
    if not request.json_output:
        say(f"run {_name(run)} ({run.id}); Ctrl-C stops watching")
    return _follow(client, run, request.json_output, ask=True)


def watch(client: Client, wanted: str, json_output: bool) -> int:
    """`runs watch`."""
    return _follow(client, client.runs.get(client.runs.find(wanted)), json_output, ask=False)


def approve(client: Client, wanted: str, detach: bool, yes: bool, json_output: bool) -> int:
    """`runs approve`."""
    from twin2multicloud.app.cli.run_view import RunView

    run = client.runs.get(client.runs.find(wanted))
    if run.plan is not None and run.status == "awaiting-approval" and not json_output:
        RunView().plan(run.plan)
    if not yes and run.status == "awaiting-approval" and not agreed(_question(run), "yes"):
        say("not agreed to; it goes on waiting")
        return _NOT_AGREED
    run = client.runs.decide(run.id, agreed=True, plan_digest=client.runs.digest_of(run))
    if detach:
        return _asked_for(run, json_output)
    return _follow(client, run, json_output, ask=False, after=_agreed_at(client, run))


def decline(client: Client, wanted: str, json_output: bool) -> int:
    """`runs decline`."""
    run = client.runs.decide(client.runs.find(wanted), agreed=False)
    if json_output:
        records.print_model(run)
    else:
        say(f"run {_name(run)} is declined; nothing was done")
    return 0


def cancel(client: Client, wanted: str, json_output: bool) -> int:
    """`runs cancel`."""
    run = client.runs.cancel(client.runs.find(wanted))
    if json_output:
        records.print_model(run)
    else:
        say(f"run {_name(run)} is {run.status}")
    return 0


def retry(client: Client, wanted: str, detach: bool, json_output: bool) -> int:
    """`runs retry`."""
    run = client.runs.retry(client.runs.find(wanted))
    return _asked_for(run, json_output) if detach else _follow(client, run, json_output, ask=True)


def _asked_for(run: Run, json_output: bool) -> int:
    if json_output:
        records.print_model(run)
    else:
        say(f"run {_name(run)} is {run.status}; `twin2multicloud runs watch {_name(run)}` shows how it goes")
    return 0


def _follow(client: Client, run: Run, json_output: bool, *, ask: bool, after: int = 0) -> int:
    """Show a run's events until its last; the exit code for how it ended. `ask`: agree to its plan at this terminal."""
    from twin2multicloud.app.cli.run_view import WAITS, JsonLines, RunView

    view: RunView | JsonLines = JsonLines() if json_output else RunView()
    with view:
        for event in client.events.follow(run=run.id, after=after, disconnected=say):
            if view.take(event):
                break
            if event.kind == WAITS and client.runs.get(run.id).status == "awaiting-approval":
                if not ask:
                    if not json_output:
                        say(f"`twin2multicloud runs approve {_name(run)}` agrees")
                    continue
                if not _decided(client, run, view):
                    return _NOT_AGREED
    return _code(client.runs.get(run.id))


def _decided(client: Client, run: Run, view: RunView | JsonLines) -> bool:
    from twin2multicloud.app.cli.run_view import RunView

    planned = client.runs.get(run.id)
    question = _question(planned)
    said_yes = view.teller.agreed(question, "yes") if isinstance(view, RunView) else agreed(question, "yes")
    if not said_yes:
        say(f"it waits: `twin2multicloud runs approve {_name(run)}` agrees, `decline` does not")
        return False
    client.runs.decide(run.id, agreed=True, plan_digest=client.runs.digest_of(planned))
    return True


def _question(run: Run) -> str:
    return f"Carry out run {_name(run)} ({run.kind}, {run.target})?"


def _agreed_at(client: Client, run: Run) -> int:
    """The event from which it was being carried out."""
    newest = client.events.list(run=run.id, kind="run.applying", newest=True, limit=1)
    return next((event.id - 1 for event in newest), 0)


def _code(run: Run) -> int:
    if run.status == "succeeded":
        return 0
    if run.status == "failed":
        return 6 if run.kind in _LOOKING else 7
    return _NOT_AGREED


def _name(run: RunSummary) -> str:
    return run.id if run.twin_name is None else f"{run.twin_name}/{run.number}"


def _status(run: RunSummary) -> Text:
    from rich.text import Text

    return Text(run.status, _STYLES.get(run.status, ""))
