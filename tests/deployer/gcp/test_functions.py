"""What functions are told and how large they are: what the runtime reads, and what was priced."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.deployer.gcp.bench import FAR, HERE, PROVISIONED, SERVERLESS, SITUATIONS, THERE, deployed, situation
from twin2multicloud.deployer.clouds.gcp.functions import functions_at, gathers
from twin2multicloud.deployer.functions import Starts
from twin2multicloud.deployer.hosts import roles_of
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.spec import SECONDS_PER_MONTH
from twin2multicloud.runtime.adapters.gcp.build import GcpConfig
from twin2multicloud.runtime.entry.roles import FunctionConfig


def config(arguments: dict[str, Any]) -> GcpConfig:
    return msgspec.convert(arguments["config"], GcpConfig)


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_runtime_reads_what_functions_are_told(name: str) -> None:
    deployment = situation(name)
    for slot in SLOTS:
        functions = functions_at(deployment, slot)
        assert set(functions.roles) <= set(roles_of(Provider.GCP))
        for plan in functions.plans:
            told = msgspec.convert(functions.arguments[plan.component]["function"], FunctionConfig)
            shards = deployment.settings.shards if plan.starts is Starts.SCHEDULE else 1
            assert told == FunctionConfig(plan.component, plan.edge, plan.local, plan.receives, shards)  # type: ignore[arg-type]
            read = config(functions.arguments[plan.component])
            assert read.project == "offline-project"
            assert read.prefix == f"smart-building-k3x9f-{deployment.site(slot).region}-"
            assert read.check_tokens
            called = plan.starts in (Starts.QUEUE, Starts.DEVICES, Starts.SCHEDULE)
            assert bool(read.token_account) == called


@pytest.mark.parametrize("name", SITUATIONS)
def test_small_instances_take_one_request_at_a_time(name: str) -> None:
    deployment = situation(name)
    for slot in SLOTS:
        for argument in functions_at(deployment, slot).arguments.values():
            assert argument["requests"] == 1 or argument["vcpus"] >= 1


def test_functions_know_only_the_stores_that_they_use() -> None:
    functions = functions_at(deployed(PROVISIONED), Slot.HOT)
    mover, reader = config(functions.arguments["to-cool-mover"]), config(functions.arguments["history"])
    assert mover.bigtable_instance == reader.bigtable_instance == "smart-building-k3x9f-hot"
    assert (mover.hot, mover.cool_bucket) == ("bigtable", "smart-building-k3x9f-cool-europe-west1")
    assert mover.cool_class == "COLDLINE"
    assert reader.cool_bucket == ""
    assert reader.bundled == GcpConfig(twin="", project="").bundled


def test_records_expire_in_the_hot_store_only_where_no_tier_follows() -> None:
    deployment = deployed(SERVERLESS)
    assert config(functions_at(deployment, Slot.PROCESSING).arguments["process"]).hot_expires_s is None
    only_hot = msgspec.structs.replace(deployment.spec.retention, hot_s=3600.0, cool_s=3600.0, archive_s=3600.0)
    spec = msgspec.structs.replace(deployment.spec, retention=only_hot)
    alone = type(deployment)(deployment.settings, spec, deployment.blueprint)
    assert config(functions_at(alone, Slot.PROCESSING).arguments["process"]).hot_expires_s == 3600.0
    assert functions_at(alone, Slot.HOT).arguments.keys() == {"history"}


def test_a_sender_of_single_messages_gathers_in_a_whole_vcpu() -> None:
    deployment = deployed(SERVERLESS, FAR)
    functions = functions_at(deployment, Slot.ACQUISITION)
    sender = functions.arguments["telemetry-sender"]
    assert gathers(deployment, functions.plan("telemetry-sender"))
    assert config(sender).gather
    assert sender["vcpus"] == 1
    assert sender["requests"] > deployment.spec.batching.link_messages
    assert sender["environment"] == {"THREADS": str(sender["requests"])}


def test_a_workers_outboxes_hold_whole_batches_so_that_its_senders_do_not_gather() -> None:
    deployment = deployed(PROVISIONED, FAR)
    functions = functions_at(deployment, Slot.PROCESSING)
    worker = config(functions.arguments["process"])
    assert {"intake", "persist-outbox", "twin-updates-outbox", "commands-outbox"} == set(worker.bundled)
    assert worker.bundle_messages == deployment.spec.batching.link_messages
    assert not gathers(deployment, functions.plan("persist-sender"))
    assert not config(functions.arguments["persist-sender"]).gather


@pytest.mark.parametrize(("regions", "region"), [((HERE,) * 7, HERE), (FAR, THERE)])
def test_a_worker_pulls_where_its_telemetry_waits(regions: tuple[str, ...], region: str) -> None:
    worker = config(functions_at(deployed(PROVISIONED, regions), Slot.PROCESSING).arguments["process"])
    assert worker.subscription == f"smart-building-k3x9f-{region}-intake"


def test_there_are_as_many_workers_as_were_priced() -> None:
    deployment = deployed(PROVISIONED)
    component = deployment.blueprint.component(Slot.PROCESSING, "process")
    assert component is not None
    (cpu,) = (use.amount for use in component.usage if use.meter == "gcp.run.instance-cpu")
    worker = functions_at(deployment, Slot.PROCESSING).arguments["process"]
    assert worker["most_instances"] * worker["vcpus"] * SECONDS_PER_MONTH == pytest.approx(cpu)


def test_two_runs_of_a_mover_never_overlap() -> None:
    assert functions_at(deployed(SERVERLESS), Slot.HOT).arguments["to-cool-mover"]["most_instances"] == 1


def test_a_slot_that_was_never_moved_says_nothing_of_its_topics() -> None:
    process = config(functions_at(deployed(SERVERLESS), Slot.PROCESSING).arguments["process"])
    assert process.topics == {}
    moved = config(functions_at(deployed(SERVERLESS, generations={"L2": 2}), Slot.PROCESSING).arguments["process"])
    assert moved.topics["alerts"] == "smart-building-k3x9f-europe-west1-alerts-2"
    assert "errors" not in moved.topics


def test_commands_go_the_way_that_devices_come() -> None:
    near = config(functions_at(deployed(SERVERLESS), Slot.PROCESSING).arguments["process"])
    direct = config(functions_at(deployed(PROVISIONED), Slot.PROCESSING).arguments["process"])
    assert (near.commands, direct.commands) == ("pending", "topics")
