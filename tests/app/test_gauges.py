"""What clouds' services tell of functions and queues: asked in their own protocols, and for no more than is needed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from azure.core.pipeline.policies import UserAgentPolicy
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from tests.costing.bill_stores import serving
from tests.costing.metric_services import FakeAzureMonitor, FakeCloudWatch, FakeMonitoring
from tests.standins.aws.places import queue as sqs_queue
from tests.standins.aws.server import ministack
from tests.standins.azure.emulators import Azurite
from twin2multicloud.app.cost_sources.azure_monitor import AzureMonitor
from twin2multicloud.app.cost_sources.cloud_monitoring import CloudMonitoring
from twin2multicloud.app.cost_sources.cloudwatch import CloudWatch
from twin2multicloud.app.cost_sources.metrics import Metrics
from twin2multicloud.app.monitoring.clouds.gauges import Ran, Readings, Waits
from twin2multicloud.app.monitoring.clouds.gauges_of import AwsGauges, AzureGauges, GcpGauges
from twin2multicloud.app.monitoring.clouds.watched import Kind, Watched, WatchedFunction, WatchedQueue
from twin2multicloud.deployer.credentials import arm as arm_module
from twin2multicloud.deployer.credentials.arm import Arm
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.model.slots import Provider, Slot

pytest_plugins = ("tests.standins.azure.fixtures",)
NOW = datetime(2026, 11, 26, 10, 0, 30, tzinfo=UTC)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
AWS, AZURE, GCP = (Site(provider, "here") for provider in Provider)
AT_S = (NOW - timedelta(minutes=5)).timestamp()


def function(site: Site, through: str = "") -> WatchedFunction:
    return WatchedFunction(site, Slot.PROCESSING, "process", "t-process", through)


def queue(site: Site, kind: Kind, address: str, name: str = "intake") -> WatchedQueue:
    return WatchedQueue(site, name, kind, address, Slot.PROCESSING)


class FakeSqs:
    """SQS's GetQueueAttributes of boto3's client: how many wait, by the queue's URL."""

    def __init__(self, **depths: int) -> None:
        self.depths = depths

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Any:
        depth = self.depths[QueueUrl.rpartition("/")[2]]
        return {"Attributes": {AttributeNames[0]: str(depth), AttributeNames[1]: "0"}}


def test_aws_is_asked_for_what_failed_and_waits_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    values = {
        "Errors": [(AT_S, 30.0), (AT_S + 60, 10.0)],
        "Invocations": [(AT_S, 100.0)],
        "ApproximateAgeOfOldestMessage": [(AT_S + 60, 900.0), (AT_S, 840.0)],
        "GetRecords.IteratorAgeMilliseconds": [(AT_S, 2_500.0)],
    }
    full, empty = queue(AWS, Kind.SQS, "https://sqs/1/full"), queue(AWS, Kind.SQS, "https://sqs/1/empty", "actions")
    stream, aside = queue(AWS, Kind.KINESIS, "t-stream", "stream"), queue(AWS, Kind.SQS, "https://sqs/1/aside")
    watched = Watched((function(AWS),), (full, empty, stream), (aside,))
    with serving(FakeCloudWatch(values=values)) as fake:
        gauges = AwsGauges(CloudWatch(KEYS, "eu-central-1", fake.url), FakeSqs(full=12, empty=0, aside=3))
        found = gauges.read(watched, NOW)
    assert found.functions == {function(AWS): Ran(100, 40)}
    assert found.queues == {full: Waits(12, 900.0), empty: Waits(0, 0.0), stream: Waits(0, 2.5)}
    assert found.aside == {aside: 3}
    asked = [
        each["MetricStat"] for body in fake.bodies if "NextToken" not in body for each in body["MetricDataQueries"]
    ]
    assert {each["Period"] for each in asked} == {60}
    names = [dimension["Value"] for each in asked for dimension in each["Metric"]["Dimensions"]]
    assert sorted(names) == ["full", "t-process", "t-process", "t-stream"], "what is empty is not asked about"


def test_functions_that_never_failed_are_asked_about_once() -> None:
    with serving(FakeCloudWatch()) as fake:
        found = AwsGauges(CloudWatch(KEYS, "x", fake.url), FakeSqs()).read(Watched((function(AWS),), (), ()), NOW)
    assert (found.functions[function(AWS)], len(fake.bodies)) == (Ran(0, 0), 1)


@contextmanager
def azure_monitor(fake: FakeAzureMonitor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Metrics]:
    # The real policy shows tokens to https alone, which this server is not.
    monkeypatch.setattr(arm_module, "BearerTokenCredentialPolicy", lambda *_: UserAgentPolicy("test"))
    with serving(fake):
        arm = Arm(SimpleNamespace(), endpoint=fake.url)
        yield AzureMonitor(arm)
        arm.close()


