"""What all changes have in common: nobody overwrites what they have not seen, and checks hold until the commit."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from twin2multicloud.app.db.base import Base
from twin2multicloud.app.errors import NotFoundError, StaleError


def hold(session: Session, row: Base) -> None:
    """Have others wait who would change a row until this session ends, and read it as it is now. PostgreSQL needs
    that wherever a change rests on a check; on SQLite there is one writer anyway. `NotFoundError` if it is gone.
    """
    if not is_held(session, row):
        raise NotFoundError("it was deleted a moment ago")


def is_held(session: Session, row: Base) -> bool:
    """As `hold`; False if the row is gone."""
    found = session.get(type(row), inspect(row).identity, with_for_update=True, populate_existing=True)
    return found is not None


def check_seen(version: int, seen: int, what: str) -> None:
    """`StaleError` unless something is as it was when its ETag was `seen`."""
    if version != seen:
        raise StaleError(
            f"{what} was changed meanwhile (it is at version {version} now, not {seen}); look at it again",
            details={"version": version},
        )
