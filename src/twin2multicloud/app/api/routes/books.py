"""Price books that were taken up, the newest of which is in use."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from twin2multicloud.app.api.deps import BackendDep, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, each, page
from twin2multicloud.app.auth.access import Principal, Scope, visible_twins
from twin2multicloud.app.db.tables.twins import PriceBookVersion, Twin
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas import books as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import price_refresh, prices

router = Endpoints(prefix="/prices/books", tags=["catalogue"])
_Reader = Annotated[Principal, allow(Scope.READ)]
_Number = Annotated[int, Path(ge=1, le=10**9)]


@router.get("")
def list_books(
    backend: BackendDep, principal: _Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[shapes.BookSummary]:
    """All price books that were taken up, the newest first."""
    del principal
    with backend.database.read() as session:
        return page(
            session,
            select(PriceBookVersion).options(defer(PriceBookVersion.content)),
            PriceBookVersion.hash,
            {"number": PriceBookVersion.number},
            sort=None,
            cursor=cursor,
            limit=limit,
            default="-number",
            items=each(_summary),
        )


@router.get("/{number}")
def show_book(
    backend: BackendDep,
    principal: _Reader,
    number: _Number,
    since: Annotated[
        int | None, Query(ge=1, le=10**9, description="Compared with this one; left out: with the one before.")
    ] = None,
) -> shapes.BookDetail:
    """One of them: what differs from the one before, and what that does to the twins that you may see."""
    with backend.database.read() as session:
        found = _found(session, number)
        other = found if since is None else _found(session, since)
        visible = frozenset(session.scalars(select(Twin.id).where(visible_twins(principal))))
        summary, changes = _summary(found), dict(found.changes)
    if since is not None and since != number - 1:
        changes = price_refresh.compared(backend, other.hash, found.hash, visible)
        counted = {name: len(value) for name, value in changes.items() if name not in ("before", "after", "twins")}
        summary = summary.model_copy(update={"changes": counted})
    effects = changes.pop("twins", {})
    return shapes.BookDetail(
        **summary.model_dump(),
        diff=changes,
        twins=[shapes.TwinEffect(twin=twin, **effects[twin]) for twin in sorted(visible & set(effects))],
    )


def _found(session: Session, number: int) -> PriceBookVersion:
    found = session.scalar(
        select(PriceBookVersion).where(PriceBookVersion.number == number).options(defer(PriceBookVersion.content))
    )
    if found is None:
        raise NotFoundError(f"there is no price book number {number}")
    session.expunge(found)
    return found


def _summary(book: PriceBookVersion) -> shapes.BookSummary:
    return shapes.BookSummary(
        number=book.number,
        hash=book.hash,
        date=book.date,
        taken_at=book.taken_at,
        changes=prices.change_counts(book),
    )
