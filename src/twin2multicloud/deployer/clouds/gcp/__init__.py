"""Google Cloud as the deployer knows it."""

from __future__ import annotations

from twin2multicloud.deployer.clouds.cloud import Cloud
from twin2multicloud.deployer.clouds.gcp.acquisition import acquisition
from twin2multicloud.deployer.clouds.gcp.foundation import foundation
from twin2multicloud.deployer.clouds.gcp.management import management
from twin2multicloud.deployer.clouds.gcp.processing import processing
from twin2multicloud.deployer.clouds.gcp.resources import CARRIERS, MAIN_RESOURCES
from twin2multicloud.deployer.clouds.gcp.storage import archive, cool, hot
from twin2multicloud.deployer.clouds.gcp.visualization import visualization
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot

__all__ = ["GCP", "MAIN_RESOURCES"]

_SLOTS = {
    Slot.ACQUISITION: acquisition,
    Slot.PROCESSING: processing,
    Slot.HOT: hot,
    Slot.COOL: cool,
    Slot.ARCHIVE: archive,
    Slot.MANAGEMENT: management,
    Slot.VISUALIZATION: visualization,
}


def slot(deployment: Deployment, slot: Slot) -> Stack:
    """The stack of a slot."""
    return _SLOTS[slot](deployment)


GCP = Cloud(foundation=foundation, slot=slot, provider_versions={"google": "8.7.0"}, carriers=CARRIERS)
"""Its stacks, the provider's version that they are pinned to, and where their costs are shown."""
