"""A client of the app, which runs in a thread of this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.backends import Person, Site
from tests.app.conftest import here, migrated_postgres_url, sqlite_file, sqlite_site, sqlite_template
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.serving import InThread

__all__ = ["here", "migrated_postgres_url", "sqlite_file", "sqlite_site", "sqlite_template"]

ClientOf = Callable[[Person], Client]


@pytest.fixture
def client_of(sqlite_site: Site) -> Iterator[ClientOf]:
    """Makes clients for people of the site."""
    made: list[Client] = []
    with tempfile.TemporaryDirectory() as directory, InThread(sqlite_site.app, Path(directory)) as thread:

        def client(person: Person) -> Client:
            made.append(Client(Http("http://127.0.0.1:8080", key=person.token, socket=str(thread.socket))))
            return made[-1]

        yield client
        for each in made:
            each.http.close()


@pytest.fixture
def client(client_of: ClientOf, sqlite_site: Site) -> Client:
    """Of an owner."""
    return client_of(sqlite_site.person("olga"))
