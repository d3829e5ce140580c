"""Applied worlds that are proved and broken."""

from __future__ import annotations

from tests.deployer.applied.made import worlds

__all__ = ["worlds"]
