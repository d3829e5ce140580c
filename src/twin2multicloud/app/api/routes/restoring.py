"""An earlier version of a twin as its next one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Path, Response
from fastapi.concurrency import run_in_threadpool

from twin2multicloud.app.api.asking import BookDep
from twin2multicloud.app.api.deps import BackendDep, IfMatch, TwinId, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.twins import TwinVersion
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.kept import Kept
from twin2multicloud.app.schemas import twins as shapes
from twin2multicloud.app.services import placements, restoring, twins

router = Endpoints(prefix="/twins/{twin}/versions/{number}", tags=["twins"])
_Editor = Annotated[Principal, allow(Scope.WRITE, Role.OPERATOR, On.TWIN)]
_Number = Annotated[int, Path(ge=1, le=10**9)]


@router.post("/restore")
async def restore_version(
    backend: BackendDep,
    principal: _Editor,
    book: BookDep,
    twin: TwinId,
    number: _Number,
    seen: IfMatch,
    response: Response,
    given: shapes.RestoreInput | None = None,
) -> shapes.Twin:
    """Take an earlier version up again as the next one: its definition with its files and, unless that is not wanted,
    where its layers were placed and who decided that, at the prices of now. What is deployed stays as it is.
    """
    from twin2multicloud.app.optimizing import twins as questions  # the optimizer, for whoever asks it

    wanted = given or shapes.RestoreInput()
    version, kept = await run_in_threadpool(_earlier, backend, principal, twin, number, seen)
    checked = await run_in_threadpool(twins.check_again, version)
    usd: float | str | None = None
    if wanted.placement and kept.placement is not None:
        [usd] = await backend.optimizer.ask(book, partial(questions.totals, twins=[kept]))
    cost = usd if isinstance(usd, float) else None
    shown = await run_in_threadpool(_restore, backend, principal, twin, seen, version, checked, wanted, cost, book)
    response.headers["ETag"] = etag(shown.version)
    return shown


def _earlier(backend: Backend, principal: Principal, twin: str, number: int, seen: int) -> tuple[TwinVersion, Kept]:
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        twins.check_unchanged(found, seen)
        version = twins.version_of(session, found, number)
        restoring.check_older(found, version)
        kept = placements.kept_of(session, version)
        session.expunge(version)
        return version, kept


def _restore(
    backend: Backend,
    principal: Principal,
    twin: str,
    seen: int,
    version: TwinVersion,
    checked: twins.Checked,
    given: shapes.RestoreInput,
    cost: float | None,
    book: Book,
) -> shapes.Twin:
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        restoring.restore(backend, session, principal, found, seen, version, checked, given, cost, book)
        session.flush()
        return twins.whole(session, principal, found, backend.now())
