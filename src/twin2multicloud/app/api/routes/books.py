"""Price books that were taken up, the newest of which is in use."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from sqlalchemy import select
from sqlalchemy.orm import defer

from twin2multicloud.app.api.deps import BackendDep, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, each, page
from twin2multicloud.app.auth.access import Principal, Scope, visible_twins
from twin2multicloud.app.db.tables.twins import PriceBookVersion, Twin
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas import books as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import prices

router = Endpoints(prefix="/prices/books", tags=["catalogue"])
_Reader = Annotated[Principal, allow(Scope.READ)]


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
    backend: BackendDep, principal: _Reader, number: Annotated[int, Path(ge=1, le=10**9)]
) -> shapes.BookDetail:
    """One of them: what differs from the one before, and what that does to the twins that you may see."""
    with backend.database.read() as session:
        found = session.scalar(
            select(PriceBookVersion).where(PriceBookVersion.number == number).options(defer(PriceBookVersion.content))
        )
        if found is None:
            raise NotFoundError(f"there is no price book number {number}")
        effects = found.changes.get("twins", {})
        mine = set(session.scalars(select(Twin.id).where(visible_twins(principal)))) & set(effects)
        return shapes.BookDetail(
            **_summary(found).model_dump(),
            diff={name: value for name, value in found.changes.items() if name != "twins"},
            twins=[shapes.TwinEffect(twin=twin, **effects[twin]) for twin in sorted(mine)],
        )


def _summary(book: PriceBookVersion) -> shapes.BookSummary:
    return shapes.BookSummary(
        number=book.number,
        hash=book.hash,
        date=book.date,
        taken_at=book.taken_at,
        changes=prices.change_counts(book),
    )
