"""What a twin costs: predicted, metered so far, billed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.schemas import costs as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services.metering import compared, metered
from twin2multicloud.app.services.watching import ask_sandbox
from twin2multicloud.model.spec import SECONDS_PER_MONTH

NOT_BILLED: Final = "bills of clouds are not read; what was billed is in each cloud's own console"


def costs(backend: Backend, twin_id: str, target: Target) -> shapes.Costs:
    """What it costs, meter by meter where it runs in a sandbox."""
    told = ask_sandbox(backend, twin_id, target, lambda client: metered(backend, client))
    found = None if told.answer is None else told.answer.month
    shown = shapes.Costs(
        live=told.answer is not None,
        problem=told.problem or ("" if told.answer is None else told.answer.problem),
        twin_time=told.twin_time,
        usd_predicted=_predicted(backend, twin_id) if found is None else found.usd.predicted,
        metered_s=0.0 if told.answer is None else told.answer.elapsed_s,
        billed_problem="nothing is billed in a sandbox" if target == "sandbox" else NOT_BILLED,
    )
    if told.answer is None or found is None or told.now is None:
        return shown
    month = month_to_date(told.now, told.answer.elapsed_s, found.usd.metered)
    share = month.counted_s / SECONDS_PER_MONTH
    return shown.model_copy(
        update={
            "usd_metered": found.usd.metered,
            "month": month,
            "meters": [
                shapes.CostMeter(**facts, usd_to_date=facts["usd_metered"] * share) for facts in compared(found)
            ],
        }
    )


def month_to_date(now: float, elapsed_s: float, usd_per_month: float) -> shapes.MonthToDate:
    """The calendar month of a moment, of which the last `elapsed_s` seconds were metered at that rate."""
    at = datetime.fromtimestamp(now, UTC)
    begins = datetime(at.year, at.month, 1, tzinfo=UTC)
    ends = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
    counted_s = max(min(elapsed_s, now - begins.timestamp()), 0.0)
    usd_per_s = usd_per_month / SECONDS_PER_MONTH
    left_s = ends.timestamp() - now
    return shapes.MonthToDate(
        begins=begins,
        ends=ends,
        counted_s=counted_s,
        usd_to_date=usd_per_s * counted_s,
        usd_forecast=usd_per_s * (counted_s + left_s),
    )


def _predicted(backend: Backend, twin_id: str) -> float | None:
    with backend.database.read() as session:
        return session.scalar(
            select(TwinVersion.usd_per_month)
            .join(Twin, (Twin.id == TwinVersion.twin_id) & (Twin.number == TwinVersion.number))
            .where(Twin.id == twin_id)
        )
