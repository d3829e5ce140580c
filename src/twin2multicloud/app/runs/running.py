"""Having runs carried out by this process and the children that it starts."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.runs.children import Manners
from twin2multicloud.app.runs.dispatch import Dispatcher
from twin2multicloud.app.runs.durable import DurableStages
from twin2multicloud.app.runs.told import stage_command


@contextmanager
def carrying_out_runs(backend: Backend, *, worker: str | None = None, manners: Manners | None = None) -> Iterator[None]:
    """While this lasts, runs are carried out here: one process per stage, as many at a time as the settings say.

    `worker` is this server's name among those of one database: the same after a restart, other than all that live.
    Leaving interrupts what is under way in order; whoever carries out runs next goes on with it.
    """
    settings = backend.settings
    home = settings.data.resolve() / "stages"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = worker or f"{socket.gethostname()}-{'embedded' if backend.database.is_sqlite else os.getpid()}"
    stages = DurableStages(
        settings.url,
        name,
        home,
        lambda _stage, payload: stage_command(backend, payload),
        parallel=settings.parallel_runs,
        manners=manners,
    )
    with Dispatcher(backend, stages):
        yield
