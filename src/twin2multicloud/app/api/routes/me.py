"""Who asks, and signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from twin2multicloud.app.api.browser import BrowserDep
from twin2multicloud.app.api.deps import BackendDep, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.auth.access import Principal, Scope
from twin2multicloud.app.schemas import login as shapes
from twin2multicloud.app.services import sign_in

router = Endpoints(tags=["me"])
leaving = Endpoints(tags=["me"])
"""Signing out, which is there where browsers sign in."""
_Anybody = Annotated[Principal, allow(Scope.READ)]
_Writer = Annotated[Principal, allow(Scope.WRITE)]


@router.get("/me")
def show_me(backend: BackendDep, principal: _Anybody, browser: BrowserDep, response: Response) -> shapes.Me:
    """Who you are to this installation, and in which workspaces."""
    response.headers["Cache-Control"] = "no-store"
    with backend.database.read() as session:
        return sign_in.me(session, principal, browser.csrf if principal.session else None)


@leaving.post("/logout", status_code=204)
def log_out(backend: BackendDep, principal: _Anybody, browser: BrowserDep, response: Response) -> None:
    """Sign this browser out. With a key there is nothing to sign out of: revoke it instead."""
    if principal.session and browser.session is not None:
        with backend.database.write() as session:
            sign_in.sign_out(backend, session, principal, browser.session)
    browser.sign_out(response)


@leaving.post("/logout/everywhere")
def log_out_everywhere(
    backend: BackendDep,
    principal: _Writer,
    browser: BrowserDep,
    response: Response,
    keys: Annotated[bool, Query(description="Revoke all your API keys, too.")] = False,
) -> shapes.SignedOut:
    """Sign out of all browsers that you are signed in with."""
    with backend.database.write() as session:
        ended = sign_in.sign_out_everywhere(backend, session, principal, keys=keys)
    browser.sign_out(response)
    return shapes.SignedOut(sessions=ended)
