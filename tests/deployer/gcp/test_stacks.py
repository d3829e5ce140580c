"""Stacks of Google Cloud as data: queues and who gets them, schedules, what is held, ages, secrets, outputs' fields."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.deployer.gcp.bench import FAR, PROVISIONED, SERVERLESS, SITUATIONS, deployed, situation, stack, stacks_at_gcp
from twin2multicloud.deployer.clouds import CLOUDS
from twin2multicloud.deployer.clouds.gcp import GCP
from twin2multicloud.deployer.clouds.gcp.stack import cron
from twin2multicloud.deployer.clouds.gcp.visualization import vcpus
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.spec import SECONDS_PER_MONTH
from twin2multicloud.runtime.adapters.gcp.build import GcpConfig

PREFIX = "smart-building-k3x9f-europe-west1-"


def arguments(deployment: Deployment, slot: Slot) -> dict[str, Any]:
    return dict(stack(deployment, slot).arguments)


@pytest.mark.parametrize("name", SITUATIONS)
def test_arguments_are_plain_json_and_the_same_every_time(name: str) -> None:
    for first, second in zip(stacks_at_gcp(situation(name)), stacks_at_gcp(situation(name)), strict=True):
        assert msgspec.json.encode(first.arguments) == msgspec.json.encode(second.arguments)
        assert first.module.startswith("gcp/")


def test_the_cloud_is_known_and_pins_its_provider() -> None:
    assert CLOUDS[Provider.GCP] is GCP
    assert GCP.provider_versions == {"google": "8.7.0"}


@pytest.mark.parametrize("name", SITUATIONS)
def test_everything_is_labelled(name: str) -> None:
    for each in stacks_at_gcp(situation(name)):
        block = each.providers["google"]
        assert block["default_labels"]["run"] == "k3x9f"
        assert block["region"] == each.site.region


# ── Queues ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_devices_next_door_are_heard_over_a_subscription_on_their_topic() -> None:
    queues = arguments(deployed(SERVERLESS), Slot.ACQUISITION)["queues"]
    assert queues["telemetry"] == {"topic": f"{PREFIX}telemetry", "create": True, "subscription": None}
    assert queues["intake"]["topic"] == f"{PREFIX}telemetry"
    assert not queues["intake"]["create"]
    assert queues["intake"]["push_to"] == "smart-building-k3x9f-process"
    assert "intake" not in arguments(deployed(SERVERLESS), Slot.PROCESSING)["queues"]


def test_a_worker_next_door_may_pull_that_subscription() -> None:
    queues = arguments(deployed(PROVISIONED), Slot.ACQUISITION)["queues"]
    account = arguments(deployed(PROVISIONED), Slot.PROCESSING)["workers"]["process"]["account"]
    assert queues["intake"]["push_to"] is None
    assert queues["intake"]["subscribers"] == [f"{account}@offline-project.iam.gserviceaccount.com"]


def test_telemetry_for_elsewhere_is_pushed_to_its_sender() -> None:
    queues = arguments(deployed(PROVISIONED, FAR), Slot.ACQUISITION)["queues"]
    assert queues.keys() == {"gateway", "telemetry-deliveries"}
    assert queues["telemetry-deliveries"]["push_to"] == "smart-building-k3x9f-telemetry-sender"
    assert queues["telemetry-deliveries"]["topic"] == queues["gateway"]["topic"]


@pytest.mark.parametrize("offers", [SERVERLESS, PROVISIONED])
def test_every_outbox_has_a_topic_and_its_sender(offers: tuple[str, ...]) -> None:
    found = arguments(deployed(offers, FAR), Slot.PROCESSING)
    for edge in ("persist", "twin-updates", "commands"):
        queue = found["queues"][f"{edge}-outbox"]
        assert queue["create"]
        assert queue["push_to"] == found["functions"][f"{edge}-sender"]["name"]
        # A message that waits for its batch must not be delivered a second time meanwhile.
        assert queue["ack_deadline_s"] > found["functions"][f"{edge}-sender"]["timeout_s"]
    assert found["queues"]["intake"]["create"]
    assert found["queues"]["alerts"]["push_to"] is None


def test_a_moved_slot_stands_beside_its_predecessor() -> None:
    before, after = deployed(SERVERLESS, FAR), deployed(SERVERLESS, FAR, generations={"L2": 2})
    old, new = stack(before, Slot.PROCESSING), stack(after, Slot.PROCESSING)
    assert (old.name, new.name) == ("L2", "L2-2")
    for kind, key in (("queues", "topic"), ("functions", "name"), ("functions", "account")):
        former = {each[key] for each in old.arguments[kind].values()}
        assert not former & {each[key] for each in new.arguments[kind].values()}


# ── Held ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_holding_a_slot_changes_nothing_but_that() -> None:
    for offers in (SERVERLESS, PROVISIONED):
        for slot in SLOTS:
            free, held = deployed(offers), deployed(offers, held=frozenset({slot}))
            for each, other in zip(stacks_at_gcp(free), stacks_at_gcp(held), strict=True):
                assert _without_holds(each.arguments) == _without_holds(other.arguments)


def _without_holds(arguments: Any) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if key not in ("held", "intake_held")}


@pytest.mark.parametrize("held", [Slot.PROCESSING, Slot.ACQUISITION])
def test_telemetry_from_next_door_waits_while_either_of_the_two_is_held(held: Slot) -> None:
    assert arguments(deployed(SERVERLESS, held=frozenset({held})), Slot.ACQUISITION)["intake_held"]
    assert not arguments(deployed(SERVERLESS, held=frozenset({Slot.HOT})), Slot.ACQUISITION)["intake_held"]


# ── Schedules and ages ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (1, "5 0 * * *"),
        (2, "5 */12 * * *"),
        (4, "5 */6 * * *"),
        (24, "5 * * * *"),
        (48, "*/30 * * * *"),
        (96, "*/15 * * * *"),
        (1440, "* * * * *"),
        (5, "5 */4 * * *"),
        (100, "*/12 * * * *"),
    ],
)
def test_runs_a_day_in_crons_words(runs: int, said: str) -> None:
    assert cron(runs) == said


def test_movers_are_called_as_often_as_was_priced() -> None:
    schedules = arguments(deployed(SERVERLESS, FAR), Slot.COOL)["schedules"]
    assert schedules["to-archive-mover-schedule"]["function"] == "to-archive-mover"
    assert schedules["to-archive-mover-schedule"]["cron"] == "5 * * * *"


def test_ages_count_from_the_day_on_which_an_object_comes() -> None:
    retention = deployed(SERVERLESS).spec.retention
    day = 86_400
    near, far = arguments(deployed(SERVERLESS), Slot.COOL), arguments(deployed(SERVERLESS, FAR), Slot.COOL)
    assert near["archived_days"] * day == pytest.approx(retention.cool_s - retention.hot_s, abs=day)
    assert near["deleted_days"] * day == pytest.approx(retention.archive_s - retention.hot_s, abs=day)
    assert (far["archived_days"], far["deleted_days"]) == (None, None)
    away = arguments(deployed(SERVERLESS, FAR), Slot.ARCHIVE)
    assert away["deleted_days"] * day == pytest.approx(retention.archive_s - retention.cool_s, abs=day)


def test_the_archive_beside_the_cool_tier_is_in_its_bucket() -> None:
    found = arguments(deployed(SERVERLESS), Slot.ARCHIVE)
    assert found["bucket"] is None
    assert found["store"]["archive_bucket"] == arguments(deployed(SERVERLESS), Slot.COOL)["bucket"]
    assert arguments(deployed(SERVERLESS, FAR), Slot.ARCHIVE)["bucket"] == found["store"]["archive_bucket"].replace(
        "cool", "archive"
    )


def test_buckets_go_with_what_they_hold_only_if_somebody_said_so() -> None:
    assert not arguments(deployed(SERVERLESS), Slot.COOL)["discard"]
    assert arguments(deployed(SERVERLESS, discard=True), Slot.COOL)["discard"]


# ── What was priced ─────────────────────────────────────────────────────────────────────────────────────────
def test_sizes_are_those_that_were_priced() -> None:
    deployment = deployed(PROVISIONED)
    usage = {use.meter: use.amount for component in deployment.blueprint.components for use in component.usage}
    assert arguments(deployment, Slot.HOT)["nodes"] * 730 == pytest.approx(usage["gcp.bigtable.node-hours"])
    machine = arguments(deployment, Slot.VISUALIZATION)
    assert usage[f"gcp.compute.{machine['machine_type']}-hours"] == pytest.approx(730)
    assert machine["disk_gib"] == 10
    container = deployed(SERVERLESS)
    priced = container.blueprint.by_id["L5/dashboards"].usage
    (cpu,) = (use.amount for use in priced if use.meter == "gcp.run.instance-cpu")
    assert arguments(container, Slot.VISUALIZATION)["vcpus"] * SECONDS_PER_MONTH == pytest.approx(cpu)


@pytest.mark.parametrize(("priced", "offered"), [(1.0, 1), (2.0, 2), (3.0, 4), (5.0, 6), (8.0, 8)])
def test_an_instance_has_the_next_number_of_vcpus_that_there_is(priced: float, offered: int) -> None:
    assert vcpus(priced) == offered


def test_more_users_than_an_instance_serves_are_refused() -> None:
    with pytest.raises(UsageError, match="another offer for L5"):
        vcpus(9.0)


# ── The foundation ──────────────────────────────────────────────────────────────────────────────────────────
def foundations(deployment: Deployment) -> list[dict[str, Any]]:
    return [dict(each.arguments) for each in stacks_at_gcp(deployment) if each.slot is None]


def test_a_site_has_the_secrets_that_its_functions_read() -> None:
    (near,) = foundations(deployed(SERVERLESS))
    assert near["secrets"].keys() >= {"links", "read-key", "device-keys", "grafana-admin"}
    assert near["secrets"]["links"] == f"{PREFIX}links"
    (direct,) = foundations(deployed(PROVISIONED))
    assert "device-keys" not in direct["secrets"]


def test_only_services_in_use_are_switched_on() -> None:
    (serverless,), (provisioned,) = foundations(deployed(SERVERLESS)), foundations(deployed(PROVISIONED))
    assert "bigtableadmin.googleapis.com" not in serverless["services"]
    assert {"bigtableadmin.googleapis.com", "compute.googleapis.com", "sts.googleapis.com"} <= set(
        provisioned["services"]
    )


def test_the_budget_is_at_the_first_site_alone_and_rounded_up() -> None:
    first, second = foundations(deployed(SERVERLESS, FAR, budgets_usd_per_month={"gcp": 41.2, "aws": 7.0}))
    assert first["budget"] == {"units": 42}
    assert second["budget"] is None
    assert all(each["budget"] is None for each in foundations(deployed(SERVERLESS)))


def test_a_site_keeps_the_logs_of_its_own_functions() -> None:
    here, there = foundations(deployed(SERVERLESS, FAR))
    assert "smart-building-k3x9f-process" in there["log_services"]
    assert "smart-building-k3x9f-process" not in here["log_services"]
    assert "smart-building-k3x9f-dashboards" in there["log_services"]


# ── What slots put out ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", SITUATIONS)
def test_stores_are_described_in_the_runtimes_own_fields(name: str) -> None:
    for each in stacks_at_gcp(situation(name)):
        if "store" in each.arguments:
            read = msgspec.convert(each.arguments["store"], GcpConfig)
            assert read.database == f"smart-building-k3x9f-{each.site.region}"


# ── Beside other clouds ─────────────────────────────────────────────────────────────────────────────────────
ELSEWHERE = (
    "aws.iot-core",
    "azure.functions-flex",
    "aws.dynamodb-on-demand",
    "azure.blob-cool",
    "aws.s3-glacier-flexible",
    "azure.digital-twins",
    "aws.managed-grafana",
)


@pytest.mark.parametrize("offers", [SERVERLESS, PROVISIONED])
@pytest.mark.parametrize("alone", range(7))
def test_a_slot_alone_on_google_cloud_refers_to_nothing_that_is_elsewhere(offers: tuple[str, ...], alone: int) -> None:
    mixed = tuple(own if n == alone else other for n, (own, other) in enumerate(zip(offers, ELSEWHERE, strict=True)))
    deployment = deployed(mixed)
    foundation, only = stacks_at_gcp(deployment)
    assert foundation.arguments["database"] == "smart-building-k3x9f-europe-west1"
    functions = {**only.arguments.get("functions", {}), **only.arguments.get("workers", {})}
    assert sorted(argument["name"] for argument in functions.values()) == [
        name for name in foundation.arguments["log_services"] if "dashboards" not in name
    ]
    for argument in functions.values():
        read = msgspec.convert(argument["config"], GcpConfig)
        slot = only.slot
        assert bool(read.bigtable_instance) == (slot is Slot.HOT and offers is PROVISIONED)
        assert bool(read.cool_bucket) == (slot is Slot.COOL)
        assert bool(read.archive_bucket) == (slot is Slot.ARCHIVE)
