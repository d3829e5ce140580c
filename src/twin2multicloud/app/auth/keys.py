"""Who an API key stands for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session as OrmSession

from twin2multicloud.app.auth.access import Principal, Scope
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.db.tables.people import ApiKey, User
from twin2multicloud.app.errors import UnauthenticatedError

NOTE_USE_EVERY: Final = timedelta(minutes=5)
"""`last_used_at` is no finer than this: a write per request would be dear."""
_BY_HASH: Final = select(ApiKey, User).join(User, User.id == ApiKey.user_id).where(ApiKey.key_hash == bindparam("hash"))


def key_principal(session: OrmSession, token: str, now: datetime) -> tuple[Principal, bool]:
    """Whoever the key stands for, and whether its use should be noted. `UnauthenticatedError` for a key that is
    unknown, revoked, expired, or of somebody who was shut out; which of these it is, nobody but its owner learns.
    """
    found = session.execute(_BY_HASH, {"hash": token_hash(token)}).first()
    if found is None:
        raise UnauthenticatedError("this key is not known; `twin2multicloud keys create` makes one")
    key, user = found
    expired = key.expires_at is not None and key.expires_at <= now
    if key.revoked_at is not None or expired or user.disabled:
        raise UnauthenticatedError("this key does not hold any more: it was revoked, it expired, or its owner left")
    principal = Principal(
        user.id,
        user.name,
        user.email,
        user.admin,
        frozenset(Scope(scope) for scope in key.scopes),
        key_id=key.id,
        key_expires_at=key.expires_at,
        workspace_id=key.workspace_id,
    )
    return principal, key.last_used_at is None or now - key.last_used_at >= NOTE_USE_EVERY
