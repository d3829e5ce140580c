"""What each cloud's stacks consist of. Adding a cloud or an offer touches its package here and its modules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from twin2multicloud.deployer.clouds.aws import AWS
from twin2multicloud.deployer.clouds.azure import AZURE
from twin2multicloud.deployer.clouds.cloud import Cloud
from twin2multicloud.deployer.clouds.gcp import GCP
from twin2multicloud.model.slots import Provider

CLOUDS: Mapping[Provider, Cloud] = MappingProxyType({Provider.AWS: AWS, Provider.AZURE: AZURE, Provider.GCP: GCP})
"""The clouds by provider."""
