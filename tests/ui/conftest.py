"""Pages of the front end over an application in this process."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from gettext import NullTranslations
from pathlib import Path

import pytest

from tests.app.backends import Person, Site
from tests.app.conftest import here, migrated_postgres_url, sqlite_file, sqlite_site, sqlite_template
from tests.ui.browser import browser, heard, tab
from tests.ui.driver import Ui
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.serving import InThread
from twin2multicloud.app.ui.access import Access

__all__ = [
    "browser",
    "heard",
    "here",
    "migrated_postgres_url",
    "sqlite_file",
    "sqlite_site",
    "sqlite_template",
    "tab",
]

OpenUi = Callable[..., AbstractAsyncContextManager[Ui]]


@pytest.fixture
def socket(sqlite_site: Site) -> Iterator[str]:
    """Where the API of `sqlite_site` answers."""
    with tempfile.TemporaryDirectory() as directory, InThread(sqlite_site.app, Path(directory)) as thread:
        yield str(thread.socket)


@pytest.fixture
def person(sqlite_site: Site) -> Person:
    """An owner, who looks unless a test says otherwise."""
    return sqlite_site.person("olga")


@pytest.fixture
def ui(socket: str, person: Person) -> OpenUi:
    """Opens a page: `async with ui("/twins/…") as page`."""

    @asynccontextmanager
    async def opened(
        route: str = "/",
        *,
        who: Person = person,
        width: int = 1_280,
        translations: NullTranslations | None = None,
    ) -> AsyncIterator[Ui]:
        access = await asyncio.to_thread(_access, who, socket)
        page = await Ui.open(access, route, width=width, translations=translations)
        try:
            yield page
        finally:
            await page.close()

    return opened


def _access(who: Person, socket: str) -> Access:
    url = "http://127.0.0.1:8080"
    with Client(Http(url, key=who.token, socket=socket)) as client:
        me = client.login.me()
    return Access(me, url, key=who.token, socket=socket)
