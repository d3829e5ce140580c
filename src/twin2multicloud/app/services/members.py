"""Who has which role: in a workspace, and for a single twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Role, TwinMember, User, Workspace, WorkspaceMember
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import people as shapes
from twin2multicloud.app.services import audit, owners
from twin2multicloud.app.services.changes import hold


# ── In a workspace ──────────────────────────────────────────────────────────────────────────────────────────
def listed(workspace: Workspace) -> Select[User]:
    """Everybody in a workspace."""
    inside = select(WorkspaceMember.user_id).where(WorkspaceMember.workspace_id == workspace.id)
    return select(User).where(User.id.in_(inside))


def shapes_of(session: Session, workspace: Workspace, found: Sequence[User]) -> list[shapes.Member]:
    """People with their roles in a workspace."""
    roles = _workspace_roles(session, workspace.id, found)
    return [
        shapes.Member.model_validate({**_person(user), "role": roles[user.id].value, "disabled": user.disabled})
        for user in found
        if user.id in roles
    ]


def put(backend: Backend, session: Session, principal: Principal, workspace: Workspace, user: User, role: Role) -> None:
    """Have somebody in a workspace with a role. `ConflictError` if its only owner would be none any more, or for
    somebody who is shut out.
    """
    hold(session, workspace)
    _check_enabled(user)
    found = session.get(WorkspaceMember, (workspace.id, user.id))
    before = None if found is None else Role(found.role)
    if before is role:
        return
    if before is Role.OWNER:
        owners.check_left(session, workspace, user)
    if found is None:
        session.add(WorkspaceMember(workspace_id=workspace.id, user_id=user.id, role=role.value))
    else:
        found.role = role.value
    session.flush()
    _tell_role(backend, session, principal, workspace.id, None, workspace.name, user, before, role)


def remove(backend: Backend, session: Session, principal: Principal, workspace: Workspace, user: User) -> None:
    """Take somebody, or oneself, out of a workspace, with their roles for its single twins. `NotFoundError` for
    somebody who is not in it, `ConflictError` for its only owner.
    """
    hold(session, workspace)
    found = session.get(WorkspaceMember, (workspace.id, user.id))
    if found is None:
        raise NotFoundError(f"'{user.name}' is not in the workspace '{workspace.name}'")
    before = Role(found.role)
    if before is Role.OWNER:
        owners.check_left(session, workspace, user)
    twins = select(Twin.id).where(Twin.workspace_id == workspace.id)
    session.execute(delete(TwinMember).where(TwinMember.user_id == user.id, TwinMember.twin_id.in_(twins)))
    session.delete(found)
    _tell_role(backend, session, principal, workspace.id, None, workspace.name, user, before, None)


# ── For a twin ──────────────────────────────────────────────────────────────────────────────────────────────
def listed_for_twin(twin: Twin) -> Select[User]:
    """Everybody who has a role for a twin, by itself or by its workspace."""
    inside = select(WorkspaceMember.user_id).where(WorkspaceMember.workspace_id == twin.workspace_id)
    own = select(TwinMember.user_id).where(TwinMember.twin_id == twin.id)
    return select(User).where(or_(User.id.in_(inside), User.id.in_(own)))


def twin_shapes_of(session: Session, twin: Twin, found: Sequence[User]) -> list[shapes.TwinMember]:
    """People with their roles for a twin."""
    ids = [user.id for user in found]
    by_workspace = _workspace_roles(session, twin.workspace_id, found)
    rows = session.execute(
        select(TwinMember.user_id, TwinMember.role).where(TwinMember.twin_id == twin.id, TwinMember.user_id.in_(ids))
    )
    own = {user_id: Role(role) for user_id, role in rows}
    told = []
    for user in found:
        roles = [role for role in (own.get(user.id), by_workspace.get(user.id)) if role is not None]
        if roles:
            told.append(
                shapes.TwinMember.model_validate(
                    {
                        **_person(user),
                        "role": max(roles, key=lambda role: role.rank),
                        "twin_role": own.get(user.id),
                        "workspace_role": by_workspace.get(user.id),
                        "disabled": user.disabled,
                    }
                )
            )
    return told


def put_for_twin(backend: Backend, session: Session, principal: Principal, twin: Twin, user: User, role: Role) -> None:
    """Give somebody a role for one twin. `ConflictError` for somebody who is shut out."""
    hold(session, twin)
    _check_enabled(user)
    found = session.get(TwinMember, (twin.id, user.id))
    before = None if found is None else Role(found.role)
    if before is role:
        return
    if found is None:
        session.add(TwinMember(twin_id=twin.id, user_id=user.id, role=role.value))
    else:
        found.role = role.value
    session.flush()
    _tell_role(backend, session, principal, twin.workspace_id, twin.id, twin.name, user, before, role)


def remove_for_twin(backend: Backend, session: Session, principal: Principal, twin: Twin, user: User) -> None:
    """Take somebody's, or one's own, role for one twin away; what they may do by its workspace stays.
    `NotFoundError` for somebody without one.
    """
    hold(session, twin)
    found = session.get(TwinMember, (twin.id, user.id))
    if found is None:
        raise NotFoundError(f"'{user.name}' has no role for '{twin.name}' alone")
    before = Role(found.role)
    session.delete(found)
    _tell_role(backend, session, principal, twin.workspace_id, twin.id, twin.name, user, before, None)


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _person(user: User) -> dict[str, str]:
    return {"id": user.id, "name": user.name, "email": user.email}


def _workspace_roles(session: Session, workspace_id: str, found: Sequence[User]) -> dict[str, Role]:
    rows = session.execute(
        select(WorkspaceMember.user_id, WorkspaceMember.role).where(
            WorkspaceMember.workspace_id == workspace_id, WorkspaceMember.user_id.in_([user.id for user in found])
        )
    )
    return {user_id: Role(role) for user_id, role in rows}


def _check_enabled(user: User) -> None:
    if user.disabled:
        raise ConflictError(f"'{user.name}' is shut out of this installation; an admin can let them in again")


def _tell_role(
    backend: Backend,
    session: Session,
    principal: Principal,
    workspace_id: str,
    twin_id: str | None,
    place: str,
    user: User,
    before: Role | None,
    role: Role | None,
) -> None:
    if role is None:
        kind, text = "member.removed", f"{user.name} has no role in {place} any more ({principal.name})"
    elif before is None:
        kind, text = "member.added", f"{user.name} is {role.value} of {place} ({principal.name})"
    else:
        kind, text = "member.changed", f"{user.name} is {role.value} of {place}, was {before.value} ({principal.name})"
    change: dict[str, Any] = {
        "before": None if before is None else before.value,
        "role": None if role is None else role.value,
    }
    backend.events.add(session, NewEvent(workspace_id, kind, text, twin_id=twin_id, data={"user": user.id, **change}))
    audit.note(
        backend,
        session,
        principal,
        kind,
        user.id,
        workspace_id=workspace_id,
        name=user.name,
        twin=twin_id,
        **change,
    )
