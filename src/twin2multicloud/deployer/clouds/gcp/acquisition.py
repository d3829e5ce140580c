"""L1 on Google Cloud: devices publish to Pub/Sub, or post to our gateway."""

from __future__ import annotations

from typing import Any

from twin2multicloud.deployer.clouds.gcp.functions import (
    Functions,
    base_config,
    commands_by,
    functions_at,
    intake_subscription,
)
from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.clouds.gcp.stack import held, queue, slot_stack
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import Starts, used_edges
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot

ARRIVALS = {"gcp.pubsub-direct": "gateway", "gcp.run-gateway": "telemetry"}
"""The component that is the topic of devices' messages, by offer."""


def acquisition(deployment: Deployment) -> Stack:
    """The stack of L1. The certificate of the devices' authority comes with `Settings.device_ca_pem`."""
    slot = Slot.ACQUISITION
    names = SiteNames.of(deployment, deployment.site(slot))
    functions = functions_at(deployment, slot)
    arguments: dict[str, Any] = {
        "queues": _queues(deployment, names, functions),
        "functions": functions.arguments,
        "held": held(deployment, slot),
        "intake_held": held(deployment, slot) or held(deployment, Slot.PROCESSING),
        "store": base_config(deployment, names) | {"commands": commands_by(deployment)},
    }
    if deployment.blueprint.places[slot].offer == "gcp.run-gateway":
        arguments["collection"] = names.collection("pending-commands")
        return slot_stack(deployment, slot, "l1/run_gateway", arguments, functions)
    arguments |= {
        "pool": names.pool(deployment.generation(slot)),
        "device_ca_pem": deployment.settings.device_ca_pem,
        "command_topics": _command_topics(deployment, names),
    }
    return slot_stack(deployment, slot, "l1/pubsub_direct", arguments, functions)


def _queues(deployment: Deployment, names: SiteNames, functions: Functions) -> dict[str, dict[str, Any]]:
    """The topic that messages arrive on, and who gets them: processing next door, or the sender to it."""
    slot = Slot.ACQUISITION
    generation = deployment.generation(slot)
    arrivals = ARRIVALS[deployment.blueprint.places[slot].offer]
    topic = names.topic(arrivals, generation)
    queues: dict[str, dict[str, Any]] = {arrivals: {"topic": topic, "create": True, "subscription": None}}
    for plan in functions.plans:
        if plan.starts is Starts.DEVICES:
            sender = functions.arguments[plan.component]
            queues["telemetry-deliveries"] = queue(
                names, "telemetry-deliveries", generation, function=sender, topic=topic, wait_s=plan.window_s
            )
    if not deployment.blueprint.by_edge["telemetry"].apart:
        queues["intake"] = _intake(deployment, names, topic)
    return queues


def _intake(deployment: Deployment, names: SiteNames, topic: str) -> dict[str, Any]:
    """Processing's subscription on the topic of the devices' messages: pushed to its function, or pulled by it."""
    processing = functions_at(deployment, Slot.PROCESSING)
    process = processing.arguments["process"]
    generation = deployment.generation(Slot.ACQUISITION)
    pulls = processing.plan("process").starts is Starts.ALWAYS
    found = queue(
        names,
        "intake",
        generation,
        function=None if pulls else process,
        topic=topic,
        subscribers=(names.email(process["account"]),) if pulls else (),
    )
    assert found["subscription"] == intake_subscription(deployment, names)
    return found


def _command_topics(deployment: Deployment, names: SiteNames) -> dict[str, str] | None:
    """What devices' command topics begin with, and the identity that publishes to them."""
    if "commands" not in used_edges(deployment.blueprint, deployment.spec):
        return None
    apart = deployment.blueprint.by_edge["commands"].apart
    slot, component = (Slot.ACQUISITION, "commands-receiver") if apart else (Slot.PROCESSING, "process")
    account = names.account(component, deployment.generation(slot))
    return {"prefix": f"{names.prefix}device-", "publisher": names.email(account)}
