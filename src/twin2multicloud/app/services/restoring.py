"""An earlier version of a twin as its next one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.schemas.twins import RestoreInput
from twin2multicloud.app.services import placements, prices, twins


def check_older(twin: Twin, version: TwinVersion) -> None:
    """`ConflictError` for the version that is the newest."""
    if version.number == twin.number:
        raise ConflictError(f"version {version.number} is the newest of '{twin.name}'; there is nothing to restore")


def restore(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    seen: int,
    version: TwinVersion,
    checked: twins.Checked,
    given: RestoreInput,
    usd_per_month: float | None,
    book: Book,
) -> TwinVersion:
    """Keep a version of a twin, which was `checked`, as its next one; `usd_per_month` is what its placement costs by a
    book. Refused as a revision is, and, where its placement comes back, as a decision about that would be.
    """
    note = given.note or f"version {version.number} again"
    twins.revise(backend, session, principal, twin, seen, checked, note)
    session.flush()
    made = twins.current(session, twin)
    if given.placement:
        if version.placement != made.placement:
            placements.check_placeable(session, twin, version.placement)
        made.placement = version.placement
        made.overrides = version.overrides
        made.optimization_id = version.optimization_id
        made.usd_per_month = usd_per_month
        if usd_per_month is not None:
            prices.keep(backend, session, book)
    return made