def test_azure_tells_of_functions_through_application_insights(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {
        ("/insights", "requests/failed"): [{"timeStamp": "2026-11-26T09:50:00Z", "count": 7}],
        ("/insights", "requests/count"): [{"timeStamp": "2026-11-26T09:50:00Z", "count": 70}],
    }
    fake = FakeAzureMonitor(values=points)
    one, other = function(AZURE, "/insights"), function(AZURE, "/gone")
    with azure_monitor(fake, monkeypatch) as metrics:
        gauges = AzureGauges(metrics, lambda _: None, lambda _: None)
        found = gauges.read(Watched((one, other), (), ()), NOW)
    assert found.functions[one] == Ran(70, 7)
    said = found.functions[other]
    assert isinstance(said, str)
    assert "needs Microsoft.Insights/metrics/read" in said
    first = fake.bodies[0]
    assert (first["interval"], first["$filter"]) == ("PT1M", "cloud/roleName eq 't-process'")
    assert first["timespan"] == "2026-11-26T09:42:00Z/2026-11-26T09:57:00Z"


def series(value: int) -> dict[str, Any]:
    told = {"int64Value": str(value)}
    ends = [{"interval": {"endTime": f"2026-11-26T09:{minute}:00Z"}, "value": told} for minute in (50, 55)]
    return {"timeSeries": [{"points": ends}]}


def test_google_cloud_tells_of_requests_and_subscriptions() -> None:
    waiting = queue(GCP, Kind.PUBSUB, "projects/p/subscriptions/t-intake")
    aside = queue(GCP, Kind.PUBSUB, "projects/p/subscriptions/t-undelivered")
    with serving(FakeMonitoring(pages=[series(7)])) as fake:
        metrics = CloudMonitoring(None, requests.Session(), fake.url)
        found = GcpGauges(metrics).read(Watched((function(GCP, "p"),), (waiting,), (aside,)), NOW)
    assert found == Readings({function(GCP, "p"): Ran(14, 14)}, {waiting: Waits(7, 7.0)}, {aside: 7})
    filters = [each["filter"] for each in fake.bodies]
    assert any('response_code_class = "5xx"' in each and '"t-process"' in each for each in filters)
    assert any("oldest_unacked_message_age" in each and '"t-intake"' in each for each in filters)
    assert {each["aggregation.alignmentPeriod"] for each in fake.bodies} == {"60s"}


def test_what_is_refused_says_which_right_it_takes() -> None:
    waiting = queue(GCP, Kind.PUBSUB, "projects/p/subscriptions/t-intake")
    with serving(FakeMonitoring(status=403)) as fake:
        metrics = CloudMonitoring(None, requests.Session(), fake.url)
        found = GcpGauges(metrics).read(Watched((function(GCP, "p"),), (waiting,), ()), NOW)
    for said in (found.functions[function(GCP, "p")], found.queues[waiting]):
        assert isinstance(said, str)
        assert "needs monitoring.timeSeries.list" in said


@pytest.mark.slow
def test_sqs_tells_how_many_wait() -> None:
    clients = ministack().clients
    url = sqs_queue(clients, "aside")
    clients.get("sqs").send_message(QueueUrl=url, MessageBody="{}")
    there, gone = queue(AWS, Kind.SQS, url), queue(AWS, Kind.SQS, f"{url}-gone")
    with serving(FakeCloudWatch()) as fake:
        gauges = AwsGauges(CloudWatch(KEYS, "eu-central-1", fake.url), clients.get("sqs"))
        found = gauges.read(Watched((), (), (there, gone)), NOW)
    assert found.aside[there] == 1
    said = found.aside[gone]
    assert isinstance(said, str)
    assert "NonExistentQueue" in said
    assert "needs sqs:GetQueueAttributes" in said


@pytest.mark.slow
def test_azure_storage_tells_how_long_the_first_message_has_waited(
    azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"intake-{uuid.uuid4().hex[:8]}"
    full = QueueClient.from_connection_string(azurite.connection_string, name)
    full.create_queue()
    full.send_message("first")
    full.send_message("second")
    blobs = ContainerClient.from_connection_string(azurite.connection_string, name)
    blobs.create_container()
    blobs.upload_blob("a", b"{}")
    there, gone, aside = (queue(AZURE, Kind.STORAGE, each) for each in (name, f"{name}-gone", f"{name}/blobs"))
    later = datetime.now(UTC) + timedelta(minutes=10)
    with azure_monitor(FakeAzureMonitor(), monkeypatch) as metrics:
        gauges = AzureGauges(
            metrics,
            lambda url: QueueClient.from_connection_string(azurite.connection_string, url, retry_total=0),
            lambda url: ContainerClient.from_connection_string(azurite.connection_string, url.partition("/")[0]),
        )
        found = gauges.read(Watched((), (there, gone), (aside,)), later)
    told, said = found.queues[there], found.queues[gone]
    assert isinstance(told, Waits)
    assert told.depth == 2
    assert 590 < told.oldest_s < 700
    assert found.aside[aside] == 1
    assert isinstance(said, str)
    assert "QueueNotFound" in said
    assert full.receive_message() is not None, "looking took nothing away"
