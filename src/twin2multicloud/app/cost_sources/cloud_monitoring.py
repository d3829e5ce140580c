"""Cloud Monitoring: time series of a project's metrics, hour by hour and page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests import RequestException, Session
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.metrics import Told
from twin2multicloud.costing.clouds import HOUR, Point, Query, begins_to_ask
from twin2multicloud.deployer.credentials.findings import gist
from twin2multicloud.deployer.credentials.gcp import Google, GoogleError

_API: Final = "https://monitoring.googleapis.com"
_AT_ONCE: Final = 4
_MOST_PAGES: Final = 1_000
_NONE: Final = 404
"""A metric that nothing was written to yet in a project."""
_WRONG: Final = 400


class CloudMonitoring:
    """Metrics as somebody may read them. `session` and `endpoint` are for stand-ins."""

    def __init__(self, credentials: Any, session: Session | None = None, endpoint: str = _API) -> None:
        asking = session or AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # google-auth has no types
        again = Retry(4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503), raise_on_status=False)
        asking.mount(endpoint, HTTPAdapter(max_retries=again))  # waits as long as Retry-After says
        self._google = Google(asking, {_API: endpoint})

    def ask(self, queries: Sequence[Query], begins: datetime, ends: datetime, period: timedelta = HOUR) -> Told:
        """As `Metrics.ask`. A filter that is refused is a gap; a refusal of everything is an error."""
        told = Told()
        with ThreadPoolExecutor(_AT_ONCE, "cloud-monitoring") as pool:
            for number, found in enumerate(pool.map(lambda query: self._one(query, begins, ends, period), queries)):
                if isinstance(found, str):
                    told.gaps[number] = found
                else:
                    told.points[number] = found
        return told

    def _one(self, query: Query, begins: datetime, ends: datetime, period: timedelta) -> list[Point] | str:
        try:
            return list(self._points(query, begins_to_ask(query, begins), ends, period))
        except GoogleError as error:
            if error.status == _NONE:
                return []
            if error.status == _WRONG:
                return f"Cloud Monitoring answers {error}"
            raise SourceError(f"Cloud Monitoring refuses: {gist(error)}") from error
        except (GoogleAuthError, RequestException) as error:
            raise SourceError(f"Cloud Monitoring cannot be asked: {gist(error)}") from error

    def _points(self, query: Query, begins: datetime, ends: datetime, period: timedelta) -> Iterator[Point]:
        source = query.source
        wanted = [f'metric.type = "{source.metric}"', *(f'resource.labels.{k} = "{v}"' for k, v in query.of.items())]
        asked = {
            "filter": " AND ".join([*wanted, *([source.only] if source.only else [])]),
            "interval.startTime": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
            "interval.endTime": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
            "aggregation.alignmentPeriod": f"{int(period.total_seconds())}s",
            "aggregation.perSeriesAligner": source.statistic,
            "aggregation.crossSeriesReducer": "REDUCE_SUM",
        }
        for _ in range(_MOST_PAGES):
            page = self._google.ask("GET", f"{_API}/v3/projects/{query.project}/timeSeries", **asked)
            for series in page.get("timeSeries", ()):
                for point in series["points"]:
                    # A period is told by its end; hours are counted back from the interval's, which is a full one.
                    at = datetime.fromisoformat(point["interval"]["endTime"]).astimezone(UTC) - period
                    yield Point(at, _number(point["value"], source.take))
            if not page.get("nextPageToken"):
                return
            asked["pageToken"] = page["nextPageToken"]
        raise SourceError(f"Cloud Monitoring answers with more than {_MOST_PAGES} pages")


def _number(value: Mapping[str, Any], take: str) -> float:
    """A point's value, or how many there are of a distribution."""
    if take == "count":
        return float(value.get("distributionValue", {}).get("count", 0))
    return float(value.get("doubleValue", value.get("int64Value", 0)))
