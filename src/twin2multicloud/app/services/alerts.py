"""Alerts: problems folded to what a person looks after, told once, and again once they come again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal, visible_twins, workspaces_of
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.people import User, Workspace
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import InvalidError
from twin2multicloud.app.events.log import NewEvent, Severity
from twin2multicloud.app.schemas import alerts as shapes
from twin2multicloud.app.services import alert_policy, audit, notices
from twin2multicloud.app.services.changes import hold
from twin2multicloud.model.errors import Finding

_MOST_FOLD: Final = 200
_MOST_MESSAGE: Final = 2_000
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "info": "info",
    "warning": "warning",
    "error": "error",
    "critical": "error",
}


@dataclass(frozen=True)
class Problem:
    """Something that went wrong, as whoever noticed it tells it. What has the same `fold` is the same alert.

    `total` is how often it has come since `since`, where whoever counts counts from there; without it this is one more
    time. `over`: it has ended, which nobody needs to be woken for. `data` holds no secret.
    """

    fold: str
    kind: str
    severity: str
    message: str
    at: datetime
    layer: str = ""
    cloud: str = ""
    total: int | None = None
    since: float | None = None
    over: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


def fold_in(
    backend: Backend, session: Session, whose: Twin | Workspace, target: str, problems: Sequence[Problem]
) -> None:
    """Take up problems of a twin, or of a workspace as a whole. An event tells of an alert that is new, that was
    acknowledged and comes again, or that comes again after it was muted.
    """
    twin = whose if isinstance(whose, Twin) else None
    home = whose.workspace_id if isinstance(whose, Twin) else whose.id
    backend.database.take_turns(session, turns_of(home, None if twin is None else twin.id))
    treatment = alert_policy.treatment(backend, session, home, twin) if problems else None
    for problem in problems:
        assert treatment is not None
        _fold_one(backend, session, _Home(home, twin), target, problem, treatment)


def turns_of(workspace_id: str, twin_id: str | None) -> str:
    """What whoever changes alerts of a twin, or of a workspace as a whole, takes turns by."""
    return f"alerts/{twin_id or workspace_id}"


def acknowledge(backend: Backend, session: Session, principal: Principal, alert: Alert) -> None:
    """Somebody looks after it. Again: nothing."""
    hold(session, alert)
    if alert.acknowledged_at is not None:
        return
    alert.acknowledged_at, alert.acknowledged_by = backend.now(), principal.user_id
    _note(backend, session, principal, alert, "alert.acknowledged", f"{principal.name} looks after: {alert.message}")


def mute(backend: Backend, session: Session, principal: Principal, alert: Alert, given: shapes.Mute) -> None:
    """Keep it quiet for a while. `InvalidError` for a moment that is over, or years away."""
    hold(session, alert)
    at = backend.now()
    until = at + timedelta(minutes=given.minutes) if given.minutes is not None else given.until
    assert until is not None
    until = until.astimezone(UTC)
    if not at < until <= at + timedelta(days=365):
        raise InvalidError("until: is to come, within a year", findings=[Finding("until", "is to come, within a year")])
    alert.muted_until, alert.muted_by = until, None
    message = f"{principal.name} muted until {until:%Y-%m-%d %H:%M} UTC: {alert.message}"
    _note(backend, session, principal, alert, "alert.muted", message, until=until.isoformat())


def unmute(backend: Backend, session: Session, principal: Principal, alert: Alert) -> None:
    """Let it be told again. Of one that is not muted: nothing."""
    hold(session, alert)
    if alert.muted_until is None:
        return
    alert.muted_until = alert.muted_by = None
    _note(backend, session, principal, alert, "alert.unmuted", f"{principal.name} unmuted: {alert.message}")


@dataclass(frozen=True)
class Wanted:
    """Which alerts: None for all."""

    twin: str | None = None
    severities: Sequence[str] | None = None
    layer: str | None = None
    cloud: str | None = None
    acknowledged: bool | None = None
    muted: bool | None = None


def listed(backend: Backend, principal: Principal, wanted: Wanted) -> Select[Alert]:
    """Those of the alerts that somebody may see: of twins, and of workspaces as a whole."""
    of_all = Alert.twin_id.is_(None) & Alert.workspace_id.in_(workspaces_of(principal))
    query = select(Alert).outerjoin(Twin, Twin.id == Alert.twin_id).where(or_(visible_twins(principal), of_all))
    if wanted.twin is not None:
        query = query.where(Alert.twin_id == wanted.twin)
    if wanted.severities:
        query = query.where(Alert.severity.in_(wanted.severities))
    if wanted.layer is not None:
        # A layer's tiers are part of it: L3 is L3.hot, too.
        query = query.where(
            or_(Alert.layer == wanted.layer, Alert.layer.startswith(f"{wanted.layer}.", autoescape=True))
        )
    if wanted.cloud is not None:
        query = query.where(Alert.cloud == wanted.cloud)
    if wanted.acknowledged is not None:
        there = Alert.acknowledged_at.is_not(None)
        query = query.where(there if wanted.acknowledged else ~there)
    if wanted.muted is True:
        query = query.where(Alert.muted_until > backend.now())
    elif wanted.muted is False:
        query = query.where(or_(Alert.muted_until.is_(None), Alert.muted_until <= backend.now()))
    return query


def is_open(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The condition that an alert waits for somebody: it has not ended, nobody looks after it, and it is not muted."""
    return Alert.acknowledged_at.is_(None) & ~Alert.over & or_(Alert.muted_until.is_(None), Alert.muted_until <= at)


