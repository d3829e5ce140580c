"""Tiers and throughput: ages are the twin's, request units and units of the hub those that were priced."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from tests.deployer.azure.bench import BASIC, FAR, LARGEST, MANAGED, NEAR, OTHERS, SERVERLESS, deployed, stack
from twin2multicloud.blueprint.azure.acquisition import ACQUISITION
from twin2multicloud.deployer.clouds.azure.acquisition import MESSAGES_PER_UNIT_DAY, MOST_UNITS, hub_units
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import Retention

DAY_S = 86_400.0


def aged(
    hot: float, cool: float, archive: float, regions: tuple[str, ...] = NEAR, held: frozenset[Slot] = frozenset()
) -> Deployment:
    """A deployment whose tiers end at these ages, in days."""
    usual = deployed(SERVERLESS, regions)
    retention = Retention(hot * DAY_S, cool * DAY_S, archive * DAY_S)
    return Deployment(usual.settings, msgspec.structs.replace(usual.spec, retention=retention), usual.blueprint, held)


def store(deployment: Deployment, slot: Slot) -> Any:
    return stack(deployment, slot).arguments["store"]


def test_next_door_a_rule_of_the_cool_tier_archives_and_deletes() -> None:
    deployment = aged(10, 100, 1000)
    cool = store(deployment, Slot.COOL)
    # An object is written when its youngest record is as old as the hot tier keeps it.
    assert (cool["archive_after_days"], cool["delete_after_days"]) == (90, 990)
    assert store(deployment, Slot.ARCHIVE) is None


def test_elsewhere_the_cool_tier_deletes_nothing_by_itself() -> None:
    deployment = aged(10, 100, 1000, FAR)
    cool, archive = store(deployment, Slot.COOL), store(deployment, Slot.ARCHIVE)
    assert (cool["archive_after_days"], cool["delete_after_days"]) == (None, None)
    assert archive["delete_after_days"] == 900


def test_without_an_archive_the_cool_tier_ends_everything() -> None:
    for regions in (NEAR, FAR):
        cool = store(aged(10, 100, 100, regions), Slot.COOL)
        assert (cool["archive_after_days"], cool["delete_after_days"]) == (None, 90)


@pytest.mark.parametrize(("archive", "ttl"), [(10, 864_000), (20, None)])
def test_records_expire_by_themselves_only_where_no_tier_follows(archive: float, ttl: int | None) -> None:
    deployment = aged(10, 10, archive)
    assert store(deployment, Slot.HOT)["containers"]["hot"]["ttl"] == ttl


@pytest.mark.parametrize("slot", [Slot.COOL, Slot.ARCHIVE])
def test_nothing_goes_away_from_a_tier_that_is_held(slot: Slot) -> None:
    near = store(aged(10, 100, 1000, NEAR, frozenset({slot})), Slot.COOL)
    assert near.keys() == {"account", "component"}
    far = store(aged(10, 100, 1000, FAR, frozenset({slot})), Slot.ARCHIVE)
    assert ("delete_after_days" in far) == (slot is Slot.COOL)
    assert store(aged(10, 10, 10, NEAR, frozenset({Slot.HOT})), Slot.HOT)["containers"]["hot"]["ttl"] is None


def test_part_of_a_day_counts_as_one() -> None:
    assert store(aged(10, 10.5, 11.2), Slot.COOL)["archive_after_days"] == 1
    assert store(aged(10, 10.5, 11.2), Slot.COOL)["delete_after_days"] == 2


def test_throughput_is_what_was_priced() -> None:
    serverless = store(deployed(SERVERLESS), Slot.HOT)
    assert serverless["serverless"]
    assert serverless["containers"]["hot"]["throughput"] is serverless["containers"]["hot"]["autoscale"] is None
    deployment = deployed(MANAGED, name="smart-building")
    provisioned = store(deployment, Slot.HOT)["containers"]["hot"]
    hours = next(
        use.amount
        for use in deployment.blueprint.by_id["L3.hot/hot"].usage
        if use.meter == "azure.cosmos.provisioned-ru-hours"
    )
    assert provisioned["throughput"] == math.ceil(hours / 730 / 100) * 100
    assert provisioned["autoscale"] is None
    planned = ("azure.iot-hub-s3", MANAGED[1], "azure.cosmos-autoscale", *MANAGED[3:])
    autoscale = store(deployed(planned, name="smart-building"), Slot.HOT)["containers"]["hot"]
    # The most that autoscale gives is what would have been provisioned, in its larger steps.
    assert autoscale["autoscale"] == math.ceil(provisioned["throughput"] / 1000) * 1000
    assert store(deployed(BASIC), Slot.HOT)["containers"]["hot"]["autoscale"] == 1000


def test_a_hub_has_the_units_of_its_busiest_day() -> None:
    assert hub_units(deployed(SERVERLESS).blueprint) == 1
    building = deployed(LARGEST, name="smart-building").blueprint
    a_day = building.by_id["L1/gateway"].usage[0].amount
    assert hub_units(building) == math.ceil(a_day / 300_000_000)
    hub = stack(deployed(LARGEST, name="smart-building"), Slot.ACQUISITION).arguments["hub"]
    assert (hub["sku"], hub["units"]) == ("S3", hub_units(building))


def test_a_hub_that_is_too_small_is_refused_with_a_remedy() -> None:
    with pytest.raises(UsageError, match="a hub has at most 200: choose a larger edition"):
        stack(deployed(SERVERLESS, name="smart-building"), Slot.ACQUISITION)


def test_editions_are_those_of_the_blueprint() -> None:
    for offer in ACQUISITION:
        size = offer.id[-1]
        most = MESSAGES_PER_UNIT_DAY[size] * MOST_UNITS[size]
        assert offer.limits[0].reason.startswith(f"{MOST_UNITS[size]} units take at most {most:,} messages"), offer.id
    for offers in OTHERS:
        hub = stack(deployed(offers), Slot.ACQUISITION).arguments["hub"]
        assert hub["sku"].lower() == offers[0][-2:]


def test_the_tls_version_is_set_where_it_can_be() -> None:
    here = stack(deployed(SERVERLESS), Slot.ACQUISITION).arguments["hub"]
    there = stack(deployed(SERVERLESS, ("eastus",) * 7), Slot.ACQUISITION).arguments["hub"]
    assert (here["min_tls"], there["min_tls"]) == (None, "1.2")


def test_the_container_of_dashboards_has_what_was_priced() -> None:
    small, large = (stack(deployed(SERVERLESS, name=name), Slot.VISUALIZATION) for name in ("smart-home", "smart-home"))
    assert small.arguments["vcpus"] == large.arguments["vcpus"] == 0.5


def test_a_budget_stands_once() -> None:
    from twin2multicloud.deployer.clouds.azure.foundation import foundation

    deployment = deployed(SERVERLESS, FAR, budgets_usd_per_month={"azure": 99.999})
    budgets = [foundation(deployment, site).arguments["budget"] for site in deployment.sites]
    assert [budget["amount"] for budget in budgets if budget] == [100.0]
    assert all(foundation(deployed(), site).arguments["budget"] is None for site in deployed().sites)


@pytest.mark.parametrize(("wanted", "kept"), [(1, 30), (30, 30), (31, 60), (400, 550), (9999, 730)])
def test_logs_are_kept_for_a_time_that_the_service_knows(wanted: int, kept: int) -> None:
    from twin2multicloud.deployer.clouds.azure.foundation import foundation

    deployment = deployed(log_retention_days=wanted)
    (site,) = deployment.sites
    assert foundation(deployment, site).arguments["logs"]["retention_days"] == kept
