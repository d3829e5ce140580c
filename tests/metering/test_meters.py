"""The providers' counting rules, by hand, and the book they count in."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from tests.metering.placements import REGIONS, covering
from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.sandbox.metering.base import MIB
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.hooks import PERSIST, POST, PROCESS, QUERY, meters_for

WORKLOAD = Workload(devices=10, message_interval_s=10.0, message_size_bytes=1000, commands_per_device_per_day=1.0)
MONTH_S = 730 * 3600.0


def home(
    provider: Provider, relation: Relation = Relation.SAME, workload: Workload = WORKLOAD, **offers: str
) -> Blueprint:
    number = list(REGIONS).index(provider)
    placement = list(covering(relation))[number]
    for slot, offer in offers.items():
        found = Slot(slot.replace("_", "."))
        choice = placement[found]
        placement = placement.with_choice(
            found, SlotChoice(provider=Provider(offer.split(".")[0]), offer=offer, region=choice.region)
        )
    return blueprint_of(workload, Placement(placement.root))


class Counting:
    """A blueprint's meters on a book of their own."""

    def __init__(self, planned: Blueprint) -> None:
        self.book = MeterBook()
        self.m = meters_for(planned, self.book)

    def __call__(self, component: str, meter: str, elapsed_s: float = MONTH_S) -> float:
        found = next(m for m in self.m if m.component.id == component)
        return found.month(elapsed_s)[meter].amount


def test_sqs_counts_requests_of_up_to_ten_per_started_64_kb() -> None:
    count = Counting(home(Provider.AWS, Relation.REGION))
    outbox = count.m.channel("L2/persist-outbox")
    outbox.sent([1000] * 25)  # 10, 10, 5
    assert count("L2/persist-outbox", "aws.sqs.requests") == 3
    outbox.received([10_000] * 10)  # 100,000 bytes
    assert count("L2/persist-outbox", "aws.sqs.requests") == 5
    outbox.acked([1] * 11)
    assert count("L2/persist-outbox", "aws.sqs.requests") == 7


def test_an_iot_rule_sends_one_by_one() -> None:
    count = Counting(home(Provider.AWS))
    count.m.channel("L2/intake").sent([1000] * 25)
    assert count("L2/intake", "aws.sqs.requests") == 25


def test_lambda_bills_assumed_milliseconds_and_only_work_of_its_own() -> None:
    together, apart = Counting(home(Provider.AWS)), Counting(home(Provider.AWS, Relation.REGION))
    for count in (together, apart):
        count.m.function("L2/process").invoked(10, {PROCESS: 10, PERSIST: 10})
    # 5 + 10 · 2 ms, and 10 · 1 ms to write where the store is next door.
    assert together("L2/process", "aws.lambda.duration-x86") == pytest.approx(0.035 * 256 * MIB)
    assert apart("L2/process", "aws.lambda.duration-x86") == pytest.approx(0.025 * 256 * MIB)
    with pytest.raises(KeyError):
        together.m.function("L2/process").invoked(1, {"thinking": 1})


def test_dynamodb_rounds_every_item_and_every_query_up() -> None:
    count = Counting(home(Provider.AWS))
    hot = count.m.store("L3.hot/hot")
    hot.wrote([1024, 1025])
    hot.deleted([1, 1025])
    hot.expired([1_000_000])
    assert count("L3.hot/hot", "aws.dynamodb.write-units") == 1 + 2 + 1 + 2
    hot.read(0, [0])
    hot.read(9, [4096, 4097])
    assert count("L3.hot/hot", "aws.dynamodb.read-units") == 0.5 * (1 + 1 + 2)


@pytest.mark.parametrize(
    ("offer", "meter", "written", "leaving"),
    [
        ("aws.dynamodb-on-demand", "aws.dynamodb.write-units", 20.0, 20.0),
        ("azure.cosmos-serverless", "azure.cosmos.serverless-ru", 20 * 5.0, 20 * 5.0),
        ("gcp.firestore", "gcp.firestore.deletes", 0.0, 20.0),
    ],
)
def test_what_was_written_will_leave_the_hot_tier_however_young_the_run_is(
    offer: str, meter: str, written: float, leaving: float
) -> None:
    """Otherwise a run of minutes would tell a month without any of that."""
    count = Counting(home(Provider(offer.partition(".")[0]), L3_hot=offer))
    hot = count.m.store("L3.hot/hot")
    hot.wrote([1024] * 20)
    [found] = [m.month(MONTH_S)[meter] for m in count.m if m.component.id == "L3.hot/hot"]
    assert found.amount == pytest.approx(written + leaving)
    assert found.projected
    hot.deleted([1024] * 15)
    assert count("L3.hot/hot", meter) == pytest.approx(written + leaving)
    hot.deleted([1024] * 15)  # as much as there was before the run
    assert count("L3.hot/hot", meter) == pytest.approx(written + leaving * 1.5)


