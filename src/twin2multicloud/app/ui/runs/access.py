"""What somebody may do with runs, so that nobody is offered what the API would refuse."""

from __future__ import annotations

from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.schemas.twins import Twin
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session

_OPERATE = ("operator", "owner")


def may_operate(session: Session, twin: Twin | None, workspace: str) -> bool:
    """Whether somebody may deploy, agree, cancel: of a twin, or of what belongs to a workspace."""
    if "run" not in session.me.scopes:
        return False
    if twin is not None:
        return twin.role in _OPERATE
    return any(each.id == workspace and each.role in _OPERATE for each in session.me.workspaces)


def why_not(session: Session) -> str:
    """What stands in the way of somebody who may not."""
    if "run" not in session.me.scopes:
        return tr("You may watch. The key that you came with is not for running anything.")
    return tr("You may watch. Operators and owners of this twin may deploy, agree and cancel.")


def asked_by(session: Session, run: Run) -> bool:
    """Whether a run is one's own."""
    return run.created_by == session.me.name
