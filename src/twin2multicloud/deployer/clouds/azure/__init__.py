"""Azure's stacks: which resources a deployment has there, under which names, with which rights."""

from __future__ import annotations

from twin2multicloud.deployer.clouds.azure.foundation import foundation
from twin2multicloud.deployer.clouds.azure.providers import VERSIONS
from twin2multicloud.deployer.clouds.azure.resources import MAIN_RESOURCES
from twin2multicloud.deployer.clouds.azure.slots import slot
from twin2multicloud.deployer.clouds.cloud import Cloud

AZURE = Cloud(foundation=foundation, slot=slot, provider_versions=VERSIONS, carriers=frozenset(MAIN_RESOURCES.values()))
