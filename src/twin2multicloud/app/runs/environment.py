"""What the processes of a run sign in at clouds with: the connections that its twin is deployed with.

Where people sign in, nothing of the server's own accounts is ever used. Locally the person is the server's, and what
signs them in at a terminal does here, too, at a cloud that no connection is made for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, make_transient

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.app.services import connections, twin_connections
from twin2multicloud.deployer.credentials.environment import VARIABLES
from twin2multicloud.model.names import parse_provider
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider

CREDENTIALS: Final = frozenset(name for names in VARIABLES.values() for name in names) | {"T2M_OWNER"} | {
    "ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID", "GOOGLE_CLOUD_PROJECT", "GOOGLE_PROJECT"
}  # fmt: skip
"""Variables by which somebody at a terminal signs in at clouds, and says whose accounts are meant."""
_ACCOUNTS: Final[Mapping[str, tuple[str, ...]]] = {
    "azure_subscription": ("ARM_SUBSCRIPTION_ID",),
    "gcp_project": ("GOOGLE_CLOUD_PROJECT", "GOOGLE_PROJECT"),
}


def pin_connections(
    backend: Backend, session: Session, twin: Twin, placement: Mapping[str, object] | None, asked: RunInput
) -> None:
    """Before a run in the clouds: keep which connection each cloud in use is deployed with. `ConflictError` names the
    clouds without one.
    """
    if asked.target != "clouds":
        return
    wanted = set(twin_connections.deployed_at(session, [twin.id]).get(twin.id, ()))
    if placement is not None:
        wanted |= set(Placement.model_validate(placement).providers)
    if asked.to is not None:
        wanted |= _named(asked.to)
    for provider in sorted(wanted):
        try:
            twin_connections.pin(session, twin, [provider])
        except ConflictError:
            if backend.settings.auth != "local" or _has_some(session, twin, provider):
                raise


@contextmanager
def environment_of_run(backend: Backend, twin_id: str, scratch: Path) -> Iterator[Mapping[str, str]]:
    """The environment of what a run starts. Files that it names are in `scratch` for as long as this lasts."""
    found = dict(os.environ)
    if backend.settings.auth != "local":
        found = {name: text for name, text in found.items() if name not in CREDENTIALS}
        found["HOME"] = str(scratch)
        found.setdefault("T2M_CACHE", str(backend.settings.data.resolve() / "cache"))
    with backend.database.read() as session:
        chosen = twin_connections.chosen(session, session.get_one(Twin, twin_id))
        for connection in chosen.values():
            make_transient(connection)
    accounts = connections.accounts_of(chosen.values())
    with ExitStack() as stack:
        for provider, connection in chosen.items():
            # One way to sign in at each cloud: whatever else this machine knows for it would come before or beside.
            found = {name: text for name, text in found.items() if name not in VARIABLES[provider]}
            found |= stack.enter_context(connections.environment_of(backend, connection, scratch))
        for account, names in _ACCOUNTS.items():
            value = getattr(accounts, account)
            if value and any(provider.value == account.partition("_")[0] for provider in chosen):
                found |= dict.fromkeys(names, value)
        yield found


def _named(to: str) -> set[Provider]:
    """The cloud that a move's target names (`azure`, `azure/westeurope`, an offer), if it names one."""
    try:
        return {parse_provider(to.replace("/", "@").partition("@")[0].partition(".")[0])}
    except ValueError:
        return set()


def _has_some(session: Session, twin: Twin, provider: Provider) -> bool:
    mine = (Connection.workspace_id == twin.workspace_id) & (Connection.provider == provider.value)
    return session.scalar(select(Connection.id).where(mine).limit(1)) is not None
