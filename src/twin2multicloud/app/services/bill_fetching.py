"""Fetching bills from where clouds export them, with a twin's connections."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sqlalchemy.orm import make_transient

from twin2multicloud.app.auth.access import Principal, the_twin
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.locations import check, lines_from
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.errors import InvalidError, UnavailableError
from twin2multicloud.app.schemas import bills as shapes
from twin2multicloud.app.services import bills, connections, twin_connections
from twin2multicloud.model.errors import Finding, UsageError
from twin2multicloud.model.slots import Provider


def fetch(backend: Backend, principal: Principal, twin_id: str, given: shapes.BillFetch) -> list[shapes.Bill]:
    """Fetch a month's newest export and keep it in place of what was kept of it. Nothing is kept unless all was read.

    Raises `InvalidError` for a location that is none, and where there is no export; `ConflictError` without a
    connection; `UnavailableError` where the cloud refuses.
    """
    provider = Provider(given.cloud)
    try:
        check(provider, given.location)
    except UsageError as error:
        raise InvalidError(str(error), findings=[Finding("location", str(error))]) from error
    with backend.database.read() as session:
        twin = the_twin(session, principal, twin_id, Role.OPERATOR)
        connection = twin_connections.used(session, twin, [provider])[provider]
        make_transient(connection)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="t2m-bill-") as scratch,
            connections.environment_of(backend, connection, Path(scratch)) as found,
        ):
            environ = {"HOME": scratch, **found}
            rows = lines_from(provider, given.location, given.period, environ)
            bill = bills.read_rows(rows, given.usd_per)
    except SourceError as error:
        raise UnavailableError(str(error)) from error
    except UsageError as error:
        raise InvalidError(str(error), findings=[Finding("location", str(error))]) from error
    with backend.database.write() as session:
        twin = the_twin(session, principal, twin_id, Role.OPERATOR)
        return bills.take_up(backend, session, principal, twin, twin_connections.CLOUDS, given.location, bill)
