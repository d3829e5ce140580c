"""Drafts: what people are writing.

A draft is its writer's alone, so there is neither an event nor an audit entry of it: nobody else is to know of it, and
what comes of it is told once it is a twin. What somebody wrote is not lost by what others do: with a twin that is
deleted only the mention of it goes, and whoever is let in again after having been taken out finds theirs again.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.orm import Session, defer

from twin2multicloud.app.auth.access import Principal, the_twin, the_workspace, visible_twins
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.drafts import Draft
from twin2multicloud.app.db.tables.people import Role, User, WorkspaceMember
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError, InvalidError, NotFoundError
from twin2multicloud.app.schemas import drafts as shapes
from twin2multicloud.app.services.changes import check_seen, hold
from twin2multicloud.model.errors import Finding


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────
def visible(principal: Principal) -> ColumnElement[bool]:
    """The condition that a draft is the principal's, and where they still are: in its workspace, or at its twin."""
    places = select(WorkspaceMember.workspace_id).where(WorkspaceMember.user_id == principal.user_id)
    twins = select(Twin.id).where(visible_twins(principal))
    mine = (Draft.user_id == principal.user_id) & or_(Draft.workspace_id.in_(places), Draft.twin_id.in_(twins))
    return mine if principal.workspace_id is None else mine & (Draft.workspace_id == principal.workspace_id)


def listed(principal: Principal, workspace: str | None, twin: str | None) -> Select[Draft]:
    """The principal's drafts without what is in them, in a workspace or of a twin only if that is given."""
    query = select(Draft).where(visible(principal)).options(defer(Draft.source), defer(Draft.files))
    if workspace is not None:
        query = query.where(Draft.workspace_id == workspace)
    return query if twin is None else query.where(Draft.twin_id == twin)


def the_draft(session: Session, principal: Principal, draft_id: str) -> Draft:
    """A draft of the principal's; `NotFoundError` otherwise."""
    found = session.scalar(select(Draft).where(Draft.id == draft_id, visible(principal)))
    if found is None:
        raise NotFoundError(f"you have no draft {draft_id[:60]!r}")
    return found


def summary(draft: Draft) -> shapes.DraftSummary:
    """What a list tells of a draft."""
    return shapes.DraftSummary(
        id=draft.id,
        workspace=draft.workspace_id,
        title=draft.title,
        twin=draft.twin_id,
        twin_number=None if draft.twin_id is None else draft.twin_number,
        step=draft.step,
        version=draft.version,
        created_at=draft.created_at,
        updated_at=draft.updated_at,
    )


def shape(draft: Draft) -> shapes.Draft:
    """A draft, whole."""
    return shapes.Draft.model_validate(
        {**summary(draft).model_dump(), "format": draft.format, "source": draft.source, "files": draft.files}
    )


# ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────
def create(
    backend: Backend, session: Session, principal: Principal, workspace: str | None, given: shapes.DraftInput
) -> Draft:
    """Keep a new draft, in a workspace or in that of the twin. `ConflictError` for whoever has too many."""
    place = _place(session, principal, workspace, given)
    hold(session, session.get_one(User, principal.user_id))  # whoever asks twice at once is counted one by one
    count = session.scalar(select(func.count()).select_from(Draft).where(Draft.user_id == principal.user_id)) or 0
    if count >= shapes.MOST_DRAFTS:
        raise ConflictError(
            f"you have {count} drafts, and there may be {shapes.MOST_DRAFTS}; delete those you are done with"
        )
    now = backend.now()
    draft = Draft(
        id=backend.make_id("drf"),
        user_id=principal.user_id,
        workspace_id=place,
        twin_id=given.twin,
        twin_number=given.twin_number,
        title=given.title,
        format=given.format,
        source=given.source,
        files=given.files,
        step=given.step,
        version=1,
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    return draft


def save(backend: Backend, session: Session, draft: Draft, seen: int, given: shapes.DraftPatch) -> None:
    """Keep what is different. `StaleError` if it was saved elsewhere since it was `seen`: nothing is merged unseen."""
    hold(session, draft)
    check_seen(draft.version, seen, "this draft")
    changes = given.changes()
    if "twin_number" in changes and draft.twin_id is None:
        raise InvalidError(
            "this draft is of a new twin", findings=[Finding("twin_number", "is for drafts of a twin that is there")]
        )
    for name, value in changes.items():
        setattr(draft, name, value)
    draft.version += 1
    draft.updated_at = backend.now()


def remove(session: Session, draft: Draft, seen: int) -> None:
    """Forget a draft."""
    hold(session, draft)
    check_seen(draft.version, seen, "this draft")
    session.delete(draft)


def forget_old(backend: Backend, session: Session) -> None:
    """Forget what nobody has saved for as long as the settings say."""
    last = backend.now() - timedelta(days=backend.settings.keep_drafts_days)
    session.execute(delete(Draft).where(Draft.updated_at < last))


def _place(session: Session, principal: Principal, workspace: str | None, given: shapes.DraftInput) -> str:
    """The workspace that a new draft is in."""
    if given.twin is None:
        return the_workspace(session, principal, workspace, Role.VIEWER).id
    twin = the_twin(session, principal, given.twin, Role.VIEWER)
    if workspace not in (None, twin.workspace_id):
        raise InvalidError(
            f"'{twin.name}' is in another workspace",
            findings=[Finding("workspace", f"is {twin.workspace_id}, or left out", workspace)],
        )
    return twin.workspace_id
