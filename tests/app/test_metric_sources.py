"""The clouds' monitoring services are asked page by page, again when they throttle, and what they lack is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from azure.core.pipeline.policies import UserAgentPolicy

from tests.costing.bill_stores import serving
from tests.costing.metric_services import FakeAzureMonitor, FakeCloudWatch, FakeMonitoring
from twin2multicloud.app.cost_sources.azure_monitor import AzureMonitor
from twin2multicloud.app.cost_sources.cloud_monitoring import CloudMonitoring
from twin2multicloud.app.cost_sources.cloudwatch import CloudWatch
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.costing.clouds import Point, Query, Resource, counts_of, queries_of
from twin2multicloud.deployer.credentials import arm as arm_module
from twin2multicloud.deployer.credentials.arm import Arm
from twin2multicloud.model.slots import Provider

BEGINS, ENDS = datetime(2026, 11, 20, 10, tzinfo=UTC), datetime(2026, 11, 20, 13, tzinfo=UTC)
_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
_NAMES = {"name": "t-state", "function_name": "t-process", "bucket": "t-cool", "billing_mode": "PAY_PER_REQUEST"}


class Token:
    """A credential as azure-core takes one."""

    def get_token(self, *_scopes: str, **_more: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("token", 4_000_000_000)


def asked(provider: Provider, *kinds: str, **attributes: Any) -> list[Query]:
    resources = [Resource(kind, {**_NAMES, "id": "/r", "project": "twins-2026", **attributes}) for kind in kinds]
    return [each for each in queries_of(provider, "eu-central-1", resources) if each.source.metric]


def test_cloudwatch_page_by_page_and_throttled(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    queries = asked(Provider.AWS, "aws_lambda_function", "aws_dynamodb_table", "aws_s3_bucket", memory_size=128)
    values = {
        "Invocations": [(BEGINS.timestamp(), 12.0), (BEGINS.timestamp() + 3_600, 13.0)],
        "BucketSizeBytes": [(BEGINS.timestamp() - 58 * 3_600, 5e9)],
    }
    with serving(FakeCloudWatch(values=values, refusals=1, broken=("ConsumedReadCapacityUnits",))) as fake:
        told = CloudWatch(_KEYS, "eu-central-1", fake.url).ask(queries, BEGINS, ENDS)
    by_metric = {each.source.metric: told.points[number] for number, each in enumerate(queries)}
    assert by_metric["Invocations"] == [Point(BEGINS, 12.0), Point(BEGINS.replace(hour=11), 13.0)]
    assert by_metric["ConsumedWriteCapacityUnits"] == []
    assert [point.value for point in by_metric["BucketSizeBytes"]] == [5e9]
    assert [queries[number].source.metric for number in told.gaps] == ["ConsumedReadCapacityUnits"]
    starts = {datetime.fromtimestamp(each["StartTime"], UTC) for each in fake.bodies}
    assert starts == {BEGINS, datetime(2026, 11, 16, tzinfo=UTC)}, "days from earlier on"


def test_cloudwatch_is_asked_for_no_more_than_it_takes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin2multicloud.app.cost_sources.cloudwatch.AT_ONCE", 3)
    queries = asked(Provider.AWS, *["aws_lambda_function"] * 7)
    fake = FakeCloudWatch()
    with serving(fake):
        told = CloudWatch(_KEYS, "eu-central-1", fake.url).ask(queries, BEGINS, ENDS)
    assert len(told.points) == 7
    assert max(fake.queries) == 3


def test_cloudwatch_that_goes_on_refusing() -> None:
    with serving(FakeCloudWatch(refusals=99)) as fake, pytest.raises(SourceError, match="Throttling"):
        CloudWatch(_KEYS, "eu-central-1", fake.url).ask(asked(Provider.AWS, "aws_lambda_function"), BEGINS, ENDS)


def test_azure_monitor_waits_and_tells_what_a_resource_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    # The real policy shows tokens to https alone, which this server is not.
    monkeypatch.setattr(arm_module, "BearerTokenCredentialPolicy", lambda *_: UserAgentPolicy("test"))
    queries = asked(Provider.AZURE, "azurerm_linux_function_app", id="/subscriptions/s/providers/Microsoft.Web/sites/a")
    points: list[dict[str, Any]] = [
        {"timeStamp": "2026-11-20T10:00:00Z", "total": 40.0},
        {"timeStamp": "2026-11-20T11:00:00Z"},
    ]
    values = {("/subscriptions/s/providers/Microsoft.Web/sites/a", "FunctionExecutionCount"): points}
    with serving(FakeAzureMonitor(values=values, refusals=1)) as fake:
        arm = Arm(Token(), endpoint=fake.url)
        told = AzureMonitor(arm).ask(queries, BEGINS, ENDS)
        arm.close()
    assert told.points == {0: [Point(BEGINS, 40.0)]}, "an hour without a value is none"
    assert "no such metric" in told.gaps[1]
    assert fake.bodies[0]["timespan"] == "2026-11-20T10:00:00Z/2026-11-20T13:00:00Z"
    assert (fake.bodies[0]["interval"], fake.bodies[0]["aggregation"]) == ("PT1H", "Total")


def _series(end: str, **value: Any) -> dict[str, Any]:
    return {"timeSeries": [{"points": [{"interval": {"endTime": end}, "value": value}]}]}


def test_cloud_monitoring_page_by_page_and_throttled() -> None:
    queries = asked(Provider.GCP, "google_firestore_database")[:1]
    pages = [_series("2026-11-20T11:00:00Z", int64Value="7"), _series("2026-11-20T12:00:00Z", doubleValue=1.5)]
    with serving(FakeMonitoring(pages=pages, refusals=1)) as fake:
        told = CloudMonitoring(None, requests.Session(), fake.url).ask(queries, BEGINS, ENDS)
    assert told.points[0] == [Point(BEGINS, 7.0), Point(BEGINS.replace(hour=11), 1.5)], "told by the end of an hour"
    assert 'resource.labels.database_id = "t-state"' in fake.bodies[0]["filter"]
    assert fake.asked[-1] == "GET /v3/projects/twins-2026/timeSeries"


def test_cloud_monitoring_counts_what_a_distribution_has() -> None:
    topic = Resource("google_pubsub_topic", {"name": "t-gateway", "project": "p", "labels": {"component": "gateway"}})
    queries = counts_of(Provider.GCP, "europe-west1", [topic])
    sizes = {"count": "120", "mean": 180.5}
    with serving(FakeMonitoring(pages=[_series("2026-11-20T11:00:00Z", distributionValue=sizes)])) as fake:
        told = CloudMonitoring(None, requests.Session(), fake.url).ask(queries, BEGINS, ENDS)
    assert told.points[0] == [Point(BEGINS, 120.0)]
    assert fake.bodies[0]["aggregation.perSeriesAligner"] == "ALIGN_DELTA"


@pytest.mark.parametrize(("status", "gaps", "points"), [(404, [], [0]), (400, [0], [])])
def test_a_metric_that_nobody_wrote_to_is_none_and_a_wrong_filter_a_gap(
    status: int, gaps: list[int], points: list[int]
) -> None:
    queries = asked(Provider.GCP, "google_firestore_database")[:1]
    with serving(FakeMonitoring(status=status)) as fake:
        told = CloudMonitoring(None, requests.Session(), fake.url).ask(queries, BEGINS, ENDS)
    assert (list(told.gaps), list(told.points)) == (gaps, points)


def test_cloud_monitoring_that_does_not_let_in() -> None:
    queries = asked(Provider.GCP, "google_firestore_database")
    with serving(FakeMonitoring(status=403)) as fake, pytest.raises(SourceError, match="refuses"):
        CloudMonitoring(None, requests.Session(), fake.url).ask(queries, BEGINS, ENDS)
