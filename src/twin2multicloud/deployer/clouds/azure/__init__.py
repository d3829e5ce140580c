"""Azure's stacks: which resources a deployment has there, under which names, with which rights."""

from __future__ import annotations

from pathlib import Path

from twin2multicloud.deployer.clouds.azure import dependencies
from twin2multicloud.deployer.clouds.azure.foundation import foundation
from twin2multicloud.deployer.clouds.azure.providers import VERSIONS
from twin2multicloud.deployer.clouds.azure.resources import MAIN_RESOURCES
from twin2multicloud.deployer.clouds.azure.slots import slot
from twin2multicloud.deployer.clouds.cloud import Cloud
from twin2multicloud.deployer.stacks import Stack


def _complete(_stack: Stack, packages: Path, cache: Path) -> None:
    """The dependencies of a stack's function apps."""
    dependencies.complete(packages, cache)


AZURE = Cloud(
    foundation=foundation,
    slot=slot,
    provider_versions=VERSIONS,
    carriers=frozenset(MAIN_RESOURCES.values()),
    complete=_complete,
)
