"""A twin's sandbox as it tells of itself. Its processes are asked over sockets: never within a session."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import ConflictError, UnavailableError
from twin2multicloud.app.schemas import operating as shapes
from twin2multicloud.app.services.places import sandbox_layout
from twin2multicloud.model.errors import UsageError
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import SandboxError
from twin2multicloud.sandbox.status import CloudStatus, SandboxStatus


@dataclass(frozen=True)
class Look:
    """What a sandbox told at a moment; `whole` None where there is none, or none that can be read. `clouds` are those
    that answered.
    """

    whole: SandboxStatus | None = None
    clouds: dict[str, CloudStatus] = field(default_factory=dict)


def sandbox_of(backend: Backend, twin_id: str) -> SandboxClient:
    """Who talks to a twin's sandbox; `ConflictError` where there is none, `UnavailableError` while it is being made."""
    layout = sandbox_layout(backend, twin_id)
    if not layout.exists:
        raise ConflictError("this twin has no sandbox here; deploy it there first")
    try:
        return SandboxClient(layout)
    except (OSError, msgspec.DecodeError) as error:
        raise UnavailableError("the sandbox is being made or taken away right now; ask again") from error


def look(backend: Backend, twin_id: str) -> Look:
    """What can be learned of a sandbox now. Never fails: what does not answer is missing."""
    try:
        whole, clouds = sandbox_of(backend, twin_id).status()
    except (ConflictError, UnavailableError, SandboxError, UsageError, OSError, msgspec.DecodeError):
        return Look()
    return Look(whole, clouds)


class Looks:
    """Looks at sandboxes that several share, none older than `within_s`: whoever comes meanwhile is told the same.
    Threads may share it.
    """

    def __init__(self, backend: Backend, within_s: float = 5.0) -> None:
        self._backend = backend
        self._within_s = within_s
        self._guard = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        self._known: dict[str, tuple[float, Look]] = {}

    def at(self, twin_id: str) -> Look:
        """A twin's, as `look`."""
        with self._guard:
            asking = self._asking.setdefault(twin_id, threading.Lock())
        with asking:
            now = self._backend.clock.now()
            known = self._known.get(twin_id)
            if known is None or not 0 <= now - known[0] < self._within_s:
                known = now, look(self._backend, twin_id)
                self._known[twin_id] = known
            return known[1]


def processes(seen: Look) -> list[shapes.CloudProcess]:
    """The simulated clouds' processes, with what lies and waits in each."""
    found = []
    for process in () if seen.whole is None else seen.whole.clouds:
        shown = shapes.CloudProcess(
            cloud=process.cloud, state=process.state, url=process.url, pid=process.pid, restarts=process.restarts
        )
        cloud = seen.clouds.get(process.cloud)
        found.append(shown if cloud is None else shown.model_copy(update=_inside(cloud)))
    return found


def link_ends(backend: Backend, twin_id: str) -> list[shapes.LinkEnd]:
    """Both ends of every link, as far as their clouds answer."""
    seen = look(backend, twin_id)
    urls = {} if seen.whole is None else {process.cloud: process.url for process in seen.whole.clouds}
    return [
        shapes.LinkEnd(
            edge=link.edge,
            cloud=name,
            peer=link.peer,
            direction=link.direction,
            endpoint=urls.get(link.peer if link.direction == "out" else name),
            key_ids=list(link.key_ids),
            key_age_s=link.key_age_s,
            messages=link.messages,
            batches=link.batches,
            bytes=link.bytes,
            retries=link.retries,
            refused=link.refused,
            last_success=moment(link.last_success),
            last_error=link.last_error,
            failing=link.failing,
        )
        for name, cloud in sorted(seen.clouds.items())
        for link in cloud.links
    ]


def moment(seconds: float | None) -> datetime | None:
    """A time that is told in seconds."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _inside(cloud: CloudStatus) -> dict[str, object]:
    return {
        "uptime_s": cloud.uptime_s,
        "memory_bytes": cloud.memory_bytes,
        "dead_letters": cloud.dead_letters,
        "faults": [" ".join(filter(None, (fault.kind, fault.target, fault.detail))) for fault in cloud.faults],
        "stores": [
            shapes.StoreCount(
                name=store.name,
                tier=store.tier,
                records=sum(each.records for each in store.classes),
                bytes=sum(each.bytes for each in store.classes),
            )
            for store in cloud.stores
        ],
        "queues": [
            shapes.QueueDepth(
                name=queue.name, depth=queue.depth, in_flight=queue.in_flight, oldest_age_s=queue.oldest_age_s
            )
            for queue in cloud.queues
        ],
    }
