"""Runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query, Response
from sqlalchemy import select

from twin2multicloud.app.api.deps import BackendDep, RunId, TwinId, WorkspaceId, WorkspaceQuery, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_run, the_twin, the_workspace
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.runs import creating
from twin2multicloud.app.runs.kinds import BILLS, CHECK_CONNECTION, REFRESH_PRICES
from twin2multicloud.app.schemas import runs as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.price_findings import RefreshPrices
from twin2multicloud.app.services import connections, reveals, runs

router = Endpoints(tags=["runs"])
refreshing = Endpoints(tags=["runs"])
"""Runs for prices."""
_SORTS = {"created_at": Run.created_at}
_Reader = Annotated[Principal, allow(Scope.READ)]
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Operator = Annotated[Principal, allow(Scope.RUN, Role.OPERATOR, On.TWIN)]
_RunViewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.RUN)]
_WorkspaceOperator = Annotated[Principal, allow(Scope.RUN, Role.OPERATOR, On.WORKSPACE)]
_ConnectionId = Annotated[str, Path(pattern=r"^con_[0-9a-z]{1,28}$", examples=["con_4qz0m8k2v1x7c9b3n5d6"])]
_RunOperator = Annotated[Principal, allow(Scope.RUN, Role.OPERATOR, On.RUN)]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=8, max_length=200, pattern=r"^[\x21-\x7e]+$", description="Sent again: the same run."),
]
_StatusFilter = Annotated[list[shapes.Status] | None, Query(max_length=9)]
_KindFilter = Annotated[list[shapes.Kind] | None, Query(max_length=11)]


@router.get("/runs")
def list_runs(
    backend: BackendDep,
    principal: _Reader,
    status: _StatusFilter = None,
    kind: _KindFilter = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.RunSummary]:
    """All runs that you may see, the newest first."""
    return _list(backend, principal, None, status, kind, sort, cursor, limit)


@router.get("/targets")
def list_targets(principal: _Reader) -> list[shapes.TargetState]:
    """Where twins can be deployed from this server, and why not where they cannot."""
    del principal
    from twin2multicloud.app.services.targets import targets  # what runs infrastructure code, which others do not need

    return targets()


@router.get("/twins/{twin}/runs")
def list_runs_of_twin(
    backend: BackendDep,
    principal: _Viewer,
    twin: TwinId,
    status: _StatusFilter = None,
    kind: _KindFilter = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.RunSummary]:
    """A twin's runs, the newest first."""
    return _list(backend, principal, twin, status, kind, sort, cursor, limit)


