"""Signing in, for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from starlette.requests import Request

from twin2multicloud.app.api.browser import LIMITED, BrowserDep
from twin2multicloud.app.api.deps import BackendDep, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.auth.hosts import own_origins
from twin2multicloud.app.auth.return_to import is_own_path
from twin2multicloud.app.errors import ForbiddenError, InvalidError
from twin2multicloud.app.schemas import login as shapes
from twin2multicloud.app.services import local_login, providers, sign_in
from twin2multicloud.model.errors import Finding

router = Endpoints(prefix="/login", tags=["login"])
_Admin = Annotated[Principal, allow(Scope.ADMIN, on=On.INSTALLATION)]


@router.get("/providers")
async def list_providers(backend: BackendDep) -> shapes.Providers:
    """By whom one can sign in here."""
    return providers.listed(backend.settings)


@router.post("/local", dependencies=[LIMITED], responses={403: {"description": "The code does not hold."}})
def log_in_locally(
    backend: BackendDep, browser: BrowserDep, given: shapes.LocalCode, request: Request, response: Response
) -> shapes.SignedIn:
    """Sign the browser on this machine in, with the code that the terminal showed."""
    origin = request.headers.get("origin")
    if origin is not None and origin not in own_origins(backend.settings):
        raise ForbiddenError("only a page of this installation may do that")
    with backend.database.write() as session:
        user, return_to = local_login.redeem(backend, session, given.code)
        made = sign_in.sign_in(
            backend,
            session,
            user,
            provider=local_login.PROVIDER,
            user_agent=browser.user_agent,
            before=browser.session,
        )
    browser.sign_in(response, made)
    return shapes.SignedIn(return_to=return_to)


@router.post("/local/link")
def make_local_link(
    backend: BackendDep,
    principal: _Admin,
    response: Response,
    return_to: Annotated[
        str | None,
        Query(max_length=2000, description="The path that it opens then; left out: the first page."),
    ] = None,
) -> shapes.LocalLink:
    """An address that signs the browser on this machine in once: what `twin2multicloud open` opens."""
    del principal
    if return_to is not None and not is_own_path(return_to):
        raise InvalidError(
            "return_to is no path of this installation",
            findings=[Finding("return_to", "is as in /twins", return_to[:80])],
        )
    response.headers["Cache-Control"] = "no-store"
    url = local_login.link(backend, return_to)
    return shapes.LocalLink(url=url, lasts_s=int(local_login.CODE_LASTS.total_seconds()))
