"""What the engine is given: a stack to run, and the conditions under which it runs everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from twin2multicloud.deployer.engine.events import Event
from twin2multicloud.deployer.engine.process import Patience
from twin2multicloud.model.errors import Finding, InvalidInputError

Sink = Callable[[Event], None]
"""Takes a run's events as they come, on the event loop's thread. An error it raises interrupts the run."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True)
class StackJob:
    """A stack to run. `name` is its state's, for instance `berlin/L3-hot`; `source` the directory it was rendered into;
    None takes the code of the stack's last run, so that what cannot be rendered any more can still be destroyed.

    `environment` is what its providers are told (regions, endpoints); `credentials` are those of its cloud, by the
    names of the environment that its provider reads. They reach the child's environment and nothing else; their values
    are masked in everything that is said.
    """

    name: str
    source: Path | None
    environment: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            problem = f"{self.name!r} is no name of a stack; letters, digits, . _ - and / between parts make one"
            raise InvalidInputError("stack", [Finding("name", problem, self.name)])


@dataclass(frozen=True)
class EngineSettings:
    """Where the engine works, and how long it waits.

    `work_root` has a directory per stack, `plugin_cache` the providers for all of them, `mirrors` those that need no
    registry. `state_wait_s` is how long a run waits for a lock on its state, `directory_wait_s` for another run of the
    same stack on this machine; 0 = not at all. `parallelism` is how many resources of a stack are made at once.
    """

    work_root: Path
    plugin_cache: Path
    mirrors: tuple[Path, ...] = ()
    patience: Patience = field(default_factory=Patience)
    init_s: float = 600.0
    state_wait_s: float = 0.0
    directory_wait_s: float = 15.0
    parallelism: int = 10
