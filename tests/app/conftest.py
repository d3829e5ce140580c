"""Every test of the backend runs on both databases, unless it asks for `sqlite_site`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.backends import Person, Site, site
from tests.postgres import PostgresCluster
from twin2multicloud.app.db import migrate
from twin2multicloud.app.db.database import Database, sqlite_url


def migrated(url: str) -> None:
    """Make all tables."""
    database = Database(url)
    migrate.upgrade(database)
    database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded database with all tables and no rows. It is copied: making tables takes longer than most tests."""
    file = tmp_path_factory.mktemp("template") / "app.db"
    migrated(sqlite_url(file))
    return file


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh embedded database's URL."""
    file = tmp_path / "data" / "app.db"
    file.parent.mkdir()
    shutil.copy(sqlite_template, file)
    return sqlite_url(file)


@pytest.fixture
def migrated_postgres_url(postgres: PostgresCluster) -> Iterator[str]:
    """An empty PostgreSQL database's URL, with all tables."""
    with postgres.emptied(postgres.template("app", migrated)) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Either database, with all tables."""
    name = "sqlite_file" if request.param == "sqlite" else "migrated_postgres_url"
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A backend over either database."""
    with site(tmp_path / "data", database_url) as made:
        yield made


@pytest.fixture
def sqlite_site(sqlite_file: str, tmp_path: Path) -> Iterator[Site]:
    """A backend over SQLite, for what has nothing to do with the database."""
    with site(tmp_path / "data", sqlite_file) as made:
        yield made


@pytest.fixture
def owner(here: Site) -> Person:
    """An owner of the workspace."""
    return here.person("olga")
