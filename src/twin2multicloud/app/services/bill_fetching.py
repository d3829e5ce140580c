"""Fetching bills from where clouds export them, or by asking clouds, with a twin's connections."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session, make_transient

from twin2multicloud.app.auth.access import Principal, the_twin
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.locations import check, lines_from
from twin2multicloud.app.cost_sources.queries import NAMES, check_query, told_lines
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.errors import InvalidError, UnavailableError
from twin2multicloud.app.schemas import bills as shapes
from twin2multicloud.app.schemas.connections import AwsConfig, AzureConfig
from twin2multicloud.app.services import alerts, bills, budgets, connections, twin_connections
from twin2multicloud.app.services.validating import tags_of
from twin2multicloud.costing.condensing import Condensed
from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.costing.mapping import map_lines
from twin2multicloud.model.errors import Finding, UsageError
from twin2multicloud.model.slots import Provider

_OFTEN: Final = 5_000
"""After so many rows it is told how many they are."""


class Tell(Protocol):
    """Is told how far it is, in words for people, and for programs."""

    def __call__(self, text: str, data: Mapping[str, Any] | None = None) -> None:
        """Which file of how many, how many rows, how many lines are for meters."""
        ...


def ready(session: Session, twin: Twin, given: shapes.BillFetch) -> Connection:
    """The connection that a bill would be fetched with. Raises `InvalidError` for a location that is none, or a cloud
    that cannot be asked, and `ConflictError` without a connection.
    """
    provider = Provider(given.cloud)
    try:
        if given.kind == "query":
            check_query(provider, given.location)
        else:
            check(provider, given.location)
    except UsageError as error:
        raise _invalid(error) from error
    return twin_connections.used(session, twin, [provider])[provider]


def fetch(
    backend: Backend, principal: Principal, twin_id: str, given: shapes.BillFetch, tell: Tell
) -> list[shapes.Bill]:
    """Fetch a month's newest export, or what the cloud answers of it, and keep that in place of what was kept of it.
    Nothing is kept unless all was read; once it is, an alert that it could not be read ends.

    Raises as `ready`; `InvalidError` where there is none, `UnavailableError` where the cloud refuses.
    """
    provider = Provider(given.cloud)
    with backend.database.read() as session:
        twin = the_twin(session, principal, twin_id, Role.OPERATOR)
        name = twin.name
        connection = ready(session, twin, given)
        make_transient(connection)

    def begin(part: str, number: int, of: int | None) -> None:
        told = f" of {of}" if of is not None else ""
        tell(f"{provider.label}: {part} {number}{told}", {"file": part, "number": number, "files": of})

    try:
        with (
            tempfile.TemporaryDirectory(prefix="t2m-bill-") as scratch,
            connections.environment_of(backend, connection, Path(scratch)) as found,
        ):
            environ = {"HOME": scratch, **found}
            if given.kind == "query":
                scope = given.location or _own(connection)
                source = f"{NAMES[provider]}, {scope}"
                tags = tags_of(backend, twin_id, name, twin_connections.CLOUDS)
                rows = told_lines(provider, scope, given.period, environ, tags, begin)
            else:
                source = given.location
                rows = lines_from(provider, source, given.period, environ, begin)
            bill = bills.read_rows(_counted(rows, tell), given.usd_per)
    except SourceError as error:
        raise UnavailableError(str(error)) from error
    except UsageError as error:
        raise _invalid(error) from error
    _tell_mapped(backend, twin_id, name, bill, tell)
    with backend.database.write() as session:
        twin = the_twin(session, principal, twin_id, Role.OPERATOR)
        read = bills.take_up(backend, session, principal, twin, twin_connections.CLOUDS, source, bill)
        works = bills.import_problem(provider, backend.now(), "", over=True)
        alerts.fold_in(backend, session, twin, twin_connections.CLOUDS, [works])
    budgets.watch_bill(backend, twin_id, twin_connections.CLOUDS)
    return read


def _invalid(error: UsageError) -> InvalidError:
    field = "kind" if str(error).startswith("kind:") else "location"
    return InvalidError(str(error), findings=[Finding(field, str(error))])


def _own(connection: Connection) -> str:
    """What a connection's cloud is asked about unless somebody says so: the account that it is for."""
    config = connections.config_of(connection)
    if isinstance(config, AwsConfig):
        return config.account_id
    return f"/subscriptions/{config.subscription_id}" if isinstance(config, AzureConfig) else ""


def _counted(rows: Iterable[CostLine | BadLine], tell: Tell) -> Iterator[CostLine | BadLine]:
    count = 0
    for row in rows:
        yield row
        count += 1
        if count % _OFTEN == 0:
            tell(f"{count:,} rows", {"rows": count})
    tell(f"{count:,} rows, that is all", {"rows": count})


def _tell_mapped(backend: Backend, twin_id: str, name: str, bill: Condensed, tell: Tell) -> None:
    """How many rows are the twin's and for a meter. Which of those without tags are its own is seen by what it uses,
    later.
    """
    tags = tags_of(backend, twin_id, name, "clouds")
    ours = [each for each in bill.lines if tags.whose(each.line) == "ours"]
    counts = sum(each.lines for each in ours)
    mapped = counts - sum(each.lines for each in ours if map_lines([each.line], tags, {}).unmapped)
    tell(
        f"{counts:,} rows are tagged for {name}, {mapped:,} of them for a meter",
        {"ours": counts, "mapped": mapped, "bad_lines": bill.bad_lines},
    )
