"""What a provider's claims say of a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.errors import SignInRefusedError
from twin2multicloud.app.settings import OidcProvider

_LONGEST_SUBJECT: Final = 255
_LONGEST_EMAIL: Final = 320
_MOST_GROUPS: Final = 1000
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")


def identity_of(claims: Mapping[str, Any], provider: OidcProvider) -> Identity:
    """The person that checked claims tell of. `SignInRefusedError` without an id."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise SignInRefusedError("the provider does not say who you are (sub)")
    if provider.kind == "google" and "://" not in issuer:
        issuer = f"https://{issuer}"
    email = address(claims.get("email"))
    name = one_line(claims.get("name")) or one_line(claims.get("preferred_username")) or email or subject
    return Identity(
        subject=f"{issuer}|{subject}",
        email=email,
        email_verified=bool(email) and _verified(claims, email, provider),
        name=name,
        groups=groups_of(claims.get(provider.groups_claim)),
    )


def _verified(claims: Mapping[str, Any], email: str, provider: OidcProvider) -> bool:
    """Whether the address is that person's. Some providers say so in ways of their own."""
    said = claims.get("email_verified") in (True, "true")
    if provider.kind == "google":
        # Google answers for its own addresses and for those of organizations (hd). Any other may have been somebody's
        # when their account was made.
        return said and (email.endswith("@gmail.com") or isinstance(claims.get("hd"), str))
    if provider.kind == "microsoft":
        # Whoever runs a tenant can write any address into it; xms_edov says that its domain is the tenant's.
        return provider.trust_email or claims.get("xms_edov") in (True, "true", "1", 1)
    return said or provider.trust_email


def groups_of(value: Any) -> tuple[str, ...]:
    """Groups as claims have them: a list of names, or one."""
    given = value if isinstance(value, list) else [value]
    return tuple(each for each in given if isinstance(each, str) and 0 < len(each) <= 300)[:_MOST_GROUPS]


def address(value: Any) -> str:
    """An e-mail address; empty if it is none."""
    text = value if isinstance(value, str) and len(value) <= _LONGEST_EMAIL else ""
    return text if _EMAIL.fullmatch(text) else ""


def one_line(value: Any) -> str:
    """A name as it can be shown; empty if there is none."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(each if each.isprintable() else " " for each in text[:1000]).split())[:200]
