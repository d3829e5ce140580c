"""How a deployed twin does: status, outputs, links, the proof of its wiring."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from twin2multicloud.app.api.deps import BackendDep, TwinId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas import operating as shapes
from twin2multicloud.app.schemas.health_history import HealthHistory
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import health_history, operating, sandboxes

router = Endpoints(tags=["operating"])
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Operator = Annotated[Principal, allow(Scope.READ, Role.OPERATOR, On.TWIN)]
TargetQuery = Annotated[Target, Query(description="Where it is deployed.")]


@router.get("/twins/{twin}/status")
def show_status(
    backend: BackendDep, _principal: _Viewer, twin: TwinId, target: TargetQuery = "sandbox"
) -> shapes.TwinStatus:
    """Its stacks, who works on them, and how each layer does. What does not answer is told as such."""
    return operating.status(backend, twin, target)


@router.get("/twins/{twin}/health/history")
def show_health_history(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    target: TargetQuery = "sandbox",
    subject: Annotated[
        str | None, Query(max_length=60, description="Only of checks whose subject begins so: layer/, link/persist, …")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many changes.")] = 100,
) -> HealthHistory:
    """What its checks found last and since when, how available each was, and what changed."""
    return health_history.history(backend, twin, target, subject, limit)


@router.get("/twins/{twin}/outputs")
def show_outputs(
    backend: BackendDep, _principal: _Viewer, twin: TwinId, target: TargetQuery = "clouds"
) -> shapes.Outputs:
    """What its stacks put out: addresses, names, ways to sign in; secrets masked."""
    return operating.outputs(backend, twin, target)


@router.get("/twins/{twin}/links")
def list_links(
    backend: BackendDep, _principal: _Operator, twin: TwinId, target: TargetQuery = "sandbox"
) -> shapes.Links:
    """Both ends of every link: where it leads, ids and ages of its keys, how it does. Never the keys."""
    if target == "sandbox":
        return shapes.Links(links=sandboxes.link_ends(backend, twin))
    from twin2multicloud.app.runs import proving

    return shapes.Links(links=proving.link_ends(backend, twin, target))


@router.get("/twins/{twin}/proof")
def show_proof(
    backend: BackendDep,
    _principal: _Operator,
    twin: TwinId,
    target: Annotated[Literal["clouds", "rehearsal"], Query(description="Where it is deployed.")] = "clouds",
) -> shapes.Proof:
    """What is wrong with how it is wired, by the states of its stacks and its links. Takes seconds."""
    from twin2multicloud.app.runs import proving

    return proving.proof(backend, twin, target)
