"""A twin's stacks, and the versions and locks of their states."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.states import DatabaseStateStore
from twin2multicloud.app.db.tables.runs import Claim, Run
from twin2multicloud.app.db.tables.stacks import Stack, StateVersion
from twin2multicloud.app.db.tables.stacks import StateLock as LockRow
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import operating as shapes
from twin2multicloud.app.services import audit
from twin2multicloud.app.services.changes import hold
from twin2multicloud.deployer.state.records import Holder, Liveness, StateLock


def states(session: Session, twin_id: str, target: str) -> list[shapes.StackState]:
    """All stacks of a twin at a target of which something is known, with who works on them."""
    rows = session.scalars(select(Stack).where(Stack.twin_id == twin_id, Stack.target == target)).all()
    newest = {row.stack: row for row in _newest(session, twin_id, target)}
    locks = _locks(session, twin_id, target)
    found = [
        shapes.StackState(
            name=row.name,
            slot=row.slot,
            site=row.site,
            whole=row.whole,
            resources=newest[row.name].resources if row.name in newest else None,
            applied_at=row.applied_at,
            lock=locks.get(row.name),
        )
        for row in rows
    ]
    noted = {row.name for row in rows}
    # An apply that was interrupted at its very beginning has left a state and no note.
    found += [
        shapes.StackState(
            name=name,
            slot="",
            site="",
            whole=False,
            resources=newest[name].resources if name in newest else None,
            applied_at=None,
            lock=locks.get(name),
        )
        for name in sorted({*locks, *(each.stack for each in newest.values() if each.resources)} - noted)
    ]
    return sorted(found, key=lambda each: each.name)


def summaries(session: Session, twin_id: str, target: str) -> list[shapes.StateSummary]:
    """The states that there are."""
    newest = {row.stack: row for row in _newest(session, twin_id, target)}
    locks = _locks(session, twin_id, target)
    found = []
    for name in sorted({*newest, *locks}):
        row = newest.get(name)
        found.append(
            shapes.StateSummary(
                stack=name,
                version=None if row is None else row.number,
                resources=0 if row is None else row.resources,
                saved_at=None if row is None else datetime.fromtimestamp(row.created, UTC),
                run=None if row is None else row.run_id,
                lock=locks.get(name),
            )
        )
    return found


def version_shape(row: StateVersion) -> shapes.StateVersion:
    """A version as it is told: never its content."""
    return shapes.StateVersion(
        stack=row.stack,
        number=row.number,
        serial=row.serial,
        lineage=row.lineage,
        md5=row.md5,
        bytes=row.size,
        resources=row.resources,
        run=row.run_id,
        saved_at=datetime.fromtimestamp(row.created, UTC),
        restored=row.restored,
        deleted=row.size == 0,
    )


def roll_back(
    backend: Backend, session: Session, principal: Principal, twin: Twin, target: str, stack: str, number: int
) -> shapes.StateVersion:
    """Take an earlier version of a state up again, as a new one. Nothing in any cloud changes by that.

    `ConflictError` while a run is under way there, `NotFoundError` for a version that is not there or was a deletion;
    a locked state is refused, too.
    """
    hold(session, twin)  # so that no run can claim it meanwhile
    _check_idle(session, twin, target)
    wanted = session.get(StateVersion, (twin.id, target, stack, number))
    if wanted is None or not wanted.size:
        raise NotFoundError(f"{stack[:100]!r} has no version {number} of its state that could be taken up again")
    holder = Holder("rollback", socket.gethostname(), os.getpid())
    made = _store(backend, session, twin, target).roll_back(stack, number, holder)
    message = f"{principal.name} took version {number} of the state of {stack} up again, as version {made.number}"
    _note(backend, session, principal, twin, target, "state.rolled-back", stack, message, version=number)
    return version_shape(session.get_one(StateVersion, (twin.id, target, stack, made.number)))


def unlock(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    target: str,
    stack: str,
    asked: shapes.Unlock,
) -> None:
    """Break a lock whose holder is dead, or with `force` any. Whoever held it can save nothing any more.

    `NotFoundError` if it is not the lock of that stack, `ConflictError` for a holder that may live.
    """
    hold(session, twin)
    held = _locks(session, twin.id, target).get(stack)
    if held is None or held.id != asked.lock:
        raise NotFoundError(f"{stack[:100]!r} has no lock {asked.lock!r}; it may have been let go meanwhile")
    if held.liveness != Liveness.DEAD.value and not asked.force:
        raise ConflictError(
            f"{stack} is locked by {held.who or 'somebody'} (run {held.run}, process {held.process} on {held.host}), "
            f"which {'goes on' if held.liveness == Liveness.ALIVE.value else 'may go on'}; once it certainly does not, "
            "force it",
            details={"liveness": held.liveness, "run": held.run},
        )
    _store(backend, session, twin, target).break_lock(stack)
    message = f"{principal.name} broke the lock of {stack}, which run {held.run} held"
    _note(backend, session, principal, twin, target, "state.unlocked", stack, message, lock=held.id, force=asked.force)


def busy_run(session: Session, twin_id: str, target: str) -> Run | None:
    """The run that is changing a twin at a target."""
    return session.scalar(
        select(Run).join(Claim, Claim.run_id == Run.id).where(Claim.twin_id == twin_id, Claim.target == target)
    )


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _store(backend: Backend, session: Session, twin: Twin, target: str) -> DatabaseStateStore:
    return DatabaseStateStore(backend.database, backend.sealer, backend.clock, twin.id, target, session)


def _check_idle(session: Session, twin: Twin, target: str) -> None:
    run = busy_run(session, twin.id, target)
    if run is not None:
        raise ConflictError(
            f"run {run.number} ({run.kind}) of '{twin.name}' is {run.status}; wait for it or cancel it",
            details={"run": run.id, "number": run.number, "status": run.status},
        )


def _note(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    target: str,
    action: str,
    stack: str,
    message: str,
    **details: Any,
) -> None:
    facts = {"target": target, **details}
    event = NewEvent(twin.workspace_id, action, message, "warning", twin_id=twin.id, stack=stack, data=facts)
    backend.events.add(session, event)
    audit.note(backend, session, principal, action, twin.id, workspace_id=twin.workspace_id, stack=stack, **facts)


def _newest(session: Session, twin_id: str, target: str) -> Sequence[StateVersion]:
    of = (StateVersion.twin_id == twin_id) & (StateVersion.target == target)
    last = (
        select(StateVersion.stack, func.max(StateVersion.number).label("number"))
        .where(of)
        .group_by(StateVersion.stack)
        .subquery()
    )
    return session.scalars(
        select(StateVersion)
        .join(last, (last.c.stack == StateVersion.stack) & (last.c.number == StateVersion.number))
        .where(of)
    ).all()


def _locks(session: Session, twin_id: str, target: str) -> dict[str, shapes.Lock]:
    rows = session.scalars(select(LockRow).where(LockRow.twin_id == twin_id, LockRow.target == target)).all()
    return {row.stack: _lock(msgspec.json.decode(row.lock, type=StateLock)) for row in rows}


def _lock(lock: StateLock) -> shapes.Lock:
    return shapes.Lock(
        id=lock.request.id,
        who=lock.request.who,
        operation=lock.request.operation,
        run=lock.holder.run_id,
        host=lock.holder.host,
        process=lock.holder.process,
        since=datetime.fromtimestamp(lock.since, UTC),
        liveness=lock.holder.liveness().value,
    )
