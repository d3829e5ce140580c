"""People: who sees whom, who is an admin, who is shut out, who is gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal, visible_twins
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables import people as tables
from twin2multicloud.app.db.tables.drafts import Draft
from twin2multicloud.app.db.tables.people import ApiKey, DeviceLogin, TwinMember, User, WorkspaceMember
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import people as shapes
from twin2multicloud.app.services import audit, owners
from twin2multicloud.app.services.changes import check_seen, hold

ME = "@me"
GONE = "somebody who left"


def visible(principal: Principal) -> ColumnElement[bool]:
    """The condition that somebody may be seen: by admins everybody, otherwise whoever is in a workspace or has a role
    for a twin that one may see.
    """
    here = User.deleted_at.is_(None)
    if principal.acts_as_admin:
        return here
    mine = select(WorkspaceMember.workspace_id).where(WorkspaceMember.user_id == principal.user_id)
    if principal.workspace_id is not None:
        mine = mine.where(WorkspaceMember.workspace_id == principal.workspace_id)
    of_twins = select(Twin.workspace_id).where(visible_twins(principal))
    together = select(WorkspaceMember.user_id).where(
        or_(WorkspaceMember.workspace_id.in_(mine), WorkspaceMember.workspace_id.in_(of_twins))
    )
    twins = select(Twin.id).where(visible_twins(principal))
    at_twins = select(TwinMember.user_id).where(TwinMember.twin_id.in_(twins))
    return here & or_(User.id == principal.user_id, User.id.in_(together), User.id.in_(at_twins))


def listed(principal: Principal, search: str | None) -> Select[User]:
    """Everybody who may be seen, and of these who has a text in their name or e-mail address."""
    query = select(User).where(visible(principal))
    if search is None:
        return query
    return query.where(or_(User.name.icontains(search, autoescape=True), User.email.icontains(search, autoescape=True)))


def seen(session: Session, principal: Principal, ref: str) -> User:
    """Somebody who may be seen; `NotFoundError` otherwise."""
    user = person(session, principal, ref, visible(principal))
    if user is None:
        raise _unknown(ref)
    return user


def anybody(session: Session, principal: Principal, ref: str) -> User:
    """Somebody by id, e-mail address or `@me`, for whoever may let people in. `NotFoundError` for nobody,
    `ConflictError` where several have that address.
    """
    user = person(session, principal, ref, User.deleted_at.is_(None))
    if user is None:
        raise _unknown(ref)
    return user


def person(session: Session, principal: Principal, ref: str, among: ColumnElement[bool]) -> User | None:
    """Somebody by id, e-mail address or `@me`, among those of whom a condition holds."""
    query = select(User).where(among)
    if ref == ME:
        return session.scalar(query.where(User.id == principal.user_id))
    if "@" not in ref:
        return session.scalar(query.where(User.id == ref))
    found = session.scalars(query.where(func.lower(User.email) == ref.lower()).limit(10)).all()
    if len(found) > 1:
        ids = ", ".join(user.id for user in found)
        raise ConflictError(
            f"several people have the address {ref[:100]!r} ({ids}); name the one you mean by id",
            details={"users": [user.id for user in found]},
        )
    return found[0] if found else None


def shape(principal: Principal, user: User) -> shapes.User:
    """Somebody as the principal may see them."""
    known = shapes.User(id=user.id, name=user.name, email=user.email, version=user.version)
    if not principal.acts_as_admin:
        return known
    return known.model_copy(
        update={
            "admin": user.admin,
            "disabled": user.disabled,
            "created_at": user.created_at,
            "last_seen_at": user.last_seen_at,
        }
    )


def change(
    backend: Backend, session: Session, principal: Principal, user: User, seen: int, given: shapes.UserPatch
) -> None:
    """Make somebody an admin or not, shut them out or let them in again. `ConflictError` for the last admin: nobody
    could let them in again.
    """
    hold(session, user)
    check_seen(user.version, seen, f"'{user.name}'")
    admin = user.admin if given.admin is None else given.admin
    disabled = user.disabled if given.disabled is None else given.disabled
    if user.admin and not user.disabled and (disabled or not admin):
        _check_admin_left(session, user)
    changes = {
        name: value for name, value in (("admin", admin), ("disabled", disabled)) if value is not getattr(user, name)
    }
    if not changes:
        return
    user.admin, user.disabled = admin, disabled
    user.version += 1
    if disabled:
        session.execute(delete(tables.Session).where(tables.Session.user_id == user.id))
    _tell(backend, session, principal, user, "user.changed", _told(user, changes, principal), **changes)


def remove(backend: Backend, session: Session, principal: Principal, user: User, seen: int) -> None:
    """Delete somebody: what tells who they are, their roles, keys, sessions and drafts. What they made stays.
    `ConflictError` for the last admin and for the only owner of a workspace.
    """
    hold(session, user)
    check_seen(user.version, seen, f"'{user.name}'")
    if user.admin and not user.disabled:
        _check_admin_left(session, user)
    owners.check_left_everywhere(session, user)
    _tell(backend, session, principal, user, "user.deleted", f"{user.name} was deleted by {principal.name}")
    for table in (tables.Session, ApiKey, WorkspaceMember, TwinMember, Draft):
        session.execute(delete(table).where(table.user_id == user.id))
    session.execute(delete(DeviceLogin).where(DeviceLogin.approved_by == user.id))
    user.subject, user.email, user.name = f"deleted|{user.id}", "", GONE
    user.admin, user.disabled = False, True
    user.deleted_at = backend.now()
    user.version += 1


def _check_admin_left(session: Session, user: User) -> None:
    # All admins are held, in one order: of two who shut each other out at once, the second finds nobody left.
    admins = session.scalars(
        select(User)
        .where(User.admin, ~User.disabled)
        .order_by(User.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not [admin for admin in admins if admin.id != user.id]:
        raise ConflictError(
            f"'{user.name}' is the only admin, and without one nobody could look after people; "
            "make somebody else an admin first"
        )


def _told(user: User, changes: dict[str, bool], principal: Principal) -> str:
    words = {
        ("admin", True): "is an admin now",
        ("admin", False): "is no admin any more",
        ("disabled", True): "was shut out",
        ("disabled", False): "was let in again",
    }
    return f"{user.name} {' and '.join(words[change] for change in changes.items())} ({principal.name})"


def _tell(
    backend: Backend, session: Session, principal: Principal, user: User, kind: str, text: str, **details: Any
) -> None:
    places = session.scalars(
        select(WorkspaceMember.workspace_id)
        .where(WorkspaceMember.user_id == user.id)
        .order_by(WorkspaceMember.workspace_id)
    )
    for place in places:
        backend.events.add(session, NewEvent(place, kind, text, data={"user": user.id, **details}))
    audit.note(backend, session, principal, kind, user.id, name=user.name, **details)


def _unknown(ref: str) -> NotFoundError:
    if "@" in ref and ref != ME:
        return NotFoundError(f"nobody with the address {ref[:100]!r} has signed in here yet; ask them to do that once")
    return NotFoundError(f"there is no person {ref[:60]!r} that you may see")