def shown(session: Session, alerts: Sequence[Alert]) -> list[shapes.Alert]:
    """Alerts as they are told."""
    twins, places = _names(session, alerts)
    ids = {alert.acknowledged_by for alert in alerts if alert.acknowledged_by is not None}
    people = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(ids)))}
    return [
        shapes.Alert.model_validate(
            {
                "id": alert.id,
                "workspace": alert.workspace_id,
                "workspace_name": places.get(alert.workspace_id, alert.workspace_id),
                "twin": alert.twin_id,
                "twin_name": None if alert.twin_id is None else twins.get(alert.twin_id, alert.twin_id),
                "target": alert.target,
                "kind": alert.kind,
                "severity": alert.severity,
                "layer": alert.layer,
                "cloud": alert.cloud,
                "message": alert.message,
                "data": told_data(alert),
                "count": alert.count,
                "over": alert.over,
                "first_at": alert.first_at,
                "last_at": alert.last_at,
                "acknowledged_at": alert.acknowledged_at,
                "acknowledged_by": people.get(alert.acknowledged_by or "", alert.acknowledged_by),
                "muted_until": alert.muted_until,
            }
        )
        for alert in alerts
    ]


def _names(session: Session, alerts: Sequence[Alert]) -> tuple[dict[str, str], dict[str, str]]:
    """Names of twins and of workspaces, by their ids."""
    mine = (Twin.workspace_id == Workspace.id) & Twin.id.in_({alert.twin_id for alert in alerts if alert.twin_id})
    rows = session.execute(
        select(Workspace.id, Workspace.name, Twin.id, Twin.name)
        .outerjoin(Twin, mine)
        .where(Workspace.id.in_({alert.workspace_id for alert in alerts}))
    ).all()
    return {row[2]: row[3] for row in rows if row[2] is not None}, {row[0]: row[1] for row in rows}


def told_data(alert: Alert) -> dict[str, Any]:
    """What an alert's data tells to others."""
    return {name: value for name, value in alert.data.items() if name != _COUNTED}


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
_COUNTED: Final = "counted"
"""What whoever counts had counted last, and since when: in `data`, told to nobody."""


@dataclass(frozen=True)
class _Home:
    """Whose alert it is: a twin's, or without one the workspace's."""

    workspace_id: str
    twin: Twin | None

    @property
    def twin_id(self) -> str | None:
        return None if self.twin is None else self.twin.id

    @property
    def of_alerts(self) -> ColumnElement[bool]:
        """The condition that an alert is one of these."""
        if self.twin is not None:
            return Alert.twin_id == self.twin.id
        return Alert.twin_id.is_(None) & (Alert.workspace_id == self.workspace_id)


