"""What twins in clouds use, hour by hour, from the clouds' own metrics, read with the twins' connections.

Of each site full hours are kept. The last two days are read again each time, and replace what was kept of them, since
metrics come late; after an outage it is read from where that was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.metrics import Metrics, Told, opened
from twin2multicloud.app.db.sealing import SealError
from twin2multicloud.app.db.tables.costs import UsageReading, UsageSample, WorkloadSample
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Connection, Twin
from twin2multicloud.app.services import alerts, connections, twin_connections
from twin2multicloud.app.services.alerts import Problem
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.app.services.twin_connections import CLOUDS
from twin2multicloud.app.services.usage import KEPT
from twin2multicloud.costing.clouds import Query, Resource, added_up, counted, counts_of, queries_of, used_of
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import Used
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.state.document import decode
from twin2multicloud.deployer.state.errors import UnknownVersionError
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Provider

LATE: Final = timedelta(minutes=10)
"""An hour is read so long after its end: CloudWatch and Azure Monitor take some minutes, Cloud Monitoring four."""
AGAIN: Final = timedelta(hours=48)
"""Hours before the last one that was read that are read again."""
_FURTHEST: Final = timedelta(days=31)
_TOLD_GAPS: Final = 3

Open = Callable[[Site], Any]
"""A context in which a site's metrics can be read (`Metrics`); it raises `SourceError` or an error of ours."""


@dataclass
class _There:
    """What a twin has at a site, and since when."""

    since: datetime
    resources: list[Resource] = field(default_factory=list)


@dataclass(frozen=True)
class _Read:
    """What a site's metrics told of hours: usage, and what devices did. Of `unread` meters and counts some metric was
    not told: what was kept of them stays.
    """

    begins: datetime
    used: list[Used]
    gaps: list[str]
    unread: frozenset[MeterKey] = frozenset()
    counts: list[Used] = field(default_factory=list)


def last_hour(now: datetime) -> datetime:
    """The end of the last hour that is to be read."""
    return (now - LATE).replace(minute=0, second=0, microsecond=0)


def read_until(backend: Backend, twin_id: str) -> datetime | None:
    """Until when all sites of a twin were read; None if never, or not all."""
    with backend.database.read() as session:
        row = session.get(UsageReading, (twin_id, CLOUDS))
        sites = set(session.scalars(select(Stack.site).where(Stack.twin_id == twin_id, Stack.target == CLOUDS)))
    known: Mapping[str, float] = {} if row is None else row.counters
    ends = [known.get(site) for site in sites]
    return None if not ends or None in ends else datetime.fromtimestamp(min(e for e in ends if e is not None), UTC)


def take_down(backend: Backend, twin_id: str, open_site: Open | None = None) -> None:
    """Keep what a twin in clouds used until the last full hour. A site that cannot be read, and metrics that a cloud
    does not tell, are an alert until they are read; the site is read from there later. `open_site` is for tests.
    """
    ends = last_hour(backend.now())
    try:
        there = _there(backend, twin_id)
        used = {} if open_site else _connections(backend, twin_id, there)
    except (SealError, OSError, Twin2MultiCloudError) as error:
        _tell(backend, twin_id, [_problem("", f"what it uses cannot be read: {error}", backend.now())])
        return
    problems = [_problem("", "", backend.now(), over=True)]
    with backend.database.read() as session:
        row = session.get(UsageReading, (twin_id, CLOUDS))
        known: Mapping[str, float] = {} if row is None else dict(row.counters)
    for site, what in there.items():
        try:
            begins = _begins(what.since, known.get(str(site)), ends)
            with (open_site or (lambda each: _opened(backend, each, used[each.provider])))(site) as metrics:
                read = _read(site, what, metrics, begins, ends)
        except (SourceError, SealError, OSError, Twin2MultiCloudError) as error:
            problems.append(_problem(str(site), f"what it uses at {site} cannot be read: {error}", backend.now()))
            continue
        _keep(backend, twin_id, site, read, ends)
        problems.append(_of_gaps(site, read.gaps, backend.now()))
    _tell(backend, twin_id, problems)


# ── What there is ───────────────────────────────────────────────────────────────────────────────────────────
def _there(backend: Backend, twin_id: str) -> dict[Site, _There]:
    with backend.database.read() as session:
        rows = session.execute(select(Stack.name, Stack.site).where(Stack.twin_id == twin_id, Stack.target == CLOUDS))
        stacks = {name: _site(site) for name, site in rows}
    found: dict[Site, _There] = {}
    with home_of_twin(backend, twin_id, CLOUDS).store() as store:
        for name, site in stacks.items():
            try:
                content, since = store.content(name), _since(store, name)
            except UnknownVersionError:
                continue
            what = found.setdefault(site, _There(since))
            what.since = min(what.since, since)
            what.resources += [
                Resource(resource.type, instance.attributes)
                for resource in decode(content).resources
                if resource.mode == "managed"
                for instance in resource.instances
                if instance.deposed is None
            ]
    return found


def _since(store: StateStore, name: str) -> datetime:
    """When a stack was first applied, as far as its versions are kept: one that was destroyed begins a new history."""
    newest, *older = store.history(name)
    first = min((each.created for each in older if each.lineage == newest.lineage), default=newest.created)
    return datetime.fromtimestamp(min(first, newest.created), UTC).replace(minute=0, second=0, microsecond=0)


def _connections(backend: Backend, twin_id: str, there: Mapping[Site, _There]) -> Mapping[Provider, Connection]:
    with backend.database.read() as session:
        twin = session.get_one(Twin, twin_id)
        return twin_connections.used(session, twin, sorted({site.provider for site in there}))


