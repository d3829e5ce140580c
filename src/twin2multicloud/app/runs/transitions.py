"""The life of a run: the only place that writes a run's or a stage's status.

    queued → planning → awaiting-approval → applying → succeeded | failed
                                          ↘ declined
    planning and applying → cancelling → cancelled, or what it came to before it could be stopped

Every transition writes its event in the same transaction, and what ends a run gives back what it had claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Claim, Run, Stage
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.events.log import NewEvent, Severity
from twin2multicloud.app.runs.kinds import APPLY, BILLS, PLAN
from twin2multicloud.app.schemas.runs import ENDED, Status
from twin2multicloud.app.services import alerts
from twin2multicloud.app.services.bills import import_problem
from twin2multicloud.app.services.changes import is_held
from twin2multicloud.model.slots import Provider

_NEXT: Final[Mapping[str, frozenset[Status]]] = {
    "queued": frozenset({"planning", "applying", "cancelled", "failed"}),
    "planning": frozenset({"awaiting-approval", "applying", "cancelling", "succeeded", "failed"}),
    "awaiting-approval": frozenset({"applying", "declined", "cancelled"}),
    "applying": frozenset({"cancelling", "succeeded", "failed"}),
    "cancelling": frozenset({"cancelled", "succeeded", "failed"}),
}
StageKey = tuple[str, str, int]
"""A run, the name of a stage of it, and which attempt."""
_SEVERITY: Final[Mapping[str, Severity]] = {"failed": "error", "cancelled": "warning"}


def held_rows(session: Session, key: StageKey) -> tuple[Run, Stage] | None:
    """A run and one of its stages, as they are now, to ourselves until the session ends; None if they are gone."""
    run = session.get(Run, key[0])
    if run is None or not is_held(session, run):
        return None
    stage = session.get(Stage, key)
    return None if stage is None else (run, stage)


def move_on(
    backend: Backend,
    session: Session,
    run: Run,
    to: Status,
    message: str,
    *,
    problem: str | None = None,
    result: Mapping[str, Any] | None = None,
) -> None:
    """Bring a run to another status. `ConflictError` where that does not follow on the one it has."""
    if to not in _NEXT.get(run.status, frozenset()):
        raise ConflictError(
            f"run {run.number} is {run.status}, so it cannot become {to}", details={"status": run.status}
        )
    run.status = to
    if problem is not None:
        run.problem = problem
    if result is not None:
        run.result = dict(result)
    if to in ENDED:
        run.ended_at = backend.now()
        session.execute(delete(Claim).where(Claim.run_id == run.id))
    if to == "failed" and run.twin_id is not None:
        _alert(backend, session, run, run.twin_id, problem or message)
    tell(backend, session, run, f"run.{to}", message, severity=_SEVERITY.get(to, "info"), data={"problem": problem})


def tell(
    backend: Backend,
    session: Session,
    run: Run,
    kind: str,
    message: str,
    *,
    severity: Severity = "info",
    stack: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write an event of a run."""
    facts = {name: value for name, value in (data or {}).items() if value is not None}
    backend.events.add(
        session,
        NewEvent(
            run.workspace_id,
            kind,
            message,
            severity,
            twin_id=run.twin_id,
            run_id=run.id,
            stack=stack,
            data={"run": run.number, "kind": run.kind, "target": run.target, "status": run.status, **facts},
        ),
    )


def enqueue(session: Session, run: Run, name: str) -> Stage:
    """The next attempt at a stage, to be begun by whoever is free."""
    last = session.scalar(
        select(Stage.attempt).where(Stage.run_id == run.id, Stage.name == name).order_by(Stage.attempt.desc()).limit(1)
    )
    stage = Stage(run_id=run.id, name=name, attempt=(last or 0) + 1, status="queued")
    session.add(stage)
    return stage


def begin_stage(backend: Backend, session: Session, run: Run, stage: Stage, worker: str) -> bool:
    """Note that a process works on a stage; False if there is nothing to work on: it has ended, or its run has.

    A stage that was running already was interrupted: it is begun again.
    """
    if stage.status in ("done", "failed", "cancelled") or run.status in ENDED:
        return False
    again = stage.status == "running"
    stage.status = "running"
    stage.worker = worker
    stage.begun_at = stage.begun_at or backend.now()
    doing: Status = "planning" if stage.name == PLAN else "applying"
    word = "planned" if stage.name == PLAN else "carried out"
    if run.status not in (doing, "cancelling"):
        move_on(backend, session, run, doing, f"run {run.number} is being {word}")
    if again:
        tell(backend, session, run, "stage.resumed", f"run {run.number} goes on being {word} after an interruption")
    return True


def end_stage(backend: Backend, stage: Stage, status: str, problem: str | None = None) -> None:
    """Note that a stage has ended, in the transaction that notes what its run came to."""
    stage.status = status
    stage.ended_at = backend.now()
    stage.problem = problem


def planned(backend: Backend, session: Session, run: Run, plan: Mapping[str, Any], *, nothing: bool) -> None:
    """A run's plan is there: it waits for somebody to agree, goes on if that was done beforehand, or ends where only
    the plan was asked for, or nothing is to be done.
    """
    run.plan = dict(plan)
    tell(backend, session, run, "run.planned", f"run {run.number} has a plan", data={"plan": dict(plan)})
    if run.kind == PLAN or (nothing and not run.cancel_requested):
        move_on(
            backend,
            session,
            run,
            "succeeded",
            "nothing is to be done" if nothing else "planned",
            result={"nothing": nothing},
        )
    elif run.cancel_requested:
        move_on(backend, session, run, "cancelled", f"run {run.number} was cancelled; nothing was done")
    elif run.request.get("approve"):
        run.approved_by, run.approved_at = run.created_by, backend.now()
        move_on(backend, session, run, "applying", "it was agreed to beforehand")
        enqueue(session, run, APPLY)
    else:
        move_on(backend, session, run, "awaiting-approval", f"run {run.number} waits for somebody to agree to its plan")


def _alert(backend: Backend, session: Session, run: Run, twin_id: str, problem: str) -> None:
    facts = {"run": run.id, "number": run.number, "operation": run.kind}
    twin = session.get_one(Twin, twin_id)
    if run.kind == BILLS:
        failed = import_problem(Provider(run.request["cloud"]), backend.now(), problem, facts)
        alerts.fold_in(backend, session, twin, run.target, [failed])
        return
    message = f"run {run.number} ({run.kind}) failed: {problem}"
    found = alerts.Problem(f"run-failed|{run.kind}", "run-failed", "error", message, backend.now(), data=facts)
    alerts.fold_in(backend, session, twin, run.target, [found])
