"""A twin's deployment, kept in the management database (see `deployer.home.Home`)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select, text

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.documents import DatabaseDocuments
from twin2multicloud.app.db.states import DatabaseStateStore
from twin2multicloud.app.db.tables.checks import HealthCheck
from twin2multicloud.app.db.tables.glances import Glance
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.deployer.home import Applied, BusyError, Home
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.held import HeldFile

_PATIENCE_S: Final = 20.0
"""So long whoever was interrupted before may take to end: a run that goes on waits for it."""
_LOOK_S: Final = 0.1


def home_of_twin(backend: Backend, twin_id: str, target: str) -> Home:
    """The deployment of a twin at a target.

    Its scratch stays on this machine: a state that could not be saved waits there for the stack's next run, and the
    pretended clouds of a rehearsal are there.
    """
    scratch = backend.settings.data.resolve() / "deployments" / twin_id / target
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Home(
        DatabaseDocuments(backend.database, backend.sealer, twin_id, target),
        scratch,
        partial(_states, backend, twin_id, target),
        partial(_only_changer, backend, twin_id, target, scratch),
        where=f"this backend ({target})",
        stacks=StackRows(backend, twin_id, target),
        clock=backend.clock,
    )


class StackRows:
    """`AppliedStacks` as rows, which lists and a twin's life are made of."""

    def __init__(self, backend: Backend, twin_id: str, target: str) -> None:
        self._backend = backend
        self._twin_id = twin_id
        self._target = target

    def all(self) -> Sequence[Applied]:
        """As `AppliedStacks.all`."""
        with self._backend.database.read() as session:
            rows = session.scalars(
                select(Stack).where(Stack.twin_id == self._twin_id, Stack.target == self._target).order_by(Stack.name)
            ).all()
        return [
            Applied(
                row.name,
                row.slot,
                row.site,
                row.fingerprint,
                row.applied_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                row.whole,
            )
            for row in rows
        ]

    def note(self, applied: Applied) -> None:
        """As `AppliedStacks.note`."""
        with self._backend.database.write() as session:
            session.merge(
                Stack(
                    twin_id=self._twin_id,
                    target=self._target,
                    name=applied.stack,
                    slot=applied.slot,
                    site=applied.site,
                    fingerprint=applied.fingerprint,
                    whole=applied.whole,
                    applied_at=datetime.strptime(applied.at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
                )
            )

    def forget(self, stack: str) -> None:
        """As `AppliedStacks.forget`."""
        with self._backend.database.write() as session:
            mine = (Stack.twin_id == self._twin_id, Stack.target == self._target)
            session.execute(delete(Stack).where(*mine, Stack.name == stack))
            # Of what is not there any more nobody sees how it does.
            seen = (Glance.twin_id == self._twin_id, Glance.target == self._target)
            session.execute(delete(Glance).where(*seen, ~select(Stack.name).where(*mine).exists()))
            checked = (HealthCheck.twin_id == self._twin_id, HealthCheck.target == self._target)
            session.execute(delete(HealthCheck).where(*checked, ~select(Stack.name).where(*mine).exists()))


@contextmanager
def _states(backend: Backend, twin_id: str, target: str) -> Iterator[StateStore]:
    yield DatabaseStateStore(backend.database, backend.sealer, backend.clock, twin_id, target)


@contextmanager
def _only_changer(backend: Backend, twin_id: str, target: str, scratch: Path) -> Iterator[None]:
    """Claims keep runs apart; this keeps a run that goes on apart from its interrupted predecessor's last deeds."""
    busy = BusyError("another process is changing this deployment right now; wait for it, then ask again")
    deadline = time.monotonic() + _PATIENCE_S
    if backend.database.is_sqlite:
        while (held := HeldFile.take(scratch / "deployment.lock")) is None:
            if time.monotonic() > deadline:
                raise busy
            time.sleep(_LOOK_S)
        with held:
            yield
        return
    subject = {"subject": f"changing/{twin_id}/{target}"}
    # A connection of its own, for as long as this takes: the lock goes with it, however this process ends.
    with backend.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        take = text("SELECT pg_try_advisory_lock(hashtextextended(:subject, 0))")
        while not connection.execute(take, subject).scalar():
            if time.monotonic() > deadline:
                raise busy
            time.sleep(_LOOK_S)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:subject, 0))"), subject)
