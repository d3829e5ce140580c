"""What a twin costs: predicted, metered so far, billed."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer
from twin2multicloud.app.schemas.sandboxes import MeterComparison
from twin2multicloud.app.schemas.watching import Watched


class CostMeter(MeterComparison):
    """A meter as it is predicted and as it was metered, for a month; and how much of that came in this one."""

    usd_to_date: float


class MonthToDate(Answer):
    """The calendar month that it is in the twin, in UTC, at the mean rate of all that was metered. `counted_s` of its
    seconds were metered: not those before the twin was deployed, nor those in which it stood still. `usd_forecast` is
    what it comes to by the month's end if it goes on like that.
    """

    begins: datetime
    ends: datetime
    counted_s: float
    usd_to_date: float
    usd_forecast: float


class Costs(Watched):
    """What a twin costs in a month of 730 hours. `usd_predicted` is that of the placement that runs, at the prices in
    use; of a twin that does not run, what its newest version says. `billed` is None for as long as `billed_problem`
    says why.
    """

    usd_predicted: float | None
    usd_metered: float | None = Field(None, description="At the rate so far.")
    metered_s: float = Field(0.0, description="Seconds of the twin's time that were metered.")
    month: MonthToDate | None = None
    meters: list[CostMeter] = Field(default_factory=list)
    billed: None = None
    billed_problem: str = ""
