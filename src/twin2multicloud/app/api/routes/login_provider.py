"""A browser's way to a provider and back."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Path, Query
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from twin2multicloud.app.api.browser import LIMITED, Browser, BrowserDep
from twin2multicloud.app.api.deps import BackendDep
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.pages import PageRoute
from twin2multicloud.app.api.routes.login_pages import ReturnTo
from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.services import oidc_login, people, saml_login, sign_in
from twin2multicloud.app.services.directory import Directory

router = Endpoints(prefix="/login", include_in_schema=False, route_class=PageRoute)
Provider = Annotated[str, Path(max_length=30, pattern=r"^[a-z][a-z0-9-]*$")]
_Text = Annotated[str | None, Query(max_length=4096)]
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{40,60}")


@router.get("/{provider}", dependencies=[LIMITED])
def begin(
    request: Request, backend: BackendDep, browser: BrowserDep, provider: Provider, return_to: ReturnTo = None
) -> Response:
    """Off to a provider."""
    _check_set(backend, provider, *backend.settings.saml)
    # Several tabs may sign in at once: all are this browser's.
    known = browser.attempt if browser.attempt and _TOKEN.fullmatch(browser.attempt) else backend.make_token()
    if provider in backend.settings.saml:
        url = saml_login.begin(backend, provider, known, return_to)
    else:
        url = oidc_login.begin(backend, request.app.state.directory, provider, known, return_to)
    answer = RedirectResponse(url, 303)
    browser.remember(answer, known)
    return answer


@router.get("/{provider}/callback")
def callback(
    request: Request,
    backend: BackendDep,
    browser: BrowserDep,
    provider: Provider,
    state: Annotated[str, Query(max_length=200)],
    code: _Text = None,
    error: _Text = None,
    iss: _Text = None,
) -> Response:
    """Back from a provider."""
    _check_set(backend, provider)
    directory: Directory = request.app.state.directory
    given = oidc_login.Answer(state, code, error, iss)
    identity, return_to = oidc_login.complete(backend, directory, provider, browser.attempt, given)
    return welcome(backend, browser, provider, identity, return_to)


def welcome(backend: Backend, browser: Browser, provider: str, identity: Identity, return_to: str) -> Response:
    """Sign in whomever a provider vouched for, if they may come in, and send them on."""
    with backend.database.write() as session:
        user = people.admit(backend, session, identity)
        made = sign_in.sign_in(
            backend, session, user, provider=provider, user_agent=browser.user_agent, before=browser.session
        )
    answer = RedirectResponse(return_to, 303)
    browser.sign_in(answer, made)
    return answer


def _check_set(backend: Backend, provider: str, *more: str) -> None:
    if backend.settings.auth != "login" or provider not in (*backend.settings.oidc, *more):
        raise NotFoundError(f"there is no provider '{provider}' here")
