"""What is put back goes to the very queues that functions read: by the names that they are deployed with."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.finishing.rig import deployment
from twin2multicloud.deployer.clouds.azure.apps import functions
from twin2multicloud.deployer.clouds.gcp.acquisition import acquisition
from twin2multicloud.deployer.clouds.gcp.processing import processing
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.finishing.queues import queue_fields
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.aws.build import AwsConfig
from twin2multicloud.runtime.adapters.azure.build import AzureConfig
from twin2multicloud.runtime.adapters.gcp.build import GcpConfig

APART = dict.fromkeys(Slot, "gcp") | {Slot.ACQUISITION: "aws"}


def fields(deployed: Deployment, slot: Slot, outputs: Any = None) -> dict[str, Any]:
    return {"twin": deployed.spec.name, **queue_fields(deployed, outputs or {}, slot)}


def test_on_aws_by_what_the_stack_puts_out() -> None:
    deployed = deployment("aws")
    outputs = {
        "foundation-aws-eu-central-1": {"account": "123456789012"},
        "L2": {"queues": {"actions": {"url": "https://sqs/1/t-actions"}, "intake": {"stream": "t-intake"}}},
    }
    found = msgspec.convert(fields(deployed, Slot.PROCESSING, outputs), AwsConfig)
    assert found.topics == {
        "actions": "https://sqs/1/t-actions",
        "intake": "arn:aws:kinesis:eu-central-1:123456789012:stream/t-intake",
    }


@pytest.mark.parametrize("clouds", ["azure", dict.fromkeys(Slot, "azure") | {Slot.ACQUISITION: "aws"}])
def test_on_azure_it_is_the_account_of_the_function_that_reads(clouds: Any) -> None:
    deployed = deployment(clouds)
    found = msgspec.convert(fields(deployed, Slot.PROCESSING), AzureConfig)
    config = functions(deployed, Slot.PROCESSING)["process"]["config"]
    assert (found.queue_url, found.blob_url) == (config["queue_url"], config["blob_url"])


def test_on_google_cloud_next_door_it_is_the_topic_of_devices() -> None:
    deployed = deployment("gcp")
    found = msgspec.convert(fields(deployed, Slot.PROCESSING), GcpConfig)
    assert found.topics["intake"] == acquisition(deployed).arguments["queues"]["intake"]["topic"]


def test_on_google_cloud_the_intake_is_processings_own_where_devices_are_elsewhere() -> None:
    deployed = deployment(APART)
    found = msgspec.convert(fields(deployed, Slot.PROCESSING), GcpConfig)
    topic = processing(deployed).arguments["queues"]["intake"]["topic"]
    assert found.topics.get("intake", f"{found.prefix}intake") == topic
    sends = deployment(dict.fromkeys(Slot, "aws") | {Slot.ACQUISITION: "gcp"})
    told = msgspec.convert(fields(sends, Slot.ACQUISITION), GcpConfig)
    assert told.topics["telemetry-outbox"] == acquisition(sends).arguments["queues"]["telemetry-deliveries"]["topic"]


def test_a_slot_that_was_moved_has_queues_of_its_own() -> None:
    deployed = deployment(APART, generations={Slot.PROCESSING: 2})
    found = msgspec.convert(fields(deployed, Slot.PROCESSING), GcpConfig)
    assert found.topics["intake"] == processing(deployed).arguments["queues"]["intake"]["topic"]
