"""Checks ID tokens (OpenID Connect Core 1.0, section 3.1.3.7). Pure: keys and time are given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from twin2multicloud.app.errors import SignInRefusedError

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""Signatures by a key that only the provider has. Neither "none" nor HMAC: whoever knows our secret could sign so."""
LEEWAY_S: Final = 60
_LONGEST: Final = 32_768
_MOST_KEYS: Final = 100
_TENANT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class UnknownKeyError(SignInRefusedError):
    """The token is signed with a key that is not among those known: the provider may have a new one."""


@dataclass(frozen=True)
class Expected:
    """What a token has to say. In `issuers` Microsoft's `{tenantid}` stands for the token's own tenant."""

    issuers: tuple[str, ...]
    client_id: str
    nonce: str
    access_token: str | None = None


def check_id_token(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, now: float) -> dict[str, Any]:
    """The claims of a token that holds: signed by one of the provider's keys, issued by that provider, for us and for
    the login that was begun, not expired. `UnknownKeyError` if a fresh look at the provider's keys might help,
    `SignInRefusedError` otherwise.
    """
    if len(token) > _LONGEST:
        raise SignInRefusedError("the provider's ID token is longer than any that is acceptable")
    used: dict[str, Any] = {}
    try:
        found = jwt.decode(token, lambda guest: _key(guest.headers(), keys, used), algorithms=list(ALGORITHMS))
        claims = dict(found.claims)
        issuers = tuple(each.replace("{tenantid}", _tenant(claims)) for each in expected.issuers)
        CodeIDToken(
            claims,
            found.header,
            options={
                "iss": {"essential": True, "values": list(issuers)},
                "sub": {"essential": True},
                "aud": {"essential": True, "value": expected.client_id},
                "exp": {"essential": True},
                "iat": {"essential": True},
                "nonce": {"essential": True, "value": expected.nonce},
            },
            params={
                "nonce": expected.nonce,
                "client_id": expected.client_id,
                "access_token": expected.access_token,
            },
        ).validate(now=int(now), leeway=LEEWAY_S)
    except JoseError as error:
        raise SignInRefusedError(f"what the provider says of you does not hold ({error}); begin again") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SignInRefusedError("the provider's ID token cannot be read; begin again") from error
    # Microsoft's keys say of which tenants they may tell.
    of_key = used.get("issuer")
    if isinstance(of_key, str) and of_key.replace("{tenantid}", _tenant(claims)) != claims["iss"]:
        raise SignInRefusedError("the provider's ID token is signed with a key of another issuer")
    return claims


def _key(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]], used: dict[str, Any]) -> Key:
    kid = header.get("kid")
    usable = [key for key in keys[:_MOST_KEYS] if key.get("use") != "enc" and key.get("kty") in ("RSA", "EC", "OKP")]
    if kid is not None:
        usable = [key for key in usable if key.get("kid") == kid]
    else:
        usable = [key for key in usable if _suits(str(header.get("alg", "")), str(key.get("kty")))]
    if len(usable) != 1:
        raise UnknownKeyError("the provider's ID token is signed with a key that the provider does not publish")
    used.update(usable[0])
    return import_key(dict(usable[0]))


def _suits(algorithm: str, kind: str) -> bool:
    return {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}.get(algorithm[:2]) == kind


def _tenant(claims: Mapping[str, Any]) -> str:
    tenant = claims.get("tid")
    return tenant if isinstance(tenant, str) and _TENANT.fullmatch(tenant) else "no-tenant"
