"""Looking at runs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal, visible_twins
from twin2multicloud.app.db.tables.people import User, WorkspaceMember
from twin2multicloud.app.db.tables.runs import Run, Stage
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.schemas import runs as shapes
from twin2multicloud.app.services import reveals


def visible_runs(principal: Principal) -> ColumnElement[bool]:
    """The condition that a run may be seen."""
    twins = select(Twin.id).where(visible_twins(principal))
    mine = select(WorkspaceMember.workspace_id).where(WorkspaceMember.user_id == principal.user_id)
    of_workspace = Run.twin_id.is_(None) & Run.workspace_id.in_(mine)
    if principal.workspace_id is not None:
        of_workspace = of_workspace & (Run.workspace_id == principal.workspace_id)
    return or_(Run.twin_id.in_(twins), of_workspace)


def summaries(session: Session, runs: Sequence[Run]) -> list[shapes.RunSummary]:
    """What a list tells of runs."""
    names = _names(session, runs)
    people = _people(session, runs)
    return [shapes.RunSummary(**_facts(run, names, people)) for run in runs]


def whole(session: Session, run: Run) -> shapes.Run:
    """A run, whole."""
    stages = session.scalars(
        select(Stage).where(Stage.run_id == run.id).order_by(Stage.name.desc(), Stage.attempt)
    ).all()
    return shapes.Run(
        **_facts(run, _names(session, [run]), _people(session, [run])),
        request=run.request,
        plan=run.plan,
        result=run.result,
        stages=[
            shapes.StageState(
                name=stage.name,
                attempt=stage.attempt,
                status=stage.status,
                begun_at=stage.begun_at,
                ended_at=stage.ended_at,
                problem=stage.problem,
            )
            for stage in stages
        ],
        reveals=reveals.there(session, run),
    )


def subject(session: Session, run: Run) -> str:
    """What a run is about: its twin's name, or what it does where it is of none."""
    return _names(session, [run]).get(run.twin_id or "", run.kind)


def _names(session: Session, runs: Sequence[Run]) -> dict[str, str]:
    ids = {run.twin_id for run in runs if run.twin_id is not None}
    return {row.id: row.name for row in session.execute(select(Twin.id, Twin.name).where(Twin.id.in_(ids)))}


def _people(session: Session, runs: Sequence[Run]) -> dict[str, str]:
    ids = {person for run in runs for person in (run.created_by, run.approved_by) if person is not None}
    return {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(ids)))}


def _facts(run: Run, names: dict[str, str], people: dict[str, str]) -> dict[str, object]:
    return {
        "id": run.id,
        "workspace": run.workspace_id,
        "twin": run.twin_id,
        "twin_name": None if run.twin_id is None else names.get(run.twin_id),
        "version": run.twin_number,
        "number": run.number,
        "kind": run.kind,
        "target": run.target,
        "status": run.status,
        "problem": run.problem,
        "created_by": people.get(run.created_by, run.created_by),
        "approved_by": None if run.approved_by is None else people.get(run.approved_by, run.approved_by),
        "created_at": run.created_at,
        "approved_at": run.approved_at,
        "ended_at": run.ended_at,
    }
