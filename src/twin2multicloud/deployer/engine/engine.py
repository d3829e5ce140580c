"""The engine: opens runs of stacks, each alone in its directory, with a password to its own state only."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from twin2multicloud.deployer.engine.binary import Core
from twin2multicloud.deployer.engine.cli_config import write_cli_config
from twin2multicloud.deployer.engine.environment import run_environment
from twin2multicloud.deployer.engine.events import Event
from twin2multicloud.deployer.engine.job import EngineSettings, Sink, StackJob
from twin2multicloud.deployer.engine.masking import Masker
from twin2multicloud.deployer.engine.process import Stop
from twin2multicloud.deployer.engine.run import StackRun
from twin2multicloud.deployer.engine.workdir import WorkDirectory
from twin2multicloud.deployer.state.records import Holder
from twin2multicloud.deployer.state.server import StateServer


def ignore(event: Event) -> None:
    """A sink for whoever wants the outcome only."""
    del event


class Engine:
    """Runs stacks with one core, against one state server. `environ` is what children may be handed on from."""

    def __init__(
        self, core: Core, states: StateServer, settings: EngineSettings, environ: Mapping[str, str] = os.environ
    ) -> None:
        self.core = core
        self.states = states
        self.settings = settings
        self._environ = environ

    @asynccontextmanager
    async def open(
        self, job: StackJob, *, run_id: str, sink: Sink = ignore, stop: Stop | None = None
    ) -> AsyncIterator[StackRun]:
        """A run of a stack, alone in the stack's directory until the end of the block.

        `run_id` goes into locks and the state's history. `stop` interrupts whatever command is going on.
        """
        settings = self.settings
        root = settings.work_root.absolute()
        config = write_cli_config(root / "cli.tfrc", settings.plugin_cache.absolute(), settings.mirrors)
        directory = WorkDirectory(root, job.name)
        with (
            await directory.hold(settings.directory_wait_s) as held,
            TemporaryDirectory(prefix="t2m-", ignore_cleanup_errors=True) as temporary,
        ):
            await asyncio.to_thread(directory.prepare, job.source)
            holder = Holder(run_id, socket.gethostname(), os.getpid(), str(directory.held_file))
            grant, access = self.states.grant(job.name, holder)
            given = (job.environment, job.credentials, access.environment())
            environment = run_environment(directory.home, Path(temporary), config, *given, environ=self._environ)
            masker = Masker((*job.credentials.values(), access.password))
            run = StackRun(
                job,
                core=self.core,
                settings=settings,
                states=self.states,
                directory=directory,
                held=held,
                grant=grant,
                environment=environment,
                masker=masker,
                sink=sink,
                stop=stop or Stop(),
            )
            try:
                # So that what was put out in secret before is masked from the first line on.
                run.outputs()
                yield run
            finally:
                self.states.revoke(grant)
