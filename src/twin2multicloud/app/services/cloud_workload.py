"""The workload of a twin in clouds as the clouds counted it: how many messages came, in place of what was assumed.

Clouds tell no more than messages: their size, commands, events and what people ask for are as they were planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.db.tables.costs import WorkloadSample
from twin2multicloud.app.services.twin_connections import CLOUDS
from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.costing.clouds import HOUR, MESSAGES
from twin2multicloud.costing.months import Month
from twin2multicloud.model.workload import SECONDS_PER_MONTH
from twin2multicloud.sandbox.metering.observed import Observed

_HOUR_S: Final = HOUR.total_seconds()


@dataclass(frozen=True)
class Hour:
    """Messages that came from a full hour on, at all sites of a twin."""

    at: datetime
    messages: float


def kept(session: Session, twin_id: str, month: Month) -> list[Hour]:
    """The hours of a month of which messages were counted, in their order."""
    rows = session.scalars(
        select(WorkloadSample).where(
            WorkloadSample.twin_id == twin_id,
            WorkloadSample.target == CLOUDS,
            WorkloadSample.what == MESSAGES,
            WorkloadSample.hour >= month.begins,
            WorkloadSample.hour < month.ends,
        )
    )
    sums: dict[datetime, float] = defaultdict(float)
    for row in rows:
        sums[row.hour] += row.quantity
    return [Hour(at, sums[at]) for at in sorted(sums)]


def messages_per_month(hours: Sequence[Hour]) -> float | None:
    """A month of 730 hours at the rate of those that were counted; None where none was, or no message came."""
    messages = sum(each.messages for each in hours)
    return messages / (len(hours) * _HOUR_S) * SECONDS_PER_MONTH if messages > 0 else None


def observed(plan: Blueprint, hours: Sequence[Hour]) -> Observed | None:
    """What devices did, as `replanned` takes it; None where no message was counted."""
    messages = messages_per_month(hours)
    if messages is None:
        return None
    return Observed(
        messages,
        plan.workload["message_size_bytes"],
        plan.by_edge["commands"].messages,
        plan.workload["event_share"],
    )


def not_observed(plan: Blueprint, hours: Sequence[Hour]) -> str:
    """Why a workload is not known, in words."""
    cloud = next((place.provider.label for slot, place in plan.places.items() if slot.value == "L1"), "its cloud")
    why = f"{cloud} told of no messages yet" if not hours else "no message came in"
    return f"workload not observed ({why}): what was used beside what was predicted is told as quantity, not formula"