def test_what_expires_at_the_end_costs_dynamodb_nothing() -> None:
    ages = {"hot_months": 12.0, "cool_months": 12.0, "archive_months": 12.0}
    count = Counting(home(Provider.AWS, workload=WORKLOAD.model_copy(update=ages)))
    hot = count.m.store("L3.hot/hot")
    hot.wrote([1024] * 20)
    hot.expired([1024] * 20)
    assert count("L3.hot/hot", "aws.dynamodb.write-units") == 20


def test_s3_archives_keep_an_index_and_a_name_beside_each_object() -> None:
    planned = home(Provider.AWS)
    count = Counting(planned)
    count.m.bucket("L3.cool/cool").put(1000)
    count.m.bucket("L3.archive/archive").transition(1000)
    cool = count("L3.cool/cool", "aws.s3.standard-ia.storage")
    assert cool == pytest.approx(128 * 1024 * 2)  # two months of a smallest object
    assert count("L3.archive/archive", "aws.s3.glacier-flexible.transition") == 1
    months = 9
    assert count("L3.archive/archive", "aws.s3.glacier-flexible.storage") == pytest.approx((1000 + 32_768) * months)
    assert count("L3.archive/archive", "aws.s3.standard.storage") == pytest.approx(8192 * months)


def test_consumption_bills_a_tenth_of_a_second_and_flex_no_more_than_all_the_time() -> None:
    count = Counting(home(Provider.AZURE))
    for _ in range(3):
        count.m.function("L3.hot/history").invoked(1, {QUERY: 1})
    assert count("L3.hot/history", "azure.functions.duration") == pytest.approx(3 * 0.1 * 256 * MIB)
    flex = Counting(home(Provider.AZURE, L2="azure.functions-flex"))
    for _ in range(20):
        flex.m.function("L2/process").invoked(1, {PROCESS: 1})
    assert flex("L2/process", "azure.functions-flex.duration", 40.0) == pytest.approx(MONTH_S / 2 * 512 * MIB)
    assert flex("L2/process", "azure.functions-flex.duration", 10.0) == pytest.approx(MONTH_S * 512 * MIB)


def test_a_storage_queue_counts_every_put_get_and_delete() -> None:
    count = Counting(home(Provider.AZURE, Relation.REGION))
    outbox = count.m.channel("L2/persist-outbox")
    outbox.sent([30_000, 100])
    outbox.received([30_000, 100])
    outbox.acked([30_000])
    assert count("L2/persist-outbox", "azure.storage-queue.operations") == 5


def test_what_is_called_over_a_link_remembers_nonces() -> None:
    apart, together = Counting(home(Provider.AZURE, Relation.REGION)), Counting(home(Provider.AZURE))
    apart.m.function("L3.hot/persist-receiver").invoked(20)
    apart.m.function("L3.hot/history").invoked(1, {QUERY: 1})
    # Written and expired, 5 RU each.
    assert apart("L3.hot/nonces", "azure.cosmos.serverless-ru") == pytest.approx(20)
    together.m.function("L3.hot/history").invoked(1, {QUERY: 1})
    assert "L3.hot/nonces" not in together.m


def test_twinmaker_calls_our_connector_which_keeps_the_values() -> None:
    count = Counting(home(Provider.AWS, L4="aws.twinmaker"))
    count.m.graph.updated([500] * 25)
    count.m.graph.queried([10_000])
    assert count("L4/graph", "aws.twinmaker.api-calls") == 4
    assert count("L4/twin-connector", "aws.lambda.requests") == 4
    assert count("L4/twin-values", "aws.dynamodb.write-units") == 25
    assert count("L4/twin-values", "aws.dynamodb.read-units") == 1.5


def test_devices_publishing_is_counted_once() -> None:
    count = Counting(home(Provider.GCP))
    count.m.gateway.message(2000)
    count.m.channel("L2/intake").sent([2000])
    count.m.channel("L2/intake").received([2000])
    assert count("L1/gateway", "gcp.pubsub.throughput") == 2100
    assert count("L2/intake", "gcp.pubsub.throughput") == 2100


def test_errors_on_azure_and_aws_go_through_a_queue() -> None:
    for provider, component, meter in (
        (Provider.AWS, "L2/errors", "aws.sqs.requests"),
        (Provider.AZURE, "L2/error-queue", "azure.storage-queue.operations"),
    ):
        count = Counting(home(provider))
        errors = count.m.channel("L2/errors")
        errors.sent([500])
        errors.received([500])
        errors.acked([500])
        assert count(component, meter) == 3


def test_a_hub_is_bought_for_the_busiest_day() -> None:
    count = Counting(home(Provider.AZURE))
    count.m.gateway.message(4096, 10)
    count.m.gateway.message(4097, 10)
    assert count("L1/gateway", "azure.iot-hub.s1", 86_400.0) == pytest.approx(30)
    assert count("L1/gateway", "azure.iot-hub.s1", 43_200.0) == pytest.approx(60)


