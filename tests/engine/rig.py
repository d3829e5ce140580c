"""An engine with a core, a store and a place to work, for tests that run real infrastructure code."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from tests.patience import PATIENCE_S
from twin2multicloud.deployer.engine.binary import Core
from twin2multicloud.deployer.engine.engine import Engine
from twin2multicloud.deployer.engine.events import Event, Phase, Progress
from twin2multicloud.deployer.engine.job import EngineSettings, StackJob
from twin2multicloud.deployer.engine.lifecycle import Approval, approve_all, deploy, destroy
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.engine.process import Patience, Stop
from twin2multicloud.deployer.state.server import StateServer
from twin2multicloud.deployer.state.sqlite import SqliteStateStore
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.runtime.system_clock import SystemClock

STACK = "berlin/L1"
E = TypeVar("E")

CHAIN = """
    resource "terraform_data" "first" {
      input = "one"
    }

    resource "terraform_data" "slow" {
      input = terraform_data.first.output
      provisioner "local-exec" {
        command = "%s"
      }
    }

    resource "terraform_data" "last" {
      input = terraform_data.slow.output
    }

    output "name" {
      value = terraform_data.last.output
    }
"""
"""Three resources in a row, the middle one of which does something."""


@dataclass
class Rig:
    """An engine at a place, with what its runs said."""

    root: Path
    engine: Engine
    store: StateStore
    events: list[Event] = field(default_factory=list)

    def place(self, stack: str = STACK, work: str = "work") -> Path:
        """A stack's work directory."""
        return self.root / work / quote(stack, safe="")

    def write(self, code: str, name: str = "main.tf", stack: str = STACK) -> StackJob:
        """Render a stack: its job."""
        source = self.root / "rendered" / stack
        source.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(textwrap.dedent(code))
        return StackJob(stack, source)

    async def deploy(
        self, job: StackJob, run_id: str = "run-1", stop: Stop | None = None, approve: Approval = approve_all
    ) -> StackOutcome:
        async with self.engine.open(job, run_id=run_id, sink=self.events.append, stop=stop) as run:
            return await deploy(run, approve)

    async def destroy(self, job: StackJob, run_id: str = "run-9", approve: Approval = approve_all) -> StackOutcome:
        async with self.engine.open(job, run_id=run_id, sink=self.events.append) as run:
            return await destroy(run, approve)

    def said(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until_started(self, resource: str) -> None:
        """Wait until an apply has begun to make a resource; its provisioner, if any, runs a moment later."""
        await self.until(
            lambda event: isinstance(event, Progress) and event.resource == resource and event.phase is Phase.STARTED
        )
        await asyncio.sleep(0.3)

    async def until(self, fits: Callable[[Event], bool], patience_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(patience_s):
            while not any(fits(event) for event in self.events):
                await asyncio.sleep(0.02)


@contextmanager
def rig_at(
    root: Path,
    core: Core,
    *,
    patience: Patience | None = None,
    state_wait_s: float = 0.0,
    directory_wait_s: float = 0.0,
    work: str = "work",
    mirrors: tuple[Path, ...] = (),
) -> Iterator[Rig]:
    """A rig; several at one root share states, as several engines of one machine do. `work` parts their directories."""
    settings = EngineSettings(
        root / work,
        root / "plugins",
        mirrors,
        patience=patience or Patience(),
        state_wait_s=state_wait_s,
        directory_wait_s=directory_wait_s,
    )
    with (
        closing(SqliteStateStore(root / "states.sqlite", SystemClock())) as store,
        StateServer(store) as states,
    ):
        yield Rig(root, Engine(core, states, settings), store)
