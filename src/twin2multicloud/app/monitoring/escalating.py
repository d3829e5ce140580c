"""Escalation: alerts that nobody looks after are told to the next route, step by step as the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.telling import AlertPolicy, AlertRoute
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.services import alerts, notices


def escalate(backend: Backend) -> int:
    """Take the step that is due of every alert that waits for somebody; how many took one. An alert that a step was
    missed of, since nobody served, takes one at a time.
    """
    with backend.database.read() as session:
        due = [alert for policy in session.scalars(select(AlertPolicy)) for alert in _due(backend, session, policy)]
    return sum(_take_step(backend, each) for each in due)


@dataclass(frozen=True)
class _Due:
    """An alert whose next step is due, and whose it is."""

    alert_id: str
    workspace_id: str
    twin_id: str | None


def _due(backend: Backend, session: Session, policy: AlertPolicy) -> Iterator[_Due]:
    """Alerts of a workspace, and of its twins, whose next step is due."""
    severities = [each for each, rank in notices.GRAVITY.items() if rank >= notices.GRAVITY[policy.escalate_from]]
    for number, step in enumerate(policy.steps):
        before = backend.now() - timedelta(minutes=step["after_minutes"])
        found = select(Alert.id, Alert.twin_id).where(
            Alert.workspace_id == policy.workspace_id,
            Alert.severity.in_(severities),
            Alert.escalated == number,
            Alert.told_at <= before,
            alerts.is_open(backend.now()),
        )
        yield from (_Due(row.id, policy.workspace_id, row.twin_id) for row in session.execute(found))


def _take_step(backend: Backend, due: _Due) -> bool:
    with backend.database.write() as session:
        backend.database.take_turns(session, alerts.turns_of(due.workspace_id, due.twin_id))
        alert, policy = session.get(Alert, due.alert_id), session.get(AlertPolicy, due.workspace_id)
        twin = None if due.twin_id is None else session.get(Twin, due.twin_id)
        if alert is None or policy is None:
            return False
        if due not in set(_due(backend, session, policy)):
            return False  # somebody looks after it since a moment ago, or the step was taken
        route = session.get(AlertRoute, policy.steps[alert.escalated]["route"])
        alert.escalated += 1
        if route is None or not route.enabled:
            return True
        notices.put(backend, session, twin, alert, alerts.told_data(alert), "escalated", [route])
        waited = int((backend.now() - (alert.told_at or alert.last_at)).total_seconds() // 60)
        message = f"nobody looks after it since {waited:,} min, so {route.name} is told: {alert.message}"
        facts = {"alert": alert.id, "route": route.id, "step": alert.escalated, "severity": alert.severity}
        backend.events.add(
            session,
            NewEvent(due.workspace_id, "alert.escalated", message, "warning", twin_id=due.twin_id, data=facts),
        )
    return True