def test_pubsub_counts_a_thousand_bytes_a_request() -> None:
    pushed = Counting(home(Provider.GCP))
    pushed.m.channel("L2/intake").received([10] * 50)
    assert pushed("L2/intake", "gcp.pubsub.throughput") == 50 * 1000
    pulled = Counting(home(Provider.GCP, L2="gcp.run-worker"))
    pulled.m.channel("L2/intake").received([10] * 50)
    assert pulled("L2/intake", "gcp.pubsub.throughput") == 50 * 110


def test_functions_that_are_pushed_one_by_one_run_for_each_message() -> None:
    count = Counting(home(Provider.GCP))
    count.m.function("L2/process").invoked(10, {PROCESS: 10})
    assert count("L2/process", "gcp.run.requests") == 10
    assert count("L2/process", "gcp.run.cpu") == pytest.approx(10 * 0.1 * 0.1667)
    count.m.function("L3.hot/history").invoked(100, {QUERY: 1})
    assert count("L3.hot/history", "gcp.run.requests") == 1


def test_a_gathering_sender_shares_an_instance_between_the_requests_of_a_batch() -> None:
    count = Counting(home(Provider.GCP, Relation.REGION))
    count.m.function("L1/telemetry-sender").invoked(20, {POST: 1})
    assert count("L1/telemetry-sender", "gcp.run.requests") == 20
    assert count("L1/telemetry-sender", "gcp.run.cpu") == pytest.approx(1.1)
    # Batches that are open at the same time are one instance.
    assert count("L1/telemetry-sender", "gcp.run.cpu", 0.5) == pytest.approx(MONTH_S)


def test_our_gateway_on_cloud_run_counts_for_its_topic_and_its_pending_commands() -> None:
    count = Counting(home(Provider.GCP, L1="gcp.run-gateway"))
    count.m.gateway.message(2000, 3)
    count.m.gateway.command(200)
    assert count("L1/telemetry", "gcp.pubsub.throughput") == 3 * 2100
    assert count("L1/pending-commands", "gcp.firestore.reads") == 3
    assert count("L1/pending-commands", "gcp.firestore.writes") == 1
    assert count("L1/pending-commands", "gcp.firestore.deletes") == 1


def test_firestore_bills_a_read_for_a_query_that_finds_nothing() -> None:
    count = Counting(home(Provider.GCP))
    count.m.store("L3.hot/hot").read(0, [0, 0])
    assert count("L3.hot/hot", "gcp.firestore.reads") == 2


def test_what_a_store_holds_adds_up_on_the_twin_clock() -> None:
    count = Counting(home(Provider.AWS))
    hot = count.m.store("L3.hot/hot")
    hot.holds(1000, 100.0)
    hot.holds(3000, 110.0)
    hot.holds(0, 105.0)  # the clock jumped back: nothing is counted twice
    hot.holds(0, 120.0)
    assert count.book.of("L3.hot/hot")["held-byte-seconds"] == 1000 * 10


def test_a_meter_of_another_kind_or_none_is_named() -> None:
    meters = Counting(home(Provider.AWS)).m
    with pytest.raises(KeyError, match="no component L2/persist-sender here"):
        meters.function("L2/persist-sender")
    with pytest.raises(TypeError, match=r"L2/process is a function, which has no StoreMeter"):
        meters.store("L2/process")
    assert "L2/process" in meters
    assert "L2/persist-sender" not in meters


def test_a_book_survives_a_restart() -> None:
    planned = home(Provider.AWS)
    before = Counting(planned)
    before.m.bucket("L3.cool/cool").got(500)
    before.m.gateway.message(100, 7)
    after = MeterBook()
    meters = meters_for(planned, after)
    after.restore(before.book.snapshot())
    meters.gateway.message(100, 3)
    assert after.amounts()["aws.iot-core.messages", "L1/gateway"] == 10
    cool = next(m for m in meters if m.component.id == "L3.cool/cool")
    assert cool.month(MONTH_S)["aws.s3.standard-ia.retrieval"].amount == 500


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', '{"a": {"b": "c"}}', '{"a": {"b": true}}', "{"])
def test_what_is_no_snapshot_is_refused(content: str) -> None:
    with pytest.raises(ValueError):
        MeterBook().restore(content)


def test_nothing_is_lost_between_threads() -> None:
    count = Counting(home(Provider.AWS))

    def send() -> None:
        for _ in range(2000):
            count.m.channel("L2/intake").sent([10] * 5)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count("L2/intake", "aws.sqs.requests") == 4 * 2000 * 5


def test_counting_needs_neither_numpy_nor_pydantic() -> None:
    script = (
        "import sys, twin2multicloud.sandbox.metering.hooks, twin2multicloud.sandbox.metering.rules, "
        "twin2multicloud.sandbox.metering.calibrate; assert not {'numpy', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
