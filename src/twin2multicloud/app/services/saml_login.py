"""Signing in by SAML 2.0, for universities that offer only Shibboleth.

The provider's answer comes as a form that another site's page posts, with which browsers send no cookies of ours. So
the answer is checked and kept first, and the browser is sent on to a page of ours, to which it does send them: only
the one that began is signed in.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.claims import address, groups_of, one_line
from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import SeenAssertion
from twin2multicloud.app.errors import SignInRefusedError, UnavailableError
from twin2multicloud.app.services import attempts
from twin2multicloud.app.services.oidc_login import LOST
from twin2multicloud.app.settings import SamlProvider

_LONGEST_ID: Final = 255


def begin(backend: Backend, name: str, browser: str, return_to: str | None) -> str:
    """Where to send the browser."""
    saml, provider = _saml(), backend.settings.saml[name]
    # An XML name must not begin with a digit.
    state, request_id = backend.make_token(), f"_{backend.make_token()}"
    asked = _asked(backend, name, provider, request_id)
    with backend.database.write() as session:
        attempts.begin(
            backend,
            session,
            state=state,
            provider=name,
            browser=browser,
            return_to=return_to,
            secrets={"request_id": request_id},
        )
    return str(saml.request_url(str(provider.sso_url), asked, state))


def receive(backend: Backend, name: str, state: str, response: str) -> None:
    """Check what a provider's form brought and keep whom it vouches for, for the browser that began. Each answer and
    each assertion counts once. `SignInRefusedError` for what does not hold.
    """
    saml, provider = _saml(), backend.settings.saml[name]
    with backend.database.read() as session:
        attempt = attempts.look(backend, session, state=state, provider=name)
    if attempt is None or attempt.identity is not None:
        raise SignInRefusedError(LOST)
    asked = _asked(backend, name, provider, attempt.secrets["request_id"])
    assertion = saml.check_response(response, asked, backend.now())
    identity = _identity(provider, assertion)
    with backend.database.write() as session:
        # This first: it locks the attempt, so that of two answers that come at once one is too late.
        if not attempts.vouch(backend, session, state=state, identity=identity):
            raise SignInRefusedError(LOST)
        _take_once(session, provider, assertion)


def complete(backend: Backend, name: str, state: str, browser: str | None) -> tuple[Identity, str]:
    """Who was vouched for, for the browser that began, and where it goes. `SignInRefusedError` for any other."""
    with backend.database.write() as session:
        attempt = attempts.take(backend, session, state=state, provider=name, browser=browser)
    if attempt is None or attempt.identity is None:
        raise SignInRefusedError(LOST)
    return attempt.identity, attempt.return_to


def metadata(backend: Backend, name: str) -> bytes:
    """What the provider has to know of us."""
    return bytes(_saml().metadata(_entity_id(backend, name), _acs_url(backend, name)))


def _identity(provider: SamlProvider, assertion: Any) -> Identity:
    subject = assertion.first(*provider.id_attributes) or assertion.name_id
    if subject is None or len(subject) > _LONGEST_ID:
        raise SignInRefusedError(
            "your provider does not say who you are in a way that stays the same; whoever runs it has to release one "
            f"of {', '.join(provider.id_attributes)}, or a persistent NameID"
        )
    email = address(assertion.first(provider.email_attribute))
    name = one_line(assertion.first(provider.name_attribute)) or email or subject
    return Identity(
        subject=f"{provider.entity_id}|{subject}",
        email=email,
        # It is the directory of one organization, which was chosen to be asked.
        email_verified=bool(email) and provider.trust_email,
        name=name,
        groups=groups_of(list(assertion.attributes.get(provider.groups_attribute, ()))),
    )


def _take_once(session: Session, provider: SamlProvider, assertion: Any) -> None:
    kept = token_hash(f"{provider.entity_id}|{assertion.id}")
    if session.scalar(select(SeenAssertion.expires_at).where(SeenAssertion.assertion_hash == kept)) is not None:
        raise SignInRefusedError("the provider's assertion was used already; begin again")
    session.add(SeenAssertion(assertion_hash=kept, expires_at=assertion.expires_at))
    session.flush()


def _asked(backend: Backend, name: str, provider: SamlProvider, request_id: str) -> Any:
    saml = _saml()
    return saml.Asked(
        entity_id=_entity_id(backend, name),
        acs_url=_acs_url(backend, name),
        request_id=request_id,
        idp=provider.entity_id,
        certificates=saml.read_certificates(provider.certificate),
    )


def _entity_id(backend: Backend, name: str) -> str:
    return f"{backend.settings.origin}/login/{name}/metadata"


def _acs_url(backend: Backend, name: str) -> str:
    return f"{backend.settings.origin}/login/{name}/acs"


def _saml() -> Any:
    # Only who needs SAML installs what it takes.
    try:
        return import_module("twin2multicloud.app.auth.saml")
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"signing in by SAML needs {error.name}; install twin2multicloud[saml] where the server runs"
        ) from error
