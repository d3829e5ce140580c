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
_KEY: Final = ApiKey.__table__
_OWNER: Final = User.__table__
# With every request that comes with a key: by columns, since making objects of rows takes longer than asking.
_BY_HASH: Final = (
    select(
        *(_KEY.c.id.label("key_id"), _KEY.c.scopes, _KEY.c.workspace_id),
        *(_KEY.c.expires_at, _KEY.c.revoked_at, _KEY.c.last_used_at),
        *(_OWNER.c.id, _OWNER.c.name, _OWNER.c.email, _OWNER.c.admin, _OWNER.c.disabled),
    )
    .select_from(_KEY.join(_OWNER, _OWNER.c.id == _KEY.c.user_id))
    .where(_KEY.c.key_hash == bindparam("hash"))
)


def key_principal(session: OrmSession, token: str, now: datetime) -> tuple[Principal, bool]:
    """Whoever the key stands for, and whether its use should be noted. `UnauthenticatedError` for a key that is
    unknown, revoked, expired, or of somebody who was shut out; which of these it is, nobody but its owner learns.
    """
    found = session.execute(_BY_HASH, {"hash": token_hash(token)}).first()
    if found is None:
        raise UnauthenticatedError("this key is not known; `twin2multicloud keys create` makes one")
    expired = found.expires_at is not None and found.expires_at <= now
    if found.revoked_at is not None or expired or found.disabled:
        raise UnauthenticatedError("this key does not hold any more: it was revoked, it expired, or its owner left")
    principal = Principal(
        found.id,
        found.name,
        found.email,
        found.admin,
        frozenset(Scope(scope) for scope in found.scopes),
        key_id=found.key_id,
        key_expires_at=found.expires_at,
        workspace_id=found.workspace_id,
    )
    return principal, found.last_used_at is None or now - found.last_used_at >= NOTE_USE_EVERY
