"""What Google Cloud's L1 and L2 and its glue use on meters, against figures worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.blueprint.gcp_usage import (
    DAYS,
    FUNCTION_VCPUS,
    MIB,
    OFFERS,
    SECONDS,
    all_of,
    everything,
    fits,
    named,
    own,
    parts,
    volumes,
)
from twin2multicloud.blueprint.edges import COMMANDS, EDGES, HISTORY, PERSIST, TELEMETRY, TWIN_UPDATES
from twin2multicloud.blueprint.gcp import GCP
from twin2multicloud.blueprint.gcp.run import function_vcpus
from twin2multicloud.blueprint.parts import End, Offer, Relation
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload

COUNTED = 1000 + 100  # bytes that Pub/Sub counts for a message of 1,000


# ── The catalogue ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_slot_is_offered() -> None:
    assert {offer.slot for offer in GCP.offers} == set(SLOTS)
    assert len(OFFERS) == len(GCP.offers)
    assert all(offer.provider is Provider.GCP and offer.id.startswith("gcp.") for offer in GCP.offers)


def test_features_that_constraints_ask_for() -> None:
    for offer in GCP.offers:
        assert not offer.features & {"mqtt", "3d-scenes"}, offer.id
        if offer.slot in (Slot.MANAGEMENT, Slot.VISUALIZATION):
            assert "managed" not in offer.features, offer.id
        if offer.slot is Slot.ACQUISITION:
            assert offer.features >= {"https", "commands", "device-identity"}, offer.id
    assert "managed" in OFFERS["gcp.pubsub-direct"].features
    assert "managed" not in OFFERS["gcp.run-gateway"].features


# ── L1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_devices_publish_each_message_with_its_attributes() -> None:
    assert own("gcp.pubsub-direct", volumes()) == {"gcp.pubsub.throughput": pytest.approx(SECONDS * COUNTED)}
    small = own("gcp.pubsub-direct", volumes(message_size_bytes=10))
    assert small == {"gcp.pubsub.throughput": pytest.approx(SECONDS * 1000)}


def test_commands_are_published_and_delivered_once_whatever_the_fleet() -> None:
    quiet = own("gcp.pubsub-direct", volumes(devices=500))
    busy = own("gcp.pubsub-direct", volumes(devices=500, commands_per_device_per_day=24.0))
    commands = 500 * 24 * DAYS
    more = busy["gcp.pubsub.throughput"] - quiet["gcp.pubsub.throughput"]
    assert more == pytest.approx(commands * 2 * 1000, rel=1e-6)


def test_commands_need_a_topic_per_device() -> None:
    commanded: dict[str, Any] = {"commands_per_device_per_day": 1.0, "message_interval_s": 3600.0}
    assert fits("gcp.pubsub-direct", volumes(devices=10_000, **commanded))
    assert not fits("gcp.pubsub-direct", volumes(devices=10_001, **commanded))
    assert fits("gcp.pubsub-direct", volumes(devices=10_001))
    assert fits("gcp.run-gateway", volumes(devices=10_001, **commanded))


def test_gateway_bills_a_tenth_of_a_second_until_its_requests_overlap() -> None:
    seldom = named("gcp.run-gateway", "gateway", volumes(message_interval_s=10.0))
    assert seldom == {
        "gcp.run.requests": pytest.approx(SECONDS / 10),
        "gcp.run.cpu": pytest.approx(SECONDS / 100),
        "gcp.run.memory": pytest.approx(SECONDS / 100 * 512 * MIB),
        "gcp.logging.ingestion": pytest.approx(SECONDS / 10 * 0.0005 * 200),
    }
    # 100 requests a second keep one instance up all month and 60 % busy; 1,000 need six of them.
    often = named("gcp.run-gateway", "gateway", volumes(devices=100))
    assert often["gcp.run.cpu"] == pytest.approx(SECONDS)
    busy = named("gcp.run-gateway", "gateway", volumes(devices=1000))
    assert busy["gcp.run.cpu"] == pytest.approx(6 * SECONDS)


def test_gateway_looks_for_commands_with_every_message_if_there_are_any() -> None:
    none = named("gcp.run-gateway", "pending-commands", volumes())
    assert set(none.values()) == {0.0}
    some = named("gcp.run-gateway", "pending-commands", volumes(commands_per_device_per_day=24.0))
    assert some == {
        "gcp.firestore.writes": pytest.approx(730),
        "gcp.firestore.reads": pytest.approx(SECONDS),
        "gcp.firestore.deletes": pytest.approx(730),
    }


# ── Telemetry between L1 and L2 ─────────────────────────────────────────────────────────────────────────────────


def test_local_telemetry_is_delivered_and_processed_message_by_message() -> None:
    v = volumes(devices=100)
    assert parts("gcp.pubsub-direct", TELEMETRY, End.SOURCE, Relation.SAME, v) == {}
    intake = parts("gcp.run-functions", TELEMETRY, End.TARGET, Relation.SAME, v)["intake"]
    assert intake == {"gcp.pubsub.throughput": pytest.approx(100 * SECONDS * COUNTED)}
    used = all_of("gcp.run-functions", v, Relation.SAME)
    assert used["gcp.run.requests"] == pytest.approx(100 * SECONDS)
    # 5 + 2 + 0.05 ms of work and 2 ms of handing over are a tenth of a second each: small functions share nothing.
    assert used["gcp.run.cpu"] == pytest.approx(100 * SECONDS * 0.1 * FUNCTION_VCPUS)
    assert used["gcp.run.memory"] == pytest.approx(100 * SECONDS * 0.1 * 256 * MIB)
    assert used["gcp.logging.ingestion"] == pytest.approx(100 * SECONDS * 200)


def test_functions_of_a_whole_vcpu_share_their_instances() -> None:
    whole = Assumptions(handler_vcpus=1.0, handler_memory_mib=512)
    used = all_of("gcp.run-functions", volumes(whole, devices=50), Relation.SAME)
    assert used["gcp.run.cpu"] == pytest.approx(SECONDS)
    assert used["gcp.run.memory"] == pytest.approx(SECONDS * 512 * MIB)
    # 200 messages a second keep 1.8 instances busy for 9.05 ms each.
    busy = all_of("gcp.run-functions", volumes(whole, devices=200), Relation.SAME)
    assert busy["gcp.run.cpu"] == pytest.approx(200 * SECONDS * 0.00905)


@pytest.mark.parametrize(
    ("memory_mib", "vcpus"),
    [(512, FUNCTION_VCPUS), (513, 0.5), (1025, 1.0), (4097, 2.0), (8193, 4.0), (16_385, 6.0), (24_577, 8.0)],
)
def test_memory_asks_for_vcpus(memory_mib: int, vcpus: float) -> None:
    v = volumes(Assumptions(handler_memory_mib=memory_mib), message_interval_s=100.0)
    used = all_of("gcp.run-functions", v, Relation.SAME)
    assert used["gcp.run.cpu"] == pytest.approx(SECONDS / 100 * 0.1 * vcpus)


def test_instances_have_a_largest_memory() -> None:
    for offer_id in ("gcp.run-functions", "gcp.run-worker"):
        assert fits(offer_id, volumes(Assumptions(handler_memory_mib=32_768)))
        assert not fits(offer_id, volumes(Assumptions(handler_memory_mib=32_769)))


def test_remote_telemetry_arrives_in_batches_and_is_processed_in_them() -> None:
    # 100 messages a second arrive in five posts of 20.
    v = volumes(devices=100)
    arriving = parts("gcp.run-functions", TELEMETRY, End.TARGET, Relation.CLOUD, v)
    assert set(arriving) == {"telemetry-receiver", "nonces", "intake"}
    assert arriving["nonces"] == {
        "gcp.firestore.writes": pytest.approx(5 * SECONDS),
        "gcp.firestore.deletes": pytest.approx(5 * SECONDS),
    }
    assert arriving["telemetry-receiver"]["gcp.run.requests"] == pytest.approx(5 * SECONDS)
    batch = 20 * 1250 + 100
    assert arriving["intake"] == {"gcp.pubsub.throughput": pytest.approx(2 * 5 * SECONDS * batch)}
    process = named("gcp.run-functions", "process", v)
    assert process["gcp.run.requests"] == pytest.approx(5 * SECONDS)
    # 5 + 20 · 2.05 ms of work and 20 · 2 ms of handing over.
    assert process["gcp.run.cpu"] == pytest.approx(5 * SECONDS * 0.1 * FUNCTION_VCPUS)


def test_remote_telemetry_leaves_through_a_sender_that_gathers() -> None:
    v = volumes(devices=100)
    leaving = parts("gcp.pubsub-direct", TELEMETRY, End.SOURCE, Relation.CLOUD, v)
    assert leaving["telemetry-deliveries"] == {"gcp.pubsub.throughput": pytest.approx(100 * SECONDS * COUNTED)}
    # Requests wait for their batch, so one instance is always at work; 5.1 ms of CPU each keep it half busy.
    assert leaving["telemetry-sender"] == {
        "gcp.run.requests": pytest.approx(100 * SECONDS),
        "gcp.run.cpu": pytest.approx(SECONDS),
        "gcp.run.memory": pytest.approx(SECONDS * 512 * MIB),
        "gcp.logging.ingestion": pytest.approx(5 * SECONDS * 200),
    }
    busy = parts("gcp.pubsub-direct", TELEMETRY, End.SOURCE, Relation.CLOUD, volumes(devices=1000))
    assert busy["telemetry-sender"]["gcp.run.cpu"] == pytest.approx(5.1 * SECONDS)


def test_the_requests_of_a_batch_share_the_time_it_is_open() -> None:
    seldom = parts("gcp.run-gateway", TELEMETRY, End.SOURCE, Relation.CLOUD, volumes(message_interval_s=10.0))
    assert seldom["telemetry-sender"]["gcp.run.requests"] == pytest.approx(SECONDS / 10)
    # 1.1 in a batch, which is open for the window of a second and a post of 60 ms: 1.1 s in tenths.
    assert seldom["telemetry-sender"]["gcp.run.cpu"] == pytest.approx(SECONDS / 11 * 1.1)
    assert seldom["telemetry-sender"]["gcp.run.memory"] == pytest.approx(SECONDS / 11 * 1.1 * 512 * MIB)


def test_a_sender_of_single_messages_is_a_function() -> None:
    single = volumes(devices=100, link_batch_messages=1)
    unbatched = parts("gcp.run-gateway", TELEMETRY, End.SOURCE, Relation.CLOUD, single)
    assert unbatched["telemetry-sender"]["gcp.run.cpu"] == pytest.approx(100 * SECONDS * 0.1 * FUNCTION_VCPUS)


# ── The worker ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_worker_runs_all_month_without_request_charges() -> None:
    used = all_of("gcp.run-worker", volumes(), Relation.SAME)
    assert used["gcp.run.instance-cpu"] == pytest.approx(SECONDS)
    assert used["gcp.run.instance-memory"] == pytest.approx(SECONDS * 512 * MIB)
    assert not any(meter in used for meter in ("gcp.run.requests", "gcp.run.cpu", "gcp.run.memory"))


@pytest.mark.parametrize(("devices", "peak", "instances"), [(100, 1.0, 1), (170, 1.0, 1), (171, 1.0, 2), (100, 3.0, 2)])
def test_worker_is_sized_in_whole_instances_for_the_peak(devices: int, peak: float, instances: int) -> None:
    # 4.05 ms a message and 5 ms a batch of 100 are 4.1 ms a message; planned for 700 ms a second.
    used = named("gcp.run-worker", "process", volumes(devices=devices, peak_factor=peak))
    assert used["gcp.run.instance-cpu"] == pytest.approx(instances * SECONDS)


def test_worker_pulls_batches_so_small_messages_share_the_minimum() -> None:
    v = volumes(devices=100, message_size_bytes=10)
    pulled = parts("gcp.run-worker", TELEMETRY, End.TARGET, Relation.SAME, v)
    assert pulled == {"intake": {"gcp.pubsub.throughput": pytest.approx(100 * SECONDS * 110)}}
    pushed = parts("gcp.run-functions", TELEMETRY, End.TARGET, Relation.SAME, v)
    assert pushed["intake"] == {"gcp.pubsub.throughput": pytest.approx(100 * SECONDS * 1000)}


def test_alerts_and_errors_are_published_and_delivered() -> None:
    calm = own("gcp.run-worker", volumes(event_share=0.0))
    used = own("gcp.run-worker", volumes(event_share=0.25))
    assert calm["gcp.pubsub.throughput"] == pytest.approx(SECONDS * 0.0005 * 2 * 1100)
    # An event is an alert when it begins and another when it is over.
    assert used["gcp.pubsub.throughput"] == pytest.approx(SECONDS * 0.5005 * 2 * 1100)


# ── Handing over ────────────────────────────────────────────────────────────────────────────────────────────────


def test_worker_hands_over_whole_batches_to_a_sender() -> None:
    v = volumes(devices=100)
    assert parts("gcp.run-worker", PERSIST, End.SOURCE, Relation.SAME, v) == {}
    leaving = parts("gcp.run-worker", PERSIST, End.SOURCE, Relation.CLOUD, v)
    batch = 20 * 1250 + 100
    assert leaving["persist-outbox"] == {"gcp.pubsub.throughput": pytest.approx(2 * 5 * SECONDS * batch)}
    sender = leaving["persist-sender"]
    assert sender["gcp.run.requests"] == pytest.approx(5 * SECONDS)
    # 5 + 60 + 20 · 0.1 ms are a tenth of a second.
    assert sender["gcp.run.cpu"] == pytest.approx(5 * SECONDS * 0.1 * FUNCTION_VCPUS)


def test_functions_hand_over_messages_and_the_sender_gathers() -> None:
    leaving = parts("gcp.run-functions", TWIN_UPDATES, End.SOURCE, Relation.CLOUD, volumes(devices=100))
    outbox = {"gcp.pubsub.throughput": pytest.approx(2 * 100 * SECONDS * 1350)}
    assert leaving["twin-updates-outbox"] == outbox
    assert leaving["twin-updates-sender"]["gcp.run.requests"] == pytest.approx(100 * SECONDS)
    assert leaving["twin-updates-sender"]["gcp.run.cpu"] == pytest.approx(SECONDS)


def test_handing_over_is_part_of_the_processing_time() -> None:
    # 100 a second from a link come in batches of 100: 5 + 205 ms of work and 200 ms of handing over.
    v = volumes(devices=100, link_batch_messages=100)
    used = named("gcp.run-functions", "process", v)
    assert used["gcp.run.cpu"] == pytest.approx(SECONDS * 0.5 * FUNCTION_VCPUS)


def test_receiver_writes_what_it_gets() -> None:
    # 100 records in a batch: 5 + 10 + 100 ms, rounded up.
    v = volumes(devices=100, link_batch_messages=100)
    arriving = parts("gcp.firestore", PERSIST, End.TARGET, Relation.CLOUD, v)
    assert arriving["persist-receiver"]["gcp.run.requests"] == pytest.approx(SECONDS)
    assert arriving["persist-receiver"]["gcp.run.cpu"] == pytest.approx(SECONDS * 0.2 * FUNCTION_VCPUS)
    assert parts("gcp.firestore", PERSIST, End.TARGET, Relation.SAME, v) == {}


def test_no_commands_no_cost_of_crossing() -> None:
    for end, offer_id in (
        (End.SOURCE, "gcp.run-functions"),
        (End.SOURCE, "gcp.run-worker"),
        (End.TARGET, "gcp.pubsub-direct"),
    ):
        found = parts(offer_id, COMMANDS, end, Relation.CLOUD, volumes(commands_per_device_per_day=0.0))
        assert found
        assert {amount for used in found.values() for amount in used.values()} == {0.0}


@pytest.mark.parametrize("offer", GCP.offers, ids=lambda offer: offer.id)
def test_two_regions_need_the_glue_of_two_clouds(offer: Offer) -> None:
    v = volumes(devices=30, commands_per_device_per_day=5.0)
    for edge in EDGES:
        for end, slot in ((End.SOURCE, edge.source), (End.TARGET, edge.target)):
            if slot is offer.slot:
                region, cloud = (parts(offer.id, edge, end, r, v) for r in (Relation.REGION, Relation.CLOUD))
                assert region == cloud
                if edge.push:
                    assert any(amount > 0 for used in cloud.values() for amount in used.values()), (edge.id, end)


def test_queries_from_elsewhere_are_signed_and_need_no_other_glue() -> None:
    for relation in Relation:
        found = parts("gcp.firestore", HISTORY, End.SOURCE, relation, volumes())
        assert set(found) == (set() if relation is Relation.SAME else {"nonces"})
        assert parts("gcp.grafana-oss", HISTORY, End.TARGET, relation, volumes()) == {}


def test_rules_remember_and_what_cannot_be_done_is_kept() -> None:
    v = volumes(event_share=0.1, rules_per_message=2.0)
    assert named("gcp.run-functions", "rule-state", v) == {
        "gcp.firestore.writes": pytest.approx(SECONDS * 0.1 * 2),
        "gcp.firestore.reads": pytest.approx(SECONDS / 300.5 * 2),
    }
    letters = named("gcp.run-worker", "dead-letters", v)
    assert letters == {"gcp.firestore.writes": pytest.approx(SECONDS * 0.0005)}


# ── Any workload ────────────────────────────────────────────────────────────────────────────────────────────────

loads = st.fixed_dictionaries(
    {
        "devices": st.integers(1, 1_000_000),
        "message_interval_s": st.floats(1, 100_000),
        "message_size_bytes": st.integers(1, 262_144),
        "hot_months": st.sampled_from([0.1, 1.0, 12.0]),
        "cool_months": st.sampled_from([12.0, 24.0]),
        "archive_months": st.sampled_from([24.0, 36.0]),
        "rules_per_message": st.sampled_from([0.0, 1.0, 1000.0]),
        "event_share": st.sampled_from([0.0, 0.01, 1.0]),
        "commands_per_device_per_day": st.sampled_from([0.0, 0.5, 5000.0]),
        "link_batch_messages": st.integers(1, 10_000),
        "peak_factor": st.floats(1, 31),
        "growth_per_month": st.sampled_from([0.0, 0.05]),
    }
)
figures = st.builds(
    Assumptions,
    handler_vcpus=st.sampled_from([0.1667, 1.0]),
    batch_window_s=st.sampled_from([0.01, 1.0, 30.0]),
    send_ms_per_batch=st.sampled_from([0.0, 60.0, 5000.0]),
    process_ms_per_message=st.sampled_from([0.0, 2.0, 150.0]),
)


_ANOTHER_OBJECT = {
    "devices": 170,
    "message_interval_s": 1.0,
    "message_size_bytes": 677,
    "hot_months": 0.1,
    "cool_months": 12.0,
    "archive_months": 24.0,
    "rules_per_message": 0.0,
    "event_share": 0.0,
    "commands_per_device_per_day": 0.0,
    "link_batch_messages": 1,
    "peak_factor": 1.0,
    "growth_per_month": 0.0,
}


@settings(deadline=None, max_examples=60)
@given(load=loads, assumed=figures, more=st.floats(1.0, 1000.0))
@example(load=_ANOTHER_OBJECT, assumed=Assumptions(send_ms_per_batch=0.0), more=1.0)
def test_more_devices_never_use_less(load: dict[str, Any], assumed: Assumptions, more: float) -> None:
    larger = {**load, "devices": min(int(load["devices"] * more) + 1, 100_000_000)}
    v = Volumes.of([Workload(**load), Workload(**larger)], assumed)
    for offer in GCP.offers:
        for limit in offer.limits:
            few, many = limit.fits(v)
            assert few or not many, (offer.id, limit.reason)
        for relation in Relation:
            used = everything(offer, v, relation)
            # A function's time is started tenths of a second of its mean request. With a further object in a mover's
            # window there are more requests, each of which is shorter: that may save up to a tenth of a second each.
            rounded_s = float(used["gcp.run.requests"][0]) * 0.1 if "gcp.run.requests" in used else 0.0
            less = {
                "gcp.run.cpu": rounded_s * function_vcpus(v),
                "gcp.run.memory": rounded_s * assumed.handler_memory_mib * 2**20,
            }
            for meter, amount in used.items():
                assert amount.shape == (2,)
                assert np.isfinite(amount).all()
                assert (amount >= 0).all()
                assert amount[1] >= amount[0] * (1 - 1e-9) - less.get(meter, 0.0), (offer.id, relation, meter)


@settings(deadline=None, max_examples=20)
@given(first=loads, second=loads)
def test_workloads_side_by_side_are_counted_alone(first: dict[str, Any], second: dict[str, Any]) -> None:
    one, two = Workload(**first), Workload(**second)
    both, alone = Volumes.of([one, two]), Volumes.of([two])
    for offer in GCP.offers:
        for relation in (Relation.SAME, Relation.CLOUD):
            together = everything(offer, both, relation)
            for meter, amount in everything(offer, alone, relation).items():
                assert together[meter][1] == pytest.approx(amount.item(), rel=1e-12), (offer.id, meter)
