"""Gathering what goes wrong with running twins into alerts, while somebody serves.

Of all processes that could ask the same sources one does at a time: the one that holds a lock, which the system gives
back however that process ends. Sandboxes are on the machine whose data directory they are in, so one process of each
machine asks about its own; what any machine can ask, one of the installation does. What was read and how far that was
are written in one transaction, from the position that was read from: a restart loses nothing and tells nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.stacks import Document, Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.monitoring.advising import Adviser, CloudAdviser
from twin2multicloud.app.monitoring.alone import Reach
from twin2multicloud.app.monitoring.attending import Attendant
from twin2multicloud.app.monitoring.cloud_metering import CloudUsageTaker
from twin2multicloud.app.monitoring.cloud_source import CloudSource
from twin2multicloud.app.monitoring.clouds.examining import CloudExaminer
from twin2multicloud.app.monitoring.examining import Checker, SandboxExaminer
from twin2multicloud.app.monitoring.glancing import CloudLooker, Glancer, SandboxLooker
from twin2multicloud.app.monitoring.metering import UsageTaker
from twin2multicloud.app.monitoring.rounds import Errands, Rounds
from twin2multicloud.app.monitoring.sources import Polled, Position, SandboxSource, Source
from twin2multicloud.app.services import alerts
from twin2multicloud.app.services.sandboxes import Looks

DOCUMENT: Final = "monitoring/position.json"
"""How far a twin's source was read."""
LOCK: Final = "collector"
"""Held by the process that asks."""
_EVERY_S: Final = 1.0
_OFTEN_S: Final = 0.5
_FEW: Final = 16
"""So few twins are asked so often: asking takes some milliseconds of a processor each."""
_LOG: Final = logging.getLogger(__name__)


class Collector:
    """Asks the sources (by target) of all deployed twins, each twin by itself so that none holds up another."""

    def __init__(self, backend: Backend, sources: Mapping[str, Source]) -> None:
        self._backend = backend
        self._sources = sources

    def deployed(self) -> list[tuple[str, str]]:
        """Twins and targets that are to be asked about."""
        with self._backend.database.read() as session:
            found = session.execute(
                select(Stack.twin_id, Stack.target).where(Stack.target.in_(self._sources)).distinct()
            ).all()
        return [(twin_id, target) for twin_id, target in found]

    def collect(self, twin_id: str, target: str) -> None:
        """Take up what has come to a twin since it was asked about last."""
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


def collecting(
    backend: Backend,
    collector: Collector,
    reach: Reach = Reach.MACHINE,
    attendants: Sequence[Attendant] = (),
) -> Rounds:
    """Collects every half second, or every second where there are many twins; lets attendants attend to the same twins,
    which may take longer.
    """
    collect = Errands("collect", "what is told of %s cannot be written now: %s")
    attend = Errands("attend", "what is seen of %s cannot be written now: %s")

    def go_round() -> float:
        deployed = collector.deployed()
        for twin_id, target in deployed:
            name = f"{twin_id} ({target})"
            collect.begin(name, partial(collector.collect, twin_id, target))
            for each in attendants:
                named = f"{name} by {type(each).__name__}"
                if named not in attend and each.is_due(twin_id, target):
                    attend.begin(named, partial(each.attend, twin_id, target))
        return _OFTEN_S if len(deployed) <= _FEW else _EVERY_S

    return Rounds(backend, LOCK, reach, go_round, (collect, attend), "alerts cannot be collected now: %s")


@contextmanager
def collecting_alerts(backend: Backend) -> Iterator[None]:
    """While this lasts, what goes wrong with twins in the clouds and in sandboxes of this machine becomes alerts; how
    those in sandboxes do is looked at and checked, what all of them use is taken down, and where other messages come
    than expected it is asked anew which moves pay.
    """
    looks = Looks(backend)
    attendants = (
        Glancer(backend, {"sandbox": SandboxLooker(backend, looks)}),
        Checker(backend, {"sandbox": SandboxExaminer(backend, looks=looks)}),
        UsageTaker(backend),
        Adviser(backend),
    )
    here = Collector(backend, {"sandbox": SandboxSource(backend)})
    clouds = Collector(backend, {"clouds": CloudSource(backend)})
    there = (
        CloudUsageTaker(backend),
        CloudAdviser(backend),
        Glancer(backend, {"clouds": CloudLooker(backend)}),
        Checker(backend, {"clouds": CloudExaminer(backend)}),
    )
    with (
        collecting(backend, here, attendants=attendants),
        collecting(backend, clouds, Reach.INSTALLATION, attendants=there),
    ):
        yield
