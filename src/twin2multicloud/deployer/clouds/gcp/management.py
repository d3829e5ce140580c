"""L4 on Google Cloud: our own twin graph."""

from __future__ import annotations

from twin2multicloud.deployer.clouds.gcp.functions import base_config, functions_at
from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.clouds.gcp.stack import slot_stack
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot


def management(deployment: Deployment) -> Stack:
    """The stack of L4."""
    slot = Slot.MANAGEMENT
    names = SiteNames.of(deployment, deployment.site(slot))
    functions = functions_at(deployment, slot)
    arguments = {
        "functions": functions.arguments,
        "collections": {name: names.collection(name) for name in ("twins", "models")},
        "store": base_config(deployment, names),
    }
    return slot_stack(deployment, slot, "l4", arguments, functions)
