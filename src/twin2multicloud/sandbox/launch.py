"""Bringing a sandbox to what its definition says, whatever state it is in: what `sandbox up` does."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Final

from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import (
    TwinInSandbox,
    check,
    create,
    running,
    same,
    same_but_places,
    start,
    stop,
    write_documents,
)
from twin2multicloud.sandbox.layers import arrange
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import ProcessLock

_OTHER_S: Final = 30.0
"""Another `up` or `down` of the same sandbox is waited for so long."""


class Launched(StrEnum):
    """What had to be done."""

    STARTED = "started"
    RESTARTED = "restarted"  # it ran, with another definition
    CHANGED = "changed"  # it ran, with other slots
    RUNNING = "running"  # it ran as it should


def launch(
    layout: Layout,
    twin: TwinInSandbox,
    *,
    speed: float | None = None,
    slots: Collection[Slot] | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> Launched:
    """Create, start or restart a sandbox, or leave it be. `speed` None leaves the twin's clock as it is; `slots` are
    those that are deployed then (None: as it was, all of a new one). One that runs gets them while it runs.
    """
    check(layout, twin)
    with ProcessLock(layout.setup_lock, _OTHER_S):
        done = Launched.STARTED
        if running(layout):
            if same(layout, twin) or (slots is not None and same_but_places(layout, twin)):
                write_documents(layout, twin)
                # It may have been begun, or changed, by somebody who did not live to see it up.
                before = layout.built()
                arrange(layout, before if slots is None else slots, follows=progress)
                if speed is not None and layout.config().clock.speed != speed:
                    SandboxClient(layout).set_clock(speed=speed)
                return Launched.RUNNING if layout.built() == before else Launched.CHANGED
            stop(layout)
            done = Launched.RESTARTED
        create(layout, twin, speed=speed, slots=slots)
        start(layout, progress=progress)
        return done
