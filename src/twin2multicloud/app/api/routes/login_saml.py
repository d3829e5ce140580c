"""A browser's way back from a SAML identity provider."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Query
from fastapi.responses import RedirectResponse, Response

from twin2multicloud.app.api.browser import BrowserDep
from twin2multicloud.app.api.deps import BackendDep
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.pages import PageRoute
from twin2multicloud.app.api.routes.login_provider import Provider, welcome
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.services import saml_login

router = Endpoints(prefix="/login", include_in_schema=False, route_class=PageRoute)
_State = Annotated[str, Query(max_length=200)]


@router.post("/{provider}/acs")
def assertion_consumer(
    backend: BackendDep,
    provider: Provider,
    response: Annotated[str, Form(alias="SAMLResponse", max_length=400_000)],
    state: Annotated[str, Form(alias="RelayState", max_length=200)],
) -> Response:
    """Takes what the provider says. It comes from the provider's page, without cookies of ours: nobody is signed in
    here, but sent on to where the browser shows who it is.
    """
    _check_set(backend, provider)
    saml_login.receive(backend, provider, state, response)
    return RedirectResponse(f"/login/{provider}/done?state={quote(state, safe='')}", 303)


@router.get("/{provider}/done")
def done(backend: BackendDep, browser: BrowserDep, provider: Provider, state: _State) -> Response:
    """Signs the browser in that began."""
    _check_set(backend, provider)
    identity, return_to = saml_login.complete(backend, provider, state, browser.attempt)
    return welcome(backend, browser, provider, identity, return_to)


@router.get("/{provider}/metadata")
def metadata(backend: BackendDep, provider: Provider) -> Response:
    """What the provider has to know of this installation."""
    _check_set(backend, provider)
    return Response(saml_login.metadata(backend, provider), media_type="application/samlmetadata+xml")


def _check_set(backend: Backend, provider: str) -> None:
    if backend.settings.auth != "login" or provider not in backend.settings.saml:
        raise NotFoundError(f"there is no SAML provider '{provider}' here")
