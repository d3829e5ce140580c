"""Installations where people sign in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.login.flows import Door, door


@pytest.fixture
def uni(database_url: str, tmp_path: Path) -> Iterator[Door]:
    """One whose provider is a fake, over either database."""
    with door(tmp_path / "data", database_url) as made:
        yield made


@pytest.fixture
def sqlite_uni(sqlite_file: str, tmp_path: Path) -> Iterator[Door]:
    """The same over SQLite, for what has nothing to do with the database."""
    with door(tmp_path / "data", sqlite_file) as made:
        yield made
