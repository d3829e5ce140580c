"""The management backend's parts, put together once per process and handed to whoever needs them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

from twin2multicloud.app.db.base import MakeId, MakeToken, new_id, new_token
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.opening import check_keys
from twin2multicloud.app.db.sealing import KeyFile, Sealer
from twin2multicloud.app.events.log import EventLog
from twin2multicloud.app.optimizing.books import Books
from twin2multicloud.app.optimizing.pool import Pool
from twin2multicloud.app.settings import Settings
from twin2multicloud.app.specs import Specs
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.runtime.system_clock import SystemClock


@dataclass(frozen=True)
class Backend:
    """What services work with. Each process has its own; what they share is in the database."""

    settings: Settings
    database: Database
    sealer: Sealer
    events: EventLog
    clock: Clock
    make_id: MakeId = new_id
    make_token: MakeToken = new_token
    optimizer: Pool = field(default_factory=Pool)
    books: Books = field(default_factory=Books)
    specs: Specs = field(default_factory=Specs)
    exporting: Lock = field(default_factory=Lock)
    """Held by whoever has infrastructure code written, which takes a processor and some memory."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self.clock.now(), UTC)


@contextmanager
def open_backend(
    settings: Settings,
    clock: Clock | None = None,
    make_id: MakeId = new_id,
    make_token: MakeToken = new_token,
    *,
    checked_keys: Collection[str] = (),
) -> Iterator[Backend]:
    """The backend over the database that the settings name, which must be migrated; closed again at the end.

    Raises `SealError` where the database holds secrets that the key file does not open. A key is made only where there
    is nothing that was sealed with another one. `checked_keys`: see `check_keys`; a server tells its stages.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    used = clock or SystemClock()
    database = Database(settings.url)
    optimizer = Pool(settings.optimizer_processes, settings.optimizer_waiting)
    try:
        check_keys(database, settings.keys, checked_keys)
        sealer = Sealer(KeyFile(settings.keys))
        events = EventLog(database, used)
        books = Books(settings.prices)
        yield Backend(settings, database, sealer, events, used, make_id, make_token, optimizer, books)
    finally:
        optimizer.close()
        database.close()
