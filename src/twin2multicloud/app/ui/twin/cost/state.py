"""What meters are shown of the comparison, and in which order. It knows no Flet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from twin2multicloud.app.schemas.costs import CostMeter

Verdict = Literal["agrees", "deviates", "not exercised", "unexpected", "not metered"]
VERDICTS: Final[tuple[Verdict, ...]] = ("agrees", "deviates", "not exercised", "unexpected", "not metered")


@dataclass(frozen=True)
class Totals:
    """USD a month of one cloud, predicted and metered."""

    cloud: str
    usd_predicted: float
    usd_metered: float


def by_cloud(meters: Sequence[CostMeter]) -> list[Totals]:
    """What each cloud comes to, the dearest first."""
    clouds = sorted({each.cloud for each in meters})
    totals = [
        Totals(
            cloud,
            sum(each.usd_predicted for each in meters if each.cloud == cloud),
            sum(each.usd_metered or 0.0 for each in meters if each.cloud == cloud),
        )
        for cloud in clouds
    ]
    return sorted(totals, key=lambda each: -each.usd_predicted)


def chosen(meters: Sequence[CostMeter], verdict: str) -> list[CostMeter]:
    """Those with a verdict ("": all), the dearest first."""
    fitting = [each for each in meters if verdict in ("", each.verdict)]
    return sorted(fitting, key=lambda each: (-max(each.usd_predicted, each.usd_metered or 0.0), each.meter))
