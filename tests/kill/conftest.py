"""Databases as the backend's tests have them, and benches over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.app.conftest import migrated_postgres_url, sqlite_file, sqlite_template
from tests.kill.bench import Bench, bench
from tests.kill.server import Nursery

__all__ = ["migrated_postgres_url", "sqlite_file", "sqlite_template"]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with closing(Nursery()) as made:
        yield made


@pytest.fixture
def on_sqlite(sqlite_file: str, nursery: Nursery, tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, nursery, sqlite_file) as made:
        yield made


@pytest.fixture
def on_postgres(migrated_postgres_url: str, nursery: Nursery, tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, nursery, migrated_postgres_url) as made:
        yield made
