"""Errors and alerts of twins in the clouds, from the error queue of each site.

What was read is written first and deleted from its queue afterwards, so nothing is lost; what comes twice is known by
its id. What cannot be read as an event is counted and kept as an alert, and holds nobody up.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import select

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.sealing import SealError
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.monitoring.error_queues import ErrorQueue, Message, QueueError, opened
from twin2multicloud.app.monitoring.sources import Polled, Position
from twin2multicloud.app.redaction import redacted_text
from twin2multicloud.app.services import connections, twin_connections
from twin2multicloud.app.services.alerts import Problem
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.stacks import foundation_name
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Provider
from twin2multicloud.runtime.envelope import ALERT, ERROR, Event, decode, decode_batch
from twin2multicloud.runtime.failures import ErrorReport
from twin2multicloud.runtime.times import to_epoch

_OPEN_S: Final = 900.0
"""Queues are looked for again after so long: a twin may have moved, a connection been replaced."""
_KNOWN: Final = 2_000
"""Ids of events that are remembered, as many as may come within the time for which queues hide what they hand out."""
_MOST_SAMPLE: Final = 2_000
_ROUNDS: Final = 20
"""Answers of a queue that are taken up at once."""


@dataclass
class _Read:
    """What one queue gave."""

    problems: list[Problem] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


Open = Callable[[str], Mapping[Site, ErrorQueue]]
"""The queues of a twin by site; `QueueError`."""


class CloudSource:
    """Pulls the error queues of twins in the clouds, as often as the settings say. `open_queues` is for tests."""

    def __init__(self, backend: Backend, open_queues: Open | None = None) -> None:
        self._backend = backend
        self._open = open_queues or (lambda twin_id: queues_of(backend, twin_id))
        self._guard = threading.Lock()
        self._opened: dict[str, tuple[float, Mapping[Site, ErrorQueue]]] = {}
        self._polled: dict[str, float] = {}
        self._well: dict[tuple[str, str], bool] = {}

    def poll(self, twin_id: str, after: Position) -> Polled:
        """As `Source.poll`."""
        now = self._backend.clock.now()
        with self._guard:
            last = self._polled.get(twin_id)
            if last is not None and 0 <= now - last < self._backend.settings.queue_poll_seconds:
                return Polled((), after)
            self._polled[twin_id] = now
        try:
            queues = self._queues(twin_id, now)
        except QueueError as error:
            return Polled(self._told_away(twin_id, "", str(error)), after)
        problems = self._told_back(twin_id, "")
        known, deletions = dict.fromkeys(after.seen), []
        for site, queue in queues.items():
            try:
                read = _read(site, queue, known, self._backend.now())
            except QueueError as error:
                problems += self._told_away(twin_id, str(site), f"{site}: {error}")
                continue
            problems += [*self._told_back(twin_id, str(site)), *read.problems]
            known |= dict.fromkeys(read.ids)
            if read.messages:
                deletions.append((queue, read.messages))
        position = msgspec.structs.replace(after, seen=tuple(list(known)[-_KNOWN:]))
        return Polled(problems, position, lambda: _deleted(deletions))

    def _queues(self, twin_id: str, now: float) -> Mapping[Site, ErrorQueue]:
        with self._guard:
            found = self._opened.get(twin_id)
        if found is not None and 0 <= now - found[0] < _OPEN_S:
            return found[1]
        queues = self._open(twin_id)
        with self._guard:
            self._opened[twin_id] = now, queues
        return queues

    def _told_away(self, twin_id: str, site: str, message: str) -> list[Problem]:
        """That a queue cannot be read, once until it can be again."""
        with self._guard:
            self._opened.pop(twin_id, None)  # credentials may have been replaced: they are looked for again
            if self._well.get((twin_id, site)) is False:
                return []
            self._well[twin_id, site] = False
        return [_of_queue(site, message, self._backend.now(), over=False)]

    def _told_back(self, twin_id: str, site: str) -> list[Problem]:
        """That a queue is read again, also if it could not be before this process began."""
        with self._guard:
            if self._well.get((twin_id, site)) is True:
                return []
            self._well[twin_id, site] = True
        return [_of_queue(site, "", self._backend.now(), over=True)]


def queues_of(backend: Backend, twin_id: str) -> Mapping[Site, ErrorQueue]:
    """The error queues of a deployed twin: found by what its foundations put out, opened with its connections."""
    with backend.database.read() as session:
        twin = session.get(Twin, twin_id)
        if twin is None:
            return {}
        rows = session.scalars(select(Stack).where(Stack.twin_id == twin_id, Stack.target == "clouds")).all()
        sites = {_site(row.site) for row in rows}
        try:
            used = twin_connections.used(session, twin, sorted({site.provider for site in sites}))
        except BackendError as error:
            raise QueueError(f"its error queues cannot be read: {error}") from error
    try:
        home = home_of_twin(backend, twin_id, "clouds")
        with home.store() as store:
            outputs: dict[str, Any] = home.outputs(store)
        return {
            site: _opened(backend, site, outputs[foundation_name(site)]["errors_queue"], used[site.provider])
            for site in sites
            if "errors_queue" in outputs.get(foundation_name(site), {})
        }
    except (SealError, OSError) as error:
        raise QueueError(f"its error queues cannot be read: {error}") from error
    except Twin2MultiCloudError as error:
        raise (
            error if isinstance(error, QueueError) else QueueError(f"its error queues cannot be read: {error}")
        ) from error


def problems_of(event: Event, cloud: Provider, now: datetime) -> Problem | None:
    """What an event of the error queue tells; None for one that is of no interest. `msgspec.ValidationError` for one
    that says it is an error and is none.
    """
    at = min(datetime.fromtimestamp(to_epoch(event.time), UTC), now)
    if event.type == ERROR:
        return _of_error(msgspec.convert(event.data, ErrorReport, strict=False), cloud, at)
    if event.type == ALERT and isinstance(event.data, dict) and "rule" in event.data:
        data = event.data
        return Problem(
            fold=f"rule|{data['rule']}|{event.subject}",
            kind="rule",
            severity=str(data.get("severity", "warning")),
            message=str(data.get("message") or data["rule"]),
            at=at,
            layer="L2",
            cloud=cloud.value,
            over=not data.get("active", True),
            data={"rule": str(data["rule"]), "device": event.subject},
        )
    return None


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _opened(backend: Backend, site: Site, output: Any, connection: Connection) -> ErrorQueue:
    sign_in = connections.sign_in_of(backend, connection)
    # Files of a sign-in are read while it is opened, and are gone afterwards.
    with (
        tempfile.TemporaryDirectory(prefix="sign-in-", dir=backend.settings.data) as scratch,
        sign_in.placed(Path(scratch)) as environ,
    ):
        return opened(site.provider, site.region, output, environ)


def _read(site: Site, queue: ErrorQueue, known: Mapping[str, None], now: datetime) -> _Read:
    read = _Read()
    for _ in range(_ROUNDS):
        messages = queue.receive()
        for message in messages:
            read.messages.append(message)
            try:
                events = decode_batch(message.body) if message.body[:1] == b"[" else [decode(message.body)]
                found = [(event.id, problems_of(event, site.provider, now)) for event in events]
            except (msgspec.MsgspecError, ValueError, OverflowError) as error:
                read.problems.append(_poison(site, message.body, str(error), now))
                continue
            for identity, problem in found:
                if identity in known or identity in read.ids:
                    continue  # it came before
                read.ids.append(identity)
                if problem is not None:
                    read.problems.append(problem)
        if not messages:
            break
    return read


def _deleted(deletions: Sequence[tuple[ErrorQueue, Sequence[Message]]]) -> None:
    for queue, messages in deletions:
        for first in range(0, len(messages), 10):
            queue.delete(messages[first : first + 10])


def _of_error(report: ErrorReport, cloud: Provider, at: datetime) -> Problem:
    where = report.cloud or cloud.value
    parts = {"component": report.component, "device": report.device, "link": report.link, "trace": report.trace}
    return Problem(
        fold="|".join(("error", report.kind, report.layer, report.component, where, report.device, report.link)),
        kind=report.kind.value,
        severity=report.severity,
        message=report.message,
        at=at,
        layer=report.layer,
        cloud=where,
        data={name: text for name, text in parts.items() if text},
    )


def _poison(site: Site, body: bytes, because: str, now: datetime) -> Problem:
    sample = redacted_text(body[:_MOST_SAMPLE].decode("utf-8", "replace"))
    return Problem(
        fold=f"unreadable|{site}",
        kind="unreadable",
        severity="warning",
        message=f"a message of the error queue at {site} is no event: {because[:200]}",
        at=now,
        cloud=site.provider.value,
        data={"sample": sample},
    )


def _of_queue(site: str, message: str, at: datetime, *, over: bool) -> Problem:
    return Problem(
        fold=f"errors-queue|{site}",
        kind="errors-queue",
        severity="error",
        message=message,
        at=at,
        cloud=site.partition("/")[0],
        over=over,
    )


def _site(text: str) -> Site:
    provider, _, region = text.partition("/")
    return Site(Provider(provider), region)
