"""Going on without master keys that are lost: what only they open is discarded, everything else is kept.

What that means for each sealed column:

- credentials of connections: gone; the connection stays, says so, and takes new ones;
- where routes of alerts lead: gone; the route stays, switched off, says so, and takes a new address (e-mail) or is made
  anew (a webhook, whose secret is gone, too);
- sign-ins under way: gone; whoever was at it begins anew;
- documents and states of a rehearsal: gone with the rehearsal, of which nothing was real;
- documents of a deployment in the clouds: it cannot be operated without them. All that was kept of it goes, and an
  alert of the twin says what it has there, where to look, and that nobody keeps track of it any more;
- states alone: the same for the stacks whose newest state it is; the others can be operated on;
- one-time passwords that nobody had shown, and how far alerts of a sandbox were collected: gone, nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.backups import back_up, end_runs
from twin2multicloud.app.db import archive, revision
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.lost import Key, forget_rows, lost_rows
from twin2multicloud.app.db.sealing import KeyRing, Sealer
from twin2multicloud.app.db.tables.people import LoginAttempt
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.db.tables.stacks import Document, Stack, StateLock, StateVersion
from twin2multicloud.app.db.tables.telling import AlertRoute
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.events.log import EventLog
from twin2multicloud.app.monitoring.collecting import DOCUMENT as POSITION
from twin2multicloud.app.services import alert_routes, audit, connections, reveals, untracked
from twin2multicloud.app.services.untracked import LostStack
from twin2multicloud.app.serving import alone
from twin2multicloud.app.settings import Settings
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.runtime.system_clock import SystemClock

ACTOR: Final = "whoever may write the database"
_ENDED: Final = "what it worked with was discarded, since its master keys were lost; see what there is, then ask again"


@dataclass(frozen=True)
class LostDeployment:
    """What is lost of a twin at a target; with `whole` all that was kept of it. `stacks` have something that nobody
    keeps track of then; `states` are the stacks of which no state is left.
    """

    twin_id: str
    twin: str
    target: str
    whole: bool
    stacks: tuple[LostStack, ...]
    states: frozenset[str]

    @property
    def is_real(self) -> bool:
        """Whether there are resources that somebody pays for."""
        return self.target == untracked.CLOUDS and bool(self.stacks)


@dataclass(frozen=True)
class Loss:
    """What the keys at hand do not open. `reveals` are runs whose one-time passwords nobody had shown yet."""

    connections: tuple[tuple[str, str, str], ...]
    """Id, name and cloud of each."""
    deployments: tuple[LostDeployment, ...]
    reveals: int
    sign_ins: int
    old_states: int
    """States that are not the newest of their stack."""
    rows: dict[str, list[Key]] = field(repr=False)


def discard(
    settings: Settings, agreed: Callable[[Loss], bool], backup: Path, *, clock: Clock | None = None
) -> Loss | None:
    """Discard what the keys in the key file do not open, once that was agreed to; None if it was not. A backup is made
    before, for the day on which the keys are found. A key file is made where there is none.

    `ConflictError` where everything can be opened, `ServedError` and `ArchiveError` where somebody serves the database.
    """
    used = clock or SystemClock()
    with alone(settings, "discard-sealed"), _opened(settings) as database:
        ring = KeyRing.of(settings.keys) if settings.keys.exists() else KeyRing("", {})
        with database.read() as session:
            loss = _look(session, ring)
        if not loss.rows:
            raise ConflictError(f"nothing is discarded: all that the database holds can be opened with {settings.keys}")
        if not agreed(loss):
            return None
        back_up(settings, backup, now=datetime.fromtimestamp(used.now(), UTC))
        sealer = Sealer(KeyRing.of(settings.keys))
        backend = Backend(settings, database, sealer, EventLog(database, used), used)
        with database.write() as session:
            loss = _look(session, ring)  # as it is now, when nobody else writes
            _discard(backend, session, loss)
        _set_aside(settings, loss, f"{datetime.fromtimestamp(used.now(), UTC):%Y%m%dT%H%M%S}")
    return loss


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """The database, which nobody else has open."""
    database = Database(settings.url)
    try:
        with database.engine.connect() as connection:
            archive.check_alone(connection)
        if revision.of(database) is None:
            raise ConflictError(f"nothing is discarded: {database.url.render_as_string()} holds nothing yet")
        revision.check(database)
        yield database
    finally:
        database.close()


def _set_aside(settings: Settings, loss: Loss, stamp: str) -> None:
    """Rename what this machine has of lost deployments: a state that waits there to be saved is none of the next."""
    for each in loss.deployments:
        scratch = settings.data / "deployments" / each.twin_id / each.target
        if each.whole and scratch.exists():
            scratch.rename(scratch.with_name(f"{each.target}.discarded-{stamp}"))


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────
def _look(session: Session, ring: KeyRing) -> Loss:
    rows = lost_rows(session, Sealer(ring))
    named = {key["id"] for key in rows.get(Connection.__tablename__, ())}
    found = session.scalars(select(Connection).where(Connection.id.in_(named)).order_by(Connection.name)).all()
    documents = rows.get(Document.__tablename__, [])
    states = rows.get(StateVersion.__tablename__, [])
    newest = {_place(key): key["number"] for key in states if key["number"] == _newest(session, key)}
    return Loss(
        tuple((each.id, each.name, each.provider) for each in found),
        tuple(_deployments(session, documents, newest)),
        len({key["name"] for key in documents if key["name"].startswith(reveals.FOLDER)}),
        len(rows.get(LoginAttempt.__tablename__, [])),
        sum(1 for key in states if newest.get(_place(key)) != key["number"]),
        rows,
    )


def _deployments(
    session: Session, documents: list[Key], newest: dict[tuple[str, str, str], int]
) -> Iterator[LostDeployment]:
    whole = {(key["twin_id"], key["target"]) for key in documents if _is_of_a_deployment(key)}
    for twin_id, target in sorted(whole | {(twin, target) for twin, target, _ in newest}):
        # A stack that has neither a row nor a resource is gone, whatever its history says.
        noted = {
            row.name: row
            for row in session.scalars(select(Stack).where(Stack.twin_id == twin_id, Stack.target == target))
        }
        counted = _counted(session, twin_id, target)
        names = {name for name in {*noted, *counted} if name in noted or counted[name]}
        states = frozenset(counted)
        if (twin_id, target) not in whole:
            states = frozenset(name for name in counted if (twin_id, target, name) in newest)
            names &= states
        stacks = tuple(
            LostStack(name, noted[name].site if name in noted else "", counted.get(name)) for name in sorted(names)
        )
        twin = session.get_one(Twin, twin_id)
        yield LostDeployment(twin_id, twin.name, target, (twin_id, target) in whole, stacks, states)


def _is_of_a_deployment(key: Key) -> bool:
    """Whether a document is one that a deployment cannot do without. A sandbox keeps its own in its directory."""
    return key["target"] != "sandbox" and key["name"] != POSITION and not key["name"].startswith(reveals.FOLDER)


def _place(key: Key) -> tuple[str, str, str]:
    return key["twin_id"], key["target"], key["stack"]


def _newest(session: Session, key: Key) -> int | None:
    twin_id, target, stack = _place(key)
    return session.scalar(
        select(StateVersion.number)
        .where(StateVersion.twin_id == twin_id, StateVersion.target == target, StateVersion.stack == stack)
        .order_by(StateVersion.number.desc())
        .limit(1)
    )


def _counted(session: Session, twin_id: str, target: str) -> dict[str, int]:
    """How many resources the newest state of each stack lists."""
    found = session.execute(
        select(StateVersion.stack, StateVersion.resources)
        .where(StateVersion.twin_id == twin_id, StateVersion.target == target)
        .order_by(StateVersion.number)
    )
    return {row.stack: row.resources for row in found}


# ── Discarding ──────────────────────────────────────────────────────────────────────────────────────────────
def _discard(backend: Backend, session: Session, loss: Loss) -> None:
    for identity, _, _ in loss.connections:
        connections.discard_credentials(backend, session, session.get_one(Connection, identity), ACTOR)
    for key in loss.rows.get(AlertRoute.__tablename__, []):
        alert_routes.discard_address(backend, session.get_one(AlertRoute, key["id"]))
    for table in (Document, StateVersion, LoginAttempt):
        forget_rows(session, table.__table__, loss.rows.get(table.__tablename__, []))  # type: ignore[arg-type]
    for deployment in loss.deployments:
        _forget(backend, session, deployment)
    audit.note(
        backend,
        session,
        None,
        "secrets.discarded",
        "the database",
        actor=ACTOR,
        connections=[identity for identity, _, _ in loss.connections],
        deployments=[
            {"twin": each.twin_id, "target": each.target, "whole": each.whole, "stacks": list(map(str, each.stacks))}
            for each in loss.deployments
        ],
        alert_routes=[key["id"] for key in loss.rows.get(AlertRoute.__tablename__, [])],
        reveals=loss.reveals,
        sign_ins=loss.sign_ins,
        old_states=loss.old_states,
    )


def _forget(backend: Backend, session: Session, deployment: LostDeployment) -> None:
    """Drop what is known of a deployment, or of some of its stacks; mark what exists of it at clouds."""
    twin = session.get_one(Twin, deployment.twin_id)
    runs = session.scalars(
        select(Run).where(Run.twin_id == twin.id, Run.target == deployment.target, Run.ended_at.is_(None))
    ).all()
    end_runs(backend, session, runs, _ENDED)
    for table, name in ((Stack, Stack.name), (StateVersion, StateVersion.stack), (StateLock, StateLock.stack)):
        mine = (table.twin_id == twin.id) & (table.target == deployment.target)
        # Of a stack whose newest state is lost no older one may pass for the newest.
        session.execute(delete(table).where(mine, *(() if deployment.whole else (name.in_(deployment.states),))))
    if deployment.whole:
        kept = Document.name.like(f"{reveals.FOLDER}%") | (Document.name == POSITION)
        mine = (Document.twin_id == twin.id) & (Document.target == deployment.target)
        session.execute(delete(Document).where(mine, ~kept))
    if deployment.is_real:
        untracked.mark(backend, session, twin, deployment.stacks)
    audit.note(
        backend,
        session,
        None,
        "deployment.discarded",
        twin.id,
        workspace_id=twin.workspace_id,
        actor=ACTOR,
        name=twin.name,
        target=deployment.target,
        stacks=list(map(str, deployment.stacks)),
    )