def _fold_one(
    backend: Backend, session: Session, home: _Home, target: str, problem: Problem, treatment: alert_policy.Treatment
) -> None:
    fold = _short(problem.fold)
    alert = session.scalar(
        select(Alert).where(home.of_alerts, Alert.target == target, Alert.fold == fold).with_for_update()
    )
    severity = treatment.severity(problem.kind[:40], problem.severity if problem.severity in _SEVERITIES else "warning")
    message = problem.message[:_MOST_MESSAGE].replace("\x00", "\ufffd")
    data = {**problem.data, _COUNTED: {"total": problem.total, "since": problem.since}}
    if alert is None:
        if problem.over:
            return
        alert = Alert(
            id=backend.make_id("alr"),
            workspace_id=home.workspace_id,
            twin_id=home.twin_id,
            target=target,
            fold=fold,
            kind=problem.kind[:40],
            severity=severity,
            layer=problem.layer[:20],
            cloud=problem.cloud[:10],
            message=message,
            data=data,
            count=problem.total or 1,
            escalated=0,
            first_at=problem.at if problem.since is None else datetime.fromtimestamp(problem.since, UTC),
            last_at=problem.at,
        )
        session.add(alert)
        session.flush()
        if not treatment.keep_quiet(alert):
            _tell(backend, session, home, alert, again=False)
        return
    if problem.over:
        alert.over = True
        return
    more = _more(alert.data.get(_COUNTED, {}), problem)
    if alert.over:
        alert.told_at, alert.escalated = backend.now(), 0  # it waits for somebody from now on
    alert.severity, alert.message, alert.data, alert.last_at, alert.over = severity, message, data, problem.at, False
    if more <= 0:
        return
    alert.count += more
    if alert.muted_until is not None and alert.muted_until > backend.now():
        return
    if treatment.keep_quiet(alert):
        return
    if alert.acknowledged_at is not None or alert.muted_until is not None:
        alert.acknowledged_at = alert.acknowledged_by = alert.muted_until = alert.muted_by = None
        _tell(backend, session, home, alert, again=True)


def _more(before: Mapping[str, Any], problem: Problem) -> int:
    """How often it came since it was taken up last. A count that began anew counts from there."""
    if problem.total is None:
        return 1
    if before.get("since") == problem.since and isinstance(before.get("total"), int):
        return problem.total - int(before["total"])
    return problem.total


def _tell(backend: Backend, session: Session, home: _Home, alert: Alert, *, again: bool) -> None:
    alert.told_at, alert.escalated = backend.now(), 0
    data = told_data(alert)
    facts = data | {
        "alert": alert.id,
        "kind": alert.kind,
        "severity": alert.severity,
        "target": alert.target,
        "layer": alert.layer,
        "cloud": alert.cloud,
        "count": alert.count,
        "again": again,
    }
    severity = _SEVERITIES[alert.severity]
    backend.events.add(
        session, NewEvent(home.workspace_id, "alert", alert.message, severity, twin_id=home.twin_id, data=facts)
    )
    notices.tell(backend, session, home.twin, alert, data, "again" if again else "new")


def _note(
    backend: Backend, session: Session, principal: Principal, alert: Alert, action: str, message: str, **details: Any
) -> None:
    facts = {"alert": alert.id, **details}
    event = NewEvent(alert.workspace_id, action, message, twin_id=alert.twin_id, data=facts)
    backend.events.add(session, event)
    audit.note(
        backend, session, principal, action, alert.id, workspace_id=alert.workspace_id, twin=alert.twin_id, **details
    )


def _short(fold: str) -> str:
    fold = fold.replace("\x00", "\ufffd")
    if len(fold) <= _MOST_FOLD:
        return fold
    return f"{fold[:150]}#{hashlib.sha256(fold.encode('utf-8', 'replace')).hexdigest()[:40]}"
