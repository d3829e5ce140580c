"""L4 on AWS: our own twin graph, or IoT TwinMaker."""

from __future__ import annotations

from twin2multicloud.deployer.clouds.aws import config
from twin2multicloud.deployer.clouds.aws.composing import slot_stack
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot


def management(names: AwsNames) -> Stack:
    """The stack of L4."""
    arguments = {"table": names.graph_table, "stores": config.graph(names)}
    if not names.twinmaker:
        return slot_stack(names, Slot.MANAGEMENT, "l4/own_graph", arguments)
    arguments |= {
        "workspace": names.workspace,
        "workspace_role": names.function(Slot.MANAGEMENT, "workspace"),
        "scenes": names.bucket(Slot.MANAGEMENT, "scenes"),
    }
    return slot_stack(names, Slot.MANAGEMENT, "l4/twinmaker", arguments)
