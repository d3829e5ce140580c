"""Price books: the one in use, those that were, and taking up a newer one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import PriceBookVersion
from twin2multicloud.app.optimizing.books import Book

TURNS: Final = "price books"
"""Whoever numbers price books takes turns at this."""


def current(backend: Backend) -> Book:
    """The book in use: the one taken up last; before any was, the one that the settings name, or the bundled one."""
    with backend.database.read() as session:
        taken = newest(session)
    return backend.books.given() if taken is None else book_of(backend, taken)


def newest(session: Session) -> str | None:
    """The hash of the book taken up last."""
    return session.scalar(select(PriceBookVersion.hash).order_by(PriceBookVersion.number.desc()).limit(1))


def book_of(backend: Backend, book_hash: str) -> Book:
    """A book that is kept. `KeyError` for one that is not."""

    def load() -> Book:
        with backend.database.read() as session:
            found = session.get(PriceBookVersion, book_hash)
            if found is None:
                raise KeyError(book_hash)
            content = found.content
        return Book.unpacked(content)

    return backend.books.get(book_hash, load)


def keep(backend: Backend, session: Session, book: Book) -> None:
    """Keep the book that something rests on, if it is not kept yet: the first one in use was taken up by nobody."""
    if session.get(PriceBookVersion, book.hash) is None:
        backend.database.take_turns(session, TURNS)
        if session.get(PriceBookVersion, book.hash) is None:
            session.add(version(backend, session, book, {}))
            session.flush()


def change_counts(taken: PriceBookVersion) -> dict[str, int]:
    """How much differs from the book before: prices, meters, regions …"""
    return {name: len(value) for name, value in taken.changes.items() if name not in ("before", "after", "twins")}


def version(backend: Backend, session: Session, book: Book, changes: dict[str, object]) -> PriceBookVersion:
    """The row of a book as the next version; the caller has taken its turn."""
    last = session.scalar(select(PriceBookVersion.number).order_by(PriceBookVersion.number.desc()).limit(1))
    return PriceBookVersion(
        hash=book.hash,
        number=(last or 0) + 1,
        date=book.prices.date,
        content=book.packed(),
        changes=changes,
        taken_at=backend.now(),
    )
