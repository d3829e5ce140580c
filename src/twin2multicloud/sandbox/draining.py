"""What waits in the queues of a slot that is about to go: let through as far as it can be, counted, thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlencode

import msgspec

from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.letters import TOPICS
from twin2multicloud.runtime.adapters.local.queues import Queues
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import holder

QUEUED: Final = tuple(TOPICS)
"""Slots with queues of their own, in the order of the messages' way."""
PATIENCE_S: Final = 10.0
"""What has not come through by then waits for somebody who is not there."""
_POLL_S: Final = 0.05


def drained(
    layout: Layout,
    slot: Slot,
    *,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> bool:
    """Wait until nothing waits in the queues of a slot that runs, and nobody is at work on it; whether that came true
    in time. Nobody may put anything in any more.
    """
    cloud = layout.blueprint().places[slot].provider.value
    give_up = monotonic() + patience_s
    while True:
        found = _asked(layout, cloud)
        if not found.busy and not _of(slot, found.queues):
            return True
        if monotonic() > give_up:
            return False
        sleep(_POLL_S)


def waiting(layout: Layout, slot: Slot) -> int:
    """Messages that wait in a slot's queues, be its cloud's process there or not."""
    if slot not in QUEUED:
        return 0
    cloud = layout.blueprint().places[slot].provider.value
    if holder(layout.cloud_lock(cloud)) is not None:
        return _of(slot, _asked(layout, cloud).queues)
    with _opened(layout, cloud) as queues:
        return 0 if queues is None else _of(slot, queues.depths())


def throw_away(layout: Layout, slot: Slot) -> None:
    """Throw away what waits in a slot's queues."""
    if slot not in QUEUED:
        return
    cloud = layout.blueprint().places[slot].provider.value
    if holder(layout.cloud_lock(cloud)) is not None:
        names = urlencode({"queue": TOPICS[slot]}, doseq=True)
        SandboxClient(layout).request(cloud, "DELETE", f"/control/move/waiting?{names}")
        return
    with _opened(layout, cloud) as queues:
        if queues is not None:
            for name in TOPICS[slot]:
                queues.queue(name).purge()


class _Waiting(msgspec.Struct):
    queues: dict[str, int]
    busy: int


def _asked(layout: Layout, cloud: str) -> _Waiting:
    return msgspec.convert(SandboxClient(layout).request(cloud, "GET", "/control/move/waiting"), _Waiting)


def _of(slot: Slot, depths: Mapping[str, int]) -> int:
    return sum(depth for name, depth in depths.items() if name in TOPICS[slot])


@contextmanager
def _opened(layout: Layout, cloud: str) -> Iterator[Queues | None]:
    """The queues of a cloud that has no process; None if it never had any."""
    file = layout.cloud(cloud) / "queues.db"
    queues = Queues(file) if file.exists() else None
    try:
        yield queues
    finally:
        if queues is not None:
            queues.close()
