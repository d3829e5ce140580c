"""Applied worlds that the tests of all clouds share."""

from __future__ import annotations

from tests.deployer.applied.made import worlds

__all__ = ["worlds"]
