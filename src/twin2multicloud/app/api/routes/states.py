"""States of a twin's stacks: their versions, going back to one, and locks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from sqlalchemy import select

from twin2multicloud.app.api.deps import BackendDep, TwinId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.stacks import StateVersion
from twin2multicloud.app.schemas import operating as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import stacks

router = Endpoints(tags=["operating"])
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Owner = Annotated[Principal, allow(Scope.RUN, Role.OWNER, On.TWIN)]
StackPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,200}$", examples=["L3-hot"])]
StatesTarget = Annotated[Target, Query(description="A sandbox has no states.")]


@router.get("/twins/{twin}/states")
def list_states(
    backend: BackendDep, _principal: _Viewer, twin: TwinId, target: StatesTarget = "clouds"
) -> list[shapes.StateSummary]:
    """The states of a twin's stacks, and who works on them."""
    with backend.database.read() as session:
        return stacks.summaries(session, twin, target)


@router.get("/twins/{twin}/states/{stack}")
def list_state_versions(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    stack: StackPath,
    target: StatesTarget = "clouds",
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.StateVersion]:
    """Every version of a stack's state, the newest first. Their contents hold secrets and are never told."""
    query = select(StateVersion).where(
        StateVersion.twin_id == twin, StateVersion.target == target, StateVersion.stack == stack
    )
    with backend.database.read() as session:
        return page(
            session,
            query,
            StateVersion.number,
            {"number": StateVersion.number},
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-number",
            items=each(stacks.version_shape),
        )


@router.post("/twins/{twin}/states/{stack}/rollback")
def roll_back(
    backend: BackendDep,
    principal: _Owner,
    twin: TwinId,
    stack: StackPath,
    given: shapes.Rollback,
    target: StatesTarget = "clouds",
) -> shapes.StateVersion:
    """Take an earlier version up again, as a new one. Nothing in any cloud changes by that: look at the drift then."""
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OWNER)
        return stacks.roll_back(backend, session, principal, found, target, stack, given.version)


@router.post("/twins/{twin}/states/{stack}/unlock", status_code=204)
def unlock(
    backend: BackendDep,
    principal: _Owner,
    twin: TwinId,
    stack: StackPath,
    given: shapes.Unlock,
    target: StatesTarget = "clouds",
) -> None:
    """Break the lock of a run that is dead; with `force` also one that may be alive."""
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OWNER)
        stacks.unlock(backend, session, principal, found, target, stack, given)
