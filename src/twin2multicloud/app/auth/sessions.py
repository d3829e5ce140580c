"""Browsers that people are signed in with.

A session is a random token in a cookie that scripts cannot read; only its hash is kept. A second token, which scripts
of ours can read and other sites cannot, has to come back in a header with whatever changes something: a cookie alone
says which browser asks, not which page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session as OrmSession

from twin2multicloud.app.auth.access import Principal, user_principal
from twin2multicloud.app.auth.tokens import MakeToken, same, token_hash
from twin2multicloud.app.db.tables.people import Session, User
from twin2multicloud.app.errors import ForbiddenError, UnauthenticatedError

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_TOKEN: Final = 100


@dataclass(frozen=True)
class NewSession:
    """What the browser is given, once."""

    token: str
    csrf: str
    lasts: timedelta

    def __repr__(self) -> str:
        return f"NewSession(lasts={self.lasts})"


def begin(
    session: OrmSession,
    user: User,
    *,
    provider: str,
    user_agent: str,
    now: datetime,
    lasts: timedelta,
    make_token: MakeToken,
) -> NewSession:
    """Sign a browser in. It always gets new tokens: what it had before sign-in must not be worth anything after."""
    made = NewSession(make_token(), make_token(), lasts)
    session.add(
        Session(
            token_hash=token_hash(made.token),
            user_id=user.id,
            csrf_hash=token_hash(made.csrf),
            provider=provider,
            user_agent="".join(c for c in user_agent if c.isprintable())[:300],
            created_at=now,
            expires_at=now + lasts,
        )
    )
    return made


def session_principal(session: OrmSession, token: str, now: datetime) -> tuple[Principal, Session]:
    """Whoever is signed in with this token. `UnauthenticatedError` for one that is unknown, expired, signed out, or of
    somebody who was shut out.
    """
    found = None
    if len(token) <= _LONGEST_TOKEN:
        found = session.execute(
            select(Session, User).join(User, User.id == Session.user_id).where(Session.token_hash == token_hash(token))
        ).first()
    if found is None or found[0].expires_at <= now or found[1].disabled:
        raise UnauthenticatedError("you are signed out; sign in again")
    return user_principal(found[1], session=True), found[0]


def check_page(row: Session, csrf: str, origin: str | None, fetch_site: str | None, ours: Collection[str]) -> None:
    """`ForbiddenError` unless a page of ours makes the request: its Origin (which browsers send with every change) is
    one of `ours`, the browser does not say that another site asks (Sec-Fetch-Site), and the session's second token
    came with it.
    """
    if origin is not None and origin not in ours:
        raise ForbiddenError(f"this was asked for by a page of {origin[:100]!r}, not by one of {', '.join(ours)}")
    if fetch_site not in (None, "same-origin"):
        raise ForbiddenError("this was asked for by a page of another site")
    if len(csrf) > _LONGEST_TOKEN or not same(csrf, row.csrf_hash):
        raise ForbiddenError(
            "X-CSRF-Token is missing or not that of this session; send the value of the cookie that ends in t2m_csrf "
            "(reload the page if it is an old one)",
            details={"csrf": True},
        )


def end(session: OrmSession, token: str) -> None:
    """Sign one browser out."""
    session.execute(delete(Session).where(Session.token_hash == token_hash(token)))


def end_all(session: OrmSession, user_id: str) -> int:
    """Sign somebody out of all browsers; how many there were."""
    done = session.execute(delete(Session).where(Session.user_id == user_id))
    assert isinstance(done, CursorResult)
    return done.rowcount


def forget_expired(session: OrmSession, now: datetime) -> None:
    """Delete sessions that do not hold any more."""
    session.execute(delete(Session).where(Session.expires_at <= now))
