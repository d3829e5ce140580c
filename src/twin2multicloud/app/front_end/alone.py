"""The front end from a person's own machine, for a server elsewhere: what `twin2multicloud ui` serves.

It calls the server by the person's key, so whoever is let in acts as them. Only a browser on this machine is, that has
a code which was shown in the terminal: once, as the local user's browser is let in by `serve`, on the same page.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from twin2multicloud.app.api import pages, problems
from twin2multicloud.app.api.correlation import CorrelationMiddleware
from twin2multicloud.app.api.hosts import HostMiddleware
from twin2multicloud.app.api.nouns import first_segments
from twin2multicloud.app.api.routes import login_pages
from twin2multicloud.app.api.security_headers import SecurityHeadersMiddleware
from twin2multicloud.app.auth.hosts import own_hosts, own_origins
from twin2multicloud.app.auth.return_to import HOME, own_path
from twin2multicloud.app.auth.tokens import MakeToken, new_token, same, token_hash
from twin2multicloud.app.cache_directory import cache_directory
from twin2multicloud.app.front_end.mounted import FrontEndRoute, check_installed, own_page, refusal
from twin2multicloud.app.report.markup import tag
from twin2multicloud.app.services.local_login import PAGE
from twin2multicloud.app.serving import Server, bound, uvicorn_config
from twin2multicloud.app.settings import Settings

if TYPE_CHECKING:
    from twin2multicloud.app.ui.access import Access
    from twin2multicloud.app.ui.web.connection import Page

_CODE_MOST_BYTES: Final = 1_000


class _Guard:
    """Who was let in: browsers with a cookie, which they were given for the code. The code holds once."""

    def __init__(self, settings: Settings, path: str | None, make_token: MakeToken) -> None:
        self._origins = own_origins(settings)
        # Cookies do not tell ports apart: another server of this machine has its own beside this one.
        self._cookie = f"t2m_ui_{settings.port}"
        self._make_token = make_token
        self._path = own_path(path)
        self.code = make_token()
        self._code_hash: bytes | None = token_hash(self.code)
        self._inside: set[bytes] = set()

    def knows(self, connection: HTTPConnection) -> bool:
        """Whether a browser was let in."""
        token = connection.cookies.get(self._cookie)
        return token is not None and token_hash(token) in self._inside

    async def let_in(self, request: Request) -> Response:
        """Take the code, and give a cookie for it."""
        if request.headers.get("origin") not in self._origins:
            return problems.response(403, "forbidden", "only a page of this program may do that")
        content = b""
        async for part in request.stream():
            content += part
            if len(content) > _CODE_MOST_BYTES:
                return problems.response(413, "too-large", "this is no code")
        if self._code_hash is None or not same(_code_in(content), self._code_hash):
            return problems.response(
                403,
                "forbidden",
                "this link was used already, or is of another one; start `twin2multicloud ui` again",
            )
        self._code_hash = None
        token = self._make_token()
        self._inside.add(token_hash(token))
        answer = JSONResponse({"return_to": self._path}, headers={"Cache-Control": "no-store"})
        answer.set_cookie(self._cookie, token, path="/", httponly=True, samesite="strict")
        return answer

    async def let_out(self, request: Request) -> Response:
        """Forget a browser."""
        if request.headers.get("origin") not in self._origins:
            return problems.response(403, "forbidden", "only a page of this program may do that")
        self._inside.discard(token_hash(request.cookies.get(self._cookie, "")))
        answer = Response(status_code=204)
        answer.delete_cookie(self._cookie, path="/")
        return answer


def alone_app(
    server: str,
    key: str,
    settings: Settings,
    path: str | None = None,
    page: Page | None = None,
    make_token: MakeToken = new_token,
) -> tuple[Starlette, str]:
    """The application, and the address that lets a browser in, once. `page` shows a window, if not the front end's."""
    check_installed()
    from twin2multicloud.app.ui.access import access_of
    from twin2multicloud.app.ui.web.door import Door
    from twin2multicloud.app.ui.web.front_end import FrontEnd

    guard = _Guard(settings, path, make_token)

    async def admit(connection: HTTPConnection) -> Access | None:
        return await asyncio.to_thread(access_of, server, key=key) if guard.knows(connection) else None

    async def login_page(request: Request) -> Response:
        if not guard.knows(request):
            return pages.page(
                "Let this browser in",
                tag("p", "Open the address that the terminal shows, or start this again for another one:"),
                tag("p", tag("code", "twin2multicloud ui")),
            )
        if "return_to" in request.query_params:
            return RedirectResponse(own_path(request.query_params["return_to"]), 303)
        return pages.page(
            "You are let in",
            pages.facts({"Server": server}),
            tag("p", tag("a", "Open Twin2MultiCloud", href=HOME, class_="button main")),
            pages.problem_line(),
            pages.button_form("/api/v1/logout", "Leave", following="/login"),
        )

    async def local_page(_request: Request) -> Response:
        return await login_pages.local_page()

    async def style(_request: Request) -> Response:
        return await login_pages.style()

    async def script(_request: Request) -> Response:
        return await login_pages.script()

    front_end = FrontEnd(
        Door(own_hosts(settings), own_origins(settings), admit, refusal),
        own_page if page is None else lambda: page,
        cache_directory(os.environ),
    )
    app = Starlette(
        routes=[
            Route("/login", login_page),
            Route(PAGE, local_page),
            Route(pages.STYLE, style),
            Route(pages.SCRIPT, script),
            Route("/api/v1/login/local", guard.let_in, methods=["POST"]),
            Route("/api/v1/logout", guard.let_out, methods=["POST"]),
            FrontEndRoute(front_end, first_segments()),
        ]
    )
    app.state.endings = [front_end.close]
    app.state.front_end = front_end
    problems.install(app)
    app.add_middleware(HostMiddleware, hosts=own_hosts(settings))
    app.add_middleware(SecurityHeadersMiddleware, https=False)
    app.add_middleware(CorrelationMiddleware)
    return app, f"{settings.origin}{PAGE}#{guard.code}"


def serve_alone(server: str, key: str, port: int, path: str | None, ready: Callable[[str, str], None]) -> None:
    """Serve it on loopback until SIGINT or SIGTERM. Once it listens, `ready` is told where, and what lets one in."""
    listener, settings = bound(Settings(port=port))
    with listener:
        app, link = alone_app(server, key, settings, path)
        Server(uvicorn_config(app, settings), app, lambda: ready(settings.origin, link)).run([listener])


def _code_in(content: bytes) -> str:
    try:
        found = json.loads(content)
    except ValueError:
        return ""
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, str) else ""
