"""Signing in by OpenID Connect: authorization code with PKCE, state and nonce, bound to the browser that began."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.app.auth.claims import identity_of
from twin2multicloud.app.auth.id_token import Expected, UnknownKeyError, check_id_token
from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import SignInRefusedError
from twin2multicloud.app.services import attempts
from twin2multicloud.app.services.attempts import Taken
from twin2multicloud.app.services.directory import Directory, Metadata
from twin2multicloud.app.services.github_login import GitHub
from twin2multicloud.app.services.provider_http import get_json, oauth, one_word
from twin2multicloud.app.settings import OidcProvider

_LOG: Final = logging.getLogger("twin2multicloud.login")
LOST: Final = "this login was begun in another browser, was used already, or took longer than ten minutes; begin again"


@dataclass(frozen=True)
class Answer:
    """What a provider sent the browser back with."""

    state: str
    code: str | None = None
    error: str | None = None
    issuer: str | None = None


def begin(backend: Backend, directory: Directory, name: str, browser: str, return_to: str | None) -> str:
    """Where to send the browser. `UnavailableError` if the provider cannot be asked."""
    provider = backend.settings.oidc[name]
    state, nonce, verifier = (backend.make_token() for _ in range(3))
    if provider.kind == "github":
        endpoint, scopes = GitHub.of(provider).authorize, GitHub.SCOPES
    else:
        endpoint, scopes = directory.metadata(provider).authorization_endpoint, " ".join(provider.scopes)
    with oauth(
        client_id=provider.client_id,
        redirect_uri=redirect_uri(backend, name),
        scope=scopes,
        code_challenge_method="S256",
    ) as client:
        more = {} if provider.kind == "github" else {"nonce": nonce}
        url, _ = client.create_authorization_url(endpoint, state=state, code_verifier=verifier, **more)
    with backend.database.write() as session:
        attempts.begin(
            backend,
            session,
            state=state,
            provider=name,
            browser=browser,
            return_to=return_to,
            secrets={"nonce": nonce, "verifier": verifier},
        )
    return str(url)


def complete(
    backend: Backend, directory: Directory, name: str, browser: str | None, answer: Answer
) -> tuple[Identity, str]:
    """Who was vouched for, and where the browser goes. `SignInRefusedError` for an answer that nobody waits for in
    this browser, for a refusal, and for whatever does not hold; `UnavailableError` if the provider cannot be asked.
    """
    provider = backend.settings.oidc[name]
    with backend.database.write() as session:
        attempt = attempts.take(backend, session, state=answer.state, provider=name, browser=browser)
    if attempt is None:
        raise SignInRefusedError(LOST)
    if answer.error is not None:
        raise SignInRefusedError(_declined(answer.error))
    if not answer.code:
        raise SignInRefusedError("the provider sent you back without a code; begin again")
    if provider.kind == "github":
        token = _exchange(backend, name, provider, GitHub.of(provider).token, "client_secret_post", answer, attempt)
        return GitHub.of(provider).identity(_access_token(token)), attempt.return_to
    metadata = directory.metadata(provider)
    _check_issuer(metadata, answer)
    token = _exchange(backend, name, provider, metadata.token_endpoint, _method(metadata), answer, attempt)
    claims = _claims(backend, directory, provider, metadata, token, attempt.secrets["nonce"])
    return identity_of(claims, provider), attempt.return_to


def redirect_uri(backend: Backend, name: str) -> str:
    """Where providers send browsers back to; it has to be registered with them."""
    return f"{backend.settings.origin}/login/{name}/callback"


def _exchange(
    backend: Backend,
    name: str,
    provider: OidcProvider,
    endpoint: str,
    method: str,
    answer: Answer,
    attempt: Taken,
) -> Mapping[str, Any]:
    with oauth(
        client_id=provider.client_id,
        client_secret=provider.client_secret.get_secret_value(),
        token_endpoint_auth_method=method,
        redirect_uri=redirect_uri(backend, name),
    ) as client:
        found: Mapping[str, Any] = client.fetch_token(
            endpoint,
            code=answer.code,
            grant_type="authorization_code",
            code_verifier=attempt.secrets["verifier"],
            redirect_uri=redirect_uri(backend, name),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
            },
        )
    return found


def _claims(
    backend: Backend,
    directory: Directory,
    provider: OidcProvider,
    metadata: Metadata,
    token: Mapping[str, Any],
    nonce: str,
) -> dict[str, Any]:
    raw = token.get("id_token")
    if not isinstance(raw, str):
        raise SignInRefusedError("the provider sent no ID token; is 'openid' among the scopes?")
    access = _access_token(token)
    issuers = (metadata.issuer, "accounts.google.com") if provider.kind == "google" else (metadata.issuer,)
    expected = Expected(issuers, provider.client_id, nonce, access)
    now = backend.clock.now()
    try:
        claims = check_id_token(raw, directory.keys(metadata), expected, now)
    except UnknownKeyError:
        claims = check_id_token(raw, directory.keys(metadata, fresh=True), expected, now)
    wanted = ("email", "name", provider.groups_claim)
    if metadata.userinfo_endpoint is not None and not all(each in claims for each in wanted):
        more = get_json(metadata.userinfo_endpoint, access)
        # Somebody else's facts must not be taken for this person's (section 5.3.2).
        if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
            raise SignInRefusedError("the provider tells of somebody else than its ID token does")
        claims = {**more, **claims}
    return claims


def _access_token(token: Mapping[str, Any]) -> str:
    found = token.get("access_token")
    if not isinstance(found, str) or not found:
        raise SignInRefusedError("the provider sent no access token; begin again")
    return found


def _check_issuer(metadata: Metadata, answer: Answer) -> None:
    # RFC 9207: an answer that another provider gave must not reach this one's token endpoint.
    missing = answer.issuer is None and metadata.authorization_response_iss_parameter_supported
    if missing or (answer.issuer is not None and answer.issuer != metadata.issuer):
        raise SignInRefusedError("another provider answered than the one that was asked; begin again")


def _method(metadata: Metadata) -> str:
    offered = metadata.token_endpoint_auth_methods_supported
    return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


def _declined(error: str) -> str:
    if error == "access_denied":
        return "you declined at the provider, or it does not let you use this installation"
    _LOG.warning("a provider refused a login: %s", one_word(error))
    return f"the provider refused the login ({one_word(error)}); begin again"
