"""Where problems of running twins are learned from: a source per target, asked again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.services.alerts import Problem
from twin2multicloud.app.services.sandboxes import sandbox_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import SandboxError
from twin2multicloud.sandbox.layout import ClockConfig
from twin2multicloud.sandbox.status import FoldedError

_PART: Final = 500
_PARTS: Final = 10
"""Parts of alerts that are taken up at once; what is left is asked for a moment later."""
AWAY: Final = (BackendError, SandboxError, UsageError, OSError, msgspec.MsgspecError, KeyError)
"""What a sandbox that is coming, going or changing answers with: it is asked again later."""


_ORIGINS: Final = 8


class Position(msgspec.Struct, frozen=True):
    """How far a source was read. `origin` tells a deployment from others of the same twin, whose numbers are their own:
    one that was made anew, or one on another machine. `others` are the positions in those that were read before. `seen`
    are the ids of what came last, where a source may tell the same twice.
    """

    origin: str = ""
    errors: dict[str, int] = {}
    alerts: int = 0
    others: dict[str, tuple[dict[str, int], int]] = {}
    seen: tuple[str, ...] = ()

    def at(self, origin: str) -> Position:
        """The position in another deployment: where it was left, if it was read before."""
        if origin == self.origin:
            return self
        others = {**self.others, self.origin: (self.errors, self.alerts)} if self.origin else dict(self.others)
        errors, alerts = others.pop(origin, ({}, 0))
        return Position(origin, errors, alerts, dict(list(others.items())[-_ORIGINS:]))


@dataclass(frozen=True)
class Polled:
    """What came after a position, and the position after that. `settle` is called once both are written, for sources
    that hand out again what nobody says is done; it may raise a `BackendError`, and then they do.
    """

    problems: Sequence[Problem]
    position: Position
    settle: Callable[[], None] = lambda: None


class Source(Protocol):
    """Tells what has come to a twin since a position. Threads may share it; it is never asked within a session."""

    def poll(self, twin_id: str, after: Position) -> Polled:
        """What came after `after`. What cannot be reached now is told later, at its unchanged position."""
        ...


class SandboxSource:
    """The journals of sandboxes on this machine."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def poll(self, twin_id: str, after: Position) -> Polled:
        """As `Source.poll`."""
        try:
            client = sandbox_of(self._backend, twin_id)
            origin = hashlib.sha256(f"sandbox/{client.config.token}".encode()).hexdigest()[:16]
            clouds = frozenset(client.config.clouds)
        except AWAY:
            return Polled((), after)
        mine = after.at(origin)
        errors, alerts = self._errors(client, mine), self._alerts(client, mine)
        positions = {cloud: number for cloud, number in errors.position.errors.items() if cloud in clouds}
        position = Position(origin, positions, alerts.position.alerts, mine.others)
        if position == mine:
            return Polled((), after)  # of two machines with a sandbox each, one with nothing to tell writes nothing
        return Polled((*errors.problems, *alerts.problems), position)

    def _errors(self, client: SandboxClient, after: Position) -> Polled:
        try:
            found, positions = client.errors(after.errors)
        except AWAY:
            return Polled((), after)
        return Polled([_of_error(cloud, error) for cloud, error in found], Position(after.origin, positions))

    def _alerts(self, client: SandboxClient, after: Position) -> Polled:
        problems: list[Problem] = []
        last = after.alerts
        try:
            cloud, clock = client.cloud_of(Slot.PROCESSING), client.config.clock
            for _ in range(_PARTS):
                part = client.alerts(last)
                problems += [_of_rule(cloud, alert, clock, self._backend.now()) for alert in part]
                last = max((int(alert["seq"]) for alert in part), default=last)
                if len(part) < _PART:
                    break
        except AWAY:
            pass  # what was read is kept; the rest is told later
        return Polled(problems, Position(after.origin, alerts=last))


def _of_error(cloud: str, error: FoldedError) -> Problem:
    parts = {"component": error.component, "device": error.device, "link": error.link, "trace": error.trace}
    return Problem(
        fold="|".join(("error", error.kind, error.layer, error.component, cloud, error.device, error.link)),
        kind=error.kind,
        severity=error.severity,
        message=error.message,
        at=datetime.fromtimestamp(error.last or error.first or 0.0, UTC),
        layer=error.layer,
        cloud=cloud,
        total=error.count,
        since=error.first,
        data={name: text for name, text in parts.items() if text},
    )


def _of_rule(cloud: str, alert: dict[str, Any], clock: ClockConfig, now: datetime) -> Problem:
    return Problem(
        fold=f"rule|{alert['rule']}|{alert['device']}",
        kind="rule",
        severity=str(alert["severity"]),
        message=str(alert["message"]) or str(alert["rule"]),
        at=_time(str(alert["time"]), clock, now),
        layer="L2",
        cloud=cloud,
        over=not alert["active"],
        data={"rule": alert["rule"], "device": alert["device"]},
    )


def _time(text: str, clock: ClockConfig, now: datetime) -> datetime:
    """When something was by our clock that tells its time by the twin's, which may run faster; at most now."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return now
    told = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return datetime.fromtimestamp(max(min(clock.wall_at(told.timestamp()), now.timestamp()), 0.0), UTC)
