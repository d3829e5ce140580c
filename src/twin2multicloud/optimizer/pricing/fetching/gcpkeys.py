"""What authenticates at Google's catalogue: an API key, or the account that this machine is signed in to (ADC)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from twin2multicloud.optimizer.pricing.fetching.gcp import Credentials
from twin2multicloud.optimizer.pricing.fetching.http import FetchError

GoogleCredentials = Any
"""A `google.auth.credentials.Credentials`."""

SCOPE: Final = "https://www.googleapis.com/auth/cloud-billing.readonly"

SignIn = Callable[[], GoogleCredentials]
"""Gives google-auth's credentials. Raises what google-auth raises where there are none."""


def api_key(key: str) -> Credentials:
    """Authenticates with an API key. It goes in a header: addresses are logged, and name files."""

    async def headers() -> Mapping[str, str]:
        return {"X-Goog-Api-Key": key}

    return headers


def signed_in(sign_in: SignIn | None = None) -> Credentials:
    """Authenticates as the account that this machine is signed in to (`gcloud auth application-default login`, the file
    of a service account, the machine's own), or as what `sign_in` gives. The token is renewed when it expires.
    """
    known: list[GoogleCredentials] = []
    turn = asyncio.Lock()

    async def headers() -> Mapping[str, str]:
        async with turn:
            return await asyncio.to_thread(_headers, sign_in or _application_default, known)

    return headers


def _headers(sign_in: SignIn, known: list[GoogleCredentials]) -> Mapping[str, str]:
    try:
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request
    except ImportError as error:
        raise FetchError(
            "reading Google's prices without an API key needs google-auth: pip install 'twin2multicloud[gcp]'"
        ) from error
    headers: dict[str, str] = {}
    try:
        if not known:
            known.append(sign_in())
        if not known[0].valid:
            known[0].refresh(Request())
        known[0].apply(headers)  # the token, and the project whose quota it draws on
    except GoogleAuthError as error:
        raise FetchError(
            f"Google's prices need an API key, or an account that this machine is signed in to: {error}"
        ) from error
    return headers


def _application_default() -> GoogleCredentials:
    import google.auth

    credentials, _ = google.auth.default(scopes=[SCOPE])
    return credentials
