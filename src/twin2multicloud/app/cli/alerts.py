"""What `alerts` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.events import EventsRequest, events
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.alerts import Alert, AlertSeverity


@dataclass(frozen=True)
class AlertsRequest:
    """What was asked for."""

    twin: str | None
    severity: Sequence[str]
    all_alerts: bool
    limit: int
    follow: bool
    json_output: bool


def list_all(client: Client, request: AlertsRequest) -> int:
    """`alerts list`. What is followed are the events that tell of alerts, from right before the list was made."""
    records.known(request.severity, "--severity", get_args(AlertSeverity))
    last = next((event.id for event in client.events.list(newest=True, limit=1)), 0) if request.follow else 0
    quiet = None if request.all_alerts else False
    twin = None if request.twin is None else client.twins.find(request.twin)
    found = list(
        client.alerts.list(
            twin=twin,
            severity=cast("Sequence[AlertSeverity]", request.severity),
            acknowledged=quiet,
            muted=quiet,
            limit=request.limit,
        )
    )
    if request.json_output and not request.follow:
        records.print_models(found)
        return 0
    if not request.json_output:
        records.print_table(
            ("alert", "last (UTC)", "severity", "whose", "where", ">times", "what", "looked after"),
            (_row(alert) for alert in found),
            "no alerts",
        )
    if request.follow:
        following = EventsRequest(request.twin, None, "alert", "debug", 0, last, True, request.json_output)
        return events(client, following)
    return 0


def acknowledge(client: Client, alert: str, json_output: bool) -> int:
    """`alerts ack`."""
    return _told(client.alerts.acknowledge(client.alerts.find(alert)), json_output, "is looked after by you")


def mute(client: Client, alert: str, minutes: int, json_output: bool) -> int:
    """`alerts mute`."""
    found = client.alerts.find(alert)
    changed = client.alerts.mute(found, minutes=minutes) if minutes else client.alerts.unmute(found)
    until = changed.muted_until
    return _told(changed, json_output, "is told again" if until is None else f"is quiet until {moment(until)} UTC")


def _told(alert: Alert, json_output: bool, what: str) -> int:
    if json_output:
        records.print_model(alert)
    else:
        say(f"{alert.id} ({alert.message}) {what}")
    return 0


def _row(alert: Alert) -> tuple[str, ...]:
    where = " ".join(filter(None, (alert.cloud, alert.layer))) or alert.target
    after = alert.acknowledged_by or (f"muted until {moment(alert.muted_until)}" if alert.muted_until else NONE)
    return (
        alert.id,
        moment(alert.last_at),
        alert.severity,
        alert.twin_name or f"all of {alert.workspace_name}",
        where,
        f"{alert.count:,}",
        f"{alert.kind}: {alert.message}",
        after,
    )
