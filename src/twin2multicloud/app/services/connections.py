"""Connections: accounts at clouds. Their credentials go in, and out only into the environment of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.sealed import context_of
from twin2multicloud.app.db.tables.people import Workspace
from twin2multicloud.app.db.tables.twins import Connection
from twin2multicloud.app.errors import ConflictError, InvalidError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import connections as shapes
from twin2multicloud.app.services import audit, credentials, twin_connections
from twin2multicloud.app.services.changes import check_seen, hold
from twin2multicloud.deployer.credentials.findings import CredentialFinding, Topic, Verdict, sufficient
from twin2multicloud.deployer.deployment import Accounts
from twin2multicloud.model.errors import Finding
from twin2multicloud.model.slots import Provider

_CONFIGS: Final[Mapping[Provider, type[shapes.Config]]] = {
    Provider.AWS: shapes.AwsConfig,
    Provider.AZURE: shapes.AzureConfig,
    Provider.GCP: shapes.GcpConfig,
}
Input = shapes.AwsInput | shapes.AzureInput | shapes.GcpInput
Patch = shapes.AwsPatch | shapes.AzurePatch | shapes.GcpPatch


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────
def listed(workspace: Workspace, provider: Provider | None) -> Select[Connection]:
    """The connections of a workspace."""
    query = select(Connection).where(Connection.workspace_id == workspace.id)
    return query if provider is None else query.where(Connection.provider == provider.value)


def the_connection(session: Session, workspace: Workspace, connection_id: str) -> Connection:
    """One of them; `NotFoundError` otherwise."""
    found = session.get(Connection, connection_id)
    if found is None or found.workspace_id != workspace.id:
        raise NotFoundError(f"there is no connection {connection_id[:60]!r} in the workspace '{workspace.name}'")
    return found


def config_of(connection: Connection) -> shapes.Config:
    """What can be read of an account."""
    return _CONFIGS[Provider(connection.provider)].model_validate(connection.config)


def shape(connection: Connection) -> shapes.Connection:
    """A connection, without its credentials."""
    check = None
    if connection.check is not None and connection.checked_at is not None:
        check = shapes.ConnectionCheck.model_validate({"at": connection.checked_at, **connection.check})
    return shapes.Connection(
        id=connection.id,
        workspace=connection.workspace_id,
        provider=Provider(connection.provider),
        name=connection.name,
        config=config_of(connection),
        version=connection.version,
        check=check,
        created_at=connection.created_at,
        updated_at=connection.updated_at,
    )


# ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────
def create(backend: Backend, session: Session, principal: Principal, workspace: Workspace, given: Input) -> Connection:
    """Keep a new connection. `InvalidError` for credentials that cannot be whole, `ConflictError` for a name that is
    taken.
    """
    moment = backend.now()
    secrets = credentials.kept(given.credentials, moment)
    hold(session, workspace)
    _check_name(session, workspace.id, given.name, None)
    identity = backend.make_id("con")
    connection = Connection(
        id=identity,
        workspace_id=workspace.id,
        provider=given.provider,
        name=given.name,
        config=given.config.model_dump(mode="json"),
        sealed=_seal(backend, identity, secrets),
        version=1,
        created_at=moment,
        updated_at=moment,
    )
    session.add(connection)
    _tell(backend, session, principal, connection, "connection.created", f"{given.name} was added by {principal.name}")
    return connection


def replace(
    backend: Backend, session: Session, principal: Principal, connection: Connection, seen: int, given: Input
) -> None:
    """Replace all of a connection, credentials too. What was deployed in one account is not found in another, so
    `ConflictError` for another account while a twin that is deployed uses it.
    """
    secrets = credentials.kept(given.credentials, backend.now())
    _begin(session, connection, seen, given.provider)
    _check_name(session, connection.workspace_id, given.name, connection.id)
    _check_account(session, connection, given.config)
    connection.name = given.name
    connection.config = given.config.model_dump(mode="json")
    connection.sealed = _seal(backend, connection.id, secrets)
    _changed(backend, session, principal, connection, "replaced", ["name", "config", "credentials"])


def change(
    backend: Backend, session: Session, principal: Principal, connection: Connection, seen: int, given: Patch
) -> None:
    """Change name or configuration; the credentials stay. As `replace` for another account."""
    _begin(session, connection, seen, given.provider)
    changes = []
    if given.name is not None and given.name != connection.name:
        _check_name(session, connection.workspace_id, given.name, connection.id)
        connection.name = given.name
        changes.append("name")
    if given.config is not None and given.config != config_of(connection):
        _check_account(session, connection, given.config)
        connection.config = given.config.model_dump(mode="json")
        changes.append("config")
    if changes:
        _changed(backend, session, principal, connection, "changed", changes)


def remove(backend: Backend, session: Session, principal: Principal, connection: Connection, seen: int) -> None:
    """Forget a connection. `ConflictError` while a twin that is deployed uses it, or a run that is under way."""
    hold(session, connection)
    check_seen(connection.version, seen, f"the connection '{connection.name}'")
    twin_connections.check_unused(session, connection)
    _tell(
        backend,
        session,
        principal,
        connection,
        "connection.deleted",
        f"{connection.name} was deleted by {principal.name}",
    )
    session.delete(connection)


def discard_credentials(backend: Backend, session: Session, connection: Connection, actor: str) -> None:
    """Forget the credentials of a connection, whose master key was lost; it says so until it is given new ones."""
    moment = backend.now()
    connection.sealed = _seal(backend, connection.id, {})
    connection.version += 1
    connection.updated_at = connection.checked_at = moment
    connection.check = {
        "sufficient": False,
        "findings": [
            {
                "topic": Topic.IDENTITY.value,
                "verdict": Verdict.MISSING.value,
                "text": "its credentials were discarded, since the master keys that opened them were lost",
                "remedy": _anew(connection),
                "names": [],
            }
        ],
    }
    text = f"{connection.name} has lost its credentials; {_anew(connection)}"
    facts = {"connection": connection.id, "provider": connection.provider}
    event = NewEvent(connection.workspace_id, "connection.credentials-discarded", text, "warning", data=facts)
    backend.events.add(session, event)
    audit.note(
        backend,
        session,
        None,
        "connection.credentials-discarded",
        connection.id,
        workspace_id=connection.workspace_id,
        actor=actor,
        name=connection.name,
        provider=connection.provider,
    )


def record_check(
    backend: Backend,
    session: Session,
    connection: Connection,
    findings: Iterable[CredentialFinding],
    *,
    seen: int,
    principal: Principal | None = None,
    run_id: str | None = None,
) -> bool:
    """Keep what a check of a connection found, unless it was changed since it was `seen`: whether it was kept."""
    hold(session, connection)
    if connection.version != seen:
        return False
    found = list(findings)
    whole = sufficient(found)
    connection.checked_at = backend.now()
    connection.check = {
        "sufficient": whole,
        "findings": [
            {
                "topic": each.topic.value,
                "verdict": each.verdict.value,
                "text": each.text,
                "remedy": each.remedy,
                "names": list(each.names),
            }
            for each in found
        ],
    }
    text = f"{connection.name} {'suffices' if whole else 'does not suffice'} for a deployment"
    backend.events.add(
        session,
        NewEvent(
            connection.workspace_id,
            "connection.checked",
            text,
            "info" if whole else "warning",
            run_id=run_id,
            data={"connection": connection.id, "sufficient": whole},
        ),
    )
    audit.note(
        backend,
        session,
        principal,
        "connection.checked",
        connection.id,
        workspace_id=connection.workspace_id,
        actor="" if principal else "the backend",
        sufficient=whole,
    )
    return True


# ── Signing in ──────────────────────────────────────────────────────────────────────────────────────────────
def sign_in_of(backend: Backend, connection: Connection) -> credentials.SignIn:
    """How a run signs in with a connection. `SealError` if its credentials cannot be opened, `ConflictError` if they
    were discarded.
    """
    opened = backend.sealer.open(connection.sealed, context_of("connections.sealed", id=connection.id))
    secrets = msgspec.json.decode(opened, type=dict[str, str])
    if not secrets:
        raise ConflictError(
            f"the connection '{connection.name}' has no credentials: they were discarded, since the master keys that "
            f"opened them were lost; {_anew(connection)}",
            details={"connection": connection.id},
        )
    return credentials.sign_in(config_of(connection), secrets)


@contextmanager
def environment_of(backend: Backend, connection: Connection, scratch: Path) -> Iterator[Mapping[str, str]]:
    """The variables of the environment with which a run signs in, and what they name in its scratch directory, for
    as long as the run needs them.
    """
    with sign_in_of(backend, connection).placed(scratch) as variables:
        yield variables


def accounts_of(connections: Iterable[Connection]) -> Accounts:
    """Whose clouds a deployment is in."""
    named = {}
    for connection in connections:
        config = config_of(connection)
        if isinstance(config, shapes.AzureConfig):
            named["azure_subscription"] = config.subscription_id
        elif isinstance(config, shapes.GcpConfig):
            named["gcp_project"] = config.project_id
    return Accounts(**named)


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _seal(backend: Backend, identity: str, secrets: dict[str, str]) -> bytes:
    return backend.sealer.seal(msgspec.json.encode(secrets), context_of("connections.sealed", id=identity))


def _anew(connection: Connection) -> str:
    return f"`twin2multicloud connections replace {connection.name} FILE` gives it new ones"


def _begin(session: Session, connection: Connection, seen: int, provider: str) -> None:
    hold(session, connection)
    check_seen(connection.version, seen, f"the connection '{connection.name}'")
    if provider != connection.provider:
        raise InvalidError(
            f"'{connection.name}' is a connection to {connection.provider}; make a new one for {provider}",
            findings=[Finding("provider", f"stays {connection.provider}", provider)],
        )


def _check_name(session: Session, workspace_id: str, name: str, own_id: str | None) -> None:
    other = session.scalar(
        select(Connection.id).where(Connection.workspace_id == workspace_id, Connection.name == name)
    )
    if other is not None and other != own_id:
        raise ConflictError(
            f"there is a connection '{name}' in this workspace already; give this one another name",
            details={"connection": other},
        )


def _check_account(session: Session, connection: Connection, config: shapes.Config) -> None:
    field = {Provider.AWS: "account_id", Provider.AZURE: "subscription_id", Provider.GCP: "project_id"}[
        Provider(connection.provider)
    ]
    before, after = getattr(config_of(connection), field), getattr(config, field)
    if before != after:
        twin_connections.check_unused(session, connection, f"config.{field} stays {before}")


def _changed(
    backend: Backend, session: Session, principal: Principal, connection: Connection, how: str, changes: list[str]
) -> None:
    connection.version += 1
    connection.updated_at = backend.now()
    connection.check = None
    connection.checked_at = None
    text = f"{connection.name}: {', '.join(changes)} {how} by {principal.name}"
    _tell(backend, session, principal, connection, "connection.changed", text, changes)


def _tell(
    backend: Backend,
    session: Session,
    principal: Principal,
    connection: Connection,
    kind: str,
    text: str,
    changes: list[str] | None = None,
) -> None:
    known: dict[str, Any] = {"provider": connection.provider, "changes": changes or []}
    backend.events.add(
        session, NewEvent(connection.workspace_id, kind, text, data={"connection": connection.id, **known})
    )
    audit.note(
        backend,
        session,
        principal,
        kind,
        connection.id,
        workspace_id=connection.workspace_id,
        name=connection.name,
        **known,
    )
