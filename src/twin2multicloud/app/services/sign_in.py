"""Signing browsers in and out."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth import sessions
from twin2multicloud.app.auth.access import Principal, user_principal
from twin2multicloud.app.auth.sessions import NewSession
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import ApiKey, User, Workspace, WorkspaceMember
from twin2multicloud.app.schemas import login as shapes
from twin2multicloud.app.services import audit


def sign_in(
    backend: Backend, session: Session, user: User, *, provider: str, user_agent: str, before: str | None
) -> NewSession:
    """Sign a browser in; the session it had `before`, whosever it was, ends."""
    now = backend.now()
    sessions.forget_expired(session, now)
    if before is not None:
        sessions.end(session, before)
    user.last_seen_at = now
    audit.note(backend, session, user_principal(user, session=True), "user.signed-in", user.id, provider=provider)
    return sessions.begin(
        session,
        user,
        provider=provider,
        user_agent=user_agent,
        now=now,
        lasts=timedelta(hours=backend.settings.session_hours),
        make_token=backend.make_token,
    )


def sign_out(backend: Backend, session: Session, principal: Principal, token: str) -> None:
    """End one session."""
    sessions.end(session, token)
    audit.note(backend, session, principal, "user.signed-out", principal.user_id)


def sign_out_everywhere(backend: Backend, session: Session, principal: Principal, *, keys: bool) -> int:
    """End all sessions of whoever asks, and with `keys` revoke all their keys; how many sessions there were."""
    ended = sessions.end_all(session, principal.user_id)
    revoked = 0
    if keys:
        now = backend.now()
        held = session.scalars(
            select(ApiKey).where(ApiKey.user_id == principal.user_id, ApiKey.revoked_at.is_(None))
        ).all()
        for key in held:
            key.revoked_at = now
        revoked = len(held)
    audit.note(
        backend, session, principal, "user.signed-out-everywhere", principal.user_id, sessions=ended, keys=revoked
    )
    return ended


def me(session: Session, principal: Principal, csrf: str | None) -> shapes.Me:
    """Who asks, with the workspaces that are theirs."""
    query = (
        select(Workspace.id, Workspace.name, WorkspaceMember.role)
        .join(WorkspaceMember, WorkspaceMember.workspace_id == Workspace.id)
        .where(WorkspaceMember.user_id == principal.user_id)
        .order_by(Workspace.name)
    )
    if principal.workspace_id is not None:
        query = query.where(Workspace.id == principal.workspace_id)
    return shapes.Me(
        id=principal.user_id,
        name=principal.name,
        email=principal.email,
        admin=principal.admin,
        scopes=[scope.value for scope in sorted(principal.scopes)],
        session=principal.session,
        key=principal.key_id,
        key_expires_at=principal.key_expires_at,
        workspaces=[
            shapes.MyWorkspace(id=id_, name=name, role=cast(shapes.RoleName, role))
            for id_, name, role in session.execute(query)
        ],
        csrf=csrf,
    )
