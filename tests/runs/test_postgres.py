"""The fixture itself: databases are apart from each other, and a template's content is in its copies."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from tests.postgres import PostgresCluster


def prepare(url: str) -> None:
    run(url, "CREATE TABLE runs (id integer)")


def run(url: str, statement: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_a_database_is_empty_and_apart(postgres: PostgresCluster, postgres_url: str) -> None:
    run(postgres_url, "CREATE TABLE runs (id integer)")
    with postgres.database() as other, pytest.raises(ProgrammingError):
        run(other, "SELECT id FROM runs")


def test_a_template_is_made_once_and_copied(postgres: PostgresCluster) -> None:
    name = postgres.template("runs", prepare)
    assert postgres.template("runs", prepare) == name
    with postgres.database(name) as first, postgres.database(name) as second:
        run(first, "INSERT INTO runs VALUES (1)")
        run(second, "SELECT id FROM runs")
