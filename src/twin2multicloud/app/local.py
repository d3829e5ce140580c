"""The key of the local user, kept in the data directory for whoever may read that."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from sqlalchemy import select

from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.auth.tokens import KEY_PREFIX, new_token, token_hash
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables import ApiKey, User, Workspace, WorkspaceMember
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.settings import Settings


def local_key(settings: Settings, backend: Backend | None = None) -> str:
    """The key; made together with the local user where there is none yet and a backend to make them in."""
    file = settings.data / "local.key"
    if file.exists():
        return file.read_text().strip()
    if backend is None:
        raise UnavailableError(f"{file} is not there")
    token = KEY_PREFIX + new_token()
    now = datetime.fromtimestamp(backend.clock.now(), UTC)
    with backend.database.write() as session:
        user = session.scalar(select(User).where(User.subject == "local|user"))
        if user is None:
            user = User(
                id=backend.make_id("usr"), subject="local|user", email="", name="local", admin=True, created_at=now
            )
            place = Workspace(id=backend.make_id("wsp"), name="local", created_at=now)
            session.add_all([user, place])
            session.flush()
            session.add(WorkspaceMember(workspace_id=place.id, user_id=user.id, role=Role.OWNER.value))
        session.add(
            ApiKey(
                id=backend.make_id("key"),
                key_hash=token_hash(token),
                prefix=token[:10],
                user_id=user.id,
                name="local",
                scopes=[scope.value for scope in Scope],
                created_at=now,
            )
        )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(token)
    return token
