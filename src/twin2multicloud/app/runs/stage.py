"""One stage of a run, from what the database says of it to what it came to: what a stage's process does.

It may be begun again after it was interrupted anywhere. What it came to is written in one transaction with the run's
next status; a process that dies before has done nothing that is not done again, or found done.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, make_transient

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import User
from twin2multicloud.app.db.tables.runs import Run, Stage
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.deploying.outcome_json import outcome_json
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.runs.environment import environment_of_run
from twin2multicloud.app.runs.exits import StageExit
from twin2multicloud.app.runs.kinds import BILLS, CHORES, PLAN
from twin2multicloud.app.runs.taking import placement_taken, reconsider_advice, take_placement
from twin2multicloud.app.runs.telling import EventWriter, RunTeller
from twin2multicloud.app.runs.transitions import (
    StageKey,
    begin_stage,
    end_stage,
    held_rows,
    move_on,
    planned,
    tell,
)
from twin2multicloud.app.runs.work import Planned, Target, Work, WorkFailedError
from twin2multicloud.app.schemas.runs import ENDED, RunInput
from twin2multicloud.app.services import reveals, twins
from twin2multicloud.app.services.places import scratch_of
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.placement import Placement

FindTarget = Callable[[str], Target]
_NAMING: Final = frozenset({"plan", "deploy", "redeploy"})
"""What gives resources the name that a definition says."""
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class _Subject:
    run: Run
    twin: Twin | None
    version: TwinVersion | None
    person: str | None


def carry_out(backend: Backend, run_id: str, name: str, attempt: int, target: FindTarget) -> StageExit:
    """Carry out one stage. An interruption (KeyboardInterrupt) ends it in order."""
    with backend.database.write() as session:
        rows = held_rows(session, (run_id, name, attempt))
        if rows is None or not begin_stage(backend, session, *rows, f"pid {os.getpid()}"):
            return StageExit.RECORDED
    try:
        return _work(backend, run_id, name, attempt, target)
    except KeyboardInterrupt:
        return _interrupted(backend, run_id, name, attempt)


def _work(backend: Backend, run_id: str, name: str, attempt: int, find: FindTarget) -> StageExit:
    subject = _subject(backend, run_id)
    with EventWriter(backend, subject.run) as writer:
        approved = subject.run.plan if name != PLAN else None
        teller = RunTeller(writer, approved, lambda lines: reveals.keep(backend, subject.run, lines))
        try:
            done: Planned | dict[str, Any]
            if subject.run.kind in CHORES:
                from twin2multicloud.app.runs.chores import chore  # what speaks to clouds, which no other run needs

                done = chore(backend, subject.run, writer, scratch_of(backend, run_id))
            else:
                with _surroundings(backend, subject, writer, teller) as work:
                    target = find(subject.run.target)
                    done = target.plan(work) if name == PLAN else target.apply(work)
        except WorkFailedError as error:
            return _failed(backend, writer, teller, (run_id, name, attempt), error, error.result)
        except Twin2MultiCloudError as error:
            return _failed(backend, writer, teller, (run_id, name, attempt), error, {})
        writer.flush()
        taken = None if isinstance(done, Planned) else placement_taken(backend, subject.run, done)
        with backend.database.write() as session:
            run, stage = _rows(session, (run_id, name, attempt))
            end_stage(backend, stage, "done")
            if isinstance(done, Planned):
                planned(backend, session, run, done.document, nothing=done.nothing)
            else:
                if taken is not None:
                    take_placement(backend, session, run, taken)
                move_on(backend, session, run, "succeeded", f"run {run.number} ({run.kind}) is done", result=done)
    if not isinstance(done, Planned):
        reconsider_advice(backend, subject.run)
        shutil.rmtree(scratch_of(backend, run_id), ignore_errors=True)
    return StageExit.RECORDED


def _failed(
    backend: Backend,
    writer: EventWriter,
    teller: RunTeller,
    key: StageKey,
    error: Twin2MultiCloudError,
    result: Mapping[str, Any],
) -> StageExit:
    """A stage that did not do it: called off, interrupted by the server's end, or failed."""
    writer.flush()
    problem = str(error)
    stacks = {name: outcome_json(found) for name, found in teller.outcomes.items()}
    interrupted = any(found["status"] == "interrupted" for found in stacks.values())
    with backend.database.write() as session:
        run, stage = _rows(session, key)
        if interrupted and not run.cancel_requested:
            return StageExit.INTERRUPTED
        facts = {**result, **({"stacks": stacks} if stacks else {})}
        if run.cancel_requested and run.status == "cancelling":
            end_stage(backend, stage, "cancelled", problem)
            _cancelled(backend, session, run, problem=problem, result=facts)
        else:
            # Whoever watches ends with the code that the same error has without a run: a refusal is no failure halfway.
            facts["exit_code"] = error.exit_code
            end_stage(backend, stage, "failed", problem)
            move_on(backend, session, run, "failed", problem, problem=problem, result=facts)
    return StageExit.RECORDED


