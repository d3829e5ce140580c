"""Another master key: every secret is wrapped anew with it while everything goes on, then the old one is dropped.

Each process looks at the key file before it seals (`sealing.KeyFile`), so from the moment the new key is in it nothing
new is sealed with the old one. What was sealed just before may still be on its way into the database, which is waited
for. Until the old key is dropped both open everything, so a rotation may be killed at any time; the next call goes on
with it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Table, literal, select, tuple_, update
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.sealed import CONTEXTS, sealed_columns
from twin2multicloud.app.db.sealing import KeyRing, SealError
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.services import audit

BATCH: Final = 50
"""Rows of one transaction: states are large, and others write meanwhile."""
SETTLED_S: Final = 60.0
"""How long it may take at most from sealing a secret to its commit: twice the patience of a connection."""


@dataclass
class Progress:
    """How far a rotation is: secrets looked at and wrapped anew, by column."""

    seen: dict[str, int] = field(default_factory=dict)
    rewrapped: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rotation:
    """What a rotation did: the key that is in use now, those that were dropped, how many secrets were wrapped anew."""

    current: str
    dropped: tuple[str, ...]
    rewrapped: int


def rotate(
    backend: Backend,
    *,
    principal: Principal | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
    sleep: Callable[[float], None] = time.sleep,
    told: Callable[[Progress], None] = lambda _progress: None,
) -> Rotation:
    """Add a master key, or go on with a rotation that was interrupted; wrap every secret with it, and drop all others.

    `ConflictError` if somebody else is at it, or if secrets cannot be opened, which it names; no key is dropped then.
    """
    file = backend.settings.keys
    with _alone(file):
        ring = KeyRing.of(file)
        if len(ring.keys) == 1:
            ring = ring.with_new(random)
            ring.save(file)
            _note(backend, principal, "master-key.added", ring.current)
        progress = Progress()
        _rewrap_all(backend, progress, told)
        sleep(SETTLED_S)
        progress.unreadable.clear()
        _rewrap_all(backend, progress, told)
        _check_all_wrapped(backend, progress)
        dropped = tuple(name for name in ring.keys if name != ring.current)
        ring.only_current().save(file)
        _note(backend, principal, "master-key.dropped", ring.current, dropped=list(dropped))
        return Rotation(ring.current, dropped, sum(progress.rewrapped.values()))


def keys_in_use(backend: Backend) -> dict[str, int]:
    """How many secrets there are by the name of their master key."""
    found: dict[str, int] = {}
    for table, column in sealed_columns():
        after: Key | None = None
        while True:
            with backend.database.read() as session:
                rows = _rows(session, table, column, after)
            for _, sealed in rows:
                name = backend.sealer.key_name(sealed)
                found[name] = found.get(name, 0) + 1
            if len(rows) < BATCH:
                break
            after = rows[-1][0]
    return found


Key = dict[str, Any]
"""A row's primary key, by column."""


def _rewrap_all(backend: Backend, progress: Progress, told: Callable[[Progress], None]) -> None:
    for table, column in sealed_columns():
        after: Key | None = None
        while True:
            with backend.database.write() as session:
                # Held, so that nobody's newer secret is overwritten.
                rows = _rows(session, table, column, after, hold=True)
                for key, sealed in rows:
                    _rewrap(backend, session, table, column, key, sealed, progress)
            told(progress)
            if len(rows) < BATCH:
                break
            after = rows[-1][0]


def _rewrap(
    backend: Backend,
    session: Session,
    table: Table,
    column: Column[bytes],
    key: Key,
    sealed: bytes,
    progress: Progress,
) -> None:
    where = f"{table.name}.{column.name}"
    context = CONTEXTS[where](key)
    progress.seen[where] = progress.seen.get(where, 0) + 1
    try:
        fresh = backend.sealer.rewrap(sealed, context)
    except SealError:
        progress.unreadable.append(context)
        return
    if fresh != sealed:
        same = [table.columns[name] == value for name, value in key.items()]
        session.execute(update(table).where(*same).values({column.name: fresh}))
        progress.rewrapped[where] = progress.rewrapped.get(where, 0) + 1


def _rows(
    session: Session, table: Table, column: Column[bytes], after: Key | None, *, hold: bool = False
) -> list[tuple[Key, bytes]]:
    """The next rows with a secret in a column, in the order of their primary keys."""
    keys = list(table.primary_key.columns)
    query = select(*keys, column).where(column.is_not(None)).order_by(*keys).limit(BATCH)
    if after is not None:
        bound = [literal(after[key.name], key.type) for key in keys]
        query = query.where(tuple_(*keys) > tuple_(*bound))
    found = session.execute(query.with_for_update() if hold else query).all()
    return [({key.name: value for key, value in zip(keys, row[:-1], strict=True)}, row[-1]) for row in found]


def _check_all_wrapped(backend: Backend, progress: Progress) -> None:
    if progress.unreadable:
        told = ", ".join(progress.unreadable[:10])
        raise ConflictError(
            f"{len(progress.unreadable)} secrets cannot be opened, so no key was dropped: {told}. Put the keys they "
            "were sealed with back into the key file, or give these secrets anew",
            details={"contexts": progress.unreadable[:100]},
        )
    current = backend.sealer.ring.current
    others = {name: count for name, count in keys_in_use(backend).items() if name != current}
    if others:
        raise ConflictError(
            f"secrets are still sealed with {', '.join(others)}, so no key was dropped; a process does not see the key "
            "file that this one does",
            details={"secrets": others},
        )


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    lock = os.open(file.with_name(f".{file.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError("another rotation of the master key is under way; wait for it") from error
        yield
    finally:
        os.close(lock)


def _note(backend: Backend, principal: Principal | None, action: str, key: str, **details: Any) -> None:
    with backend.database.write() as session:
        audit.note(
            backend,
            session,
            principal,
            action,
            key,
            actor="" if principal else "whoever may read the key file",
            **details,
        )
