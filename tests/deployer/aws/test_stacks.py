"""AWS's stacks as plain arguments: what is decided in Python, before any Terraform."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.deployer.aws.bench import FAR, FIRST, NEAR, SECOND, deployed, names_at, offline, stack, stacks_at_aws
from tests.deployer.placements import twin
from twin2multicloud.deployer.clouds.aws import AWS, config
from twin2multicloud.deployer.clouds.aws.storage import capacity
from twin2multicloud.deployer.clouds.aws.visualization import size
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.spec import Retention

DAY = 86_400.0


def kept(hot: float, cool: float, archive: float, regions: tuple[str, ...] = NEAR) -> Deployment:
    """A deployment whose records are kept for so many days in each tier."""
    _, spec = twin("smart-home")
    retention = Retention(hot * DAY, cool * DAY, archive * DAY)
    return deployed(FIRST, regions, spec=msgspec.structs.replace(spec, retention=retention))


def test_a_bundle_is_no_deployment() -> None:
    bundled = (*FIRST[:5], "aws.twinmaker-bundle-1", FIRST[6])
    with pytest.raises(UsageError, match=r"aws\.twinmaker-bundle-1 cannot be deployed.*whole account"):
        stack(deployed(bundled), Slot.MANAGEMENT)


def test_neighbours_share_one_foundation_and_others_have_their_own() -> None:
    near, far = deployed(), deployed(FIRST, FAR)
    assert [each.name for each in stacks_at_aws(near)][:1] == ["foundation-aws-eu-central-1"]
    assert [each.name for each in stacks_at_aws(far)][:2] == ["foundation-aws-eu-central-1", "foundation-aws-eu-west-1"]


def test_only_the_first_site_has_the_budget() -> None:
    far = deployed(FIRST, FAR, budgets_usd_per_month={"aws": 12.345})
    budgets = [AWS.foundation(far, site).arguments["budget_usd"] for site in far.sites]
    assert budgets == [12.35, 0.0] or budgets == [12.34, 0.0]


def test_a_site_has_the_secrets_and_layers_that_its_functions_read() -> None:
    near = AWS.foundation(deployed(), Site(Provider.AWS, "eu-central-1")).arguments
    assert near["secrets"] == ["links", "read-key"]
    assert list(near["layer_files"]) == ["arm64"]
    second = AWS.foundation(deployed(SECOND), Site(Provider.AWS, "eu-central-1")).arguments
    assert second["secrets"] == ["grafana-admin", "links", "read-key"]
    assert list(second["layer_files"]) == ["arm64", "x86_64"]


@pytest.mark.parametrize(
    ("ages", "expires", "archived"),
    [
        ((7, 30, 365), 358, {"days": 23, "class": "GLACIER"}),
        ((7, 7, 365), 358, None),  # no cool tier: objects are created in the archive's class
        ((7, 30, 30), 23, None),  # no archive
        ((0.5, 0.6, 0.7), 2, {"days": 1, "class": "GLACIER"}),  # S3 counts in days, and deletes after the change
    ],
)
def test_objects_age_in_the_bucket_they_share(
    ages: tuple[float, float, float], expires: int, archived: dict[str, object] | None
) -> None:
    arguments = stack(kept(*ages), Slot.COOL).arguments
    assert (arguments["expires_days"], arguments.get("archive")) == (expires, archived)
    assert stack(kept(*ages), Slot.ARCHIVE).arguments["shared"] is True


def test_tiers_apart_have_a_bucket_each_and_a_mover_between_them() -> None:
    apart = kept(7, 30, 365, FAR)
    cool, archive = stack(apart, Slot.COOL).arguments, stack(apart, Slot.ARCHIVE).arguments
    assert "expires_days" not in cool
    assert "archive" not in cool
    assert "to-archive-mover" in cool["functions"]
    assert (archive["shared"], archive["expires_days"]) == (False, 335)
    # The mover must be able to read what lies in the cool bucket.
    assert set(config.cool(names_at(apart, Slot.COOL))["classes"].values()) == {"STANDARD_IA"}


def test_a_cool_bucket_whose_archive_is_elsewhere_and_unused_deletes_by_itself() -> None:
    assert stack(kept(7, 30, 30, FAR), Slot.COOL).arguments["expires_days"] == 23


def test_records_expire_only_where_no_tier_comes_after_hot() -> None:
    assert "hot_expires_s" not in config.hot(names_at(kept(7, 30, 365), Slot.HOT))
    assert config.hot(names_at(kept(7, 7, 7), Slot.HOT))["hot_expires_s"] == 7 * DAY


def test_provisioned_capacity_is_what_the_bill_has_planned() -> None:
    names = names_at(deployed(SECOND), Slot.HOT)
    table = names.deployment.blueprint.component(Slot.HOT, "hot")
    assert table is not None
    written = sum(
        use.amount * -(-(use.each_bytes or 0) // 1024) for use in table.usage if use.meter == "aws.dynamodb.wcu-hours"
    )
    assert capacity(names, "aws.dynamodb.wcu-hours") == max(1, -int(-written // 730))
    assert "capacity" not in stack(deployed(), Slot.HOT).arguments


def test_grafana_has_a_size_of_fargates() -> None:
    assert size(names_at(deployed(SECOND), Slot.VISUALIZATION)) == 0.5
    arguments = stack(deployed(SECOND), Slot.VISUALIZATION).arguments
    assert (arguments["cpu_units"], arguments["memory_mib"]) == (512, 1024)
    assert re.fullmatch(r"grafana/grafana:\d+\.\d+\.\d+", arguments["image"])


def test_managed_grafana_knows_users_by_their_ids_only() -> None:
    user = "93a4b812-1234-5678-9abc-def012345678"
    arguments = stack(deployed(users=("viewer@example.com", user)), Slot.VISUALIZATION).arguments
    assert (arguments["administrators"], arguments["viewers"]) == ([], [user])


def test_basic_ingest_devices_publish_to_rules_and_others_to_the_broker() -> None:
    broker = stack(deployed(), Slot.ACQUISITION).arguments
    basic = stack(deployed(SECOND), Slot.ACQUISITION).arguments
    assert broker["devices"]["topics"][0] == "dt/smart-home/{device}/telemetry"
    assert basic["devices"]["topics"][0] == "$aws/rules/smart_home_k3x9f_telemetry/dt/smart-home/{device}/telemetry"
    assert broker["target"] == {"kind": "queue", "name": "smart-home-k3x9f-intake"}
    assert basic["target"] == {"kind": "stream", "name": "smart-home-k3x9f-intake"}
    assert stack(deployed(FIRST, FAR), Slot.ACQUISITION).arguments["target"]["name"].endswith("-telemetry-outbox")


def test_lost_connections_are_those_of_this_deployments_devices() -> None:
    sql = stack(deployed(), Slot.ACQUISITION).arguments["rules"]["lost"]["sql"]
    prefix = "smart-home-k3x9f-"
    assert f"startswith(clientId, '{prefix}')" in sql
    assert f"substring(clientId, {len(prefix)}) AS device" in sql


def test_alerts_of_both_stacks_of_a_move_reach_the_queue() -> None:
    moved = deployed(generations={"L2": 2})
    foundation = AWS.foundation(moved, moved.site(Slot.PROCESSING))
    assert foundation.arguments["alert_topics"] == ["smart-home-k3x9f-alerts", "smart-home-k3x9f-alerts-2"]
    assert stack(moved, Slot.PROCESSING).arguments["alerts"] == "smart-home-k3x9f-alerts-2"


def test_batches_larger_than_ten_messages_have_a_window() -> None:
    """Lambda refuses such a mapping without one."""
    for slot in (Slot.ACQUISITION, Slot.PROCESSING):
        for function in stack(deployed(FIRST, FAR), slot).arguments["functions"].values():
            source = function["source"]
            if source is not None and source["kind"] == "queue" and source["batch"] > 10:
                assert source["window_s"] >= 1


def test_what_a_plan_shows_before_anything_exists_has_the_form_of_what_will_be() -> None:
    layers = offline(stack(deployed(SECOND), Slot.PROCESSING))["layers"]
    assert set(layers) == {"x86_64"}
    for arn in layers.values():
        assert re.fullmatch(r"arn:aws:lambda:eu-central-1:\d{12}:layer:smart-home-k3x9f-msgspec-[a-z0-9-]+:\d+", arn)


def test_a_bucket_of_two_tiers_is_held_for_either() -> None:
    held = frozenset({Slot.ARCHIVE})
    assert stack(deployed(held=held), Slot.COOL).arguments["held"] is True
    assert stack(deployed(FIRST, FAR, held=held), Slot.COOL).arguments["held"] is False


def test_held_slots_are_told_so_and_stores_go_with_their_objects_only_if_asked() -> None:
    held = deployed(held=frozenset({Slot.HOT}))
    assert stack(held, Slot.HOT).arguments["held"] is True
    assert stack(held, Slot.PROCESSING).arguments["held"] is False
    assert stack(held, Slot.COOL).arguments["force_destroy"] is False
    assert stack(deployed(discard=True), Slot.COOL).arguments["force_destroy"] is True
