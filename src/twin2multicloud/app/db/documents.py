"""A deployment's documents in the management database, sealed (see `deployer.documents.Documents`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.sealing import Sealer
from twin2multicloud.app.db.tables.stacks import Document
from twin2multicloud.deployer.documents import check_name


class DatabaseDocuments:
    """`Documents` of a twin at a target. Threads may share it."""

    def __init__(self, database: Database, sealer: Sealer, twin_id: str, target: str) -> None:
        self._database = database
        self._sealer = sealer
        self._twin_id = twin_id
        self._target = target

    def read(self, name: str) -> bytes | None:
        """As `Documents.read`."""
        with self._database.read() as session:
            found = session.get(Document, (self._twin_id, self._target, check_name(name), 0))
        return None if found is None else self._open(found)

    def write(self, name: str, content: bytes) -> None:
        """As `Documents.write`."""
        with self._changing() as session:
            self._remove(session, check_name(name))
            self._add(session, name, 0, content)

    def lines(self, name: str) -> list[bytes]:
        """As `Documents.lines`."""
        with self._database.read() as session:
            rows = session.scalars(self._rows(check_name(name)).where(Document.line > 0).order_by(Document.line)).all()
        return [self._open(row) for row in rows]

    def append(self, name: str, line: bytes) -> None:
        """As `Documents.append`."""
        if b"\n" in line:
            raise ValueError("a line has no line feed within")
        with self._changing() as session:
            rows = self._rows(check_name(name)).subquery()
            last = session.scalar(select(func.max(rows.c.line))) or 0
            self._add(session, name, last + 1, line)

    def delete(self, name: str) -> None:
        """As `Documents.delete`."""
        with self._changing() as session:
            self._remove(session, check_name(name))

    def rename(self, old: str, new: str) -> None:
        """As `Documents.rename`."""
        with self._changing() as session:
            rows = session.scalars(self._rows(check_name(old))).all()
            if not rows:
                raise KeyError(old)
            contents = [(row.line, self._open(row)) for row in rows]  # a name is part of what is sealed
            self._remove(session, old)
            self._remove(session, check_name(new))
            for line, content in contents:
                self._add(session, new, line, content)

    def names(self, prefix: str = "") -> list[str]:
        """As `Documents.names`."""
        mine = (Document.twin_id == self._twin_id) & (Document.target == self._target)
        with self._database.read() as session:
            found = session.scalars(select(Document.name).where(mine).distinct()).all()
        # Databases sort and compare by rules of their own.
        return sorted(name for name in found if name.startswith(prefix))

    # ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────
    @contextmanager
    def _changing(self) -> Iterator[Session]:
        with self._database.write() as session:
            self._database.take_turns(session, f"documents/{self._twin_id}/{self._target}")
            yield session

    def _rows(self, name: str) -> Select[Document]:
        return select(Document).where(
            Document.twin_id == self._twin_id, Document.target == self._target, Document.name == name
        )

    def _add(self, session: Session, name: str, line: int, content: bytes) -> None:
        row = Document(twin_id=self._twin_id, target=self._target, name=name, line=line)
        row.sealed = self._sealer.seal(content, row.context)
        session.add(row)
        session.flush()

    def _open(self, row: Document) -> bytes:
        return self._sealer.open(row.sealed, row.context)

    def _remove(self, session: Session, name: str) -> None:
        session.execute(
            delete(Document).where(
                Document.twin_id == self._twin_id, Document.target == self._target, Document.name == name
            )
        )
