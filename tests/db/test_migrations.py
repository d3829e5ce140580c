"""Tables come and go by migrations, the same on both databases, and what the code says of them is what is there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from tests.app.backends import site
from tests.app.runners import place, work_off
from tests.postgres import PostgresCluster
from twin2multicloud.app.db import migrate, revision
from twin2multicloud.app.db.database import Database, sqlite_url
from twin2multicloud.app.db.revision import MigrationError
from twin2multicloud.app.db.tables import Event, Twin


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        database = Database(sqlite_url(tmp_path / "app.db"))
        yield database
        database.close()
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    with cluster.database() as url:
        database = Database(url)
        yield database
        database.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_the_newest_revision_is_what_the_code_says(empty: Database) -> None:
    assert revision.of(empty) is None
    with pytest.raises(MigrationError, match="db upgrade"):
        revision.check(empty)
    migrate.upgrade(empty)
    revision.check(empty)
    assert migrate.differences(empty) == []
    config = Config()
    config.set_main_option("script_location", str(revision.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [revision.head()]


def test_down_and_up_again_with_data(database_url: str, tmp_path: Path) -> None:
    with site(tmp_path / "data", database_url) as here:
        owner = here.person("olga")
        twin = owner.create_twin()["id"]
        place(here, twin)
        owner.post(f"twins/{twin}/runs", {"kind": "deploy", "approve": True}, 201)
        work_off(here)
        migrate.upgrade(here.backend.database)  # nothing is to be done, and nothing is lost
        with here.backend.database.read() as session:
            assert session.scalars(select(Twin.name)).all() == ["greenhouse"]
            assert session.scalars(select(Event.id)).all()
    database = Database(database_url)
    migrate.downgrade(database, "base")
    assert tables(database) == set()
    migrate.upgrade(database)
    assert migrate.differences(database) == []
    with database.read() as session:
        assert session.scalars(select(Twin.id)).all() == []
    database.close()


def test_of_several_who_upgrade_at_once_one_does(empty: Database) -> None:
    url = empty.url.render_as_string(hide_password=False)

    def upgrade(_number: int) -> None:
        database = Database(url)
        try:
            migrate.upgrade(database)
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(upgrade, range(4))) == [None] * 4
    assert migrate.differences(empty) == []


def test_a_database_of_a_newer_version_is_left_alone(empty: Database) -> None:
    migrate.upgrade(empty)
    before = tables(empty)
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (migrate.upgrade, revision.check):
        with pytest.raises(MigrationError, match=r"newer version|revision 9999"):
            act(empty)
    assert tables(empty) == before
