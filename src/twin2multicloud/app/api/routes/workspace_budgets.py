"""What all twins of a workspace together may cost."""

from __future__ import annotations

from typing import Annotated

from twin2multicloud.app.api.deps import BackendDep, WorkspaceId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.auth.access import On, Principal, Scope, the_workspace
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas.costs import BudgetInput, WorkspaceBudget
from twin2multicloud.app.services import workspace_budgets

router = Endpoints(prefix="/workspaces/{workspace}", tags=["costs"])
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.WORKSPACE)]
_Editor = Annotated[Principal, allow(Scope.WRITE, Role.OPERATOR, On.WORKSPACE)]


@router.get("/budget")
def show_workspace_budget(backend: BackendDep, principal: _Viewer, workspace: WorkspaceId) -> WorkspaceBudget:
    """What all its twins together may cost in a month, and what they come to, twin by twin."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.VIEWER)
        return workspace_budgets.shown(backend, session, place)


@router.put("/budget")
def set_workspace_budget(
    backend: BackendDep, principal: _Editor, workspace: WorkspaceId, given: BudgetInput
) -> WorkspaceBudget:
    """Say what all its twins together may cost in a month; alerts come when shares of that are used, or will be."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        return workspace_budgets.put(backend, session, principal, place, given)


@router.delete("/budget", status_code=204)
def remove_workspace_budget(backend: BackendDep, principal: _Editor, workspace: WorkspaceId) -> None:
    """Take its budget away; its alerts end."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        workspace_budgets.remove(backend, session, principal, place)
