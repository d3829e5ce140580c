"""The states of a deployment's stacks in the management database, sealed (see `deployer.state.store.StateStore`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import msgspec
from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.sealing import Sealer
from twin2multicloud.app.db.tables import stacks as tables
from twin2multicloud.deployer.state.document import StateDocument, read_document, with_serial
from twin2multicloud.deployer.state.errors import LockedError, LockLostError
from twin2multicloud.deployer.state.records import Holder, LockRequest, StateLock, StateVersion
from twin2multicloud.deployer.state.rules import (
    check_follows,
    check_keep,
    check_lock,
    md5_of,
    serial_after,
    unknown_version,
)
from twin2multicloud.runtime.ports import Clock


class DatabaseStateStore:
    """See `StateStore`. Of a twin at a target. `session`: changes are part of that writing session, which commits or
    does not, instead of having one of their own each.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clock: Clock,
        twin_id: str,
        target: str,
        session: Session | None = None,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._twin_id = twin_id
        self._target = target
        self._session = session

    def stacks(self) -> list[str]:
        """As `StateStore.stacks`."""
        with self._database.read() as session:
            found = {
                stack
                for table in (tables.StateVersion, tables.StateLock)
                for stack in session.scalars(
                    select(table.stack).where(table.twin_id == self._twin_id, table.target == self._target).distinct()
                )
            }
        return sorted(found)

    def current(self, stack: str) -> StateVersion | None:
        """As `StateStore.current`."""
        with self._database.read() as session:
            newest = self._newest(session, stack)
        return _record(newest) if newest is not None and newest.size else None

    def content(self, stack: str, number: int | None = None) -> bytes:
        """As `StateStore.content`."""
        with self._database.read() as session:
            return self._content(session, stack, number)

    def history(self, stack: str) -> list[StateVersion]:
        """As `StateStore.history`."""
        with self._database.read() as session:
            rows = session.scalars(
                select(tables.StateVersion)
                .where(self._of(tables.StateVersion, stack))
                .order_by(tables.StateVersion.number.desc())
            ).all()
        return [_record(row) for row in rows]

    def write(self, stack: str, content: bytes, *, lock_id: str, holder: Holder) -> StateVersion:
        """As `StateStore.write`."""
        document = read_document(content)
        with self._changing() as session:
            check_lock(stack, self._lock(session, stack), lock_id)
            newest = self._newest(session, stack)
            if newest is not None and newest.size:
                if md5_of(content) == newest.md5:
                    return _record(newest)
                check_follows(stack, document, _record(newest))
            return self._append(session, stack, content, document, holder)

    def delete(self, stack: str, *, lock_id: str | None, holder: Holder) -> None:
        """As `StateStore.delete`."""
        with self._changing() as session:
            lock = self._lock(session, stack)
            if lock is not None and lock.request.id != lock_id:
                raise LockedError(lock)
            newest = self._newest(session, stack)
            if newest is not None and newest.size:
                self._append(session, stack, b"", StateDocument(newest.serial, newest.lineage), holder)

    def lock(self, stack: str, request: LockRequest, holder: Holder) -> StateLock:
        """As `StateStore.lock`."""
        with self._changing() as session:
            held = self._lock(session, stack)
            if held is not None:
                raise LockedError(held)
            lock = StateLock(stack, request, holder, self._clock.now())
            session.add(
                tables.StateLock(
                    twin_id=self._twin_id,
                    target=self._target,
                    stack=stack,
                    lock_id=request.id,
                    lock=msgspec.json.encode(lock),
                )
            )
        return lock

    def unlock(self, stack: str, lock_id: str) -> None:
        """As `StateStore.unlock`."""
        with self._changing() as session:
            lock = self._lock(session, stack)
            if lock is None:
                return
            if lock.request.id != lock_id:
                raise LockLostError(f"{stack}: lock {lock_id} is not the stack's: {lock.describe()}")
            self._remove_lock(session, stack)

    def break_lock(self, stack: str) -> StateLock | None:
        """As `StateStore.break_lock`."""
        with self._changing() as session:
            lock = self._lock(session, stack)
            self._remove_lock(session, stack)
        return lock

    def lock_of(self, stack: str) -> StateLock | None:
        """As `StateStore.lock_of`."""
        with self._database.read() as session:
            return self._lock(session, stack)

    def roll_back(self, stack: str, number: int, holder: Holder) -> StateVersion:
        """As `StateStore.roll_back`."""
        with self._changing() as session:
            lock = self._lock(session, stack)
            if lock is not None:
                raise LockedError(lock)
            content = self._content(session, stack, number)
            newest = self._newest(session, stack)
            document = read_document(content)
            serial = serial_after(stack, number, document, None if newest is None else _record(newest))
            restored = StateDocument(serial, document.lineage, document.resources)
            return self._append(session, stack, with_serial(content, serial), restored, holder, restored=number)

    def prune(self, stack: str, keep: int) -> int:
        """As `StateStore.prune`."""
        check_keep(stack, keep)
        table = tables.StateVersion
        with self._changing() as session:
            newest = self._newest(session, stack)
            limit = (newest.number if newest else 0) - keep
            old = session.scalars(select(table.number).where(self._of(table, stack), table.number <= limit)).all()
            session.execute(delete(table).where(self._of(table, stack), table.number <= limit))
        return len(old)

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    @contextmanager
    def _changing(self) -> Iterator[Session]:
        with nullcontext(self._session) if self._session is not None else self._database.write() as session:
            self._database.take_turns(session, f"states/{self._twin_id}/{self._target}")
            yield session

    def _of(self, table: type[tables.StateVersion] | type[tables.StateLock], stack: str) -> ColumnElement[bool]:
        return and_(table.twin_id == self._twin_id, table.target == self._target, table.stack == stack)

    def _newest(self, session: Session, stack: str) -> tables.StateVersion | None:
        table = tables.StateVersion
        return session.scalar(select(table).where(self._of(table, stack)).order_by(table.number.desc()).limit(1))

    def _content(self, session: Session, stack: str, number: int | None) -> bytes:
        found = (
            self._newest(session, stack)
            if number is None
            else session.get(tables.StateVersion, (self._twin_id, self._target, stack, number))
        )
        if found is None or not found.size:
            raise unknown_version(stack, number)
        return self._sealer.open(found.sealed, found.context)

    def _lock(self, session: Session, stack: str) -> StateLock | None:
        row = session.get(tables.StateLock, (self._twin_id, self._target, stack))
        return None if row is None else msgspec.json.decode(row.lock, type=StateLock)

    def _remove_lock(self, session: Session, stack: str) -> None:
        session.execute(delete(tables.StateLock).where(self._of(tables.StateLock, stack)))

    def _append(
        self,
        session: Session,
        stack: str,
        content: bytes,
        document: StateDocument,
        holder: Holder,
        restored: int | None = None,
    ) -> StateVersion:
        newest = self._newest(session, stack)
        row = tables.StateVersion(
            twin_id=self._twin_id,
            target=self._target,
            stack=stack,
            number=(newest.number if newest else 0) + 1,
            serial=document.serial,
            lineage=document.lineage,
            md5=md5_of(content),
            size=len(content),
            resources=len(document.resources),
            run_id=holder.run_id,
            created=self._clock.now(),
            restored=restored,
        )
        row.sealed = self._sealer.seal(content, row.context)
        session.add(row)
        session.flush()
        return _record(row)


def _record(row: tables.StateVersion) -> StateVersion:
    return StateVersion(
        row.stack,
        row.number,
        row.serial,
        row.lineage,
        row.md5,
        row.size,
        row.resources,
        row.run_id,
        row.created,
        row.restored,
    )
