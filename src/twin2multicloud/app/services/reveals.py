"""What a run tells once: one-time passwords of people that it made. They are sealed until whoever asked for the run has
them shown, and gone then; they are never events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.documents import DatabaseDocuments
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.db.tables.stacks import Document
from twin2multicloud.app.errors import ForbiddenError, NotFoundError
from twin2multicloud.app.services import audit

FOLDER: Final = "reveals/"
"""What the names of such documents begin with."""


def keep(backend: Backend, run: Run, lines: Sequence[str]) -> None:
    """Keep more lines for whoever asked for the run."""
    if run.twin_id is None:
        return
    documents, name = _documents(backend, run), f"{FOLDER}{run.id}"
    before = documents.read(name)
    known: list[str] = [] if before is None else msgspec.json.decode(before)
    documents.write(name, msgspec.json.encode([*known, *lines]))


def there(session: Session, run: Run) -> bool:
    """Whether there is something to be shown."""
    mine = (Document.twin_id == run.twin_id) & (Document.target == run.target)
    return session.scalar(select(Document.line).where(mine, Document.name == f"{FOLDER}{run.id}")) is not None


def show(backend: Backend, principal: Principal, run: Run) -> list[str]:
    """The lines, once: they are gone afterwards. `ForbiddenError` for others than who asked for the run,
    `NotFoundError` where there are none (any more).
    """
    if run.created_by != principal.user_id:
        raise ForbiddenError("only whoever asked for this run is shown what it tells once")
    documents, name = _documents(backend, run), f"{FOLDER}{run.id}"
    found = documents.read(name) if run.twin_id is not None else None
    if found is None:
        raise NotFoundError(f"run {run.number} has nothing to show, or has shown it already")
    documents.delete(name)
    with backend.database.write() as session:
        audit.note(backend, session, principal, "run.revealed", run.id, workspace_id=run.workspace_id)
    lines: list[str] = msgspec.json.decode(found)
    return lines


def _documents(backend: Backend, run: Run) -> DatabaseDocuments:
    assert run.twin_id is not None
    return DatabaseDocuments(backend.database, backend.sealer, run.twin_id, run.target)
