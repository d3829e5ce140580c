"""What all changes have in common: nobody overwrites what they have not seen, and checks hold until the commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import StaleError


def hold(session: Session, row: Any) -> None:
    """Have others wait who would change a row until this session ends, and read it as it is then. PostgreSQL needs
    that wherever a change rests on a check; on SQLite there is one writer anyway.
    """
    session.refresh(row, with_for_update=True)


def check_seen(version: int, seen: int, what: str) -> None:
    """`StaleError` unless something is as it was when its ETag was `seen`."""
    if version != seen:
        raise StaleError(
            f"{what} was changed meanwhile (it is at version {version} now, not {seen}); look at it again",
            details={"version": version},
        )


def now(backend: Backend) -> datetime:
    """The time."""
    return datetime.fromtimestamp(backend.clock.now(), UTC)
