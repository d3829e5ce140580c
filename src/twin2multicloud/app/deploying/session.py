"""Everything that a deploying command works with, set up and taken down again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from twin2multicloud.app.cache_directory import cache_directory
from twin2multicloud.app.deploying.variables import MIRRORS, SCENARIO, VERSIONS
from twin2multicloud.deployer.deploying import Deployer, Sink, Surroundings, interrupted_by
from twin2multicloud.deployer.engine.binary import find_core
from twin2multicloud.deployer.engine.engine import Engine
from twin2multicloud.deployer.engine.events import Event
from twin2multicloud.deployer.engine.job import EngineSettings
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.engine.process import Stop
from twin2multicloud.deployer.home import OFFLINE, Home
from twin2multicloud.deployer.packages import Package
from twin2multicloud.deployer.rendering import Renderer
from twin2multicloud.deployer.state.server import StateServer
from twin2multicloud.deployer.state.store import StateStore
from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError
from twin2multicloud.model.slots import Provider

T = TypeVar("T")

EVENTS_FILE: Final = "events.jsonl"
"""The file of a run that keeps every event of every stack, a line each."""


def home_of(directory: Path, *, offline: bool) -> Home:
    """The deployment kept in a directory; what is rehearsed is kept apart from what is real."""
    return Home.at(directory / OFFLINE if offline else directory)


@dataclass(frozen=True)
class Session:
    """What a command works with."""

    home: Home
    store: StateStore
    deployer: Deployer
    run: Path
    offline: bool


@contextmanager
def session(
    home: Home,
    packages: Sequence[Package],
    what: str,
    sink: Sink,
    *,
    offline: bool,
    credentials: Callable[[Provider], Mapping[str, str]],
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Session]:
    """The engine, the state's server and, `offline`, the stand-in providers, for one command."""
    core = find_core(environ=environ)
    with ExitStack() as stack:
        environment: Mapping[str, str] = {}
        if offline:
            with extra("deploy"):
                from twin2multicloud.standin import read_scenario, serve

            scenario = read_scenario(Path(environ[SCENARIO])) if environ.get(SCENARIO) else None
            environment = stack.enter_context(serve(home.world, scenario))
            # The engine has a configuration of its own for Terraform's command line.
            environment = {name: text for name, text in environment.items() if name != "TF_CLI_CONFIG_FILE"}
        store = stack.enter_context(home.store())
        states = stack.enter_context(StateServer(store))
        mirrors = tuple(Path(each) for each in environ.get(MIRRORS, "").split(os.pathsep) if each)
        settings = EngineSettings(home.work, cache_directory(environ) / "providers", mirrors)
        run = home.new_run(what)
        log = stack.enter_context((run / EVENTS_FILE).open("ab"))

        def heard(name: str, event: Event) -> None:
            log.write(msgspec.json.encode({"stack": name, "event": event}) + b"\n")
            log.flush()
            sink(name, event)

        deployer = Deployer(
            home,
            store,
            Engine(core, states, settings, environ),
            Renderer(packages, versions=_versions(environ)),
            run,
            Surroundings(
                environment,
                (lambda _provider: {}) if offline else credentials,
                packages=None if offline else packages_cache(environ),
            ),
            heard,
        )
        yield Session(home, store, deployer, run, offline)


def run(deployer: Deployer, work: Callable[[], Awaitable[T]]) -> T:
    """Do what takes long. An interrupt ends what Terraform does in order, so that its state is saved.

    Outcomes tell of an interrupt themselves; where nothing else does, `KeyboardInterrupt` is raised at the end: a plan
    that was interrupted has not failed, and what comes next is not begun.
    """

    async def watched() -> T:
        deployer.stop = Stop()  # it belongs to this loop
        with interrupted_by(deployer.stop, (signal.SIGINT, signal.SIGTERM)):
            return await work()

    try:
        done = asyncio.run(watched())
    except Twin2MultiCloudError as error:
        if deployer.stop.requested():
            raise KeyboardInterrupt from error
        raise
    if deployer.stop.requested() and not _tells(done):
        raise KeyboardInterrupt
    return done


def _tells(done: object) -> bool:
    """Whether outcomes say that not all was done."""
    return isinstance(done, dict) and any(isinstance(each, StackOutcome) and not each.ok for each in done.values())


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Imports of what only an extra brings: without it a `UsageError` says how to get it."""
    try:
        yield
    except ImportError as error:
        raise UsageError(
            f"{error.name} is not installed, which deploying takes; pip install 'twin2multicloud[{name}]'"
        ) from error


def packages_cache(environ: Mapping[str, str]) -> Path:
    """Where what packages take from a package index is kept."""
    return cache_directory(environ) / "packages"


def _versions(environ: Mapping[str, str]) -> dict[str, str]:
    pairs = (each.partition("=") for each in environ.get(VERSIONS, "").split(",") if each.strip())
    return {name.strip(): version.strip() for name, _, version in pairs}
