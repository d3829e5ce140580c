"""What providers say of themselves: their discovery documents and keys, kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.services.provider_http import check_url, get_json
from twin2multicloud.app.settings import OidcProvider
from twin2multicloud.runtime.ports import Clock

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_KEPT_S: Final = 3600.0
_ISSUERS: Final = {
    "google": "https://accounts.google.com",
    "microsoft": "https://login.microsoftonline.com/organizations/v2.0",
}
Fetch = Callable[[str], Any]


class Metadata(msgspec.Struct, frozen=True):
    """A discovery document, as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Directory:
    """Looks providers up. What it keeps is bounded by how many are set; threads may share it."""

    def __init__(self, clock: Clock, fetch: Fetch = get_json) -> None:
        self._clock = clock
        self._fetch = fetch
        self._kept: dict[str, tuple[float, Any]] = {}

    def metadata(self, provider: OidcProvider) -> Metadata:
        """A provider's document. `UnavailableError` if there is none, or one of somebody else."""
        issuer = issuer_of(provider)
        url = issuer.rstrip("/") + _WELL_KNOWN

        def look() -> Metadata:
            try:
                found = msgspec.convert(self._fetch(check_url(url)), Metadata)
            except msgspec.ValidationError as error:
                raise UnavailableError(f"{url} is no discovery document of OpenID Connect: {error}") from error
            if not _same_issuer(provider, found.issuer, issuer):
                raise UnavailableError(f"{url} is the document of another issuer, {found.issuer[:200]!r}")
            for each in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
                if each is not None:
                    check_url(each)
            return found

        return self._cached(url, look)  # type: ignore[no-any-return]

    def keys(self, metadata: Metadata, *, fresh: bool = False) -> list[Mapping[str, Any]]:
        """The keys that a provider signs with; `fresh`: those of now. `UnavailableError` without any."""

        def look() -> list[Mapping[str, Any]]:
            found = self._fetch(metadata.jwks_uri)
            keys = found.get("keys") if isinstance(found, dict) else None
            if not isinstance(keys, list):
                raise UnavailableError(f"{metadata.jwks_uri} is no key set")
            return [key for key in keys if isinstance(key, dict)]

        if fresh:
            self._kept.pop(metadata.jwks_uri, None)
        return self._cached(metadata.jwks_uri, look)  # type: ignore[no-any-return]

    def _cached(self, url: str, look: Callable[[], Any]) -> Any:
        now = self._clock.now()
        kept = self._kept.get(url)
        if kept is None or kept[0] <= now:
            # Two who look at once both ask; that is cheaper than having one wait for the other's network.
            kept = (now + _KEPT_S, look())
            self._kept[url] = kept
        return kept[1]


def issuer_of(provider: OidcProvider) -> str:
    """A provider's issuer; whoever gave the discovery document's address instead meant that."""
    return (provider.issuer or _ISSUERS.get(provider.kind, "")).removesuffix(_WELL_KNOWN)


def _same_issuer(provider: OidcProvider, found: str, asked: str) -> bool:
    if provider.kind == "microsoft":
        # Asked for all tenants, or for one by its domain, Microsoft answers with a template or the tenant's number.
        return urlsplit(found)[:2] == urlsplit(asked)[:2]
    return found.rstrip("/") == asked.rstrip("/")
