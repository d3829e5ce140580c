"""Opening what is kept in the database as a further process would."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.documents import DatabaseDocuments
from twin2multicloud.app.db.sealing import KeyRing, Sealer
from twin2multicloud.app.db.states import DatabaseStateStore
from twin2multicloud.app.db.tables import Twin, User, Workspace
from twin2multicloud.runtime.ports import Clock

RING = KeyRing("k1", {"k1": bytes(range(32))})
TWIN = "twn_1"


def add_twin(url: str) -> None:
    """A twin that documents and states can belong to."""
    now = datetime(2026, 11, 26, tzinfo=UTC)
    with database(url).write() as session:
        session.add(User(id="usr_1", subject="t|1", email="o@example.org", name="o", admin=False, created_at=now))
        session.add(Workspace(id="wsp_1", name="w", created_at=now))
        session.flush()
        session.add(
            Twin(
                id=TWIN,
                workspace_id="wsp_1",
                name="greenhouse",
                description="",
                number=1,
                created_by="usr_1",
                created_at=now,
                updated_at=now,
            )
        )


@lru_cache(maxsize=64)
def database(url: str) -> Database:
    """A database, the same for the same arguments: whoever opens one for a test closes it with `close`."""
    return Database(url)


def close(url: str) -> None:
    """Close the database of a URL."""
    database(url).close()
    database.cache_clear()


def open_documents(url: str, target: str = "clouds") -> DatabaseDocuments:
    """The twin's documents."""
    return DatabaseDocuments(database(url), Sealer(RING), TWIN, target)


def open_states(url: str, clock: Clock, target: str = "clouds") -> DatabaseStateStore:
    """The states of the twin's stacks."""
    return DatabaseStateStore(database(url), Sealer(RING), clock, TWIN, target)
