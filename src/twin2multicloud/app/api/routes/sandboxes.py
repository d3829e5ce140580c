"""A twin's sandbox: errors, logs, dead letters (those in clouds, too), faults, commands, meters."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from twin2multicloud.app.api.deps import BackendDep, TwinId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas import sandboxes as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import troubles

router = Endpoints(tags=["sandboxes"])
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Reader = Annotated[Principal, allow(Scope.READ, Role.OPERATOR, On.TWIN)]
_Operator = Annotated[Principal, allow(Scope.RUN, Role.OPERATOR, On.TWIN)]
_LetterId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f]+$")]
_Where = Annotated[shapes.LettersTarget, Query(description="Where it is deployed.")]
_CloudFilter = Annotated[shapes.CloudName | None, Query(description="Only of this cloud.")]


@router.get("/twins/{twin}/errors")
def list_errors(
    backend: BackendDep, _principal: _Viewer, twin: TwinId, cursor: Cursor = None, limit: Limit = 50
) -> Page[shapes.TwinError]:
    """What went wrong in its sandbox, folded, what came last first."""
    return troubles.errors(backend, twin, cursor, limit)


@router.get("/twins/{twin}/logs")
def show_logs(
    backend: BackendDep,
    _principal: _Reader,
    twin: TwinId,
    cloud: Annotated[shapes.CloudName | None, Query(description="Only of this cloud's process.")] = None,
    lines: Annotated[int, Query(ge=1, le=2_000, description="Of each process.")] = 100,
) -> shapes.Logs:
    """The last lines of its sandbox's logs."""
    return troubles.logs(backend, twin, cloud, lines)


@router.get("/twins/{twin}/dead-letters")
def list_dead_letters(
    backend: BackendDep,
    _principal: _Reader,
    twin: TwinId,
    target: _Where = "sandbox",
    cloud: _CloudFilter = None,
    limit: Limit = 200,
) -> list[shapes.DeadLetter]:
    """Messages that were set aside, cloud by cloud."""
    return troubles.letters(backend, twin, target, cloud, limit)


@router.get("/twins/{twin}/dead-letters/{letter}")
def show_dead_letter(
    backend: BackendDep, _principal: _Reader, twin: TwinId, letter: _LetterId, target: _Where = "sandbox"
) -> shapes.WholeDeadLetter:
    """One of them with what it holds."""
    return troubles.letter(backend, twin, target, letter)


@router.post("/twins/{twin}/dead-letters/replay")
def replay_dead_letters(
    backend: BackendDep, principal: _Operator, twin: TwinId, given: shapes.Letters, target: _Where = "sandbox"
) -> shapes.LettersDone:
    """Put dead letters back where they came from."""
    return troubles.settle_letters(backend, principal, twin, target, "replay", given)


@router.post("/twins/{twin}/dead-letters/drop")
def drop_dead_letters(
    backend: BackendDep, principal: _Operator, twin: TwinId, given: shapes.Letters, target: _Where = "sandbox"
) -> shapes.LettersDone:
    """Throw dead letters away."""
    return troubles.settle_letters(backend, principal, twin, target, "drop", given)


@router.post("/twins/{twin}/faults")
def inject_fault(backend: BackendDep, principal: _Operator, twin: TwinId, given: shapes.FaultInput) -> shapes.FaultSet:
    """Have something go wrong in its sandbox."""
    return shapes.FaultSet(clouds=troubles.inject(backend, principal, twin, given))


@router.delete("/twins/{twin}/faults", status_code=204)
def clear_faults(backend: BackendDep, principal: _Operator, twin: TwinId) -> None:
    """Switch all faults off."""
    troubles.clear_faults(backend, principal, twin)


@router.post("/twins/{twin}/commands")
def send_command(
    backend: BackendDep, principal: _Operator, twin: TwinId, given: shapes.CommandInput
) -> shapes.CommandSent:
    """Send a command to a device, and wait a while for its answer."""
    return troubles.command(backend, principal, twin, given)


@router.get("/twins/{twin}/meters")
def show_meters(backend: BackendDep, _principal: _Viewer, twin: TwinId) -> shapes.Meters:
    """What its sandbox has counted, and a month of that beside what was predicted."""
    return troubles.meters(backend, twin)
