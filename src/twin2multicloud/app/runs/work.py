"""What a stage's process works with, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.runs.telling import EventWriter, RunTeller
from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.twin.definition import TwinDefinition


class WorkFailedError(Twin2MultiCloudError):
    """What was to be done was not, or not whole; `result` tells what there is (exit code 7)."""

    exit_code = 7

    def __init__(self, text: str, result: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.result = dict(result)


@dataclass(frozen=True)
class Planned:
    """A plan as it is shown and agreed to. `nothing`: carrying it out would change nothing."""

    document: dict[str, Any]
    nothing: bool = False


@dataclass(frozen=True)
class Work:
    """One stage's surroundings. `run` is as it was when the stage began; `scratch` is a directory of the run's own,
    which need not survive it; `person` the e-mail address of who asked for it; `environment` what this process has
    and the credentials of the connections in use.
    """

    backend: Backend
    run: Run
    asked: RunInput
    twin_id: str
    definition: TwinDefinition
    placement: Placement | None
    teller: RunTeller
    writer: EventWriter
    scratch: Path
    person: str | None = None
    environment: Mapping[str, str] = field(repr=False, default_factory=dict)


class Target(Protocol):
    """A place where twins are deployed. Both are called again after an interruption, and then do what is left."""

    def plan(self, work: Work) -> Planned:
        """What carrying the run out would do. Changes nothing there."""
        ...

    def apply(self, work: Work) -> dict[str, Any]:
        """Do it; what to tell of it. Raises `WorkFailedError` or another error of ours for a person to read."""
        ...
