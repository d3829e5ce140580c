"""What a twin costs: predicted, metered so far, billed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer, Body
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.schemas.watching import Watched


class CostMeter(Answer):
    """A meter in a region as it is predicted and as it was metered, for a month: quantities in `unit`, and what both
    would cost; `ratio` is metered over predicted. How much of that came in this calendar month (`to_date`), what it
    comes to by the month's end, and what the newest bill says of it. `usd_per_unit` is the mean price of what was
    metered, or else predicted. None of it where nothing tells the meter; `note` says why. `projected`: from what was
    stored so far; `planned`: it follows from the rate and planned headroom.
    """

    cloud: str
    meter: str
    region: str
    service: str
    dimension: str
    unit: str
    predicted: float
    metered: float | None
    ratio: float | None
    usd_predicted: float
    usd_metered: float | None
    verdict: Literal["agrees", "deviates", "not exercised", "unexpected", "not metered"] = Field(
        description="Within 2 %, or not; predicted, but nothing of it was needed yet; counted, but not predicted; "
        "predicted, but nothing counts it."
    )
    projected: bool
    planned: bool
    usd_per_unit: float | None
    to_date: float | None
    usd_to_date: float | None
    usd_forecast: float | None
    usd_billed: float | None = None
    note: str = ""


class MonthToDate(Answer):
    """The calendar month that it is in the twin, in UTC, at the tariffs of its sums: free allowances are used up once,
    and tiers are reached when they are. `counted_s` of its seconds were metered: not those before the twin was
    deployed, nor those in which it stood still. `usd_forecast` is what it comes to by the month's end if it goes on as
    in the last day that was metered.
    """

    begins: datetime
    ends: datetime
    counted_s: float
    usd_to_date: float
    usd_forecast: float


class CostDay(Answer):
    """A day in UTC of the twin's time: what it added to the month's metered cost, of which `metered_s` seconds tell,
    and what was billed for it. None where nothing was metered, or billed.
    """

    day: datetime
    usd_metered: float | None = None
    metered_s: float = 0.0
    usd_billed: float | None = None


class Costs(Watched):
    """What a twin costs in a month of 730 hours. `usd_predicted` is that of the placement that runs, at the prices in
    use; of a twin that does not run, what its newest version says. In clouds `usd_metered` and `metered_s` are of this
    calendar month. `billed` is what the newest bill that was read says
    in USD, of the month `billed_period`; `billed_unmapped` of it is for no meter. It is None for as long as
    `billed_problem` says why.
    """

    usd_predicted: float | None
    usd_metered: float | None = Field(None, description="At the rate so far, of all meters that are metered.")
    usd_not_metered: float = Field(
        0.0, description="Predicted for meters that nothing tells in the clouds: in no sum of what was metered."
    )
    metered_s: float = Field(0.0, description="Seconds of the twin's time that were metered.")
    metered_until: datetime | None = Field(None, description="Until when all its clouds were read.")
    month: MonthToDate | None = None
    meters: list[CostMeter] = Field(default_factory=list)
    days: list[CostDay] = Field(default_factory=list, description="Of the month to date, as far as they are known.")
    budget_usd: float | None = Field(None, description="What a month may cost; None where nobody has said so.")
    billed: float | None = None
    billed_period: str | None = None
    billed_unmapped: float = 0.0
    billed_problem: str = ""


class CostHistory(Watched):
    """A month day by day; days of which nothing is known are left out."""

    period: str
    days: list[CostDay]


class BudgetInput(Body):
    """What a twin, or all twins of a workspace, may cost in a calendar month. Alerts come when these shares of it are
    used, and with `on_forecast` when they will be by the month's end if it goes on like that.
    """

    usd_per_month: float = Field(gt=0, le=1e9, allow_inf_nan=False)
    thresholds: list[Annotated[float, Field(gt=0, le=10)]] = Field([0.5, 0.8, 1.0], min_length=1, max_length=10)
    on_forecast: bool = True


class Budget(Answer):
    """A twin's budget, its thresholds in their order."""

    usd_per_month: float
    thresholds: list[float]
    on_forecast: bool
    set_at: datetime


class TwinSpent(Answer):
    """What a twin's month comes to: what was metered until `metered_until`, a moment of its time, or what was billed,
    whichever is more. None where nothing is known; `problem` says why, or what is not whole.
    """

    twin: str
    name: str
    usd_to_date: float | None
    usd_forecast: float | None
    metered_until: datetime | None
    problem: str


class WorkspaceSpent(Answer):
    """The month (as in 2026-11) of a workspace's twins at a target, the dearest first. Sums are of those that are
    known; a sandbox counts with the month that it is in.
    """

    target: Target
    period: str
    usd_to_date: float
    usd_forecast: float
    twins: list[TwinSpent]


class WorkspaceBudget(Budget):
    """What all twins of a workspace together may cost in a month, and what they come to: in clouds, and, apart, in
    sandboxes, where no money is spent.
    """

    spent: list[WorkspaceSpent]
