"""L2 on Google Cloud: functions, or a worker."""

from __future__ import annotations

from typing import Any

from twin2multicloud.deployer.clouds.gcp.functions import functions_at
from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.clouds.gcp.stack import held, queue, queues_of, slot_stack
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import Starts
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot


def processing(deployment: Deployment) -> Stack:
    """The stack of L2. Its intake is its own where telemetry comes from elsewhere; else it is a subscription of L1's
    stack, on the topic that devices publish to.
    """
    slot = Slot.PROCESSING
    functions = functions_at(deployment, slot)
    names = SiteNames.of(deployment, deployment.site(slot))
    generation = deployment.generation(slot)
    queues: dict[str, dict[str, Any]] = queues_of(deployment, slot, functions)
    if not deployment.blueprint.by_edge["telemetry"].apart:
        queues.pop("intake", None)
    elif any(plan.starts is Starts.ALWAYS for plan in functions.plans):
        queues["intake"] = queue(names, "intake", generation)
    queues["alerts"] = queue(names, "alerts", generation)
    arguments = {
        "queues": queues,
        "functions": functions.without("worker"),
        "workers": functions.only("worker"),
        "held": held(deployment, slot),
    }
    return slot_stack(deployment, slot, "l2", arguments, functions)
