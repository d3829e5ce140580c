"""Local servers that speak what monitoring services do: FakeCloudWatch, FakeAzureMonitor and FakeMonitoring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.costing.bill_stores import Fake


@dataclass
class FakeCloudWatch(Fake):
    """GetMetricData in AWS's JSON, a result a page. `values`: metric → (seconds since 1970, value)."""

    values: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    queries: list[int] = field(default_factory=list)
    broken: tuple[str, ...] = ()

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        kind = "application/x-amz-json-1.0"
        if self.refusals:
            self.refusals -= 1
            return 400, b'{"__type": "Throttling", "message": "Rate exceeded"}', kind
        asked = json.loads(body)
        self.bodies.append(asked)
        wanted = asked["MetricDataQueries"]
        self.queries.append(len(wanted))
        start = int(asked.get("NextToken") or 0)
        name = wanted[start]["MetricStat"]["Metric"]["MetricName"]
        points = [] if name in self.broken else self.values.get(name, [])
        result = {
            "Id": wanted[start]["Id"],
            "Label": "x",
            "Timestamps": [at for at, _ in points],
            "Values": [value for _, value in points],
            "StatusCode": "InternalError" if name in self.broken else "Complete",
        }
        more = {"NextToken": str(start + 1)} if start + 1 < len(wanted) else {}
        return 200, json.dumps({"MetricDataResults": [result], **more}).encode(), kind


@dataclass
class FakeAzureMonitor(Fake):
    """Metrics of resources. `values`: (id of the resource, metric) → points."""

    values: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        if self.refusals:
            self.refusals -= 1
            return 429, b'{"error": {"code": "TooManyRequests", "message": "later"}}', "application/json"
        self.bodies.append(dict(query))
        found = self.values.get((path.removesuffix("/providers/Microsoft.Insights/metrics"), query["metricnames"]))
        if found is None:
            return 400, b'{"error": {"code": "BadRequest", "message": "no such metric"}}', "application/json"
        told = {"value": [{"name": {"value": query["metricnames"]}, "timeseries": [{"data": found}]}]}
        return 200, json.dumps(told).encode(), "application/json"


@dataclass
class FakeMonitoring(Fake):
    """`timeSeries.list`, a page for each of `pages`; `status` is answered in place of them."""

    status: int = 200

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        if self.refusals:
            self.refusals -= 1
            return 429, b'{"error": {"status": "RESOURCE_EXHAUSTED", "message": "later"}}', "application/json"
        self.bodies.append(dict(query))
        if self.status != 200:
            return self.status, b'{"error": {"status": "X", "message": "no"}}', "application/json"
        number = int(query.get("pageToken", "0"))
        page = dict(self.pages[number])
        if number + 1 < len(self.pages):
            page["nextPageToken"] = str(number + 1)
        return 200, json.dumps(page).encode(), "application/json"
