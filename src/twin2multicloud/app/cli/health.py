"""What `twins health` does."""

from __future__ import annotations

from typing import Literal

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.records import NONE, moment
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.health_history import Availability, HealthCheck

_SIGNS = {"ok": "✓", "degraded": "▲", "down": "✗", "unknown": "?"}


def health(
    client: Client,
    twin: str,
    target: Literal["sandbox", "clouds", "rehearsal"],
    subject: str | None,
    history: bool,
    json_output: bool,
) -> int:
    """`twins health`; exit code 6 if a check finds that something is down."""
    found = client.operating.health_history(client.twins.find(twin), target, subject=subject)
    if json_output:
        records.print_model(found)
    else:
        records.print_table(
            ("check", "", "since (UTC)", ">measured", ">limit", ">24 h", ">7 d", ">30 d", "what"),
            (_row(each) for each in found.checks),
            "nothing was checked yet; a server checks sandboxes every few seconds, clouds every few minutes",
        )
        if history:
            records.print_table(
                ("when (UTC)", "check", "was", "is", "what"),
                ((moment(each.at), each.subject, each.before, each.health, each.problem) for each in found.changes),
                "nothing has changed",
            )
    return 6 if any(each.health == "down" for each in found.checks) else 0


def _row(check: HealthCheck) -> tuple[str, ...]:
    available = check.availability
    return (
        check.subject,
        f"{_SIGNS[check.health]} {check.health}",
        moment(check.since),
        _amount(check.value, check.unit),
        _amount(check.limit, check.unit),
        _percent(available.day),
        _percent(available.week),
        _percent(available.month),
        check.problem,
    )


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return NONE
    return f"{value:,.1f} {unit}" if unit else f"{100 * value:.1f} %"


def _percent(found: Availability) -> str:
    return NONE if found.percent is None else f"{found.percent:.2f} %"
