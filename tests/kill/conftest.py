"""Databases as the backend's tests have them, and benches over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import migrated_postgres_url, sqlite_file, sqlite_template
from tests.kill.bench import Bench, bench

__all__ = ["migrated_postgres_url", "sqlite_file", "sqlite_template"]


@pytest.fixture
def on_sqlite(sqlite_file: str, tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, sqlite_file) as made:
        yield made


@pytest.fixture
def on_postgres(migrated_postgres_url: str, tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, migrated_postgres_url) as made:
        yield made
