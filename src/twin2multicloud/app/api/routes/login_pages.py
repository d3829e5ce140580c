"""Pages for signing in and out."""

from __future__ import annotations

import shlex
from importlib.resources import files
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Query, Response
from fastapi.responses import RedirectResponse

from twin2multicloud.app.api import pages
from twin2multicloud.app.api.browser import BrowserDep
from twin2multicloud.app.api.deps import BackendDep
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.pages import PageRoute
from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.auth.return_to import HOME, own_path
from twin2multicloud.app.auth.sessions import session_principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import UnauthenticatedError
from twin2multicloud.app.report.markup import tag
from twin2multicloud.app.services import providers

router = Endpoints(prefix="/login", include_in_schema=False, route_class=PageRoute)
ReturnTo = Annotated[str | None, Query(max_length=2000)]
_ASSETS: Final = files("twin2multicloud.app.api") / "assets"
_KEEP: Final = {"Cache-Control": "max-age=3600"}


@router.get("")
def login_page(backend: BackendDep, browser: BrowserDep, return_to: ReturnTo = None) -> Response:
    """By whom to sign in; for whoever is, who they are and how to sign out."""
    principal = signed_in(backend, browser.session)
    target = own_path(return_to)
    if principal is not None:
        return _signed_in_page(principal) if return_to is None else RedirectResponse(target, 303)
    if backend.settings.auth == "local":
        command = "twin2multicloud open" if target == HOME else f"twin2multicloud open {shlex.quote(target)}"
        return pages.page(
            "Sign in",
            tag("p", "This installation belongs to whoever started it on this machine. To get in, run in a terminal:"),
            pages.command(command),
            tag("p", "It opens a browser that is signed in. So does the address that the server shows at its start: it "
                "works once, for some minutes.", class_="muted"),
            tag("p", "Others sign in here once an admin has set up a provider for that.", class_="muted"),
        )  # fmt: skip
    tail = "" if target == HOME else f"?return_to={quote(target, safe='')}"
    buttons = [
        tag("a", f"Continue with {each.label}", href=each.url + tail, class_="button")
        for each in providers.listed(backend.settings).providers
    ]
    return pages.page(
        "Sign in",
        pages.listed(buttons),
        tag("p", "Your password stays with whom you choose; we learn your name, your address and your groups.",
            class_="muted"),
    )  # fmt: skip


def signed_in(backend: Backend, token: str | None) -> Principal | None:
    """Who is signed in with a browser's session, if anybody."""
    if token is None:
        return None
    with backend.database.read() as session:
        try:
            return session_principal(session, token, backend.now())[0]
        except UnauthenticatedError:
            return None


def _signed_in_page(principal: Principal) -> Response:
    return pages.page(
        "You are signed in",
        pages.facts({"Name": principal.name, "Address": principal.email}),
        tag("p", tag("a", "Open Twin2MultiCloud", href=HOME, class_="button main")),
        pages.problem_line(),
        pages.button_form("/api/v1/logout", "Sign out", following="/login"),
        pages.button_form("/api/v1/logout/everywhere", "Sign out of all browsers", following="/login"),
    )


@router.get("/local")
async def local_page() -> Response:
    """Takes the code behind the # of its address and signs in with it."""
    return pages.page(
        "Signing you in",
        pages.problem_line(),
        tag("p", "One moment.", class_="muted"),
        tag("noscript", tag("p", "This page needs JavaScript, to keep the code out of the server's logs.")),
        kind="local",
    )


@router.get("/style.css")
async def style() -> Response:
    """What the pages look like."""
    return Response(_ASSETS.joinpath("login.css").read_text(), media_type="text/css", headers=_KEEP)


@router.get("/script.js")
async def script() -> Response:
    """What the pages do."""
    return Response(_ASSETS.joinpath("login.js").read_text(), media_type="text/javascript", headers=_KEEP)
