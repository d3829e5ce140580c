"""Variables of the environment that say where Terraform's providers come from."""

from __future__ import annotations

from typing import Final

MIRRORS: Final = "T2M_TF_MIRROR"
"""Directories of providers that need no registry, separated like a PATH."""
VERSIONS: Final = "T2M_PROVIDER_VERSIONS"
"""Other versions than the pinned ones, as `aws=5.100.0,google=8.7.0`."""
SCENARIO: Final = "T2M_STANDIN_SCENARIO"
"""A file that says what goes slowly and what goes wrong in a rehearsal (see docs/standin-providers.md)."""
