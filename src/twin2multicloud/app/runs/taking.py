"""Where a move has taken a twin: its placement from then on, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import user_principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.people import User
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.services import placements, prices, twins
from twin2multicloud.app.services.changes import hold


@dataclass(frozen=True)
class Taken:
    """Where a move has taken a twin, and what that costs of the twin's version `number` (None: not all is priced)."""

    placement: dict[str, Any]
    number: int
    usd_per_month: float | None
    book: Book


def placement_taken(backend: Backend, run: Run, done: Mapping[str, Any]) -> Taken | None:
    """What is new about a twin's placement after a run, priced by the book in use: before anything is written, since
    that takes a moment.
    """
    placement = done.get("placement")
    if placement is None or run.twin_id is None:
        return None
    with backend.database.read() as session:
        twin = session.get_one(Twin, run.twin_id)
        kept = placements.kept(session, twin)
    if kept.placement == placement:
        return None
    from twin2multicloud.app.optimizing.solver import Solver  # the optimizer, which no other run needs
    from twin2multicloud.app.optimizing.twins import totals

    book = prices.current(backend)
    [total] = totals(Solver(book.prices), [replace(kept, placement=placement)])
    return Taken(placement, twin.number, total if isinstance(total, float) else None, book)


def reconsider_advice(backend: Backend, run: Run) -> None:
    """After a move, or once nothing is left, advice that was given may not hold any more."""
    if run.twin_id is None or run.kind not in ("move", "destroy"):
        return
    with backend.database.read() as session:
        standing = select(Alert.id).where(Alert.twin_id == run.twin_id, Alert.kind == "advice", Alert.over.is_(False))
        if session.scalar(standing.limit(1)) is None:
            return
    from twin2multicloud.app.services import advice  # with the optimizer, which few runs need

    advice.reconsider(backend, run.twin_id, "it was moved" if run.kind == "move" else "it was destroyed")


def take_placement(backend: Backend, session: Session, run: Run, taken: Taken) -> None:
    """Keep where a move has taken the twin as its next version."""
    twin = session.get_one(Twin, run.twin_id)
    hold(session, twin)
    version = twins.current(session, twin)
    principal = user_principal(session.get_one(User, run.created_by), session=False)
    checked = twins.check_again(version)
    made = twins.add_version(
        backend, session, principal, twin, checked=checked, note=f"moved by run {run.number}", placed=version
    )
    made.placement = taken.placement
    made.overrides = placements.moved_overrides(version, taken.placement)
    made.optimization_id = version.optimization_id
    if version.number == taken.number:  # otherwise somebody revised it in this very moment
        prices.keep(backend, session, taken.book)
        made.usd_per_month = taken.usd_per_month
