"""Which connection a twin is deployed with at each cloud: the one chosen for it, or the only one there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Claim
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Connection, Twin, TwinConnection
from twin2multicloud.app.errors import ConflictError, InvalidError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.services import audit
from twin2multicloud.app.services.changes import check_seen, hold
from twin2multicloud.model.errors import Finding
from twin2multicloud.model.slots import Provider

CLOUDS: Final = "clouds"
"""The target at which accounts are needed: sandbox and rehearsal have none."""


def chosen(session: Session, twin: Twin) -> dict[Provider, Connection]:
    """The connections that were chosen for a twin."""
    rows = session.scalars(
        select(Connection)
        .join(TwinConnection, TwinConnection.connection_id == Connection.id)
        .where(TwinConnection.twin_id == twin.id)
    )
    return {Provider(each.provider): each for each in rows}


def used(session: Session, twin: Twin, providers: Iterable[Provider]) -> dict[Provider, Connection]:
    """The connection for each cloud: the chosen one, or the workspace's only one. `ConflictError` names the clouds
    without one, and those where one has to be chosen.
    """
    found = chosen(session, twin)
    problems = []
    for provider in providers:
        if provider in found:
            continue
        others = session.scalars(
            select(Connection)
            .where(Connection.workspace_id == twin.workspace_id, Connection.provider == provider.value)
            .order_by(Connection.name)
            .limit(10)
        ).all()
        if len(others) == 1:
            found[provider] = others[0]
        elif others:
            names = ", ".join(f"{each.id} ({each.name})" for each in others)
            problems.append(Finding(provider.value, f"there are several connections; choose one of {names}"))
        else:
            problems.append(Finding(provider.value, "there is no connection; an owner of the workspace can add one"))
    if problems:
        raise ConflictError(
            f"'{twin.name}' cannot be deployed to its clouds: {'; '.join(str(each) for each in problems)}",
            findings=problems,
        )
    return {provider: found[provider] for provider in providers}


def pin(session: Session, twin: Twin, providers: Iterable[Provider]) -> dict[Provider, Connection]:
    """As `used`, and keep it so: what is deployed with a connection stays with it, whatever else is added later. A run
    that deploys calls this before it begins.
    """
    known = chosen(session, twin)
    found = used(session, twin, providers)
    for provider, connection in found.items():
        hold(session, connection)
        if provider not in known:
            session.add(TwinConnection(twin_id=twin.id, provider=provider.value, connection_id=connection.id))
    session.flush()
    return found


def choose(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    seen: int,
    given: Mapping[Provider, str | None],
) -> None:
    """Choose a connection for each cloud (None: whichever is the only one). `InvalidError` for one that is not of the
    twin's workspace and that cloud; `ConflictError` where the twin is deployed with another one.
    """
    hold(session, twin)
    check_seen(twin.version, seen, f"'{twin.name}'")
    deployed = deployed_at(session, [twin.id]).get(twin.id, frozenset())
    changes = {}
    for provider, connection_id in given.items():
        row = session.get(TwinConnection, (twin.id, provider.value))
        if (None if row is None else row.connection_id) == connection_id:
            continue
        if provider in deployed:
            raise ConflictError(
                f"'{twin.name}' is deployed at {provider.value} with the connection it has; destroy it there first, or "
                "give that connection other credentials"
            )
        if connection_id is not None:
            _check_fits(session, twin, provider, connection_id)
        changes[provider.value] = connection_id
        if row is not None:
            session.delete(row)
            session.flush()
        if connection_id is not None:
            session.add(TwinConnection(twin_id=twin.id, provider=provider.value, connection_id=connection_id))
    if not changes:
        return
    twin.version += 1
    twin.updated_at = backend.now()
    text = f"{twin.name} is deployed with other connections ({principal.name})"
    backend.events.add(
        session, NewEvent(twin.workspace_id, "twin.connections-chosen", text, twin_id=twin.id, data=changes)
    )
    audit.note(
        backend,
        session,
        principal,
        "twin.connections-chosen",
        twin.id,
        workspace_id=twin.workspace_id,
        name=twin.name,
        connections=changes,
    )


def check_unused(session: Session, connection: Connection, otherwise: str = "") -> None:
    """`ConflictError` that names the twins that are deployed with a connection or being so. `otherwise` says what
    would do instead. Whoever asks holds the connection.
    """
    provider = Provider(connection.provider)
    explicit = select(TwinConnection.twin_id).where(TwinConnection.connection_id == connection.id)
    other = select(TwinConnection.twin_id).where(
        TwinConnection.provider == provider.value, TwinConnection.connection_id != connection.id
    )
    # A twin that has none chosen is deployed with whichever there is.
    twins = session.scalars(
        select(Twin)
        .where(Twin.workspace_id == connection.workspace_id, or_(Twin.id.in_(explicit), Twin.id.not_in(other)))
        .order_by(Twin.name)
    ).all()
    deployed = deployed_at(session, [twin.id for twin in twins])
    busy = set(session.scalars(select(Claim.twin_id).where(Claim.target == CLOUDS, Claim.twin_id.in_(explicit))))
    using = [twin for twin in twins if provider in deployed.get(twin.id, ()) or twin.id in busy]
    if using:
        names = ", ".join(f"'{twin.name}'" for twin in using[:20])
        raise ConflictError(
            f"'{connection.name}' is in use by {names}; destroy what they have at {provider.value} first"
            + (f" ({otherwise} until then)" if otherwise else ""),
            details={"twins": [twin.id for twin in using[:20]]},
        )


def deployed_at(session: Session, twin_ids: Collection[str]) -> dict[str, frozenset[Provider]]:
    """At which clouds something of twins exists."""
    found: dict[str, set[Provider]] = {}
    for twin_id, site in session.execute(
        select(Stack.twin_id, Stack.site).where(Stack.target == CLOUDS, Stack.twin_id.in_(twin_ids)).distinct()
    ):
        found.setdefault(twin_id, set()).add(Provider(site.partition("/")[0]))
    return {twin_id: frozenset(providers) for twin_id, providers in found.items()}


def _check_fits(session: Session, twin: Twin, provider: Provider, connection_id: str) -> None:
    connection = session.get(Connection, connection_id)
    if connection is None or connection.workspace_id != twin.workspace_id or connection.provider != provider.value:
        raise InvalidError(
            f"{provider.value}: {connection_id} is no connection to {provider.value} in this twin's workspace",
            findings=[Finding(provider.value, f"is a connection to {provider.value} of the workspace", connection_id)],
        )
