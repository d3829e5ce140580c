"""Every meter is metered by the clouds or it is said why not, and answers become usage in the meters' units."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import twin2multicloud
from twin2multicloud.costing.clouds import (
    HOUR,
    Point,
    Query,
    Resource,
    added_up,
    counted,
    counts_of,
    queries_of,
    sources_of,
    used_of,
)
from twin2multicloud.deployer.clouds.gcp.acquisition import ARRIVALS
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FUNCTION = Resource(
    "aws_lambda_function", {"function_name": "t-k3x9f-process", "memory_size": 512, "architectures": ["arm64"]}
)


def asked(provider: Provider, *resources: Resource) -> dict[str, Query]:
    return {each.key[0]: each for each in queries_of(provider, "somewhere", resources)}


@pytest.mark.parametrize("provider", list(Provider))
def test_every_meter_has_an_entry(provider: Provider) -> None:
    known = sources_of(provider)
    metered = {each.meter for each in known.sources}
    meters = {meter.id for meter in load_book().meters.values() if meter.provider is provider}
    assert metered | set(known.not_metered) == meters
    assert not metered & set(known.not_metered)
    assert all(known.not_metered.values())


@pytest.mark.parametrize("provider", list(Provider))
def test_what_is_asked_about_is_what_stacks_are_made_of(provider: Provider) -> None:
    modules = Path(twin2multicloud.__file__).parent / "deployer" / "terraform" / provider.value
    text = "\n".join(each.read_text("utf-8") for each in modules.rglob("*.tf"))
    built = set(re.findall(r'^resource "(\w+)"', text, re.MULTILINE))
    known = sources_of(provider)
    assert {each.of for each in (*known.sources, *known.counts)} <= built
    if provider is Provider.AWS:
        assert 'description = "Twin2MultiCloud: ${each.key} of devices"' in text, "by which telemetry's rule is found"


@pytest.mark.parametrize(
    ("provider", "kind", "there", "elsewhere"),
    [
        (
            Provider.AWS,
            "aws_iot_topic_rule",
            [{"name": "t", "description": "Twin2MultiCloud: telemetry of devices"}],
            {"name": "r", "description": "Twin2MultiCloud: results of devices"},
        ),
        (Provider.AZURE, "azurerm_iothub", [{"id": "/hub"}], None),
        (
            Provider.GCP,
            "google_pubsub_topic",
            [{"name": each, "labels": {"component": each}} for each in ARRIVALS.values()],
            {"name": "e", "labels": {"component": "errors"}},
        ),
    ],
)
def test_messages_are_counted_where_they_arrive_and_an_hour_of_none_is_one(
    provider: Provider, kind: str, there: list[dict[str, Any]], elsewhere: dict[str, Any] | None
) -> None:
    resources = [Resource(kind, each) for each in (*there, *([elsewhere] if elsewhere else []))]
    queries = counts_of(provider, "somewhere", resources)
    assert [each.key for each in queries] == [("messages", "somewhere")] * len(there)
    ends = NOON + 2 * HOUR
    told = counted([(each, [Point(NOON, 40.0)]) for each in queries], NOON, ends)
    assert [(each.at, each.quantity) for each in told] == [(NOON, 40.0 * len(there)), (NOON + HOUR, 0.0)]
    assert not counted([], NOON, ends), "what was not asked for is not known"


def test_duration_times_memory_of_the_processor_that_it_has() -> None:
    found = asked(Provider.AWS, FUNCTION)
    assert set(found) == {"aws.lambda.requests", "aws.lambda.duration-arm64"}
    duration = found["aws.lambda.duration-arm64"]
    assert duration.of == {"FunctionName": "t-k3x9f-process"}
    (used,) = used_of(duration, [Point(NOON, 4_000.0)], NOON, NOON + HOUR)
    assert used.quantity == pytest.approx(2.0), "4 s of half a GiB"
    assert (used.at, used.key, used.seconds) == (NOON, ("aws.lambda.duration-arm64", "somewhere"), 3_600.0)


def test_levels_last_their_hours_and_months() -> None:
    account = Resource("azurerm_storage_account", {"id": "/subscriptions/s/x"})
    cool = asked(Provider.AZURE, account)["azure.blob.cool.storage"]
    assert cool.id == "/subscriptions/s/x/blobServices/default"
    whole = used_of(cool, [Point(NOON + n * HOUR, 5e9) for n in range(730)], NOON, NOON + 730 * HOUR)
    assert sum(each.quantity for each in whole) == pytest.approx(5.0)
    hub = Resource("azurerm_iothub", {"id": "/h", "sku": [{"name": "S1", "capacity": 2}]})
    (meter,) = asked(Provider.AZURE, hub).values()
    assert meter.key[0] == "azure.iot-hub.s1"
    assert sum(each.quantity for each in used_of(meter, [], NOON, NOON + 730 * HOUR)) == pytest.approx(800_000)


def test_a_size_that_is_told_once_a_day_holds_until_the_next_for_some_days() -> None:
    bucket = Resource("aws_s3_bucket", {"bucket": "t-cool"})
    size = asked(Provider.AWS, bucket)["aws.s3.standard-ia.storage"]
    assert size.of == {"BucketName": "t-cool", "StorageType": "StandardIAStorage"}
    midnight = NOON.replace(hour=0)
    points = [Point(midnight - timedelta(days=1), 1e9), Point(midnight + timedelta(days=1), 3e9)]
    used = used_of(size, points, midnight, midnight + timedelta(days=8))
    by_day = [each.quantity * 730 for each in used if each.at.hour == 0]
    assert by_day == pytest.approx([1.0, 3.0, 3.0, 3.0, 3.0, 3.0]), "after four days it is no longer known"


@pytest.mark.parametrize(
    ("kind", "attributes", "meters"),
    [
        ("aws_dynamodb_table", {"name": "t", "billing_mode": "PAY_PER_REQUEST"}, {"write-units", "read-units"}),
        (
            "aws_dynamodb_table",
            {"name": "t", "billing_mode": "PROVISIONED", "write_capacity": 5, "read_capacity": 2},
            {"wcu-hours", "rcu-hours"},
        ),
        ("aws_lambda_layer_version", {"layer_name": "msgspec"}, set()),
    ],
)
def test_only_what_a_resource_is_billed_by(kind: str, attributes: dict[str, Any], meters: set[str]) -> None:
    assert {each.rpartition(".")[2] for each in asked(Provider.AWS, Resource(kind, attributes))} == meters


def test_a_container_without_a_throughput_has_none() -> None:
    container = Resource("azurerm_cosmosdb_sql_container", {"id": "/c", "throughput": None})
    assert not asked(Provider.AZURE, container)


def test_points_of_other_hours_do_not_count_and_hours_of_nothing_do() -> None:
    requests = asked(Provider.AWS, FUNCTION)["aws.lambda.requests"]
    points = [Point(NOON - HOUR, 7.0), Point(NOON, 2.0), Point(NOON, 3.0), Point(NOON + 2 * HOUR, 9.0)]
    used = used_of(requests, points, NOON, NOON + 2 * HOUR)
    assert [(each.at, each.quantity) for each in used] == [(NOON, 5.0)]
    whole = added_up([used, used], NOON, NOON + 2 * HOUR, requests.key)
    assert [(each.at, each.quantity) for each in whole] == [(NOON, 10.0), (NOON + HOUR, 0.0)]
