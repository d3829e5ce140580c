"""CloudWatch: GetMetricData, up to five hundred metrics at once and page by page.

Each metric that is asked for costs a hundred-thousandth of a dollar, however many hours of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.metrics import Told
from twin2multicloud.costing.clouds import HOUR, Point, Query, begins_to_ask
from twin2multicloud.deployer.credentials.aws_sign_in import aws_session
from twin2multicloud.deployer.credentials.findings import gist

AT_ONCE: Final = 500
_CONFIG: Final = {"retries": {"mode": "standard", "total_max_attempts": 5}, "connect_timeout": 10, "read_timeout": 30}
_MOST_PAGES: Final = 1_000
_DAY_S: Final = 86_400


class CloudWatch:
    """A region's metrics as whoever the environment describes may read them. `endpoint` is for stand-ins."""

    def __init__(self, environ: Mapping[str, str], region: str, endpoint: str | None = None) -> None:
        try:
            session = aws_session(environ, region)
            self._client: Any = session.client("cloudwatch", endpoint_url=endpoint, config=Config(**_CONFIG))
        except BotoCoreError as error:
            raise SourceError(f"nobody can sign in at AWS: {gist(error)}") from error

    def ask(self, queries: Sequence[Query], begins: datetime, ends: datetime, period: timedelta = HOUR) -> Told:
        """As `Metrics.ask`."""
        told = Told()
        for days in (False, True):
            some = [(number, each) for number, each in enumerate(queries) if each.source.days is days]
            for first in range(0, len(some), AT_ONCE):
                batch = some[first : first + AT_ONCE]
                self._ask(batch, begins_to_ask(batch[0][1], begins), ends, period, told)
        return told

    def _ask(
        self, batch: Sequence[tuple[int, Query]], begins: datetime, ends: datetime, period: timedelta, told: Told
    ) -> None:
        asked = {
            "MetricDataQueries": [_query(number, each, period) for number, each in batch],
            "StartTime": begins,
            "EndTime": ends,
            "ScanBy": "TimestampAscending",
        }
        told.points |= {number: [] for number, _ in batch}
        for _ in range(_MOST_PAGES):
            try:
                answer = self._client.get_metric_data(**asked)
            except (BotoCoreError, ClientError) as error:
                raise SourceError(f"CloudWatch refuses: {gist(error)}") from error
            for result in answer["MetricDataResults"]:
                number = int(result["Id"][1:])
                if result.get("StatusCode") in ("InternalError", "Forbidden"):
                    told.gaps[number] = f"CloudWatch answers {result['StatusCode']}"
                told.points[number] += map(Point, result["Timestamps"], result["Values"])
            if not answer.get("NextToken"):
                return
            asked["NextToken"] = answer["NextToken"]
        raise SourceError(f"CloudWatch answers with more than {_MOST_PAGES} pages")


def _query(number: int, query: Query, period: timedelta) -> dict[str, Any]:
    source = query.source
    return {
        "Id": f"q{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": source.namespace,
                "MetricName": source.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in query.of.items()],
            },
            "Period": _DAY_S if source.days else int(period.total_seconds()),
            "Stat": source.statistic,
        },
    }
