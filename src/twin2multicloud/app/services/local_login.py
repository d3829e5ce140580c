"""The local user: one person on one machine, without a provider.

Nothing is trusted because it comes from loopback: every program and every web page on the machine can call that. The
command line proves itself by a key in a file that only its owner may read, the browser by a one-time code that the
terminal shows.
"""

from __future__ import annotations

import getpass
import socket
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Scope, user_principal
from twin2multicloud.app.auth.key_form import SHOWN, new_key
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.data_directory import KEY_FILE
from twin2multicloud.app.db.tables.people import ApiKey, User
from twin2multicloud.app.errors import ForbiddenError, NotFoundError
from twin2multicloud.app.services import attempts, audit, people
from twin2multicloud.private_files import write_private

PROVIDER: Final = "local"
CODE_LASTS: Final = timedelta(minutes=5)
PAGE: Final = "/login/local"
_NAME_MOST: Final = 100


def prepare(backend: Backend, name: str | None = None) -> Path:
    """Make sure that the local user, the workspace "default" and the command line's key exist; the key's file. Called
    when the backend starts. `ForbiddenError` where people sign in by a provider.
    """
    _check_local(backend)
    file = backend.settings.data / KEY_FILE
    with backend.database.write() as session:
        backend.database.take_turns(session, people.TURNS)
        user = _local_user(session)
        if user is None:
            called = name or _account()
            user = people.add_user(
                backend,
                session,
                subject=f"{people.LOCAL}{called}",
                email=f"{called}@localhost",
                name=called,
                first=True,
            )
        if not _key_holds(session, user, file):
            _write_key(file, _new_key(backend, session, user))
    return file


def link(backend: Backend, return_to: str | None = None) -> str:
    """An address that signs the browser on this machine in, once, within minutes. The code is in its fragment, which
    browsers send to nobody and servers never log. Make sure of the local user first (`prepare`).
    """
    _check_local(backend)
    code = backend.make_token()
    with backend.database.write() as session:
        attempts.begin(
            backend, session, state=code, provider=PROVIDER, browser=None, return_to=return_to, lasts=CODE_LASTS
        )
    return f"{backend.settings.origin}{PAGE}#{code}"


def redeem(backend: Backend, session: Session, code: str) -> tuple[User, str]:
    """The local user, and where to go, for a code that was shown and not used yet. `ForbiddenError` otherwise."""
    _check_local(backend)
    attempt = attempts.take(backend, session, state=code, provider=PROVIDER)
    user = _local_user(session)
    if attempt is None or user is None or user.disabled:
        raise ForbiddenError(
            "this link was used already or is too old; `twin2multicloud open` makes another one, and so does a restart"
        )
    return user, attempt.return_to


def _check_local(backend: Backend) -> None:
    if backend.settings.auth != PROVIDER:
        raise NotFoundError("there is no local user here: people sign in by a provider (auth is 'login')")


def _local_user(session: Session) -> User | None:
    # Whatever the account was called when it was made: there is one, and it keeps what is its.
    return session.scalar(select(User).where(User.subject.like(f"{people.LOCAL}%")).order_by(User.created_at).limit(1))


def _account() -> str:
    try:
        return getpass.getuser()[:100]
    except (OSError, KeyError, ImportError):
        # Containers run under numbers that have no name.
        return "local"


def _key_holds(session: Session, user: User, file: Path) -> bool:
    if not file.exists() or file.stat().st_mode & 0o077:
        return False
    kept = token_hash(file.read_text(errors="replace").strip())
    return (
        session.scalar(
            select(ApiKey.id).where(
                ApiKey.key_hash == kept,
                ApiKey.user_id == user.id,
                ApiKey.revoked_at.is_(None),
                ApiKey.expires_at.is_(None),
            )
        )
        is not None
    )


def _new_key(backend: Backend, session: Session, user: User) -> str:
    now, name = backend.now(), _key_name(backend)
    session.execute(
        update(ApiKey)
        .where(ApiKey.user_id == user.id, ApiKey.name == name, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    token = new_key()
    key = ApiKey(
        id=backend.make_id("key"),
        key_hash=token_hash(token),
        prefix=token[:SHOWN],
        user_id=user.id,
        name=name,
        scopes=[scope.value for scope in Scope],
        created_at=now,
    )
    session.add(key)
    audit.note(backend, session, user_principal(user, session=False), "key.created", key.id, name=name)
    session.flush()
    return token


def _key_name(backend: Backend) -> str:
    """Of servers with data directories of their own over one database none may end the others' keys."""
    return f"{socket.gethostname()[:30]}: {backend.settings.data.resolve()}"[-_NAME_MOST:]


def _write_key(file: Path, token: str) -> None:
    write_private(file, f"{token}\n".encode(), durable=True)
