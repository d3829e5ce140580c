"""L2 on AWS: the intake, the processing function, its outboxes, alerts."""

from __future__ import annotations

from typing import Any

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.aws.composing import queues, slot_stack
from twin2multicloud.deployer.clouds.aws.functions import plans_of
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot


def processing(names: AwsNames) -> Stack:
    """The stack of L2."""
    slot = Slot.PROCESSING
    sources = dict.fromkeys(plan.source for plan in plans_of(names, slot) if plan.source)
    waiting = tuple(source for source in sources if names.source(slot, source) is Kind.QUEUE)
    arguments: dict[str, Any] = {
        "queues": queues(names, slot, waiting),
        "alerts": names.thing(slot, "alerts"),
        "errors": names.errors,
    }
    if names.source(slot, "intake") is Kind.STREAM:
        arguments["stream"] = {
            "name": names.thing(slot, "intake"),
            "undelivered": names.undelivered(slot, "intake"),
        }
    return slot_stack(names, slot, "l2", arguments)