def _interrupted(backend: Backend, run_id: str, name: str, attempt: int) -> StageExit:
    with backend.database.write() as session:
        run, stage = _rows(session, (run_id, name, attempt))
        if run.status in ENDED or stage.status != "running":
            return StageExit.RECORDED
        if not run.cancel_requested:
            return StageExit.INTERRUPTED
        end_stage(backend, stage, "cancelled")
        _cancelled(backend, session, run)
    return StageExit.RECORDED


def _cancelled(
    backend: Backend,
    session: Session,
    run: Run,
    *,
    problem: str | None = None,
    result: Mapping[str, Any] | None = None,
) -> None:
    """Note that a run that was called off has ended, and what it leaves behind."""
    if run.status != "cancelling":
        move_on(backend, session, run, "cancelling", f"run {run.number} is being ended")
    stacks = session.scalars(
        select(Stack).where(Stack.twin_id == run.twin_id, Stack.target == run.target).order_by(Stack.name)
    )
    exists = [stack.name if stack.whole else f"{stack.name} (in part)" for stack in stacks]
    left = f"what exists: {', '.join(exists)}" if exists else "nothing exists"
    if run.kind == BILLS:
        left = "what was kept of the bill before is still kept"
    move_on(
        backend,
        session,
        run,
        "cancelled",
        f"run {run.number} was cancelled; {left}",
        problem=problem,
        result={**(result or {}), "exists": exists},
    )


def crashed(backend: Backend, run_id: str, name: str, attempt: int, problem: str, tail: str) -> None:
    """Note that a stage's process ended without having recorded what it came to."""
    with backend.database.write() as session:
        rows = held_rows(session, (run_id, name, attempt))
        if rows is None:
            return
        run, stage = rows
        if stage.status in ("done", "failed", "cancelled"):
            return
        end_stage(backend, stage, "cancelled" if run.cancel_requested else "failed", problem)
        if run.status in ENDED:
            return
        if run.cancel_requested:
            _cancelled(backend, session, run)
        else:
            tell(
                backend,
                session,
                run,
                "stage.crashed",
                f"{problem}: {tail[-2_000:]}",
                severity="error",
                data={"tail": tail},
            )
            move_on(backend, session, run, "failed", problem, problem=problem)


def _subject(backend: Backend, run_id: str) -> _Subject:
    with backend.database.read() as session:
        run = session.get_one(Run, run_id)
        twin = None if run.twin_id is None else session.get_one(Twin, run.twin_id)
        version = None
        if twin is not None and run.twin_number is not None:
            version = twins.version_of(session, twin, run.twin_number)
        for row in (run, twin, version):
            if row is not None:
                make_transient(row)
        creator = session.get(User, run.created_by)
        # The one person of a machine of their own has an address that is none, which stands for nobody.
        person = None if creator is None or _ADDRESS.fullmatch(creator.email) is None else creator.email
        return _Subject(run, twin, version, person)


@contextmanager
def _surroundings(backend: Backend, subject: _Subject, writer: EventWriter, teller: RunTeller) -> Iterator[Work]:
    run, version = subject.run, subject.version
    assert run.twin_id is not None
    assert version is not None
    asked = RunInput.model_validate(run.request)
    definition = twins.definition_of(version)
    if run.kind in _NAMING and subject.twin is not None and definition.name != subject.twin.name:
        raise ConflictError(
            f"version {version.number} calls the twin '{definition.name}', and it is '{subject.twin.name}' now, which "
            "its resources are to carry; restore that version under today's name, or name the twin as it says"
        )
    scratch = scratch_of(backend, run.id)
    with environment_of_run(backend, run.twin_id, scratch) as environment:
        yield Work(
            backend,
            run,
            asked,
            run.twin_id,
            definition,
            None if version.placement is None else Placement.model_validate(version.placement),
            teller,
            writer,
            scratch,
            subject.person,
            environment,
        )


def _rows(session: Session, key: StageKey) -> tuple[Run, Stage]:
    rows = held_rows(session, key)
    assert rows is not None, "a run is not deleted while it is under way"
    return rows
