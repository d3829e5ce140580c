"""Logins that were begun: kept until what they wait for comes back, for minutes, and taken once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.auth.return_to import own_path
from twin2multicloud.app.auth.tokens import same, token_hash
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.sealed import context_of
from twin2multicloud.app.db.tables.people import LoginAttempt, SeenAssertion

LASTS: Final = timedelta(minutes=10)


class Taken(msgspec.Struct, frozen=True):
    """An attempt that was taken: what it was begun with, and who was vouched for, if that came first."""

    secrets: dict[str, str]
    identity: Identity | None
    return_to: str


def begin(
    backend: Backend,
    session: Session,
    *,
    state: str,
    provider: str,
    browser: str | None,
    return_to: str | None,
    secrets: dict[str, str] | None = None,
    lasts: timedelta = LASTS,
) -> None:
    """Keep what has to come back. `browser` is the cookie of the one that began; `secrets` are sealed."""
    now = backend.now()
    for table in (LoginAttempt, SeenAssertion):
        session.execute(delete(table).where(table.expires_at <= now))
    kept = token_hash(state)
    session.add(
        LoginAttempt(
            state_hash=kept,
            provider=provider,
            browser_hash=None if browser is None else token_hash(browser),
            secrets=None if secrets is None else _seal(backend, secrets, "secrets", kept),
            return_to=own_path(return_to),
            expires_at=now + lasts,
        )
    )


def look(backend: Backend, session: Session, *, state: str, provider: str) -> Taken | None:
    """An attempt that still waits, left as it is; None if there is none such."""
    row = session.get(LoginAttempt, token_hash(state))
    if row is None or row.provider != provider or row.expires_at <= backend.now():
        return None
    return _opened(backend, row)


def vouch(backend: Backend, session: Session, *, state: str, identity: Identity) -> bool:
    """Keep who was vouched for until the browser that began comes for it; False if somebody was already."""
    kept = token_hash(state)
    sealed = _seal(backend, identity, "identity", kept)
    done = session.execute(
        update(LoginAttempt)
        .where(LoginAttempt.state_hash == kept, LoginAttempt.identity.is_(None))
        .values(identity=sealed)
        .returning(LoginAttempt.state_hash)
    )
    return done.first() is not None


def take(backend: Backend, session: Session, *, state: str, provider: str, browser: str | None = None) -> Taken | None:
    """An attempt with this state, which is gone then, whoever else asks for it. None if there is none, if it is too
    old, or if another browser began it (or another provider answers).
    """
    row = session.execute(
        delete(LoginAttempt).where(LoginAttempt.state_hash == token_hash(state)).returning(LoginAttempt)
    ).scalar()
    if row is None or row.provider != provider or row.expires_at <= backend.now():
        return None
    if row.browser_hash is not None and (browser is None or not same(browser, row.browser_hash)):
        return None
    return _opened(backend, row)


def _opened(backend: Backend, row: LoginAttempt) -> Taken:
    def opened(sealed: bytes, what: str) -> bytes:
        return backend.sealer.open(sealed, context_of(f"login_attempts.{what}", state_hash=row.state_hash))

    secrets = {} if row.secrets is None else msgspec.json.decode(opened(row.secrets, "secrets"), type=dict[str, str])
    identity = None if row.identity is None else msgspec.json.decode(opened(row.identity, "identity"), type=Identity)
    return Taken(secrets, identity, row.return_to)


def _seal(backend: Backend, value: dict[str, str] | Identity, what: str, state_hash: bytes) -> bytes:
    return backend.sealer.seal(msgspec.json.encode(value), _context(what, state_hash))


def _context(what: str, state_hash: bytes) -> str:
    return context_of(f"login_attempts.{what}", state_hash=state_hash)
