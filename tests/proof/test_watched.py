"""What is looked at of a twin in clouds is what its modules make: every function and queue, and what clouds give up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deployer.applied.made import Worlds
from twin2multicloud.app.monitoring.clouds.probing import beginning
from twin2multicloud.app.monitoring.clouds.watched import watched
from twin2multicloud.app.services.cloud_twins import CloudTwin
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.finishing.queues import queue_fields
from twin2multicloud.deployer.functions import Starts, functions_of
from twin2multicloud.deployer.proof.world import World
from twin2multicloud.deployer.stacks import slot_name
from twin2multicloud.model.slots import Provider, Slot


@pytest.mark.slow
@pytest.mark.parametrize("name", ["aws", "azure", "gcp", "spread-1", "spread-2"])
def test_every_function_and_queue_of_a_twin_is_looked_at(worlds: Worlds, name: str) -> None:
    applied = worlds(name)
    deployed = applied.deployment
    nowhere: Any = None
    found = watched(CloudTwin(deployed, applied.outputs, applied.world, nowhere, {}))
    planned = {
        (slot, plan.component)
        for slot in deployed.blueprint.places
        for plan in functions_of(deployed.blueprint, deployed.spec, slot)
        if plan.starts is not Starts.ALWAYS
    }
    assert {(each.slot, each.name) for each in found.functions} == planned
    assert all(each.through for each in found.functions if each.site.provider is not Provider.AWS)
    there = {stack: (told.get("queues") or {}) for stack, told in applied.outputs.items()}
    for slot in (Slot.ACQUISITION, Slot.PROCESSING):
        names = {each.name for each in found.queues if each.slot is slot}
        outputs = set(there.get(slot_name(slot, deployed.generation(slot)), {}))
        assert names >= outputs
        assert slot is Slot.ACQUISITION or names, "processing always has a queue"
    assert {each.site for each in found.aside} == set(deployed.sites)
    assert _begins_in_a_queue(deployed, applied.outputs, applied.world)


def _begins_in_a_queue(deployed: Deployment, outputs: Any, world: World) -> bool:
    """Whether probes, and what is put back, go into a queue that exists."""
    slot, topic = beginning(deployed)
    fields = queue_fields(deployed, outputs, slot)
    if deployed.site(slot).provider is Provider.AWS:
        address = fields["topics"][topic]
        return any(
            address in (each.text("url"), each.text("arn")) for each in world.of("aws_sqs_queue", "aws_kinesis_stream")
        )
    if deployed.site(slot).provider is Provider.AZURE:
        account = fields["queue_url"].removeprefix("https://").partition(".")[0]
        return any(
            each.text("name") == topic and each.text("storage_account_id").endswith(f"/{account}")
            for each in world.of("azurerm_storage_queue")
        )
    name = fields["topics"].get(topic, f"{fields['prefix']}{topic}")
    return world.one("google_pubsub_topic", name=name) is not None
