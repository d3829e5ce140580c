"""Looking whether a bare word names a kept twin: by the database alone, which begins nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.backends import Site
from tests.app.conftest import database_url, here, migrated_postgres_url, sqlite_file, sqlite_template
from tests.cli.serving import Place
from twin2multicloud.app.cli.kept_lookup import UnknownTablesError, kept_twins
from twin2multicloud.app.db.database import sqlite_url
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.services import local_login

__all__ = ["database_url", "here", "migrated_postgres_url", "sqlite_file", "sqlite_template"]
LOADED = """\
import json, sys
from twin2multicloud.app.cli.main import run
code = run(sys.argv[1:])
backend = ("fastapi", "pydantic_settings", "sqlalchemy", "twin2multicloud.app.backend", "twin2multicloud.app.embedded")
print(json.dumps([code, [name for name in backend if name in sys.modules]]))
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.done("twins", "create", found.twin)
    return found


def loaded(place: Place, *arguments: str) -> tuple[int, list[str], str]:
    """A command's exit code, what it has loaded of the backend, and what it said."""
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **place.env}, cwd=place.directory, check=False
    )
    code, found = json.loads(done.stdout.splitlines()[-1])
    return code, found, done.stderr


def test_a_word_that_is_no_kept_twin_opens_no_backend(place: Place) -> None:
    before = sorted(file.name for file in place.data.iterdir())
    (place.data / "keys.json").rename(place.directory / "keys.json")
    code, found, told = loaded(place, "plan", "smart-home", "--placement", "missing.json")
    assert (code, found) == (2, []), told
    assert "missing.json: cannot be read" in told
    code, found, told = loaded(place, "status", "greenhous")
    assert (code, found) == (2, []), told
    assert "there is no twin 'greenhous'; did you mean 'greenhouse'?" in told
    # Nor is anything made or left behind: neither keys nor files of a write-ahead log.
    assert sorted(file.name for file in place.data.iterdir()) == [name for name in before if name != "keys.json"]


def test_a_kept_twin_is_found_by_its_name_and_its_id(place: Place) -> None:
    [twin] = place.done("twins", "list", "--json").json
    for word in ("greenhouse", twin["id"]):
        assert "nothing of 'greenhouse' is deployed" in place.done("status", word).err


def test_a_database_that_cannot_tell_is_left_to_the_backend(place: Place) -> None:
    (place.data / "app.db").write_bytes(b"")
    assert "there is no twin 'greenhouse'" in place("status", "greenhouse").err
    (place.data / "app.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(UnknownTablesError):
        kept_twins(sqlite_url(place.data / "app.db"))


def test_twins_are_those_that_the_local_user_may_see(here: Site, database_url: str) -> None:
    owner = here.person("olga")
    hidden = owner.create_twin("hidden")["id"]
    assert kept_twins(database_url) == {}
    local_login.prepare(here.backend)
    assert kept_twins(database_url) == {}
    [mine] = [each for each in people(here) if each not in (owner.user_id,)]
    here.let_in(mine, hidden, Role.VIEWER)
    assert kept_twins(database_url) == {hidden: "hidden"}


def people(site: Site) -> list[str]:
    from sqlalchemy import select

    from twin2multicloud.app.db.tables import User

    with site.backend.database.read() as session:
        return list(session.scalars(select(User.id)))
