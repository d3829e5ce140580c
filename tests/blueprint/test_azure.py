"""What Azure's offers and glue use on meters, against figures worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from twin2multicloud.blueprint.azure import AZURE
from twin2multicloud.blueprint.edges import (
    COMMANDS,
    EDGES,
    HISTORY,
    PERSIST,
    TELEMETRY,
    TO_ARCHIVE,
    TO_COOL,
    TWIN_UPDATES,
)
from twin2multicloud.blueprint.parts import Component, Edge, End, Offer, Relation
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload

SECONDS = 730 * 3600  # of a month: one message a second makes as many messages
QUARTER_GIB = 256 * 2**20
OFFERS = {offer.id: offer for offer in AZURE.offers}


def volumes(assumptions: Assumptions | None = None, **changes: Any) -> Volumes:
    """One device, one message of 1,000 bytes a second, unless changed."""
    load: dict[str, Any] = {"devices": 1, "message_interval_s": 1.0, "message_size_bytes": 1000, **changes}
    return Volumes.of([Workload(**load)], assumptions)


def usage(components: Iterable[Component]) -> dict[str, FloatArray]:
    """Amounts per meter, an item counted once per KB where its size is given (any chunk shows a dropped size)."""
    total: dict[str, FloatArray] = {}
    for component in components:
        for use in component.uses:
            pieces = 1.0 if use.each_bytes is None else np.maximum(np.ceil(use.each_bytes / 1000), 1.0)
            total[use.meter] = total.get(use.meter, 0.0) + use.amount * pieces
    return total


def own(offer_id: str, v: Volumes) -> dict[str, float]:
    return {meter: amount.item() for meter, amount in usage(OFFERS[offer_id].components(v)).items()}


def at(offer_id: str, edge: Edge, end: End, relation: Relation, v: Volumes) -> dict[str, float]:
    parts = AZURE.end_parts(OFFERS[offer_id], edge, end)
    return {meter: amount.item() for meter, amount in usage(parts(v, edge.flow(v), relation)).items()}


def named(offer_id: str, name: str, v: Volumes) -> dict[str, float]:
    found = [component for component in OFFERS[offer_id].components(v) if component.name == name]
    assert found, f"{offer_id} has no component {name}"
    return {meter: amount.item() for meter, amount in usage(found).items()}


def fits(offer_id: str, v: Volumes) -> bool:
    return all(limit.fits(v).all() for limit in OFFERS[offer_id].limits)


# ── The catalogue ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_slot_is_offered() -> None:
    assert {offer.slot for offer in AZURE.offers} == set(SLOTS)
    assert len(OFFERS) == len(AZURE.offers)
    assert all(offer.provider is Provider.AZURE and offer.id.startswith("azure.") for offer in AZURE.offers)


def test_features_that_constraints_ask_for() -> None:
    assert {o.id for o in AZURE.offers if o.slot is Slot.ACQUISITION and "commands" in o.features} == {
        "azure.iot-hub-s1",
        "azure.iot-hub-s2",
        "azure.iot-hub-s3",
    }
    assert not any("3d-scenes" in offer.features for offer in AZURE.offers)
    assert "managed" not in OFFERS["azure.own-graph"].features
    assert {o.id for o in AZURE.offers if "private-network" in o.features} == {"azure.functions-flex"}


# ── L1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hub_counts_the_busiest_day() -> None:
    v = volumes(devices=10, peak_factor=3.0, commands_per_device_per_day=24.0)
    (gateway,) = OFFERS["azure.iot-hub-s1"].components(v)
    telemetry, commands = gateway.uses
    assert {use.meter for use in gateway.uses} == {"azure.iot-hub.s1"}
    assert telemetry.amount.item() == pytest.approx(10 * 86_400 * 3)
    assert telemetry.each_bytes is not None
    assert telemetry.each_bytes.item() == 1000
    assert commands.amount.item() == pytest.approx(10 * 24 * 3)
    assert commands.each_bytes is not None
    assert commands.each_bytes.item() == Assumptions().command_bytes


def test_basic_edition_counts_telemetry_only_and_refuses_commands() -> None:
    assert own("azure.iot-hub-b2", volumes()) == {"azure.iot-hub.b2": pytest.approx(86_400)}
    assert fits("azure.iot-hub-b2", volumes())
    assert not fits("azure.iot-hub-b2", volumes(commands_per_device_per_day=0.1))
    assert fits("azure.iot-hub-s2", volumes(commands_per_device_per_day=0.1))


@pytest.mark.parametrize(
    ("offer_id", "most"),
    [("azure.iot-hub-s1", 80_000_000), ("azure.iot-hub-b2", 1_200_000_000), ("azure.iot-hub-s3", 3_000_000_000)],
)
def test_hub_takes_its_most_units_and_no_more(offer_id: str, most: int) -> None:
    def day(messages: int, size: int = 4096) -> Volumes:
        return volumes(devices=messages // 100_000, message_interval_s=0.864, message_size_bytes=size)

    assert fits(offer_id, day(most))
    assert not fits(offer_id, day(most + 100_000))
    assert not fits(offer_id, day(most, size=4097)), "a started second chunk of 4 KB counts"


def test_hub_registers_a_million_devices() -> None:
    assert fits("azure.iot-hub-s3", volumes(devices=1_000_000, message_interval_s=3600.0))
    assert not fits("azure.iot-hub-s3", volumes(devices=1_000_001, message_interval_s=3600.0))


# ── Functions ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_consumption_bills_100_ms_at_least() -> None:
    # A batch is open for a second after its first message, so of one a second it holds two: 5 + 2 · 2.05 ms.
    used = named("azure.functions-consumption", "process", volumes())
    assert used == {
        "azure.functions.executions": pytest.approx(SECONDS / 2),
        "azure.functions.duration": pytest.approx(SECONDS / 2 * 0.1 * QUARTER_GIB),
        "azure.monitor.log-ingestion": pytest.approx(SECONDS / 2 * 200),
    }


def test_full_batches_bill_their_time() -> None:
    # 100 messages a second come in batches of 100: 5 + 100 · 2.05 ms each.
    used = named("azure.functions-consumption", "process", volumes(devices=100))
    assert used["azure.functions.executions"] == pytest.approx(SECONDS)
    assert used["azure.functions.duration"] == pytest.approx(SECONDS * 0.210 * QUARTER_GIB)


def test_consumption_memory_goes_up_in_128_mib_steps() -> None:
    used = named("azure.functions-consumption", "process", volumes(Assumptions(handler_memory_mib=130)))
    assert used["azure.functions.duration"] == pytest.approx(SECONDS / 2 * 0.1 * QUARTER_GIB)
    assert fits("azure.functions-consumption", volumes(Assumptions(handler_memory_mib=1536)))
    assert not fits("azure.functions-consumption", volumes(Assumptions(handler_memory_mib=1537)))
    assert fits("azure.functions-flex", volumes(Assumptions(handler_memory_mib=1537)))


@pytest.mark.parametrize(("handler_mib", "instance_mib"), [(256, 512), (513, 2048), (2049, 4096)])
def test_flex_bills_whole_instances(handler_mib: int, instance_mib: int) -> None:
    # One message in ten seconds, 1.1 in a batch: each batch wakes an instance for a second.
    v = volumes(Assumptions(handler_memory_mib=handler_mib), message_interval_s=10.0)
    used = named("azure.functions-flex", "process", v)
    assert used["azure.functions-flex.executions"] == pytest.approx(SECONDS / 11)
    assert used["azure.functions-flex.duration"] == pytest.approx(SECONDS / 11 * instance_mib * 2**20)


def test_flex_instance_is_active_no_more_than_all_month_unless_busy() -> None:
    often = named("azure.functions-flex", "process", volumes(devices=200))
    assert often["azure.functions-flex.executions"] == pytest.approx(2 * SECONDS)
    assert often["azure.functions-flex.duration"] == pytest.approx(SECONDS * 512 * 2**20)
    busy = named("azure.functions-flex", "process", volumes(devices=1000))
    assert busy["azure.functions-flex.duration"] == pytest.approx(10 * 0.210 * SECONDS * 512 * 2**20)


def test_alerts_and_errors_are_published_and_delivered() -> None:
    used = own("azure.functions-consumption", volumes(event_share=0.25))
    # An event is an alert when it begins and another when it is over.
    assert used["azure.event-grid.operations"] == pytest.approx(2 * SECONDS * (2 * 0.25 + 0.0005))
    assert used["azure.storage-queue.operations"] == pytest.approx(3 * SECONDS * 0.0005)


# ── Telemetry between L1 and L2 ─────────────────────────────────────────────────────────────────────────────────


def test_local_telemetry_needs_no_queue() -> None:
    v = volumes(devices=100)
    assert at("azure.iot-hub-s1", TELEMETRY, End.SOURCE, Relation.SAME, v) == {}
    intake = at("azure.functions-consumption", TELEMETRY, End.TARGET, Relation.SAME, v)
    assert intake == {"azure.blob.hot.write": pytest.approx(SECONDS / 10)}


def test_remote_telemetry_leaves_through_a_sender_on_the_hub_itself() -> None:
    used = at("azure.iot-hub-s1", TELEMETRY, End.SOURCE, Relation.CLOUD, volumes(devices=100))
    assert "azure.storage-queue.operations" not in used
    # It reads as many as a post takes, 20, and is busy for 5 + 60 + 20 · 0.1 ms with them.
    assert used["azure.functions.executions"] == pytest.approx(5 * SECONDS)
    assert used["azure.functions.duration"] == pytest.approx(5 * SECONDS * 0.1 * QUARTER_GIB)
    assert used["azure.blob.hot.write"] == pytest.approx(5 * SECONDS / 10)


def test_remote_telemetry_arrives_through_receiver_and_queue() -> None:
    v = volumes(devices=100)
    used = at("azure.functions-consumption", TELEMETRY, End.TARGET, Relation.CLOUD, v)
    # Five posts a second, each a queue message: put, get, delete.
    assert used["azure.storage-queue.operations"] == pytest.approx(3 * 5 * SECONDS)
    # The receiver runs for each, and processing for each instead of once for all five.
    assert used["azure.functions.executions"] == pytest.approx((5 + 4) * SECONDS)
    # Receiver: 5 · 100 ms. Processing: 5 · 100 ms instead of 210 ms.
    assert used["azure.functions.duration"] == pytest.approx((0.5 + 0.5 - 0.21) * SECONDS * QUARTER_GIB)


def test_larger_batches_on_the_link_do_not_lower_what_processing_runs() -> None:
    v = volumes(devices=200, message_size_bytes=10, link_batch_messages=200)
    used = at("azure.functions-consumption", TELEMETRY, End.TARGET, Relation.CLOUD, v)
    assert used["azure.functions.executions"] == pytest.approx(SECONDS)  # the receiver's


def test_a_batch_over_64_kb_is_several_queue_messages() -> None:
    # Of 10,000 + 250 bytes, six fit a message of 64 KB, and each message is posted on its own.
    v = volumes(Assumptions(send_ms_per_batch=200), devices=24, message_size_bytes=10_000)
    used = at("azure.functions-consumption", PERSIST, End.SOURCE, Relation.CLOUD, v)
    assert used["azure.storage-queue.operations"] == pytest.approx(3 * 4 * SECONDS)
    assert used["azure.functions.executions"] == pytest.approx(4 * SECONDS)
    assert used["azure.functions.duration"] == pytest.approx((4 * 0.205 + 0.0024) * SECONDS * QUARTER_GIB)


def test_what_a_run_hands_over_seldom_is_not_gathered_from_many_runs() -> None:
    # 100 messages a second and one command in 20 s: a run of 100 messages has one or none.
    v = volumes(devices=100, commands_per_device_per_day=43.2)
    used = at("azure.functions-consumption", COMMANDS, End.SOURCE, Relation.CLOUD, v)
    assert used["azure.functions.executions"] == pytest.approx(100 * 43.2 * 730 / 24)


# ── Handing over ────────────────────────────────────────────────────────────────────────────────────────────────


def test_handing_over_within_the_function_uses_its_minimum_time_first() -> None:
    idle = at("azure.functions-consumption", PERSIST, End.SOURCE, Relation.SAME, volumes())
    assert idle == {"azure.functions.duration": 0.0}
    # 39 messages a second in batches of 40: a run is busy for 5 + 82 ms, 13 of 40 ms of writing are still free.
    some = at("azure.functions-consumption", PERSIST, End.SOURCE, Relation.SAME, volumes(devices=39))
    assert some["azure.functions.duration"] == pytest.approx(0.027 * 39 / 40 * SECONDS * QUARTER_GIB)
    # Twin updates come after persisting and find the minimum used up.
    graph = at("azure.functions-consumption", TWIN_UPDATES, End.SOURCE, Relation.SAME, volumes(devices=39))
    assert graph["azure.functions.duration"] == pytest.approx(0.039 * SECONDS * QUARTER_GIB)


def test_handing_over_runs_on_the_offers_plan_and_the_sender_does_not() -> None:
    v = volumes(devices=1000)
    local = at("azure.functions-flex", PERSIST, End.SOURCE, Relation.SAME, v)
    assert local == {"azure.functions-flex.duration": pytest.approx(SECONDS * 512 * 2**20)}
    remote = at("azure.functions-flex", PERSIST, End.SOURCE, Relation.CLOUD, v)
    assert "azure.functions.executions" in remote
    assert "azure.functions-flex.duration" not in remote


def test_no_commands_no_cost_of_crossing() -> None:
    for end, offer_id in ((End.SOURCE, "azure.functions-consumption"), (End.TARGET, "azure.iot-hub-s1")):
        used = at(offer_id, COMMANDS, end, Relation.CLOUD, volumes(commands_per_device_per_day=0.0))
        assert used
        assert set(used.values()) == {0.0}


@pytest.mark.parametrize("offer", AZURE.offers, ids=lambda offer: offer.id)
def test_two_regions_need_the_glue_of_two_clouds(offer: Offer) -> None:
    v = volumes(devices=30, commands_per_device_per_day=5.0)
    for edge in EDGES:
        for end, slot in ((End.SOURCE, edge.source), (End.TARGET, edge.target)):
            if slot is offer.slot:
                region, cloud = (at(offer.id, edge, end, r, v) for r in (Relation.REGION, Relation.CLOUD))
                assert region == cloud
                if edge.push:
                    assert any(amount > 0 for amount in cloud.values()), (edge.id, end)


def test_queries_from_elsewhere_are_signed_and_need_no_other_glue() -> None:
    queries = 12 * 8 * 730 / 24 * 4
    for relation in Relation:
        used = at("azure.cosmos-serverless", HISTORY, End.SOURCE, relation, volumes())
        # A nonce is written, 5 RU, and expires, 5 RU.
        apart = {"azure.cosmos.serverless-ru": pytest.approx(queries * 10)}
        assert used == ({} if relation is Relation.SAME else apart)
        assert at("azure.managed-grafana", HISTORY, End.TARGET, relation, volumes()) == {}


def test_rules_remember_and_what_cannot_be_done_is_kept() -> None:
    v = volumes(event_share=0.1, rules_per_message=3.0)
    # Set and cleared for each event, 5 RU each; three rules of one device read with the first message after five
    # minutes, 1 RU each.
    state = named("azure.functions-consumption", "rule-state", v)
    assert state["azure.cosmos.serverless-ru"] == pytest.approx(SECONDS * 0.1 * 2 * 5 + SECONDS / 300.5 * 3)
    letters = named("azure.functions-consumption", "dead-letters", v)
    assert letters["azure.cosmos.serverless-ru"] == pytest.approx(SECONDS * 0.0005 * 5 * 1250 / 1024)


def test_rules_of_seldom_messages_are_read_with_each_and_none_without_rules() -> None:
    def reads(**changes: Any) -> float:
        used = named("azure.functions-consumption", "rule-state", volumes(event_share=0.0, **changes))
        return used["azure.cosmos.serverless-ru"]

    assert reads(message_interval_s=600.0) == pytest.approx(SECONDS / 600)
    assert reads(rules_per_message=0.0) == 0


# ── L3 ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# Records of exactly 1 KiB; 12 · 8 · 730/24 refreshes with 4 panels that read 100 records each.
KIB_RECORDS: dict[str, Any] = {"message_size_bytes": 1024 - 150}
WRITES = 5.0 * SECONDS
# Each of the mover's 730 runs asks twice for the earliest record, 1 RU each.
READS = 1.0 * SECONDS + 2 * 730 + 12 * 8 * 730 / 24 * 4 * 100


def test_serverless_pays_for_expiry_too() -> None:
    used = own("azure.cosmos-serverless", volumes(**KIB_RECORDS))
    assert used["azure.cosmos.serverless-ru"] == pytest.approx(WRITES + READS + WRITES)
    assert used["azure.cosmos.storage"] == pytest.approx(SECONDS * 1024)


def test_small_records_count_as_a_kib_in_writes() -> None:
    few: dict[str, Any] = {
        "message_size_bytes": 1,
        "dashboard_refreshes_per_hour": 0.0,
        "archive_months": 1.0,
        "cool_months": 1.0,
    }
    used = own("azure.cosmos-serverless", volumes(**few))
    assert used["azure.cosmos.serverless-ru"] == pytest.approx(2 * WRITES)


def test_provisioned_keeps_pace_with_expiry_and_plans_for_the_peak() -> None:
    even = own("azure.cosmos-provisioned", volumes(**KIB_RECORDS))
    assert even["azure.cosmos.provisioned-ru-hours"] == pytest.approx((2 * WRITES + READS) / SECONDS * 730)
    peaky = own("azure.cosmos-provisioned", volumes(peak_factor=10.0, **KIB_RECORDS))
    planned = (WRITES + READS) / SECONDS * 10 / 0.7
    assert peaky["azure.cosmos.provisioned-ru-hours"] == pytest.approx(planned * 730)


def test_throughput_is_one_ru_per_s_for_each_gb() -> None:
    stored = volumes(hot_months=1200.0, cool_months=1200.0, archive_months=1200.0, **KIB_RECORDS)
    gigabytes = SECONDS * 1024 * 1200 / 1e9
    for variant in ("provisioned", "autoscale"):
        used = own(f"azure.cosmos-{variant}", stored)
        assert used[f"azure.cosmos.{variant}-ru-hours"] == pytest.approx(gigabytes * 730)


def test_autoscale_follows_the_load_down_to_a_tenth_of_the_peak() -> None:
    even = own("azure.cosmos-autoscale", volumes(**KIB_RECORDS))
    assert even["azure.cosmos.autoscale-ru-hours"] == pytest.approx((2 * WRITES + READS) / SECONDS * 730)
    uneven = own("azure.cosmos-autoscale", volumes(Assumptions(autoscale_hourly_peak=4.0), **KIB_RECORDS))
    assert uneven["azure.cosmos.autoscale-ru-hours"] == pytest.approx(4 * (WRITES + READS) / SECONDS * 730)
    spiky = own("azure.cosmos-autoscale", volumes(peak_factor=31.0, **KIB_RECORDS))
    floor = (WRITES + READS) / SECONDS * 31 / 0.7 / 10
    assert spiky["azure.cosmos.autoscale-ru-hours"] == pytest.approx(floor * 730)


def test_serverless_has_a_capacity() -> None:
    # 5 RU to write and 1 to move each record of 1 KiB; history queries aside.
    quiet: dict[str, Any] = {"dashboard_refreshes_per_hour": 0.0, **KIB_RECORDS}
    assert fits("azure.cosmos-serverless", volumes(devices=83, peak_factor=10.0, **quiet))
    assert not fits("azure.cosmos-serverless", volumes(devices=84, peak_factor=10.0, **quiet))
    assert fits("azure.cosmos-autoscale", volumes(devices=84, peak_factor=10.0, **quiet))
    long: dict[str, Any] = {"hot_months": 400.0, "cool_months": 400.0, "archive_months": 400.0}
    assert not fits("azure.cosmos-serverless", volumes(**long, **quiet))


def test_cool_blobs_with_their_minimums() -> None:
    # Hot for 1 month, cool until 3: compressed to a quarter of 1,250 bytes, 24 objects a day.
    size = SECONDS * 1250 * 0.25
    used = own("azure.blob-cool", volumes())
    assert used == {
        "azure.blob.cool.storage": pytest.approx(size * 2),
        "azure.blob.cool.write": pytest.approx(730),
        "azure.blob.cool.read": pytest.approx(730 * 2 * 0.05),
        "azure.blob.cool.retrieval": pytest.approx(size * 2 * 0.05),
    }
    # Two months are less than 90 days, which Cold charges for.
    cold = own("azure.blob-cold", volumes())
    assert cold["azure.blob.cold.storage"] == pytest.approx(size * 90 / (730 / 24))
    # A message an hour makes tiny objects, billed as 128 KiB each.
    tiny = own("azure.blob-cool", volumes(message_interval_s=3600.0))
    assert tiny["azure.blob.cool.storage"] == pytest.approx(730 * 131_072 * 2)


def test_archive_writes_once_however_blobs_come() -> None:
    v = volumes()
    used = own("azure.blob-archive", v)
    assert used["azure.blob.archive.storage"] == pytest.approx(SECONDS * 1250 * 0.25 * 9)
    assert used["azure.blob.archive.write"] == pytest.approx(730)
    short = own("azure.blob-archive", volumes(cool_months=3.0, archive_months=4.0))
    assert short["azure.blob.archive.storage"] == pytest.approx(SECONDS * 1250 * 0.25 * 180 / (730 / 24))
    assert at("azure.blob-archive", TO_ARCHIVE, End.TARGET, Relation.SAME, v) == {}
    assert at("azure.blob-cool", TO_ARCHIVE, End.SOURCE, Relation.SAME, v) == {}
    remote = at("azure.blob-archive", TO_ARCHIVE, End.TARGET, Relation.CLOUD, v)
    assert remote["azure.functions.executions"] == pytest.approx(730)
    assert "azure.blob.archive.write" not in remote


def test_what_leaves_the_cool_tier_is_read_and_posted() -> None:
    used = at("azure.blob-cold", TO_ARCHIVE, End.SOURCE, Relation.CLOUD, volumes())
    assert used["azure.blob.cold.read"] == pytest.approx(730)
    assert used["azure.blob.cold.retrieval"] == pytest.approx(SECONDS * 1250 * 0.25)
    busy_ms = 730 * 5 + SECONDS * 0.1 + 730 * 60
    assert used["azure.functions.duration"] == pytest.approx(busy_ms / 1000 * QUARTER_GIB)


def test_what_leaves_the_hot_tier_is_posted_by_the_mover() -> None:
    used = at("azure.cosmos-serverless", TO_COOL, End.SOURCE, Relation.CLOUD, volumes())
    assert used == {"azure.functions.duration": pytest.approx(730 * 0.060 * QUARTER_GIB)}


def test_tiers_of_no_length_cost_nothing() -> None:
    v = volumes(hot_months=2.0, cool_months=2.0, archive_months=2.0)
    for offer_id in ("azure.blob-cool", "azure.blob-cold", "azure.blob-archive"):
        assert set(own(offer_id, v).values()) == {0.0}


@pytest.mark.parametrize(
    ("offer_id", "name", "panels"),
    [
        ("azure.cosmos-serverless", "history", 4),
        ("azure.cosmos-provisioned", "history", 4),
        ("azure.digital-twins", "twin-state", 2),
        ("azure.own-graph", "twin-state", 2),
    ],
)
def test_panels_are_answered_by_a_read_handler(offer_id: str, name: str, panels: int) -> None:
    used = named(offer_id, name, volumes())
    queries = 12 * 8 * 730 / 24 * panels
    assert used["azure.functions.executions"] == pytest.approx(queries)
    assert used["azure.functions.duration"] == pytest.approx(queries * 0.1 * QUARTER_GIB)


# ── L4 and L5 ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_digital_twins_count_requests_answers_and_query_units() -> None:
    v = volumes(event_share=0.1)
    graph = next(iter(OFFERS["azure.digital-twins"].components(v)))
    updates, queries, units = graph.uses
    per_month = 12 * 8 * 730 / 24 * 2
    assert updates.meter == queries.meter == "azure.digital-twins.operations"
    assert updates.amount.item() == pytest.approx(SECONDS)
    assert updates.each_bytes is not None
    assert updates.each_bytes.item() == 1000
    assert queries.amount.item() == pytest.approx(per_month)
    assert queries.each_bytes is not None
    assert queries.each_bytes.item() == 10_000
    assert units.meter == "azure.digital-twins.query-units"
    assert units.amount.item() == pytest.approx(per_month * 15)


def test_own_graph_lives_in_a_serverless_container() -> None:
    used = own("azure.own-graph", volumes(entities_3d=9, **KIB_RECORDS))
    reads = 12 * 8 * 730 / 24 * 2 * 10_000 / 1024
    assert used["azure.cosmos.serverless-ru"] == pytest.approx(WRITES + reads)
    assert used["azure.cosmos.storage"] == pytest.approx(10 * 2000)
    assert not fits("azure.own-graph", volumes(devices=1001, **KIB_RECORDS))


def test_managed_grafana_runs_whoever_signs_in() -> None:
    assert own("azure.managed-grafana", volumes(editors=0, viewers=0)) == {
        "azure.grafana.users": 0.0,
        "azure.grafana.instance-hours": 730.0,
    }
    assert own("azure.managed-grafana", volumes(editors=2, viewers=7))["azure.grafana.users"] == 9


@pytest.mark.parametrize(("users", "vcpus"), [(0, 0.5), (50, 0.5), (51, 0.75), (75, 0.75), (400, 4.0)])
def test_grafana_container_grows_in_quarters_of_a_vcpu(users: int, vcpus: float) -> None:
    used = own("azure.grafana-oss", volumes(editors=0, viewers=users))
    assert used["azure.container-apps.vcpu-seconds"] == pytest.approx(vcpus * SECONDS)
    assert used["azure.container-apps.memory"] == pytest.approx(vcpus * 2 * 2**30 * SECONDS)
    assert used[AZURE.egress_meter] == pytest.approx(12 * 8 * 730 / 24 * 100_000)
