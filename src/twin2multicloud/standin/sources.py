"""The providers that we stand in for, with the releases whose schemas we serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Source:
    """A provider: its source address without the registry's host, its release, and the published bindings from which
    the release's schema is read (a distribution on PyPI, and its version)."""

    address: str
    version: str
    bindings: str
    bindings_version: str
    attributes_only: bool = False
    """Whether all its structures are nested attributes, written with `=`, and none are blocks."""


SOURCES: Final = {
    "archive": Source("hashicorp/archive", "2.8.1", "cdktn-provider-archive", "14.0.1"),
    "aws": Source("hashicorp/aws", "6.69.1", "cdktn-provider-aws", "25.8.1"),
    "awscc": Source("hashicorp/awscc", "1.106.0", "cdktn-provider-awscc", "1.8.0", attributes_only=True),
    "azapi": Source("azure/azapi", "2.13.0", "cdktn-provider-azapi", "1.0.0"),
    "azuread": Source("hashicorp/azuread", "3.10.0", "cdktn-provider-azuread", "17.1.0"),
    "azurerm": Source("hashicorp/azurerm", "5.10.0", "cdktn-provider-azurerm", "18.9.0"),
    "google": Source("hashicorp/google", "8.7.0", "cdktn-provider-google", "21.1.0"),
    "random": Source("hashicorp/random", "3.9.1", "cdktn-provider-random", "15.0.1"),
    "time": Source("hashicorp/time", "0.14.2", "cdktn-provider-time", "14.0.2"),
}

HOSTS: Final = ("registry.terraform.io", "registry.opentofu.org")
"""Where Terraform and OpenTofu look for a provider whose address names no host."""
