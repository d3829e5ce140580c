"""Whom a provider vouches for."""

from __future__ import annotations

import msgspec


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person as a provider tells of them, after everything it sent was checked. `subject` (issuer|id) is who they
    are; the address is only that if `email_verified`.
    """

    subject: str
    email: str
    email_verified: bool
    name: str
    groups: tuple[str, ...] = ()
