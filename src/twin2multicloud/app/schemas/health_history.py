"""How a twin did: its checks, what changed, and for what part of the time it answered."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer
from twin2multicloud.app.schemas.twins import Health, Target


class Availability(Answer):
    """For what part of a time a check found `ok` or `degraded`, of those seconds in which it found anything but
    `unknown`; null where there are none.
    """

    percent: float | None
    observed_s: float


class Availabilities(Answer):
    """Of the last 24 hours, 7 days and 30 days, to the hour."""

    day: Availability
    week: Availability
    month: Availability


class HealthCheck(Answer):
    """What a check found last, and since when. `value` was measured against `limit`, both in `unit` (without one it is
    a share).
    """

    subject: str
    kind: str
    health: Health
    problem: str
    value: float | None
    limit: float | None
    unit: str
    since: datetime
    checked_at: datetime
    availability: Availabilities


class HealthChange(Answer):
    """That a check found something else than before."""

    subject: str
    at: datetime
    before: Health
    health: Health
    problem: str


class HealthHistory(Answer):
    """A twin's checks by subject, and what changed, the newest first."""

    twin: str
    target: Target
    at: datetime
    checks: list[HealthCheck]
    changes: list[HealthChange] = Field(description="At most as many as were asked for.")
