"""What a twin's sandbox tells and takes: errors, logs, dead letters, faults, commands, meters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from twin2multicloud.app.schemas.common import Body

CloudName = Literal["aws", "azure", "gcp"]
LetterId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f]+$")]


class TwinError(Body):
    """An error and how often it came."""

    cloud: str
    layer: str
    severity: str
    kind: str
    message: str
    component: str
    device: str
    link: str
    trace: str
    count: int
    first_at: datetime | None
    last_at: datetime | None


class LogLine(Body):
    """A line of a process's log."""

    cloud: str
    text: str


class Logs(Body):
    """The last lines of logs, each process's in their order."""

    lines: list[LogLine]


class DeadLetter(Body):
    """A message that was set aside."""

    cloud: str
    id: str
    device: str
    component: str
    at: str
    reason: str


class WholeDeadLetter(DeadLetter):
    """A message that was set aside, with what it holds."""

    topic: str
    trace: str
    body: str


class Letters(Body):
    """Which dead letters: by their ids, or all."""

    ids: Annotated[list[LetterId], Field(max_length=1_000)] = Field(default_factory=list)
    all: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Letters:
        if bool(self.ids) == self.all:
            raise ValueError("name dead letters by their ids, or all of them with all")
        return self


class LettersDone(Body):
    """What was done with dead letters; `kept` could not be replayed, with why."""

    done: list[str]
    kept: list[dict[str, Any]] = Field(default_factory=list)


class FaultInput(Body):
    """What shall go wrong. `target` is a link or a store; for `outage` and `kill` a cloud. It ends by itself after
    `duration_s`, if given.
    """

    kind: Literal[
        "delay",
        "drop",
        "lose-answer",
        "duplicate",
        "error",
        "throttle",
        "refuse-writes",
        "disk-full",
        "outage",
        "kill",
    ]
    target: Annotated[str, Field(max_length=60)] = ""
    rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    seconds: Annotated[float, Field(ge=0, le=3600)] = 2.0
    duration_s: Annotated[float | None, Field(gt=0, le=86_400)] = None


class FaultSet(Body):
    """Where it is on."""

    clouds: list[str]


class CommandInput(Body):
    """A command to a device. `wait_s`: how long to wait for the device's answer."""

    device: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
    payload: dict[str, Any] = Field(default_factory=dict)
    wait_s: Annotated[float, Field(ge=0, le=10)] = 5.0


class CommandSent(Body):
    """A command under its id, and what the device answered; None as long as it has not."""

    id: str
    device: str
    name: str
    answer: dict[str, Any] | None


class MeterCount(Body):
    """What was counted on a meter since the sandbox was made."""

    cloud: str
    meter: str
    amount: float
    unit: str


class Meters(Body):
    """All counts, and how many of the twin's seconds they cover."""

    elapsed_s: float
    meters: list[MeterCount]
