"""People as they come in: the first one, the local one, and whoever is let in after them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import user_principal
from twin2multicloud.app.auth.admission import check_admission
from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Role, User, Workspace, WorkspaceMember
from twin2multicloud.app.errors import SignInRefusedError
from twin2multicloud.app.services import audit

LOCAL: Final = "local|"
"""What the local user's subject begins with."""
FIRST_WORKSPACE: Final = "default"
TURNS: Final = "people"
"""Whoever makes people takes turns at this, so that of two who come first at once one is first."""


def anybody(session: Session) -> bool:
    """Whether anybody has come in yet by a provider. The local user does not count: nobody can sign in as that from
    elsewhere, so an installation that was somebody's own gets its first person when it becomes several people's.
    """
    found = session.scalar(select(User.id).where(User.subject.not_like(f"{LOCAL}%")).limit(1))
    return found is not None


def admit(backend: Backend, session: Session, identity: Identity) -> User:
    """The person that a provider vouches for, made if they are new. `SignInRefusedError` for those who may not come in
    (`settings.admission`) and for those who were shut out.
    """
    check_admission(backend.settings.admission, identity)
    user = _known(session, identity.subject)
    if user is None:
        backend.database.take_turns(session, TURNS)
        # Somebody may have made them while this waited: the same person in another window, say.
        user = _known(session, identity.subject)
    if user is None:
        return add_user(
            backend,
            session,
            subject=identity.subject,
            email=identity.email,
            name=identity.name,
            first=not anybody(session),
        )
    if user.disabled:
        raise SignInRefusedError(f"{user.email or user.name} was shut out of this installation by its admin")
    user.email, user.name = identity.email, identity.name[:200]
    return user


def _known(session: Session, subject: str) -> User | None:
    return session.scalar(select(User).where(User.subject == subject))


def add_user(backend: Backend, session: Session, *, subject: str, email: str, name: str, first: bool) -> User:
    """Somebody new. The first is an admin and owns the workspace "default"; others are in no workspace until an owner
    of one lets them in.
    """
    now = backend.now()
    user = User(
        id=backend.make_id("usr"),
        subject=subject,
        email=email[:320],
        name=name[:200],
        admin=first,
        disabled=False,
        created_at=now,
    )
    session.add(user)
    session.flush()
    principal = user_principal(user, session=True)
    audit.note(backend, session, principal, "user.created", user.id, email=user.email, name=user.name, admin=first)
    if first:
        workspace = _first_workspace(backend, session, now)
        session.add(WorkspaceMember(workspace_id=workspace.id, user_id=user.id, role=Role.OWNER.value))
        audit.note(
            backend,
            session,
            principal,
            "workspace.member-added",
            workspace.id,
            workspace_id=workspace.id,
            user=user.id,
            role=Role.OWNER.value,
        )
        session.flush()
    return user


def _first_workspace(backend: Backend, session: Session, now: datetime) -> Workspace:
    found = session.scalar(select(Workspace).where(Workspace.name == FIRST_WORKSPACE))
    if found is None:
        found = Workspace(id=backend.make_id("wsp"), name=FIRST_WORKSPACE, created_at=now)
        session.add(found)
        session.flush()
    return found
