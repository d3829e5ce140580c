"""AWS's offers on a workload of one message a second, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from twin2multicloud.blueprint.aws import AWS
from twin2multicloud.blueprint.edges import COMMANDS, EDGES
from twin2multicloud.blueprint.parts import End, Offer, Relation
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.workload import Workload

MESSAGES = 730 * 3600.0


def volumes(**fields: float) -> Volumes:
    one_a_second = {"devices": 10, "message_interval_s": 10.0, "message_size_bytes": 1000}
    return Volumes.of([Workload(**{**one_a_second, **fields})])  # type: ignore[arg-type]


def offer(offer_id: str) -> Offer:
    return next(o for o in AWS.offers if o.id == offer_id)


def amounts(offer_id: str, v: Volumes) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for component in offer(offer_id).components(v):
        for use in component.uses:
            key = (component.name, use.meter)
            found[key] = found.get(key, 0.0) + float(use.amount[0])
    return found


def end_amounts(offer_id: str, edge_id: str, end: End, relation: Relation, v: Volumes) -> dict[str, float]:
    edge = next(e for e in EDGES if e.id == edge_id)
    found: dict[str, float] = {}
    for component in AWS.end_parts(offer(offer_id), edge, end)(v, edge.flow(v), relation):
        for use in component.uses:
            found[use.meter] = found.get(use.meter, 0.0) + float(use.amount[0])
    return found


def test_basic_ingest_saves_the_brokers_messages_and_nothing_else() -> None:
    v = volumes(commands_per_device_per_day=0.0)
    broker, direct = amounts("aws.iot-core", v), amounts("aws.iot-core-basic-ingest", v)
    assert broker["gateway", "aws.iot-core.messages"] == pytest.approx(MESSAGES)
    assert direct["gateway", "aws.iot-core.messages"] == 0
    for meter in ("connectivity", "rules-triggered", "rule-actions"):
        assert broker["gateway", f"aws.iot-core.{meter}"] == direct["gateway", f"aws.iot-core.{meter}"]
    assert direct["gateway", "aws.iot-core.connectivity"] == pytest.approx(10 * 43_800)


def test_a_local_queue_is_sent_to_per_message_received_and_deleted_per_batch() -> None:
    used = end_amounts("aws.lambda-arm64-sqs", "telemetry", End.TARGET, Relation.SAME, volumes())
    # A receive a second after the first message has two of one a second.
    assert used["aws.sqs.requests"] == pytest.approx(MESSAGES * (1 + 2 / 2))
    busy = end_amounts("aws.lambda-arm64-sqs", "telemetry", End.TARGET, Relation.SAME, volumes(devices=1000))
    assert busy["aws.sqs.requests"] == pytest.approx(100 * MESSAGES * (1 + 2 / 10))


def test_a_stream_takes_each_message_and_runs_all_month() -> None:
    used = end_amounts("aws.lambda-x86-kinesis", "telemetry", End.TARGET, Relation.SAME, volumes())
    assert used["aws.kinesis.stream-hours"] == 730
    assert used["aws.kinesis.ingest"] == pytest.approx(MESSAGES)


def test_archiving_is_a_lifecycle_transition_at_home_and_a_read_with_retrieval_abroad() -> None:
    v = volumes(hot_months=1.0, cool_months=2.0, archive_months=3.0)
    home = end_amounts("aws.s3-standard-ia", "to-archive", End.SOURCE, Relation.SAME, v)
    abroad = end_amounts("aws.s3-standard-ia", "to-archive", End.SOURCE, Relation.CLOUD, v)
    assert home == {}
    assert abroad["aws.s3.standard-ia.retrieval"] == pytest.approx(v.object_bytes_of(v.enters_archive)[0])
    arriving = end_amounts("aws.s3-glacier-deep-archive", "to-archive", End.TARGET, Relation.SAME, v)
    assert arriving == {"aws.s3.deep-archive.transition": pytest.approx(v.objects_of(v.enters_archive)[0])}


def test_provisioned_capacity_is_planned_for_the_peak() -> None:
    v = volumes(peak_factor=2.0)
    planned = amounts("aws.dynamodb-provisioned", v)["hot", "aws.dynamodb.wcu-hours"]
    # One record written and one deleted a second.
    assert planned == pytest.approx(2.0 * 2.0 / v.assumptions.provisioned_utilization * 730)


def test_movers_delete_what_they_moved_and_expiry_is_free() -> None:
    moved = amounts("aws.dynamodb-on-demand", volumes())["hot", "aws.dynamodb.write-units"]
    assert moved == pytest.approx(2 * MESSAGES)
    ends = volumes(hot_months=2.0, cool_months=2.0, archive_months=2.0)
    assert amounts("aws.dynamodb-on-demand", ends)["hot", "aws.dynamodb.write-units"] == pytest.approx(MESSAGES)


def test_movers_ask_every_device_in_every_run() -> None:
    quiet: dict[str, Any] = {"dashboard_refreshes_per_hour": 0.0}
    # A record a day of each of 10 devices: 730 runs, and in each two questions and a window of one chunk at most.
    few = amounts("aws.dynamodb-on-demand", volumes(message_interval_s=86_400.0, **quiet))
    assert few["hot", "aws.dynamodb.read-units"] == pytest.approx(730 * 10 * 3 * 0.5)
    # 36,000 of 1,150 bytes an hour and device: the windows fill many chunks, the last of them by half.
    many = amounts("aws.dynamodb-on-demand", volumes(message_interval_s=0.1, **quiet))
    window = 36_000 * 1150 / 4096 + 0.5
    assert many["hot", "aws.dynamodb.read-units"] == pytest.approx(730 * 10 * (2 + window) * 0.5)


def test_commands_leave_a_run_of_processing_as_few_as_they_are() -> None:
    v = volumes(devices=1000, commands_per_device_per_day=1.0)  # 10 messages a run, a command every 8,640
    sends, receives, deletes = (
        use
        for component in AWS.end_parts(offer("aws.lambda-arm64-sqs"), COMMANDS, End.SOURCE)(
            v, COMMANDS.flow(v), Relation.CLOUD
        )
        if component.name == "commands-outbox"
        for use in component.uses
    )
    commands = 1000 * 730 / 24
    assert sends.amount[0] == pytest.approx(commands)
    assert receives.amount[0] == deletes.amount[0] == pytest.approx(commands / (1 + 1000 / 86_400))


def test_rules_remember_and_what_cannot_be_done_is_kept() -> None:
    found = amounts("aws.lambda-arm64-sqs", volumes(event_share=0.1, rules_per_message=2.0))
    assert found["rule-state", "aws.dynamodb.write-units"] == pytest.approx(MESSAGES * 0.1 * 2)
    # Ten devices, each state read again with the first message after five minutes, consistently.
    assert found["rule-state", "aws.dynamodb.read-units"] == pytest.approx(10 * MESSAGES / 305 * 2)
    assert found["dead-letters", "aws.dynamodb.write-units"] == pytest.approx(MESSAGES * 0.0005)
    assert found["alerts", "aws.sns.publishes"] == pytest.approx(MESSAGES * 0.1 * 2)


def test_every_post_from_elsewhere_leaves_a_nonce() -> None:
    v = volumes()
    used = end_amounts("aws.dynamodb-on-demand", "persist", End.TARGET, Relation.CLOUD, v)
    assert used["aws.dynamodb.write-units"] == pytest.approx(used["aws.lambda.requests"])
    queries = end_amounts("aws.dynamodb-on-demand", "history", End.SOURCE, Relation.REGION, v)
    assert queries == {"aws.dynamodb.write-units": pytest.approx(v.history_queries[0])}
    assert end_amounts("aws.dynamodb-on-demand", "history", End.SOURCE, Relation.SAME, v) == {}


def test_bundle_plans_hold_only_so_many_entities() -> None:
    small, large = volumes(devices=1000), volumes(devices=1001)
    limit = offer("aws.twinmaker-bundle-1").limits[0]
    assert limit.fits(small)[0]
    assert not limit.fits(large)[0]


def test_only_twinmaker_has_3d_scenes() -> None:
    assert {o.id for o in AWS.offers if "3d-scenes" in o.features} == {
        "aws.twinmaker",
        *(f"aws.twinmaker-bundle-{n}" for n in range(1, 5)),
    }
