"""Azure Monitor: metrics of one resource after another, by the Resource Manager, which waits as long as Azure says."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.metrics import Told
from twin2multicloud.costing.clouds import HOUR, Point, Query
from twin2multicloud.deployer.credentials.arm import Arm, ArmError

_VERSION: Final = "2023-10-01"
_AT_ONCE: Final = 4


class AzureMonitor:
    """Metrics as somebody may read them."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def ask(self, queries: Sequence[Query], begins: datetime, ends: datetime, period: timedelta = HOUR) -> Told:
        """As `Metrics.ask`. A metric that a resource does not have is a gap; a refusal of everything is an error."""
        told = Told()
        with ThreadPoolExecutor(_AT_ONCE, "azure-monitor") as pool:
            for number, found in enumerate(pool.map(lambda query: self._one(query, begins, ends, period), queries)):
                if isinstance(found, str):
                    told.gaps[number] = found
                else:
                    told.points[number] = found
        return told

    def _one(self, query: Query, begins: datetime, ends: datetime, period: timedelta) -> list[Point] | str:
        source = query.source
        asked = {
            "metricnames": source.metric,
            "aggregation": source.statistic,
            "interval": f"PT{int(period / HOUR)}H" if period >= HOUR else f"PT{int(period.total_seconds() // 60)}M",
            "timespan": f"{begins:%Y-%m-%dT%H:%M:%SZ}/{ends:%Y-%m-%dT%H:%M:%SZ}",
            **({"$filter": source.only} if source.only else {}),
        }
        try:
            answer = self._arm.get(f"{query.id}/providers/Microsoft.Insights/metrics?{urlencode(asked)}", _VERSION)
        except ArmError as error:
            if error.status in (400, 404):
                return f"Azure Monitor answers {error}"
            raise SourceError(f"Azure Monitor refuses: {error}") from error
        return [
            Point(_moment(each["timeStamp"]), float(value))
            for metric in answer.get("value", ())
            for series in metric.get("timeseries", ())
            for each in series.get("data", ())
            if (value := _value(each, source.statistic)) is not None
        ]


def _value(point: Any, statistic: str) -> Any:
    return point.get(statistic.lower())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
