"""Escalation: alerts that nobody looks after are told to the next route, step by step as the policy says."""

from __future__ import annotations

from collections.abc import Iterator
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
    return sum(_take_step(backend, alert_id, twin_id) for alert_id, twin_id in due)


def _due(backend: Backend, session: Session, policy: AlertPolicy) -> Iterator[tuple[str, str]]:
    """Alerts of a workspace, with their twins, whose next step is due."""
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
        yield from ((row.id, row.twin_id) for row in session.execute(found))


def _take_step(backend: Backend, alert_id: str, twin_id: str) -> bool:
    with backend.database.write() as session:
        backend.database.take_turns(session, f"alerts/{twin_id}")
        alert, twin = session.get(Alert, alert_id), session.get(Twin, twin_id)
        policy = None if twin is None else session.get(AlertPolicy, twin.workspace_id)
        if alert is None or twin is None or policy is None:
            return False
        if alert_id not in {each for each, _ in _due(backend, session, policy)}:
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
            session, NewEvent(twin.workspace_id, "alert.escalated", message, "warning", twin_id=twin.id, data=facts)
        )
    return True
