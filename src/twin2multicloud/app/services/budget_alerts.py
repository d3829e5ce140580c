"""When shares of a budget are used up, as problems: once a month each, the highest in place of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twin2multicloud.app.db.tables.costs import Limit
from twin2multicloud.app.schemas import costs as shapes
from twin2multicloud.app.services.alerts import Problem
from twin2multicloud.costing.months import Month

_OF = ("actual", "forecast", "billed")


def set_to(limit: Limit, given: shapes.BudgetInput, by: str | None, now: datetime) -> list[float]:
    """Have a budget, which may be new, be as given; the thresholds that it has no more."""
    dropped = sorted({*(limit.thresholds or ())} - {*given.thresholds})
    limit.usd_per_month, limit.thresholds = given.usd_per_month, sorted(set(given.thresholds))
    limit.on_forecast, limit.set_by, limit.set_at = given.on_forecast, by, now
    return dropped


def told(limit: Limit) -> dict[str, Any]:
    """What budgets are told by, a twin's and a workspace's."""
    return {
        "usd_per_month": limit.usd_per_month,
        "thresholds": [float(each) for each in limit.thresholds],
        "on_forecast": limit.on_forecast,
        "set_at": limit.set_at,
    }


@dataclass(frozen=True)
class Amount:
    """What a month comes to: `of` which kind (actual, forecast, billed), `when` and `beside` in words, `data` for
    programs.
    """

    of: str
    usd: float
    when: str
    beside: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def reached(limit: Limit, amount: Amount, month: Month, now: datetime) -> list[Problem]:
    """A problem for each threshold, of which all are over but that of the highest one that is reached."""
    share = amount.usd / limit.usd_per_month
    highest = max((threshold for threshold in limit.thresholds if share >= threshold), default=None)
    return [
        Problem(
            fold=_fold(amount.of, threshold),
            kind="budget",
            severity="error" if threshold >= 1 and amount.of != "forecast" else "warning",
            message=f"{month.begins:%B %Y} costs {amount.usd:,.2f} USD {amount.when}: {share:.0%} of the budget of "
            f"{limit.usd_per_month:,.2f} USD{amount.beside}",
            at=now,
            # Once a month: what was told of this one is told.
            total=1,
            since=month.begins.timestamp(),
            over=threshold != highest,
            data={
                "usd": amount.usd,
                "budget_usd": limit.usd_per_month,
                "threshold": threshold,
                "of": amount.of,
                **amount.data,
            },
        )
        for threshold in limit.thresholds
    ]


def ended(thresholds: Sequence[float], now: datetime) -> list[Problem]:
    """Problems of thresholds that are no more, all over."""
    return [
        Problem(_fold(of, threshold), "budget", "warning", "", now, over=True) for of in _OF for threshold in thresholds
    ]


def _fold(of: str, threshold: float) -> str:
    return f"budget|{of}|{threshold:g}"
