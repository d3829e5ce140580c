"""Google credentials from what Terraform's provider is told (`GOOGLE_*`), so that both are the same person.

Without any of these variables, the application default credentials as Google's libraries find them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twin2multicloud.model.errors import UsageError

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_IMPERSONATED_S: Final = 3600

Credentials = Any
"""A `google.auth.credentials.Credentials`."""


def google_credentials(environ: Mapping[str, str]) -> Credentials:
    """The credentials that the variables describe. Raises what google-auth raises where there are none, and a
    `UsageError` for a variable that holds nonsense.
    """
    found = _own(environ)
    target = environ.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT")
    if not target:
        return found
    from google.auth import impersonated_credentials

    return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
        source_credentials=found, target_principal=target, target_scopes=list(SCOPES), lifetime=_IMPERSONATED_S
    )


def _own(environ: Mapping[str, str]) -> Credentials:
    import google.auth
    from google.oauth2.credentials import Credentials as Token

    if token := environ.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        return Token(token)  # type: ignore[no-untyped-call]
    for name in ("GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"):
        if given := environ.get(name):
            return _from_document(name, _document(name, given))
    credentials, _ = google.auth.default(scopes=list(SCOPES))
    return credentials


def _document(name: str, given: str) -> dict[str, Any]:
    """The JSON in a variable, or in the file that it names."""
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{name}: {given} cannot be read: {error.strerror}") from error
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{name}: what it holds or names is no JSON of Google credentials")
    return found


def _from_document(name: str, document: dict[str, Any]) -> Credentials:
    import google.auth
    from google.auth.exceptions import MalformedError
    from google.oauth2 import credentials, service_account

    try:
        # google-auth wants to be told what kind is expected: others could send tokens anywhere.
        if document.get("type") == "service_account":
            return service_account.Credentials.from_service_account_info(document, scopes=list(SCOPES))  # type: ignore[no-untyped-call]
        if document.get("type") == "authorized_user":
            return credentials.Credentials.from_authorized_user_info(document, scopes=list(SCOPES))  # type: ignore[no-untyped-call]
        found, _ = google.auth.load_credentials_from_dict(document, scopes=list(SCOPES))  # type: ignore[no-untyped-call]
    except (MalformedError, ValueError, KeyError) as error:
        raise UsageError(f"{name}: {type(error).__name__}: these are no whole Google credentials") from error
    return found
