"""What Terraform says while it works, as typed events. Every line becomes one; what we do not know becomes a `Log`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec


class Phase(StrEnum):
    """How far an operation on a resource is."""

    STARTED = "started"
    STILL = "still"
    COMPLETE = "complete"
    ERRORED = "errored"


class Severity(StrEnum):
    """Whether a diagnostic stops the run."""

    ERROR = "error"
    WARNING = "warning"


class Version(msgspec.Struct, frozen=True, tag_field="event", tag="version"):
    """The program's version, and that of its events."""

    program: str
    events: str


class PlannedChange(msgspec.Struct, frozen=True, tag_field="event", tag="planned_change"):
    """What will be done with a resource: create, update, delete, replace, read, move, import, forget, noop."""

    resource: str
    action: str
    type: str = ""
    reason: str = ""


class ResourceDrift(msgspec.Struct, frozen=True, tag_field="event", tag="resource_drift"):
    """What somebody else did to a resource: update or delete."""

    resource: str
    action: str
    type: str = ""


class Progress(msgspec.Struct, frozen=True, tag_field="event", tag="progress"):
    """An operation on a resource: create, update, delete, read, refresh, open, renew, close.

    `elapsed_s` counts whole seconds since it started. `id` is the provider's, once it is known.
    """

    resource: str
    action: str
    phase: Phase
    elapsed_s: float = 0.0
    type: str = ""
    id: str | None = None


class Diagnostic(msgspec.Struct, frozen=True, tag_field="event", tag="diagnostic"):
    """An error or warning in the words of Terraform or a provider, with the resource and the place in the code.

    `file` is relative to the stack's directory, `line` counts from 1, `snippet` is the code there.
    """

    severity: Severity
    summary: str
    detail: str = ""
    address: str | None = None
    file: str | None = None
    line: int | None = None
    snippet: str | None = None

    def __str__(self) -> str:
        where = f" ({self.file}:{self.line})" if self.file else ""
        who = f"{self.address}: " if self.address else ""
        return f"{who}{self.summary}{where}" + (f"\n{self.detail}" if self.detail else "")


class ChangeSummary(msgspec.Struct, frozen=True, tag_field="event", tag="change_summary"):
    """How many resources a plan would touch, or an apply or destroy has touched."""

    operation: str
    add: int
    change: int
    remove: int
    imported: int = 0


class Outputs(msgspec.Struct, frozen=True, tag_field="event", tag="outputs"):
    """The root module's outputs: values where known and not sensitive."""

    values: dict[str, Any]
    sensitive: tuple[str, ...] = ()


class Log(msgspec.Struct, frozen=True, tag_field="event", tag="log"):
    """Anything else that was said. `kind` is Terraform's name for it, "" for plain text."""

    message: str
    level: str = "info"
    kind: str = ""


Event = Version | PlannedChange | ResourceDrift | Progress | Diagnostic | ChangeSummary | Outputs | Log


class _Resource(msgspec.Struct):
    addr: str = ""
    resource_type: str = ""


class _Change(msgspec.Struct):
    resource: _Resource = msgspec.field(default_factory=_Resource)
    action: str = ""
    reason: str = ""


class _Hook(msgspec.Struct):
    resource: _Resource = msgspec.field(default_factory=_Resource)
    action: str = ""
    elapsed_seconds: float = 0.0
    id_value: str | None = None


class _Position(msgspec.Struct):
    line: int = 0


class _Range(msgspec.Struct):
    filename: str = ""
    start: _Position = msgspec.field(default_factory=_Position)


class _Snippet(msgspec.Struct):
    code: str = ""


class RawDiagnostic(msgspec.Struct):
    """A diagnostic as Terraform's JSON has it, in events as in the result of `validate`."""

    severity: Severity = Severity.ERROR
    summary: str = ""
    detail: str = ""
    address: str | None = None
    range: _Range | None = None
    snippet: _Snippet | None = None

    def typed(self) -> Diagnostic:
        """Ours."""
        place = self.range
        return Diagnostic(
            self.severity,
            self.summary,
            self.detail,
            self.address,
            place.filename if place else None,
            place.start.line if place else None,
            self.snippet.code if self.snippet else None,
        )


class _Changes(msgspec.Struct):
    operation: str = "plan"
    add: int = 0
    change: int = 0
    remove: int = 0
    imported: int = msgspec.field(default=0, name="import")


class _Output(msgspec.Struct):
    sensitive: bool = False
    value: Any = None


class _Line(msgspec.Struct):
    message: str = msgspec.field(default="", name="@message")
    level: str = msgspec.field(default="info", name="@level")
    type: str = ""
    terraform: str = ""
    tofu: str = ""
    ui: str = ""
    change: _Change | None = None
    hook: _Hook | None = None
    diagnostic: RawDiagnostic | None = None
    changes: _Changes | None = None
    outputs: dict[str, _Output] | None = None


_DECODER: Final = msgspec.json.Decoder(_Line)
_PHASES: Final = {
    "start": Phase.STARTED,
    "progress": Phase.STILL,
    "complete": Phase.COMPLETE,
    "errored": Phase.ERRORED,
}
_OPERATIONS: Final = ("apply", "refresh", "ephemeral_op")


def parse_event(line: bytes) -> Event | None:
    """One line of `-json` output; None for an empty one. A line that is no JSON, or of no known form, is a `Log`."""
    text = line.strip()
    if not text:
        return None
    try:
        raw = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Log(text.decode(errors="replace"), "info")
    return _typed(raw) or Log(raw.message or text.decode(errors="replace"), raw.level, raw.type)


def _typed(raw: _Line) -> Event | None:
    match raw.type:
        case "version":
            return Version(raw.terraform or raw.tofu, raw.ui)
        case "planned_change" if raw.change:
            change = raw.change
            return PlannedChange(change.resource.addr, change.action, change.resource.resource_type, change.reason)
        case "resource_drift" if raw.change:
            return ResourceDrift(raw.change.resource.addr, raw.change.action, raw.change.resource.resource_type)
        case "diagnostic" if raw.diagnostic:
            return raw.diagnostic.typed()
        case "change_summary" if raw.changes:
            changes = raw.changes
            return ChangeSummary(changes.operation, changes.add, changes.change, changes.remove, changes.imported)
        case "outputs" if raw.outputs is not None:
            values = {name: output.value for name, output in raw.outputs.items() if not output.sensitive}
            hidden = tuple(name for name, output in raw.outputs.items() if output.sensitive)
            return Outputs(values, hidden)
        case _ if raw.hook:
            return _progress(raw.type, raw.hook)
    return None


def _progress(kind: str, hook: _Hook) -> Progress | None:
    operation, _, phase = kind.rpartition("_")
    if operation not in _OPERATIONS or phase not in _PHASES:
        return None
    action = hook.action or operation
    resource = hook.resource
    return Progress(resource.addr, action, _PHASES[phase], hook.elapsed_seconds, resource.resource_type, hook.id_value)