@router.post("/twins/{twin}/runs", status_code=201)
def create_run(
    backend: BackendDep,
    principal: _Operator,
    twin: TwinId,
    given: shapes.RunInput,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> shapes.Run:
    """Plan, deploy, destroy, move, … a twin. Answers at once; the run's events tell how it goes."""
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        run, new = creating.create_for_twin(backend, session, principal, found, given, idempotency_key)
        session.flush()
        shown = runs.whole(session, run)
    response.headers["Location"] = f"/api/v1/runs/{shown.id}"
    response.status_code = 201 if new else 200
    return shown


@router.get("/runs/{run}")
def show_run(backend: BackendDep, principal: _RunViewer, run: RunId) -> shapes.Run:
    """A run with its plan and what it came to."""
    with backend.database.read() as session:
        return runs.whole(session, the_run(session, principal, run, Role.VIEWER))


@router.post("/runs/{run}/decision")
def decide_run(backend: BackendDep, principal: _RunOperator, run: RunId, given: shapes.Decision) -> shapes.Run:
    """Agree to its plan, or decline it."""
    with backend.database.write() as session:
        found = the_run(session, principal, run, Role.OPERATOR)
        creating.decide(backend, session, principal, found, given.agreed, given.plan_digest)
        session.flush()
        return runs.whole(session, found)


@router.post("/runs/{run}/cancel")
def cancel_run(backend: BackendDep, principal: _RunOperator, run: RunId) -> shapes.Run:
    """Call it off: what is under way is ended in order, and what was done stays."""
    with backend.database.write() as session:
        found = the_run(session, principal, run, Role.OPERATOR)
        creating.cancel(backend, session, principal, found)
        session.flush()
        return runs.whole(session, found)


@router.post("/runs/{run}/retry", status_code=201)
def retry_run(
    backend: BackendDep, principal: _RunOperator, run: RunId, idempotency_key: IdempotencyKey = None
) -> shapes.Run:
    """Ask for the same again, after it failed or was cancelled."""
    with backend.database.write() as session:
        found = the_run(session, principal, run, Role.OPERATOR)
        creating.check_retried(found)
        assert found.twin_id is not None
        twin = the_twin(session, principal, found.twin_id, Role.OPERATOR)
        if found.kind == BILLS:
            made, _ = creating.create_bills(backend, session, principal, twin, found.request, idempotency_key)
        else:
            asked = creating.retry(found)
            made, _ = creating.create_for_twin(backend, session, principal, twin, asked, idempotency_key)
        session.flush()
        return runs.whole(session, made)


def _list(
    backend: BackendDep,
    principal: Principal,
    twin: str | None,
    status: list[shapes.Status] | None,
    kind: list[shapes.Kind] | None,
    sort: str | None,
    cursor: str | None,
    limit: int,
) -> Page[shapes.RunSummary]:
    query = select(Run).where(runs.visible_runs(principal))
    if twin is not None:
        query = query.where(Run.twin_id == twin)
    if status:
        query = query.where(Run.status.in_(status))
    if kind:
        query = query.where(Run.kind.in_(kind))
    with backend.database.read() as session:
        return page(
            session,
            query,
            Run.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-created_at",
            items=lambda found: runs.summaries(session, found),
        )


@router.post("/runs/{run}/reveal")
def reveal_run(backend: BackendDep, principal: _RunOperator, run: RunId, response: Response) -> shapes.Revealed:
    """Show what the run tells once (one-time passwords of people that it made); afterwards it is gone."""
    response.headers["Cache-Control"] = "no-store"
    with backend.database.read() as session:
        found = the_run(session, principal, run, Role.OPERATOR)
    return shapes.Revealed(lines=reveals.show(backend, principal, found))


@router.post("/workspaces/{workspace}/connections/{connection}/check", status_code=201)
def check_connection(
    backend: BackendDep,
    principal: _WorkspaceOperator,
    workspace: WorkspaceId,
    connection: _ConnectionId,
    given: shapes.CheckInput,
    idempotency_key: IdempotencyKey = None,
) -> shapes.Run:
    """Look whether its credentials sign in and, for a twin, whether they suffice. Nothing is changed at the cloud."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        connections.the_connection(session, place, connection)
        if given.twin is not None:
            the_twin(session, principal, given.twin, Role.OPERATOR)
        request = {"connection": connection, "twin": given.twin}
        made, _ = creating.create_for_workspace(
            backend, session, principal, place.id, CHECK_CONNECTION, request, idempotency_key
        )
        session.flush()
        return runs.whole(session, made)


@refreshing.post("/prices/refresh", status_code=201)
def refresh_prices(
    backend: BackendDep,
    principal: _WorkspaceOperator,
    given: RefreshPrices | None = None,
    workspace: WorkspaceQuery = None,
    idempotency_key: IdempotencyKey = None,
) -> shapes.Run:
    """Take up the newest prices there are. The run's events tell what is being fetched and what it does to bills."""
    request = {} if given is None else given.model_dump(mode="json", exclude_none=True)
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        made, _ = creating.create_for_workspace(
            backend, session, principal, place.id, REFRESH_PRICES, request, idempotency_key
        )
        session.flush()
        return runs.whole(session, made)
