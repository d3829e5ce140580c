"""Gathering what goes wrong with running twins into alerts, while somebody serves.

Of all processes that could ask the same sources one does at a time: the one that holds a lock, which the system gives
back however that process ends. Sandboxes are on the machine whose data directory they are in, so one process of each
machine asks about its own; what any machine can ask, one of the installation does. What was read and how far that was
are written in one transaction, from the position that was read from: a restart loses nothing and tells nothing twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.stacks import Document, Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.monitoring.alone import Reach, the_only_one
from twin2multicloud.app.monitoring.cloud_source import CloudSource
from twin2multicloud.app.monitoring.examining import Checker, SandboxExaminer
from twin2multicloud.app.monitoring.glancing import Glancer, SandboxLooker
from twin2multicloud.app.monitoring.sources import Polled, Position, SandboxSource, Source
from twin2multicloud.app.services import alerts

DOCUMENT: Final = "monitoring/position.json"
"""How far a twin's source was read."""
LOCK: Final = "collector"
"""Held by the process that asks."""
_EVERY_S: Final = 1.0
_OFTEN_S: Final = 0.5
_FEW: Final = 16
"""So few twins are asked so often: asking takes some milliseconds of a processor each."""
_AT_ONCE: Final = 8
_LOG: Final = logging.getLogger(__name__)


class Collector:
    """Asks the sources (by target) of all deployed twins, each twin by itself so that none holds up another. If there
    is a `glancer`, it looks at them, too, and a `checker` checks them.
    """

    def __init__(
        self,
        backend: Backend,
        sources: Mapping[str, Source],
        glancer: Glancer | None = None,
        checker: Checker | None = None,
    ) -> None:
        self._backend = backend
        self._sources = sources
        self._glancer = glancer
        self._checker = checker

    def deployed(self) -> list[tuple[str, str]]:
        """Twins and targets that are to be asked about."""
        with self._backend.database.read() as session:
            found = session.execute(
                select(Stack.twin_id, Stack.target).where(Stack.target.in_(self._sources)).distinct()
            ).all()
        return [(twin_id, target) for twin_id, target in found]

    def collect(self, twin_id: str, target: str) -> None:
        """Take up what has come to a twin since it was asked about last, and see how it does if it is time to."""
        self._take_up(twin_id, target)
        if self._glancer is not None and self._glancer.is_due(twin_id, target):
            self._glancer.glance(twin_id, target)
        if self._checker is not None and self._checker.is_due(twin_id, target):
            self._checker.check(twin_id, target)

    def _take_up(self, twin_id: str, target: str) -> None:
        with self._backend.database.read() as session:
            before = self._position(session, twin_id, target)
        polled = self._sources[target].poll(twin_id, before)
        if polled.position == before and not polled.problems:
            self._settle(twin_id, polled)
            return
        with self._backend.database.write() as session:
            self._backend.database.take_turns(session, f"alerts/{twin_id}")
            twin = session.get(Twin, twin_id)
            if twin is None or self._position(session, twin_id, target) != before:
                return  # it is gone, or another one was faster
            alerts.fold_in(self._backend, session, twin, target, polled.problems)
            self._keep(session, twin_id, target, polled.position)
        self._settle(twin_id, polled)

    def _settle(self, twin_id: str, polled: Polled) -> None:
        try:
            polled.settle()
        except BackendError as error:
            _LOG.info("what was told of %s comes again, and is known then: %s", twin_id, error)

    def _position(self, session: Session, twin_id: str, target: str) -> Position:
        row = session.get(Document, (twin_id, target, DOCUMENT, 0))
        if row is None:
            return Position()
        return msgspec.json.decode(self._backend.sealer.open(row.sealed, row.context), type=Position)

    def _keep(self, session: Session, twin_id: str, target: str, position: Position) -> None:
        row = session.get(Document, (twin_id, target, DOCUMENT, 0))
        if row is None:
            row = Document(twin_id=twin_id, target=target, name=DOCUMENT, line=0)
            session.add(row)
        row.sealed = self._backend.sealer.seal(msgspec.json.encode(position), row.context)


class Collecting:
    """A thread that collects every half second, or every second where there are many twins, while it is the one within
    `reach` to do so. A context.
    """

    def __init__(self, backend: Backend, collector: Collector, reach: Reach = Reach.MACHINE) -> None:
        self._backend = backend
        self._collector = collector
        self._reach = reach
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="collector", daemon=True)
        self._guard = threading.Lock()
        self._asked: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _go_on(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, "collect") as pool:
            while not self._ended.is_set():
                try:
                    with the_only_one(self._backend, LOCK, self._reach) as alone:
                        while alone.holds() and not self._ended.is_set():
                            deployed = self._collector.deployed()
                            for each in deployed:
                                self._ask(pool, *each)
                            self._ended.wait(_OFTEN_S if len(deployed) <= _FEW else _EVERY_S)
                except SQLAlchemyError as error:
                    _LOG.warning("alerts cannot be collected now: %s", type(error).__name__)
                self._ended.wait(_EVERY_S)

    def _ask(self, pool: ThreadPoolExecutor, twin_id: str, target: str) -> None:
        with self._guard:
            if (twin_id, target) in self._asked:
                return  # it has not answered yet
            self._asked.add((twin_id, target))
        pool.submit(self._collect, twin_id, target)

    def _collect(self, twin_id: str, target: str) -> None:
        try:
            self._collector.collect(twin_id, target)
        except SQLAlchemyError as error:
            _LOG.warning("alerts of %s cannot be written now: %s", twin_id, type(error).__name__)
        finally:
            with self._guard:
                self._asked.discard((twin_id, target))


@contextmanager
def collecting_alerts(backend: Backend) -> Iterator[None]:
    """While this lasts, what goes wrong with twins in the clouds and in sandboxes of this machine becomes alerts, and
    how those in sandboxes do is looked at and checked.
    """
    glancer = Glancer(backend, {"sandbox": SandboxLooker(backend)})
    checker = Checker(backend, {"sandbox": SandboxExaminer(backend)})
    here = Collector(backend, {"sandbox": SandboxSource(backend)}, glancer, checker)
    clouds = Collector(backend, {"clouds": CloudSource(backend)})
    with Collecting(backend, here), Collecting(backend, clouds, Reach.INSTALLATION):
        yield
