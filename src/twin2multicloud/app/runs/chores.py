"""What runs do that leave deployments as they are: new prices, whether a connection suffices, bills of clouds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.orm import Session, make_transient

from twin2multicloud.app.auth.access import Principal, user_principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import User
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.runs.kinds import BILLS, CHECK_CONNECTION
from twin2multicloud.app.runs.telling import EventWriter
from twin2multicloud.app.schemas.bills import BillFetch
from twin2multicloud.app.services import connections, price_refresh, prices, twins
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.deployer.credentials.check import check_credentials, needs_of
from twin2multicloud.deployer.credentials.findings import Verdict
from twin2multicloud.deployer.credentials.needs import Needs
from twin2multicloud.deployer.credentials.wanted import permissions_of
from twin2multicloud.deployer.stacks import stacks_of
from twin2multicloud.deployer.types_in_use import types_in_use
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider


def chore(backend: Backend, run: Run, writer: EventWriter, scratch: Path) -> dict[str, Any]:
    """Do what the run asks for; what to tell of it."""
    if run.kind == CHECK_CONNECTION:
        return _check_connection(backend, run, writer, scratch)
    if run.kind == BILLS:
        return _read_bill(backend, run, writer)
    return _refresh_prices(backend, run, writer)


def _read_bill(backend: Backend, run: Run, writer: EventWriter) -> dict[str, Any]:
    assert run.twin_id is not None
    from twin2multicloud.app.services.bill_fetching import fetch  # with what validates, which nothing else needs

    with backend.database.read() as session:
        principal = _creator(session, run)

    def tell(text: str, data: Mapping[str, Any] | None = None) -> None:
        writer.write("bills", text, data=data)

    read = fetch(backend, principal, run.twin_id, BillFetch.model_validate(run.request), tell)
    return {"bills": [each.model_dump(mode="json") for each in read]}


def _refresh_prices(backend: Backend, run: Run, writer: EventWriter) -> dict[str, Any]:
    with backend.database.read() as session:
        principal = _creator(session, run)

    def tell(text: str, data: Mapping[str, Any] | None = None) -> None:
        problem = bool((data or {}).get("problem"))
        writer.write("prices", text, severity="warning" if problem else "info", data=data)

    if _source(backend, run) == "book":
        book = price_refresh.DirectorySource(backend.settings.prices)
        return price_refresh.taken_json(price_refresh.refresh(backend, principal, run.workspace_id, book, tell))
    from twin2multicloud.app.services.live_prices import LivePriceSource  # with the fetchers, which nothing else needs

    # A refresh that goes on after it was killed has what it fetched since the run was made.
    lists = LivePriceSource(
        backend,
        run.request.get("providers"),
        run.request.get("regions"),
        since=run.created_at,
        workspace_id=run.workspace_id,
    )
    taken = price_refresh.refresh(backend, principal, run.workspace_id, lists, tell)
    return {**price_refresh.taken_json(taken), "lists": lists.outcome()}


def _source(backend: Backend, run: Run) -> str:
    """Where prices come from: what was asked for; else the clouds' lists, unless the settings name a book."""
    return run.request.get("source") or ("lists" if backend.settings.prices is None else "book")


def _check_connection(backend: Backend, run: Run, writer: EventWriter, scratch: Path) -> dict[str, Any]:
    with backend.database.read() as session:
        connection = session.get(Connection, run.request["connection"])
        if connection is None or connection.workspace_id != run.workspace_id:
            raise NotFoundError("the connection is not there any more")
        make_transient(connection)
        principal = _creator(session, run)
    with connections.environment_of(backend, connection, scratch) as environment:
        needs = _needs(backend, run, connection, {"PATH": "", "HOME": str(scratch), **environment})
        findings = check_credentials([needs], {"HOME": str(scratch), **environment})
    for finding in findings:
        writer.write(
            "credentials",
            f"{finding.topic.value}: {finding.text}",
            severity="info" if finding.verdict is Verdict.OK else "warning",
            data={"finding": msgspec.to_builtins(finding)},
        )
    with backend.database.write() as session:
        there = session.get(Connection, connection.id)
        kept = there is not None and connections.record_check(
            backend, session, there, findings, seen=connection.version, principal=principal, run_id=run.id
        )
    return {"kept": kept, "findings": [msgspec.to_builtins(finding) for finding in findings]}


def _needs(backend: Backend, run: Run, connection: Connection, environ: dict[str, str]) -> Needs:
    """What a twin would need at the connection's cloud; without a twin only that somebody can sign in there."""
    provider = Provider(connection.provider)
    accounts = connections.accounts_of([connection])
    twin_id = run.request.get("twin")
    if twin_id is None:
        return Needs(provider, (), (), accounts)
    from twin2multicloud.app.deploying.desired import Wishes, desired

    with backend.database.read() as session:
        twin = session.get(Twin, twin_id)
        if twin is None:
            raise NotFoundError("the twin is not there any more")
        version = twins.current(session, twin)
    if version.placement is None:
        raise UsageError(f"'{twin.name}' has no placement yet, so nobody can say what it needs; optimize it first")
    wishes = Wishes(
        Placement.model_validate(version.placement),
        azure_subscription=accounts.azure_subscription if provider is Provider.AZURE else None,
        gcp_project=accounts.gcp_project if provider is Provider.GCP else None,
    )
    book = prices.current(backend).prices
    home = home_of_twin(backend, twin.id, "clouds")
    definition = twins.definition_of(version)
    wanted = desired(definition, wishes, home, book, offline=True, environ=environ, authority=False)
    deployment = wanted.deployment
    permissions = permissions_of(deployment, types_in_use(stacks_of(deployment)))
    for needs in needs_of(deployment, permissions):
        if needs.provider is provider:
            return needs
    raise UsageError(f"'{twin.name}' uses nothing of {provider.label}")


def _creator(session: Session, run: Run) -> Principal:
    return user_principal(session.get_one(User, run.created_by), session=False)
