"""The database's own tests use the backend's databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.conftest import database_url, migrated_postgres_url, sqlite_file, sqlite_template
from tests.db.opening import add_twin, close

__all__ = ["database_url", "migrated_postgres_url", "sqlite_file", "sqlite_template"]


@pytest.fixture
def twin_url(database_url: str) -> Iterator[str]:
    """A database with a twin in it."""
    add_twin(database_url)
    yield database_url
    close(database_url)
