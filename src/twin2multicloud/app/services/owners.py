"""That no workspace is ever without an owner who can sign in."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.db.tables.people import Role, User, Workspace, WorkspaceMember
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.services.changes import hold


def has_owner(session: Session, workspace_id: str, *, beside: str | None = None) -> bool:
    """Whether a workspace has an owner who can sign in, beside somebody."""
    query = (
        select(WorkspaceMember.user_id)
        .join(User, User.id == WorkspaceMember.user_id)
        .where(WorkspaceMember.workspace_id == workspace_id, WorkspaceMember.role == Role.OWNER.value, ~User.disabled)
    )
    if beside is not None:
        query = query.where(User.id != beside)
    return session.scalar(query.limit(1)) is not None


def check_left(session: Session, workspace: Workspace, user: User) -> None:
    """`ConflictError` if nobody else owns a workspace. Whoever asks holds the workspace."""
    if not has_owner(session, workspace.id, beside=user.id):
        raise ConflictError(
            f"'{user.name}' is the only owner of the workspace '{workspace.name}'; make somebody else an owner first",
            details={"workspaces": [workspace.id]},
        )


def check_left_everywhere(session: Session, user: User) -> None:
    """`ConflictError` that names every workspace that would be without an owner if somebody went."""
    owned = session.scalars(
        select(Workspace)
        .join(WorkspaceMember, WorkspaceMember.workspace_id == Workspace.id)
        .where(WorkspaceMember.user_id == user.id, WorkspaceMember.role == Role.OWNER.value)
        .order_by(Workspace.id)
    ).all()
    for workspace in owned:
        hold(session, workspace)
    alone = [workspace for workspace in owned if not has_owner(session, workspace.id, beside=user.id)]
    if alone:
        names = ", ".join(f"'{workspace.name}'" for workspace in alone)
        raise ConflictError(
            f"'{user.name}' is the only owner of {names}; make somebody else an owner there first",
            details={"workspaces": [workspace.id for workspace in alone]},
        )
