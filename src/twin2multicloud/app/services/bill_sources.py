"""Where bills of twins are read from again and again, and when."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.costs import BillSource
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.schemas import bills as shapes
from twin2multicloud.app.services import alerts, audit, bill_fetching, bills, twin_connections
from twin2multicloud.app.services.changes import hold
from twin2multicloud.model.slots import Provider

FIRST_DAY: Final = 3
"""Before this day of a month clouds have exported little of it, or nothing."""
LAST_DAY: Final = 10
"""Until this day of a month the one before is read again: corrections come late."""


def kept(session: Session, twin_id: str) -> list[shapes.BillSource]:
    """A twin's sources by cloud."""
    rows = session.scalars(select(BillSource).where(BillSource.twin_id == twin_id).order_by(BillSource.provider))
    return [_shape(row) for row in rows]


def put(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    provider: Provider,
    given: shapes.BillSourceInput,
) -> shapes.BillSource:
    """Set where a cloud's bills are read from, in place of where they were; they are read at once. Raises as
    `bill_fetching.ready`.
    """
    now = backend.now()
    asked = {"cloud": provider.value, "period": f"{now:%Y-%m}", **given.model_dump()}
    bill_fetching.ready(session, twin, shapes.BillFetch.model_validate(asked))
    hold(session, twin)
    row = session.get(BillSource, (twin.id, provider.value))
    if row is None:
        row = BillSource(twin_id=twin.id, provider=provider.value)
        session.add(row)
    row.kind, row.location, row.usd_per = given.kind, given.location, dict(given.usd_per)
    row.set_by, row.set_at, row.next_at, row.waiting = principal.user_id, now, now, []
    session.flush()
    _note(backend, session, principal, twin, "bill-source.set", provider, kind=given.kind, location=given.location)
    return _shape(row)


def remove(backend: Backend, session: Session, principal: Principal, twin: Twin, provider: Provider) -> None:
    """Read a cloud's bills no more; an alert that they could not be read ends. Without a source: nothing."""
    hold(session, twin)
    row = session.get(BillSource, (twin.id, provider.value))
    if row is None:
        return
    session.delete(row)
    alerts.fold_in(
        backend, session, twin, twin_connections.CLOUDS, [bills.import_problem(provider, backend.now(), "", over=True)]
    )
    _note(backend, session, principal, twin, "bill-source.removed", provider)


def due(session: Session, at: datetime) -> Sequence[tuple[str, str]]:
    """Twins and clouds whose bills are to be read now."""
    rows = session.execute(
        select(BillSource.twin_id, BillSource.provider).where(BillSource.next_at <= at).order_by(BillSource.next_at)
    )
    return [(twin_id, provider) for twin_id, provider in rows]


def months(at: datetime) -> list[str]:
    """The months to read at a moment: the one before for as long as it is corrected, and this one once it is told."""
    first = at.replace(day=1)
    before = [f"{first - timedelta(days=1):%Y-%m}"] if at.day <= LAST_DAY else []
    return [*before, *([f"{at:%Y-%m}"] if at.day >= FIRST_DAY else [])]


def next_time(twin_id: str, provider: str, at: datetime, every: timedelta) -> datetime:
    """When to read after a moment: always at the same time of day (where `every` is one), another for each twin and
    cloud, so that they do not come all at once.
    """
    digest = hashlib.sha256(f"{twin_id} {provider}".encode()).digest()
    phase = every * (int.from_bytes(digest[:4]) / 2**32)
    whole = (at - _EPOCH - phase) // every
    return _EPOCH + phase + every * (whole + 1)


_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


def _note(
    backend: Backend, session: Session, principal: Principal, twin: Twin, what: str, provider: Provider, **more: str
) -> None:
    audit.note(backend, session, principal, what, twin.id, workspace_id=twin.workspace_id, cloud=provider.value, **more)


def _shape(row: BillSource) -> shapes.BillSource:
    return shapes.BillSource.model_validate(
        {
            "cloud": row.provider,
            "kind": row.kind,
            "location": row.location,
            "usd_per": row.usd_per,
            "set_at": row.set_at,
            "next_at": row.next_at,
        }
    )
