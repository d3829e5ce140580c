"""Asking for runs, agreeing to them, calling them off."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Claim, Run, Stage
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError, InvalidError
from twin2multicloud.app.runs.environment import pin_connections
from twin2multicloud.app.runs.kinds import APPLY, BILLS, SHAPES
from twin2multicloud.app.runs.transitions import end_stage, enqueue, move_on, tell
from twin2multicloud.app.schemas.runs import ENDED, RunInput
from twin2multicloud.app.services import audit, twins, untracked
from twin2multicloud.app.services.changes import hold
from twin2multicloud.app.services.life import Operation, check_allowed, life_of
from twin2multicloud.app.services.twin_connections import CLOUDS
from twin2multicloud.model.errors import Finding

_MAKING: Final = frozenset({Operation.DEPLOY, Operation.REDEPLOY, Operation.MOVE})
"""What makes resources, which could be taken for those that nobody keeps track of."""


def create_for_twin(
    backend: Backend, session: Session, principal: Principal, twin: Twin, asked: RunInput, key: str | None
) -> tuple[Run, bool]:
    """A run of a twin, and whether it is new: the same `key` (Idempotency-Key) asks for the same run again.

    `ConflictError` if another run has the twin's deployment there to itself, if the operation makes no sense as things
    are, or for a key that was used for something else.
    """
    request = asked.model_dump(mode="json")
    # Whoever asks at the same moment waits here, and then sees this run; nobody deletes the twin meanwhile.
    hold(session, twin)
    known = _known(session, principal, key, request, twin.id)
    if known is not None:
        return known, False
    operation = Operation(asked.kind)
    changing = _holder(session, twin, asked.target)
    if changing is not None and SHAPES[asked.kind].changes:
        raise _busy(twin, changing)
    stacks = session.scalars(select(Stack).where(Stack.twin_id == twin.id, Stack.target == asked.target)).all()
    check_allowed(twin.name, life_of(stacks, None if changing is None else Operation(changing.kind)), operation)
    if asked.target == untracked.CLOUDS and operation in _MAKING:
        untracked.check_looked_after(session, twin)
    version = twins.version_of(session, twin, asked.version or twin.number)
    if operation in (Operation.PLAN, Operation.DEPLOY) and version.placement is None:
        raise ConflictError(
            f"version {version.number} of '{twin.name}' has no placement yet; optimize it and take the proposal "
            "(or place it yourself), then deploy"
        )
    pin_connections(backend, session, twin, version.placement, asked)
    run = _add(backend, session, principal, twin.workspace_id, asked.kind, asked.target, request, key, twin=twin)
    run.twin_number = version.number
    if SHAPES[asked.kind].changes:
        _claim(session, twin, run)
    return run, True


def create_for_workspace(
    backend: Backend,
    session: Session,
    principal: Principal,
    workspace_id: str,
    kind: str,
    request: Mapping[str, Any],
    key: str | None = None,
) -> tuple[Run, bool]:
    """A run that is of no twin: a connection's check, a refresh of prices."""
    known = _known(session, principal, key, request, None)
    if known is not None:
        return known, False
    return _add(backend, session, principal, workspace_id, kind, "", request, key, twin=None), True


def create_bills(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    request: Mapping[str, Any],
    key: str | None = None,
) -> tuple[Run, bool]:
    """A run that reads a bill of a twin, and whether it is new. `ConflictError` while another one does."""
    hold(session, twin)
    known = _known(session, principal, key, request, twin.id)
    if known is not None:
        return known, False
    other = session.scalar(
        select(Run).where(Run.twin_id == twin.id, Run.kind == BILLS, Run.ended_at.is_(None)).limit(1)
    )
    if other is not None:
        raise _busy(twin, other)
    return _add(backend, session, principal, twin.workspace_id, BILLS, CLOUDS, request, key, twin=twin), True


def decide(
    backend: Backend, session: Session, principal: Principal, run: Run, agreed: bool, digest: str | None
) -> None:
    """Agree to a run's plan, or decline it. `ConflictError` if the run does not wait for that, or if the plan is not
    the one that was seen.
    """
    hold(session, run)
    if run.status != "awaiting-approval":
        raise ConflictError(
            f"run {run.number} is {run.status} and waits for nobody's agreement", details={"status": run.status}
        )
    there = plan_digest(run)
    if agreed and digest is not None and digest != there:
        raise ConflictError("the plan is not the one you saw; look at it again", details={"plan_digest": there})
    run.approved_by = principal.user_id if agreed else None
    if agreed:
        run.approved_at = backend.now()
        move_on(backend, session, run, "applying", f"{principal.name} agreed to run {run.number}")
        enqueue(session, run, APPLY)
    else:
        move_on(backend, session, run, "declined", f"{principal.name} declined run {run.number}; nothing was done")
    _audit(backend, session, principal, run, "run.approved" if agreed else "run.declined")


