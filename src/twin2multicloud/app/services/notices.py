"""Notices: what is to be told of alerts by routes. They are written with the alert, and told by whoever notifies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.people import Workspace
from twin2multicloud.app.db.tables.telling import AlertNotice, AlertRoute
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.schemas import alert_routes as shapes

Reason = Literal["new", "again", "escalated"]
GRAVITY: Final[Mapping[str, int]] = {"info": 0, "warning": 1, "error": 2, "critical": 3}
"""How bad each severity is."""


@dataclass(frozen=True)
class Wanted:
    """Which notices: None for all."""

    status: str | None = None
    alert: str | None = None


def body_of(
    notice: str, reason: str, at: datetime, workspace: Workspace, alert: Mapping[str, Any], origin: str
) -> dict[str, Any]:
    """What a webhook is told; its form is the same for all, and in docs/monitoring.md."""
    return {
        "id": notice,
        "reason": reason,
        "at": at.isoformat(),
        "workspace": {"id": workspace.id, "name": workspace.name},
        "alert": dict(alert),
        "url": f"{origin}/alerts",
    }


def facts_of(alert: Alert, twin: Twin | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """An alert as notices tell it; one of a workspace as a whole has no twin."""
    return {
        "id": alert.id,
        "twin": alert.twin_id,
        "twin_name": None if twin is None else twin.name,
        "target": alert.target,
        "kind": alert.kind,
        "severity": alert.severity,
        "layer": alert.layer,
        "cloud": alert.cloud,
        "message": alert.message,
        "data": dict(data),
        "count": alert.count,
        "first_at": alert.first_at.isoformat(),
        "last_at": alert.last_at.isoformat(),
    }


def tell(
    backend: Backend, session: Session, twin: Twin | None, alert: Alert, data: Mapping[str, Any], reason: Reason
) -> None:
    """Write a notice for each route that wants the alert."""
    routes = session.scalars(
        select(AlertRoute).where(
            AlertRoute.workspace_id == alert.workspace_id,
            AlertRoute.enabled,
            ~AlertRoute.only_escalated,
        )
    ).all()
    put(backend, session, twin, alert, data, reason, [route for route in routes if wants(route, alert)])


def put(
    backend: Backend,
    session: Session,
    twin: Twin | None,
    alert: Alert,
    data: Mapping[str, Any],
    reason: Reason,
    routes: Sequence[AlertRoute],
) -> None:
    """Write a notice for each of some routes."""
    if not routes:
        return
    workspace, at = session.get_one(Workspace, alert.workspace_id), backend.now()
    facts = facts_of(alert, twin, data)
    for route in routes:
        identity = backend.make_id("ntc")
        session.add(
            AlertNotice(
                id=identity,
                workspace_id=alert.workspace_id,
                route_id=route.id,
                alert_id=alert.id,
                reason=reason,
                status="waiting",
                body=body_of(identity, reason, at, workspace, facts, backend.settings.origin),
                created_at=at,
                due_at=at,
            )
        )


def wants(route: AlertRoute, alert: Alert) -> bool:
    """Whether an alert is severe enough for a route, and of its twins and layers. One of a workspace as a whole is of
    no twin.
    """
    return (
        GRAVITY[alert.severity] >= GRAVITY[route.min_severity]
        and (not route.twins or alert.twin_id in route.twins)
        and (
            not route.layers or any(alert.layer == each or alert.layer.startswith(f"{each}.") for each in route.layers)
        )
    )


def listed(route: AlertRoute, wanted: Wanted) -> Select[AlertNotice]:
    """A route's notices."""
    query = select(AlertNotice).where(AlertNotice.route_id == route.id)
    if wanted.status is not None:
        query = query.where(AlertNotice.status == wanted.status)
    return query if wanted.alert is None else query.where(AlertNotice.alert_id == wanted.alert)


def waiting(session: Session, routes: Sequence[str]) -> dict[str, int]:
    """How many notices wait, by route."""
    rows = session.execute(
        select(AlertNotice.route_id, func.count())
        .where(AlertNotice.route_id.in_(routes), AlertNotice.status == "waiting")
        .group_by(AlertNotice.route_id)
    )
    return {row[0]: row[1] for row in rows}


def shape(notice: AlertNotice) -> shapes.AlertNotice:
    """A notice as it is told about."""
    return shapes.AlertNotice.model_validate(
        {
            "id": notice.id,
            "route": notice.route_id,
            "alert": notice.alert_id,
            "reason": notice.reason,
            "status": notice.status,
            "attempts": notice.attempts,
            "problem": notice.problem,
            "created_at": notice.created_at,
            "due_at": notice.due_at,
            "ended_at": notice.ended_at,
        }
    )
