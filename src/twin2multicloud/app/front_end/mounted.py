"""The front end beside the API: at all addresses that the API has not."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Collection
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Response
from starlette.datastructures import URLPath
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from twin2multicloud.app.api import pages
from twin2multicloud.app.api.addresses import client_address, proxies_of
from twin2multicloud.app.api.nouns import first_segments
from twin2multicloud.app.auth.cookies import Cookies
from twin2multicloud.app.auth.hosts import own_hosts, own_origins
from twin2multicloud.app.cache_directory import cache_directory
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.front_end.inside import ADDRESS
from twin2multicloud.app.report.markup import tag
from twin2multicloud.app.settings import Settings
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.ui.access import Access
    from twin2multicloud.app.ui.web.connection import Page
    from twin2multicloud.app.ui.web.limits import Limits

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NEEDED: Final = ("flet", "flet_web", "brotli")


def mount(
    app: FastAPI, settings: Settings, socket: str, page: Page | None = None, limits: Limits | None = None
) -> None:
    """Have an application answer with the front end, too. `socket` is where the application itself can be reached by
    this process; `page` is what shows a window if it is not the front end's own, `limits` what holds in the place of
    the settings'.

    Where what it takes is not installed, a page says how to install it.
    """
    reserved = first_segments()
    if _missing():
        app.router.routes.append(FrontEndRoute(_absent, reserved))
        return
    from twin2multicloud.app.ui.web.door import Door
    from twin2multicloud.app.ui.web.front_end import FrontEnd
    from twin2multicloud.app.ui.web.limits import Limits

    given = settings.front_end
    front_end = FrontEnd(
        Door(own_hosts(settings), own_origins(settings), _Admission(settings, socket).admit, refusal),
        own_page if page is None else lambda: page,
        cache_directory(os.environ),
        limits or Limits(at_once=given.at_once, each=given.each, kept_s=given.kept_s),
        given.frames,
    )
    app.state.endings.append(front_end.close)
    app.state.front_end = front_end
    app.router.routes.append(FrontEndRoute(front_end, reserved))


class FrontEndRoute(BaseRoute):
    """All addresses that begin with none of the reserved segments."""

    path: Final = "/{page}"
    """What figures and logs call them all."""

    def __init__(self, app: ASGIApp, reserved: Collection[str]) -> None:
        self._app = app
        self._reserved = frozenset(reserved)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route."""
        from twin2multicloud.app.ui.web.paths import answers

        if scope["path"].split("/")[1] in self._reserved or not answers(scope):
            return Match.NONE, {}
        return Match.FULL, {"route": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any route."""
        await self._app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: str) -> URLPath:
        """As any route: it has no name."""
        raise NoMatchFound(name, path_params)


class _Admission:
    """Finds who a browser is signed in as by asking the API, as the browser."""

    def __init__(self, settings: Settings, socket: str) -> None:
        self._origin = settings.origin
        self._names = Cookies.of(settings.origin)
        self._proxies = proxies_of(settings.trusted_proxies)
        self._socket = socket

    async def admit(self, connection: HTTPConnection) -> Access | None:
        """See `Door`."""
        from twin2multicloud.app.client.callers import BrowserSession
        from twin2multicloud.app.errors import UnauthenticatedError
        from twin2multicloud.app.ui.access import access_of

        token = connection.cookies.get(self._names.session, "")
        csrf = connection.cookies.get(self._names.csrf, "")
        if not _TOKEN.fullmatch(token):
            return None
        cookies = f"{self._names.session}={token}"
        if _TOKEN.fullmatch(csrf):
            cookies += f"; {self._names.csrf}={csrf}"
        else:
            csrf = ""
        address = client_address(connection.scope, self._proxies)
        browser = BrowserSession(cookies, csrf, self._origin, {ADDRESS: address})
        try:
            return await asyncio.to_thread(access_of, self._origin, browser=browser, socket=self._socket)
        except UnauthenticatedError:
            return None


def own_page() -> Page:
    """What the front end shows in a window; it is loaded here."""
    page: Page = import_module("twin2multicloud.app.ui.main").session
    return page


def check_installed() -> None:
    """`UsageError` where what the front end takes is not installed."""
    if _missing():
        raise UsageError("the front end is not installed here: pip install 'twin2multicloud[ui]'")


def _missing() -> bool:
    return any(find_spec(name) is None for name in _NEEDED)


def refusal(error: BackendError) -> Response:
    """The page in the place of the front end, where it cannot be found out who asks."""
    return pages.refusal(error.status, f"{error}"[:1].upper() + f"{error}"[1:] + ".")


async def _absent(scope: Scope, receive: Receive, send: Send) -> None:
    """What is there in the place of the front end."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    response = pages.page(
        "The front end is not installed",
        tag("p", "The API is served here, and works. For the front end, install what it is made with:"),
        tag("p", tag("code", "pip install 'twin2multicloud[ui]'")),
        tag("p", "Then start the server again.", class_="muted"),
        tag("a", "Who is signed in", href="/login", class_="button"),
        status=404,
    )
    await response(scope, receive, send)
