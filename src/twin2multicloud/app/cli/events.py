"""What `events`, `errors` and `audit` do."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Final, Literal

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment
from twin2multicloud.app.cli.terminal import make_console, printable
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.events import Event

_MARKS: Final = {"debug": ("·", "dim"), "info": ("·", ""), "warning": ("▲", "yellow"), "error": ("✗", "red")}


@dataclass(frozen=True)
class EventsRequest:
    """What was asked for."""

    twin: str | None
    run: str | None
    kind: str
    severity: Literal["debug", "info", "warning", "error"]
    lines: int
    after: int | None
    follow: bool
    json_output: bool


@dataclass(frozen=True)
class AuditRequest:
    """What was asked for."""

    workspace: str | None
    action: str | None
    subject: str | None
    actor: str | None
    since: str | None
    until: str | None
    limit: int
    json_output: bool


def events(client: Client, request: EventsRequest) -> int:
    """`events`, `errors`."""
    about: dict[str, Any] = {
        "twin": None if request.twin is None else client.twins.find(request.twin),
        "run": None if request.run is None else client.runs.find(request.run),
        "kind": request.kind,
        "severity": request.severity,
    }
    told = _Telling(client, request.json_output)
    if request.after is not None:
        found = list(client.events.list(after=request.after, **about)) if not request.follow else []
        last = request.after
    else:
        found = list(client.events.list(newest=True, limit=request.lines, **about))[::-1] if request.lines else []
        last = found[-1].id if found else _newest(client)
    for event in found:
        told.tell(event)
    if request.follow:
        for event in client.events.follow(after=last, disconnected=say, **about):
            told.tell(event)
    elif not found and not request.json_output:
        say("nothing happened")
    return 0


def _newest(client: Client) -> int:
    """The newest event that may be seen: what is followed begins after it."""
    return next((event.id for event in client.events.list(newest=True, limit=1)), 0)


class _Telling:
    """Writes events, each as soon as it is there."""

    def __init__(self, client: Client, json_output: bool) -> None:
        self._client = client
        self._json = json_output
        self._console = make_console()
        self._names: dict[str, str] = {}

    def tell(self, event: Event) -> None:
        if self._json:
            sys.stdout.write(event.model_dump_json() + "\n")
        else:
            self._line(event)
        sys.stdout.flush()

    def _line(self, event: Event) -> None:
        from rich.text import Text

        mark, style = _MARKS[event.severity]
        who = f"{self._name(event.twin)} {event.stack}".strip() if event.twin else ""
        line = Text.assemble(
            (moment(event.at), "dim"), " ", (mark, style), f" {printable(who):<16} ", (f"{event.kind:<20} ", "dim")
        )
        line.append(printable(event.message), style if event.severity == "error" else "")
        self._console.print(line, soft_wrap=True)

    def _name(self, twin: str) -> str:
        if twin not in self._names:
            try:
                self._names[twin] = self._client.twins.get(twin).name
            except NotFoundError:
                self._names[twin] = twin  # it was deleted since
        return self._names[twin]


def audit(client: Client, request: AuditRequest) -> int:
    """`audit`."""
    found = client.audit.list(
        workspace=None if request.workspace is None else client.workspaces.find(request.workspace),
        action=request.action,
        subject=request.subject,
        actor=request.actor,
        since=request.since,
        until=request.until,
        limit=request.limit,
    )
    if request.json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("at (UTC)", "who", "action", "what", "details"),
        (
            (
                moment(entry.at),
                entry.actor,
                entry.action,
                entry.subject,
                ", ".join(f"{name}: {value}" for name, value in entry.details.items()) or NONE,
            )
            for entry in found
        ),
        "no entries that you may see",
    )
    return 0