def cancel(backend: Backend, session: Session, principal: Principal, run: Run) -> None:
    """Call a run off: at once where nothing has begun, else what is under way is ended in order. Again: nothing."""
    hold(session, run)
    if run.status in ENDED or run.status == "cancelling":
        return
    run.cancel_requested = True
    _audit(backend, session, principal, run, "run.cancelled")
    waiting = session.scalars(
        select(Stage).where(Stage.run_id == run.id, Stage.status.in_(("queued", "running")))
    ).all()
    if run.status in ("queued", "awaiting-approval"):
        for stage in waiting:
            end_stage(backend, stage, "cancelled")
        move_on(backend, session, run, "cancelled", f"{principal.name} cancelled run {run.number}; nothing was done")
    elif any(stage.status == "running" for stage in waiting):
        move_on(backend, session, run, "cancelling", f"{principal.name} cancels run {run.number}")
    else:
        for stage in waiting:
            end_stage(backend, stage, "cancelled")
        move_on(backend, session, run, "cancelling", f"{principal.name} cancels run {run.number}")
        move_on(backend, session, run, "cancelled", "nothing was under way")


def check_retried(run: Run) -> None:
    """`ConflictError` for a run that has not failed, or is of no twin: it is not asked for again."""
    if run.twin_id is None or run.status not in ("failed", "cancelled"):
        raise ConflictError(f"run {run.number} is {run.status}; only one that failed or was cancelled is retried")


def retry(run: Run) -> RunInput:
    """What to ask for to do the same operation again."""
    request = dict(run.request)
    if run.kind == "move" and run.plan is not None:
        # A move that was begun has left its journal: going on with it is what doing it again means.
        request |= {"slot": None, "to": None, "resume": True}
    return RunInput.model_validate({**request, "approve": False})


def plan_digest(run: Run) -> str | None:
    """What tells a plan from others; None without one."""
    return None if run.plan is None else _digest(run.plan)


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _add(
    backend: Backend,
    session: Session,
    principal: Principal,
    workspace_id: str,
    kind: str,
    target: str,
    request: Mapping[str, Any],
    key: str | None,
    *,
    twin: Twin | None,
) -> Run:
    same = Run.twin_id == twin.id if twin is not None else (Run.twin_id.is_(None) & (Run.workspace_id == workspace_id))
    number = (session.scalar(select(func.max(Run.number)).where(same)) or 0) + 1
    run = Run(
        id=backend.make_id("run"),
        workspace_id=workspace_id,
        twin_id=None if twin is None else twin.id,
        number=number,
        kind=kind,
        target=target,
        status="queued",
        request=dict(request),
        idempotency_key=key,
        request_hash=_digest(request),
        created_by=principal.user_id,
        created_at=backend.now(),
    )
    try:
        with session.begin_nested():
            session.add(run)
            session.flush()
    except IntegrityError as error:
        holder = None if twin is None else _holder(session, twin, target)
        if twin is not None and holder is not None:
            raise _busy(twin, holder) from error
        raise ConflictError("another run was asked for at the same moment; look at it, then ask again") from error
    enqueue(session, run, SHAPES[kind].stages[0])
    subject = "" if twin is None else f" of {twin.name}"
    tell(backend, session, run, "run.queued", f"{principal.name} asked for run {number} ({kind}{subject})")
    _audit(backend, session, principal, run, "run.created")
    return run


def _claim(session: Session, twin: Twin, run: Run) -> None:
    try:
        with session.begin_nested():
            session.add(Claim(twin_id=twin.id, target=run.target, run_id=run.id))
            session.flush()
    except IntegrityError as error:
        other = _holder(session, twin, run.target)
        if other is None:
            raise ConflictError(f"another run of '{twin.name}' has just ended; ask again") from error
        raise _busy(twin, other) from error


def _holder(session: Session, twin: Twin, target: str) -> Run | None:
    """The run that has a twin's deployment to itself."""
    return session.scalar(
        select(Run).join(Claim, Claim.run_id == Run.id).where(Claim.twin_id == twin.id, Claim.target == target)
    )


def _busy(twin: Twin, other: Run) -> ConflictError:
    waits = (
        "; agree to its plan, decline or cancel it"
        if other.status == "awaiting-approval"
        else "; wait for it or cancel it"
    )
    return ConflictError(
        f"run {other.number} ({other.kind}) of '{twin.name}' is {other.status}{waits}",
        details={"run": other.id, "number": other.number, "status": other.status},
    )


def _known(
    session: Session, principal: Principal, key: str | None, request: Mapping[str, Any], twin_id: str | None
) -> Run | None:
    if key is None:
        return None
    found = session.scalar(select(Run).where(Run.created_by == principal.user_id, Run.idempotency_key == key))
    if found is not None and (found.request_hash != _digest(request) or found.twin_id != twin_id):
        raise InvalidError(
            "this Idempotency-Key was used for another request",
            findings=[Finding("idempotency-key", "is new for every request that is not the same again", key[:80])],
        )
    return found


def _audit(backend: Backend, session: Session, principal: Principal, run: Run, action: str) -> None:
    audit.note(
        backend,
        session,
        principal,
        action,
        run.id,
        workspace_id=run.workspace_id,
        twin=run.twin_id,
        number=run.number,
        kind=run.kind,
        target=run.target,
    )


def _digest(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()
