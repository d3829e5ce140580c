"""Stores of one test, and applied worlds of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployer.applied.made import worlds
from tests.finishing.rig import Stores, Told

__all__ = ["stores", "told", "worlds"]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    made = Stores(tmp_path)
    yield made
    made.close()


@pytest.fixture
def told() -> Told:
    return Told()
