"""Stand-in providers in this process, which Terraform attaches to instead of installing and starting plugins.

The quickest way: one process serves all providers, `terraform init` fetches nothing, and no lock file is written.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import grpc  # type: ignore[import-untyped]

from twin2multicloud.model.errors import UsageError
from twin2multicloud.standin import overlay, schema
from twin2multicloud.standin.provider import Provider
from twin2multicloud.standin.reception import reception
from twin2multicloud.standin.rpc import Service
from twin2multicloud.standin.scenario import Fate, Scenario, Tally
from twin2multicloud.standin.sources import HOSTS, SOURCES
from twin2multicloud.standin.world import World

SCHEMAS_VARIABLE: Final = "T2M_STANDIN_SCHEMAS"
"""The environment variable that names a directory of other schemas than those shipped."""

_GARBAGE: Final = "400"
"""How far Terraform's memory may grow before it is tidied up, in percent of what is in use. A run over stand-ins lasts
for moments and holds little; with Go's usual 100 a fifth of its processor time goes into tidying."""
_SOCKET_PATH: Final = 90
"""The longest path of a directory for sockets, in bytes: a socket's path may have 107."""


def schemas_directory(chosen: Path | None = None) -> Path:
    """Where schemas are read: as chosen, as the environment says, or those shipped."""
    named = os.environ.get(SCHEMAS_VARIABLE)
    return chosen or (Path(named) if named else schema.SHIPPED)


def available(schemas: Path | None = None) -> tuple[str, ...]:
    """The providers whose schemas are there, by name."""
    names = {path.name.split(".")[0] for path in schemas_directory(schemas).glob("*.json*")}
    return tuple(sorted(names & SOURCES.keys()))


def build(name: str, world: Path | None, scenario: Scenario, schemas: Path | None = None) -> Provider:
    """A provider over a world; raises `UsageError` for a name that we know no provider of."""
    if name not in SOURCES:
        raise UsageError(f"provider {name!r} has no stand-in; there are: {', '.join(SOURCES)}")
    tally = Tally(None if world is None else world / ".met")
    return Provider(
        name,
        schema.load(name, schemas_directory(schemas)),
        overlay.load(name),
        None if world is None else World(world),
        Fate(scenario, tally),
    )


@contextmanager
def socket_directory() -> Iterator[Path]:
    """A directory that only we can enter, with a path short enough for sockets."""
    short = len(os.fsencode(tempfile.gettempdir())) < _SOCKET_PATH
    path = Path(tempfile.mkdtemp(prefix="standin-", dir=None if short else "/tmp"))  # noqa: S108 - mkdtemp makes it ours
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _stop(server: grpc.Server, provider: Provider) -> None:
    provider.end()
    server.stop(grace=1).wait()


@contextmanager
def serve(
    world: Path | None = None,
    scenario: Scenario | None = None,
    providers: Iterable[str] = (),
    schemas: Path | None = None,
) -> Iterator[Mapping[str, str]]:
    """Serve providers, all of whose schemas are there by default, until the context ends.

    Yields the environment variables that make Terraform and OpenTofu use them. Without a `world` every state is
    believed and no name is taken, which is right for a plan.
    """
    names = tuple(providers) or available(schemas)
    attached: dict[str, object] = {}
    with ExitStack() as stack:
        directory = stack.enter_context(socket_directory())
        for name in names:
            socket = directory / name
            inside = directory / f"{name}.in"
            provider = build(name, world, scenario or Scenario(), schemas)
            service = Service(provider)
            stack.callback(_stop, service.start(f"unix:{inside}"), provider)
            stack.enter_context(reception(socket, inside, service.forget))
            for host in HOSTS:
                attached[f"{host}/{SOURCES[name].address}"] = {
                    "Protocol": "grpc",
                    "ProtocolVersion": 6,
                    "Pid": os.getpid(),
                    "Test": True,  # so that Terraform leaves the process alone when it has done
                    "Addr": {"Network": "unix", "String": str(socket)},
                }
        config = directory / "terraform.rc"
        config.write_text("")  # the machine's own may name mirrors or overrides
        yield {
            "TF_REATTACH_PROVIDERS": json.dumps(attached),
            "TF_CLI_CONFIG_FILE": str(config),
            "CHECKPOINT_DISABLE": "1",
            "GOGC": _GARBAGE,
        }
