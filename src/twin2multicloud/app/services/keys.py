"""API keys: made, told once, revoked. A key never gives more than whoever, and whatever, made it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import OWN, Principal, Scope, the_workspace
from twin2multicloud.app.auth.key_form import SHOWN
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import ApiKey, Role
from twin2multicloud.app.errors import ConflictError, ForbiddenError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import keys as shapes
from twin2multicloud.app.services import audit
from twin2multicloud.model.errors import Finding

MOST: Final = 100
"""Keys of one person that hold."""


def create(backend: Backend, session: Session, principal: Principal, given: shapes.KeyInput, token: str) -> ApiKey:
    """Keep a new key; only its hash. `ForbiddenError` for scopes that one has not oneself and for a wider place than
    the key that asks has; `ConflictError` for somebody who has too many.
    """
    scopes = _scopes(principal, given)
    place = _place(session, principal, given.workspace)
    moment = backend.now()
    _check_count(session, principal, backend)
    expires = moment + timedelta(days=given.days)
    if principal.key_id is not None:
        parent = session.get(ApiKey, principal.key_id)
        if parent is not None and parent.expires_at is not None:
            expires = min(expires, parent.expires_at)
    key = ApiKey(
        id=backend.make_id("key"),
        key_hash=token_hash(token),
        prefix=token[:SHOWN],
        user_id=principal.user_id,
        workspace_id=place,
        made_with=principal.key_id,
        name=given.name,
        scopes=scopes,
        created_at=moment,
        expires_at=expires,
    )
    session.add(key)
    session.flush()
    _tell(backend, session, principal, key, "key.created", f"{principal.name} made the key {key.name}")
    return key


def listed(principal: Principal, *, everybody: bool, user_id: str | None, holding_at: object | None) -> Select[ApiKey]:
    """One's own keys, of a key that is bound to a workspace those of that; `everybody`'s or somebody's, for an admin.
    `holding_at`: only those that hold then.
    """
    query = select(ApiKey)
    if everybody or user_id not in (None, principal.user_id):
        principal.check_admin()
        if user_id is not None:
            query = query.where(ApiKey.user_id == user_id)
    else:
        query = query.where(ApiKey.user_id == principal.user_id)
        if principal.workspace_id is not None:
            query = query.where(ApiKey.workspace_id == principal.workspace_id)
    if holding_at is not None:
        query = query.where(
            ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > holding_at)
        )
    return query


def the_key(session: Session, principal: Principal, key_id: str) -> ApiKey:
    """A key of one's own (`@me`: the one that asks), or anybody's for an admin; `NotFoundError` otherwise."""
    if key_id == OWN and principal.key_id is None:
        raise NotFoundError("you ask with a browser, which has no key; name the key by its id")
    key = session.get(ApiKey, principal.key_id if key_id == OWN else key_id)
    if key is None or not _may_see(principal, key):
        raise NotFoundError(f"there is no key {key_id[:60]!r} of yours")
    return key


def revoke(backend: Backend, session: Session, principal: Principal, key: ApiKey) -> None:
    """Have a key hold no more, and all that were made with it. Once more changes nothing."""
    moment = backend.now()
    waiting = [key]
    while waiting:
        each = waiting.pop()
        waiting += session.scalars(select(ApiKey).where(ApiKey.made_with == each.id)).all()
        if each.revoked_at is None:
            each.revoked_at = moment
            _tell(backend, session, principal, each, "key.revoked", f"{principal.name} revoked the key {each.name}")


def shape(key: ApiKey) -> shapes.Key:
    """A key, without what it is."""
    return shapes.Key(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        user=key.user_id,
        scopes=key.scopes,
        workspace=key.workspace_id,
        made_with=key.made_with,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def _scopes(principal: Principal, given: shapes.KeyInput) -> list[str]:
    wanted = sorted({Scope(scope) for scope in given.scopes}, key=list(Scope).index)
    # An admin's scope in the hands of nobody who is one would do nothing, until they become one.
    allowed = principal.scopes if principal.admin else principal.scopes - {Scope.ADMIN}
    beyond = [scope.value for scope in wanted if scope not in allowed]
    if beyond:
        raise ForbiddenError(
            f"a key may do at most what you may: not {', '.join(beyond)}",
            findings=[Finding("scopes", f"are at most {', '.join(sorted(allowed))}", ", ".join(beyond))],
        )
    return [scope.value for scope in wanted]


def _place(session: Session, principal: Principal, wanted: str | None) -> str | None:
    if wanted is None:
        return principal.workspace_id
    return the_workspace(session, principal, wanted, Role.VIEWER).id


def _check_count(session: Session, principal: Principal, backend: Backend) -> None:
    holding = listed(principal, everybody=False, user_id=None, holding_at=backend.now()).subquery()
    if (session.scalar(select(func.count()).select_from(holding)) or 0) >= MOST:
        raise ConflictError(f"you have {MOST} keys that hold already; revoke some that are not needed")


def _may_see(principal: Principal, key: ApiKey) -> bool:
    if principal.acts_as_admin:
        return True
    return key.user_id == principal.user_id and principal.workspace_id in (None, key.workspace_id)


def _tell(backend: Backend, session: Session, principal: Principal, key: ApiKey, kind: str, text: str) -> None:
    if key.workspace_id is not None:
        backend.events.add(session, NewEvent(key.workspace_id, kind, text, data={"key": key.id, "user": key.user_id}))
    audit.note(
        backend,
        session,
        principal,
        kind,
        key.id,
        workspace_id=key.workspace_id,
        name=key.name,
        prefix=key.prefix,
        owner=key.user_id,
        scopes=list(key.scopes),
    )
