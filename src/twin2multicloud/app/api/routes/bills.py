"""Bills of clouds, and how they compare with what was predicted and metered."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from fastapi.responses import PlainTextResponse

from twin2multicloud.app.api.deps import BackendDep, TwinId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.routes.runs import IdempotencyKey
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.runs import creating
from twin2multicloud.app.schemas import bills as shapes
from twin2multicloud.app.schemas.costs import Budget, BudgetInput
from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import bill_fetching, bill_sources, bills, budgets, runs, validating
from twin2multicloud.model.slots import Provider

router = Endpoints(prefix="/twins/{twin}", tags=["costs"])
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Runner = Annotated[Principal, allow(Scope.RUN, Role.OPERATOR, On.TWIN)]
_Editor = Annotated[Principal, allow(Scope.WRITE, Role.OPERATOR, On.TWIN)]
_Target = Annotated[Target, Query(description="Where it is deployed.")]


@router.get("/bills")
def list_bills(
    backend: BackendDep, _principal: _Viewer, twin: TwinId, target: _Target = "sandbox"
) -> list[shapes.Bill]:
    """Bills that are kept of it, the newest month first."""
    with backend.database.read() as session:
        return bills.kept(session, twin, target)


@router.post("/bills", status_code=201)
def import_bill(backend: BackendDep, principal: _Editor, twin: TwinId, given: shapes.BillInput) -> list[shapes.Bill]:
    """Read a billing export in FOCUS. Of each cloud and month on it what was read before is replaced."""
    bill = bills.read(given)
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        read = bills.take_up(backend, session, principal, found, given.target, given.source, bill)
    budgets.watch_bill(backend, twin, given.target)
    return read


@router.post("/bills/fetch", status_code=201)
def fetch_bill(
    backend: BackendDep,
    principal: _Runner,
    twin: TwinId,
    given: shapes.BillFetch,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Run:
    """Have the newest export of a cloud's bill of a month, or what the cloud answers of it, fetched with the twin's
    connection, and kept in place of what was kept of that month. Answers at once; the run's events tell how it goes.
    One at a time of each twin.
    """
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        bill_fetching.ready(session, found, given)
        request = given.model_dump(mode="json")
        run, new = creating.create_bills(backend, session, principal, found, request, idempotency_key)
        session.flush()
        shown = runs.whole(session, run)
    response.headers["Location"] = f"/api/v1/runs/{shown.id}"
    response.status_code = 201 if new else 200
    return shown


@router.get("/bills/sources")
def list_bill_sources(backend: BackendDep, _principal: _Viewer, twin: TwinId) -> list[shapes.BillSource]:
    """Where its bills are read from again and again, cloud by cloud."""
    with backend.database.read() as session:
        return bill_sources.kept(session, twin)


@router.put("/bills/sources/{cloud}")
def set_bill_source(
    backend: BackendDep, principal: _Runner, twin: TwinId, cloud: Provider, given: shapes.BillSourceInput
) -> shapes.BillSource:
    """Have a cloud's bills read with the twin's connection, at once and every day from then on."""
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        return bill_sources.put(backend, session, principal, found, cloud, given)


@router.delete("/bills/sources/{cloud}", status_code=204)
def remove_bill_source(backend: BackendDep, principal: _Runner, twin: TwinId, cloud: Provider) -> None:
    """Read that cloud's bills no more; what was read stays."""
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        bill_sources.remove(backend, session, principal, found, cloud)


@router.post("/bills/simulated", response_class=PlainTextResponse)
def simulate_bill(
    backend: BackendDep, _principal: _Viewer, twin: TwinId, given: shapes.SimulatedBillInput
) -> PlainTextResponse:
    """The bill that a month like its sandbox's would get, in FOCUS, at prices and quantities that are changed on
    purpose. It keeps nothing.
    """
    return PlainTextResponse(validating.simulated(backend, twin, given), media_type="text/csv")


@router.get("/budget")
def show_budget(backend: BackendDep, _principal: _Viewer, twin: TwinId) -> Budget:
    """What it may cost in a month."""
    with backend.database.read() as session:
        return budgets.shown(session, twin)


@router.put("/budget")
def set_budget(backend: BackendDep, principal: _Editor, twin: TwinId, given: BudgetInput) -> Budget:
    """Say what it may cost in a month; alerts come when shares of that are used, or will be."""
    with backend.database.write() as session:
        return budgets.put(backend, session, principal, the_twin(session, principal, twin, Role.OPERATOR), given)


@router.delete("/budget", status_code=204)
def remove_budget(backend: BackendDep, principal: _Editor, twin: TwinId) -> None:
    """Take its budget away; its alerts end."""
    with backend.database.write() as session:
        budgets.remove(backend, session, principal, the_twin(session, principal, twin, Role.OPERATOR))


@router.get("/validation")
def validate_twin(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    target: _Target = "sandbox",
    period: Annotated[
        shapes.Period | None, Query(description="A month, as in 2026-11; without it the newest that was billed.")
    ] = None,
) -> shapes.Validation:
    """Predicted, metered and billed, meter by meter, with errors, and what explains the differences."""
    return validating.validation(backend, twin, target, period)