@contextmanager
def _opened(backend: Backend, site: Site, connection: Connection) -> Iterator[Metrics]:
    sign_in = connections.sign_in_of(backend, connection)
    with (
        tempfile.TemporaryDirectory(prefix="sign-in-", dir=backend.settings.data) as scratch,
        sign_in.placed(Path(scratch)) as environ,
        ExitStack() as closing,
    ):
        yield opened(site.provider, site.region, environ, closing)


# ── Reading and keeping ─────────────────────────────────────────────────────────────────────────────────────
def _begins(since: datetime, known: float | None, ends: datetime) -> datetime:
    before = ends - _FURTHEST if known is None else datetime.fromtimestamp(known, UTC) - AGAIN
    return min(max(since, before, ends - _FURTHEST), ends)


def _read(site: Site, what: _There, metrics: Metrics, begins: datetime, ends: datetime) -> _Read:
    queries = queries_of(site.provider, site.region, what.resources)
    counts = counts_of(site.provider, site.region, what.resources)
    asked = [*(each for each in queries if each.source.metric), *counts]
    if begins >= ends or not (queries or counts):
        return _Read(begins, [], [])
    told = metrics.ask(asked, begins, ends) if asked else Told()
    points = {id(query): told.points.get(number, []) for number, query in enumerate(asked)}
    unread = frozenset(asked[number].key for number in told.gaps)
    read = [query for query in queries if query.key not in unread]
    parts = [used_of(query, points.get(id(query), []), begins, ends) for query in read]
    used = added_up(parts, begins, ends, read[0].key) if read else []
    did = counted([(each, points[id(each)]) for each in counts if each.key not in unread], begins, ends)
    return _Read(begins, used, [_gap(asked, told, at) for at in told.gaps], unread, did)


def _gap(asked: list[Query], told: Told, number: int) -> str:
    query = asked[number]
    return f"{query.key[0]} ({query.source.metric}: {told.gaps[number][:200]})"


def _keep(backend: Backend, twin_id: str, site: Site, read: _Read, ends: datetime) -> None:
    """In place of what was kept of these hours at the site."""
    with backend.database.write() as session:
        backend.database.take_turns(session, f"usage/{twin_id}")
        there = select(Stack.twin_id).where(Stack.twin_id == twin_id, Stack.target == CLOUDS).limit(1)
        if session.scalar(there) is None:
            return
        mine = (UsageSample.twin_id == twin_id, UsageSample.target == CLOUDS)
        session.execute(
            delete(UsageSample).where(
                *mine,
                UsageSample.hour >= read.begins,
                UsageSample.hour < ends,
                UsageSample.region == site.region,
                UsageSample.meter.startswith(f"{site.provider.value}.", autoescape=True),
                UsageSample.meter.not_in([meter for meter, _ in read.unread]),
            )
        )
        session.add_all(
            UsageSample(
                twin_id=twin_id,
                target=CLOUDS,
                hour=each.at,
                meter=each.key[0],
                region=each.key[1],
                quantity=each.quantity,
                seconds=each.seconds,
            )
            for each in read.used
        )
        session.execute(delete(UsageSample).where(*mine, UsageSample.hour < ends - KEPT))
        _keep_counts(session, twin_id, site, read, ends)
        _note(session, twin_id, site, ends)


def _keep_counts(session: Session, twin_id: str, site: Site, read: _Read, ends: datetime) -> None:
    mine = (WorkloadSample.twin_id == twin_id, WorkloadSample.target == CLOUDS)
    session.execute(
        delete(WorkloadSample).where(
            *mine,
            WorkloadSample.hour >= read.begins,
            WorkloadSample.hour < ends,
            WorkloadSample.site == str(site),
            WorkloadSample.what.not_in([what for what, _ in read.unread]),
        )
    )
    session.add_all(
        WorkloadSample(
            twin_id=twin_id, target=CLOUDS, hour=each.at, what=each.key[0], site=str(site), quantity=each.quantity
        )
        for each in read.counts
    )
    session.execute(delete(WorkloadSample).where(*mine, WorkloadSample.hour < ends - KEPT))


def _note(session: Session, twin_id: str, site: Site, ends: datetime) -> None:
    row = session.get(UsageReading, (twin_id, CLOUDS))
    if row is None:
        row = UsageReading(twin_id=twin_id, target=CLOUDS, elapsed_s=0.0, counters={})
        session.add(row)
    row.at, row.counters = ends, {**row.counters, str(site): ends.timestamp()}


# ── Telling ─────────────────────────────────────────────────────────────────────────────────────────────────
def _tell(backend: Backend, twin_id: str, problems: list[Problem]) -> None:
    with backend.database.write() as session:
        twin = session.get(Twin, twin_id)
        if twin is not None:
            alerts.fold_in(backend, session, twin, CLOUDS, problems)


def _of_gaps(site: Site, gaps: list[str], now: datetime) -> Problem:
    more = f", and {len(gaps) - _TOLD_GAPS} more" if len(gaps) > _TOLD_GAPS else ""
    text = f"what it uses at {site} lacks {', '.join(gaps[:_TOLD_GAPS])}{more}" if gaps else ""
    return _problem(str(site), text, now, over=not gaps)


def _problem(site: str, message: str, at: datetime, *, over: bool = False) -> Problem:
    return Problem(
        fold=f"metering|{site}",
        kind="metering",
        severity="warning",
        message=message,
        at=at,
        cloud=site.partition("/")[0],
        over=over,
    )


def _site(text: str) -> Site:
    provider, _, region = text.partition("/")
    return Site(Provider(provider), region)
