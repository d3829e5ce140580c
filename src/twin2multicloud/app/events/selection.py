"""Which events somebody watches or lists: a condition that the database and the process understand alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from sqlalchemy import ColumnElement, func, or_

from twin2multicloud.app.db.tables.events import Event
from twin2multicloud.app.events.log import Severity
from twin2multicloud.app.events.shape import Shown

SEVERITIES: Final[Sequence[Severity]] = get_args(Severity)
"""The least severe first."""


@dataclass(frozen=True)
class Seen:
    """What somebody may see: whole workspaces, and single twins beyond them."""

    workspaces: frozenset[str]
    twins: frozenset[str]


@dataclass(frozen=True)
class Selection:
    """Events for which all that is given holds; `kind` is how their kind begins, `severity` the least."""

    seen: Seen | None = None
    workspace: str | None = None
    twin: str | None = None
    run: str | None = None
    stack: str | None = None
    kind: str = ""
    severity: Severity = "debug"

    def where(self) -> list[ColumnElement[bool]]:
        """As conditions of a query."""
        found: list[ColumnElement[bool]] = []
        if self.seen is not None:
            workspaces, twins = sorted(self.seen.workspaces), sorted(self.seen.twins)
            found.append(or_(Event.workspace_id.in_(workspaces), Event.twin_id.in_(twins)))
        pairs: list[tuple[Any, str | None]] = [
            (Event.workspace_id, self.workspace),
            (Event.twin_id, self.twin),
            (Event.run_id, self.run),
            (Event.stack, self.stack),
        ]
        found += [column == value for column, value in pairs if value is not None]
        if self.kind:
            # Not LIKE, which on SQLite ignores case, nor a range, which PostgreSQL compares by its locale.
            found.append(func.substr(Event.kind, 1, len(self.kind)) == self.kind)
        if self.severity != "debug":
            found.append(Event.severity.in_(self._severe()))
        return found

    def matches(self, event: Shown) -> bool:
        """Whether one event is among them."""
        return (
            (self.run is None or event.run == self.run)
            and (self.twin is None or event.twin == self.twin)
            and (self.workspace is None or event.workspace == self.workspace)
            and (self.stack is None or event.stack == self.stack)
            and (not self.kind or event.kind.startswith(self.kind))
            and (self.severity == "debug" or event.severity in self._severe())
            and (self.seen is None or event.workspace in self.seen.workspaces or event.twin in self.seen.twins)
        )

    def _severe(self) -> Sequence[str]:
        return SEVERITIES[SEVERITIES.index(self.severity) :]
