"""Workspaces: twins, connections and people that belong together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Role, User, Workspace, WorkspaceMember
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import people as shapes
from twin2multicloud.app.services import audit, members
from twin2multicloud.app.services.changes import check_seen, hold
from twin2multicloud.app.services.owners import has_owner

_NAMED = 20


def listed(principal: Principal, *, everything: bool) -> Select[Workspace]:
    """Those that somebody is in; `everything`: all, for an admin."""
    if everything:
        principal.check_admin()
        return select(Workspace)
    mine = select(WorkspaceMember.workspace_id).where(WorkspaceMember.user_id == principal.user_id)
    query = select(Workspace).where(Workspace.id.in_(mine))
    return query if principal.workspace_id is None else query.where(Workspace.id == principal.workspace_id)


def shapes_of(session: Session, principal: Principal, found: Sequence[Workspace]) -> list[shapes.Workspace]:
    """Workspaces with one's own role in each."""
    roles = dict(
        session.execute(
            select(WorkspaceMember.workspace_id, WorkspaceMember.role).where(
                WorkspaceMember.user_id == principal.user_id,
                WorkspaceMember.workspace_id.in_([each.id for each in found]),
            )
        ).all()
    )
    return [
        shapes.Workspace.model_validate(
            {
                "id": each.id,
                "name": each.name,
                "version": each.version,
                "role": roles.get(each.id),
                "created_at": each.created_at,
            }
        )
        for each in found
    ]


def create(backend: Backend, session: Session, principal: Principal, name: str, owner: User) -> Workspace:
    """A new workspace with its first owner. `ConflictError` for a name that is taken."""
    _check_name(session, name, None)
    workspace = Workspace(id=backend.make_id("wsp"), name=name, version=1, created_at=backend.now())
    session.add(workspace)
    session.flush()
    _tell(backend, session, principal, workspace, "workspace.created", f"{name} was created by {principal.name}")
    members.put(backend, session, principal, workspace, owner, Role.OWNER)
    return workspace


def rename(
    backend: Backend, session: Session, principal: Principal, workspace: Workspace, seen: int, name: str
) -> None:
    """Give a workspace another name. `ConflictError` for one that is taken."""
    hold(session, workspace)
    check_seen(workspace.version, seen, f"the workspace '{workspace.name}'")
    if name == workspace.name:
        return
    _check_name(session, name, workspace.id)
    before, workspace.name = workspace.name, name
    workspace.version += 1
    _tell(
        backend, session, principal, workspace, "workspace.renamed", f"{before} is called {name} now ({principal.name})"
    )


def remove(backend: Backend, session: Session, principal: Principal, workspace: Workspace, seen: int) -> None:
    """Delete a workspace, with its keys, optimizations, drafts and past runs. `ConflictError` while it has twins or
    connections, or a run is under way.
    """
    hold(session, workspace)
    check_seen(workspace.version, seen, f"the workspace '{workspace.name}'")
    twins = session.execute(select(Twin.id, Twin.name).where(Twin.workspace_id == workspace.id).order_by(Twin.name))
    connections = session.execute(
        select(Connection.id, Connection.name).where(Connection.workspace_id == workspace.id).order_by(Connection.name)
    )
    found = {"twins": list(twins), "connections": list(connections)}
    if any(found.values()):
        told = "; ".join(f"{what}: {_names([name for _, name in rows])}" for what, rows in found.items() if rows)
        raise ConflictError(
            f"the workspace '{workspace.name}' is not empty ({told}); delete these first",
            details={what: [id for id, _ in rows[:_NAMED]] for what, rows in found.items()},
        )
    running = session.scalars(select(Run.id).where(Run.workspace_id == workspace.id, Run.ended_at.is_(None))).all()
    if running:
        raise ConflictError(
            f"a run of the workspace '{workspace.name}' is under way; wait for it or cancel it",
            details={"runs": list(running)[:_NAMED]},
        )
    _tell(
        backend, session, principal, workspace, "workspace.deleted", f"{workspace.name} was deleted by {principal.name}"
    )
    session.execute(delete(Run).where(Run.workspace_id == workspace.id))
    session.delete(workspace)


def adopt(backend: Backend, session: Session, principal: Principal, workspace: Workspace, owner: User) -> None:
    """Give a workspace whose owners are all gone a new one. `ConflictError` while somebody owns it."""
    hold(session, workspace)
    if has_owner(session, workspace.id):
        raise ConflictError(
            f"the workspace '{workspace.name}' has an owner, who decides who else is in it; ask them, or disable them"
        )
    members.put(backend, session, principal, workspace, owner, Role.OWNER)


def _check_name(session: Session, name: str, own_id: str | None) -> None:
    other = session.scalar(select(Workspace.id).where(Workspace.name == name))
    if other is not None and other != own_id:
        raise ConflictError(f"there is a workspace '{name}' already; give this one another name")


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_NAMED]) + more


def _tell(backend: Backend, session: Session, principal: Principal, workspace: Workspace, kind: str, text: str) -> None:
    backend.events.add(session, NewEvent(workspace.id, kind, text, data={"name": workspace.name}))
    audit.note(backend, session, principal, kind, workspace.id, workspace_id=workspace.id, name=workspace.name)
