"""Having bills read again and again where their sources are kept, while somebody serves.

Every process of an installation looks. Which source is due is decided with its twin held, in the transaction that makes
the run and says when it is due next, so that one process makes it.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Final

from twin2multicloud.app.auth.access import user_principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.costs import BillSource
from twin2multicloud.app.db.tables.people import User
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.now_and_then import now_and_then
from twin2multicloud.app.runs.creating import create_bills
from twin2multicloud.app.schemas.bills import BillFetch
from twin2multicloud.app.services import bill_sources
from twin2multicloud.app.services.changes import hold

_EVERY_S: Final = 10.0
_LOG: Final = logging.getLogger(__name__)


def read_due_bills(backend: Backend) -> None:
    """Ask for runs that read what is due. Of a twin that has such a run already the next is asked for later."""
    with backend.database.read() as session:
        due = bill_sources.due(session, backend.now())
    for twin_id, provider in due:
        try:
            _read(backend, twin_id, provider)
        except ConflictError as error:
            _LOG.info("the bill of %s at %s is read later: %s", twin_id, provider, error)


def reading_bills(backend: Backend) -> AbstractContextManager[None]:
    """While this lasts, bills are read when they are due."""
    work = partial(read_due_bills, backend)
    return now_and_then(work, _EVERY_S, name="bills", left_undone="bills cannot be asked for now")


def _read(backend: Backend, twin_id: str, provider: str) -> None:
    with backend.database.write() as session:
        twin = session.get(Twin, twin_id)
        if twin is None:
            return
        hold(session, twin)
        now = backend.now()
        row = session.get(BillSource, (twin_id, provider))
        if row is None or row.next_at > now:
            return  # another process was faster, or somebody removed it
        first, *later = row.waiting or bill_sources.months(now)
        given = {
            "cloud": provider,
            "kind": row.kind,
            "location": row.location,
            "period": first,
            "usd_per": row.usd_per,
        }
        principal = user_principal(session.get_one(User, row.set_by), session=False)
        create_bills(backend, session, principal, twin, BillFetch.model_validate(given).model_dump(mode="json"))
        row.waiting = later
        if not later:
            every = timedelta(hours=backend.settings.bills_every_hours)
            row.next_at = bill_sources.next_time(twin_id, provider, now, every)
