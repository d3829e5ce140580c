"""API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from twin2multicloud.app.api.deps import BackendDep, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.auth.key_form import new_key
from twin2multicloud.app.db.tables.people import ApiKey
from twin2multicloud.app.schemas import keys as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import keys

router = Endpoints(prefix="/keys", tags=["keys"])
_SORTS = {"created_at": ApiKey.created_at, "name": ApiKey.name}
_Reader = Annotated[Principal, allow(Scope.READ)]
_Writer = Annotated[Principal, allow(Scope.WRITE)]
_Revoker = Annotated[Principal, allow(Scope.WRITE, on=On.OWN_KEY)]
_KeyId = Annotated[
    str,
    Path(
        pattern=r"^(key_[0-9a-z]{1,28}|@me)$",
        examples=["key_4qz0m8k2v1x7c9b3n5d6"],
        description="A key's id, or `@me` for the key that asks.",
    ),
]


@router.get("")
def list_keys(
    backend: BackendDep,
    principal: _Reader,
    everybody: Annotated[bool, Query(alias="all", description="As an admin: everybody's.")] = False,
    user: Annotated[str | None, Query(pattern=r"^usr_[0-9a-z]{1,28}$", description="As an admin: theirs.")] = None,
    holding: Annotated[bool, Query(description="Only those that were not revoked and have not expired.")] = False,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Key]:
    """Your keys, the newest first."""
    query = keys.listed(principal, everybody=everybody, user_id=user, holding_at=backend.now() if holding else None)
    with backend.database.read() as session:
        return page(
            session,
            query,
            ApiKey.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-created_at",
            items=each(keys.shape),
        )


@router.post("", status_code=201)
def create_key(backend: BackendDep, principal: _Writer, given: shapes.KeyInput, response: Response) -> shapes.NewKey:
    """Make a key. It is told this once."""
    token = new_key()
    with backend.database.write() as session:
        key = keys.create(backend, session, principal, given, token)
        shown = keys.shape(key)
    response.headers["Location"] = f"/api/v1/keys/{shown.id}"
    response.headers["Cache-Control"] = "no-store"
    return shapes.NewKey(**shown.model_dump(), token=token)


@router.get("/{key}")
def show_key(backend: BackendDep, principal: _Reader, key: _KeyId) -> shapes.Key:
    """One of them."""
    with backend.database.read() as session:
        return keys.shape(keys.the_key(session, principal, key))


@router.delete("/{key}", status_code=204)
def revoke_key(backend: BackendDep, principal: _Revoker, key: _KeyId) -> None:
    """Have a key hold no more, and all that were made with it. A key may always revoke itself, whatever its scopes."""
    with backend.database.write() as session:
        keys.revoke(backend, session, principal, keys.the_key(session, principal, key))
