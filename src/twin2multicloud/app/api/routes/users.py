"""People."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from twin2multicloud.app.api.deps import BackendDep, IfMatch, PersonPath, UserId, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.db.tables.people import User
from twin2multicloud.app.schemas import people as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import users

router = Endpoints(prefix="/users", tags=["people"])
_SORTS = {"name": User.name, "email": User.email, "created_at": User.created_at}
_Reader = Annotated[Principal, allow(Scope.READ)]
_Admin = Annotated[Principal, allow(Scope.ADMIN, on=On.INSTALLATION)]


@router.get("")
def list_users(
    backend: BackendDep,
    principal: _Reader,
    search: Annotated[str | None, Query(max_length=100, description="Part of a name or e-mail address.")] = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.User]:
    """Everybody you may see: as an admin all, otherwise those who are in a workspace with you."""
    with backend.database.read() as session:
        return page(
            session,
            users.listed(principal, search),
            User.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=each(lambda user: users.shape(principal, user)),
        )


@router.get("/{user}")
def show_user(backend: BackendDep, principal: _Reader, user: PersonPath, response: Response) -> shapes.User:
    """One of them."""
    with backend.database.read() as session:
        found = users.seen(session, principal, user)
    response.headers["ETag"] = etag(found.version)
    return users.shape(principal, found)


@router.patch("/{user}")
def change_user(
    backend: BackendDep, principal: _Admin, user: UserId, given: shapes.UserPatch, seen: IfMatch, response: Response
) -> shapes.User:
    """Make somebody an admin or not, shut them out or let them in again."""
    with backend.database.write() as session:
        found = users.seen(session, principal, user)
        users.change(backend, session, principal, found, seen, given)
    response.headers["ETag"] = etag(found.version)
    return users.shape(principal, found)


@router.delete("/{user}", status_code=204)
def delete_user(backend: BackendDep, principal: _Admin, user: UserId, seen: IfMatch) -> None:
    """Forget who somebody is, with their roles, keys, sessions and drafts. What they made stays."""
    with backend.database.write() as session:
        users.remove(backend, session, principal, users.seen(session, principal, user), seen)
