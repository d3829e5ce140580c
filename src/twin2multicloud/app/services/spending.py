"""What the months of twins came to when they were looked at last, kept for whoever adds up many of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy.orm import Session

from twin2multicloud.app.db.tables.costs import TwinSpending
from twin2multicloud.costing.months import Month, ToDate

Of = Literal["metered", "billed"]
METERED: Final[Of] = "metered"
BILLED: Final[Of] = "billed"


@dataclass(frozen=True)
class Spent:
    """A twin's month until a moment of its time, in USD. Without `usd` it could not be priced: `problem` says why."""

    month: Month
    at: datetime
    usd: float | None
    forecast_usd: float | None = None
    problem: str = ""


def metered(month: Month, at: datetime, so_far: ToDate) -> Spent:
    """What was metered; of a month in which nothing was, nothing is known."""
    if not so_far.seconds:
        return Spent(month, at, None, None, "nothing of it was metered in this month yet")
    return Spent(month, at, so_far.total_usd, so_far.forecast_usd)


def keep(session: Session, twin_id: str, target: str, of: Of, spent: Spent) -> None:
    """In place of what was kept. Whoever does so has taken turns about the twin's alerts."""
    row = session.get(TwinSpending, (twin_id, target, of))
    if row is None:
        row = TwinSpending(twin_id=twin_id, target=target, of=of)
        session.add(row)
    row.period = f"{spent.month.begins:%Y-%m}"
    row.usd, row.forecast_usd, row.at, row.problem = spent.usd, spent.forecast_usd, spent.at, spent.problem
    session.flush()
