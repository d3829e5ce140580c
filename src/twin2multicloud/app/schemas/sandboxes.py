"""What a twin's sandbox tells and takes: errors, logs, dead letters (also in clouds), faults, commands, meters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from twin2multicloud.app.schemas.common import Answer, Body
from twin2multicloud.sandbox.faults import MOST_JUMP_S

CloudName = Literal["aws", "azure", "gcp"]
LetterId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f]+$")]


class TwinError(Answer):
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


class LogLine(Answer):
    """A line of a process's log."""

    cloud: str
    text: str


class Logs(Answer):
    """The last lines of logs, each process's in their order."""

    lines: list[LogLine]


LettersTarget = Literal["sandbox", "clouds"]
"""Where dead letters are; a rehearsal has none."""


class DeadLetter(Answer):
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


class LettersDone(Answer):
    """What was done with dead letters; `kept` could not be replayed, with why."""

    done: list[str]
    kept: list[dict[str, Any]] = Field(default_factory=list)


_LONGEST_S: Final = 3_600.0


class FaultInput(Body):
    """What shall go wrong. `target` is a link or a store; for `outage`, `kill` and `clock-jump` a cloud. It ends by
    itself after `duration_s`, if given. A killed cloud stays away for `seconds`, a clock jumps by them, also back: that
    of a cloud as a fault, without a target the twin's own, for good.
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
        "clock-jump",
    ]
    target: Annotated[str, Field(max_length=60)] = ""
    rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    seconds: Annotated[
        float,
        Field(
            ge=-MOST_JUMP_S, le=MOST_JUMP_S, description="0 to 3600; of a clock-jump up to a hundred years, also back."
        ),
    ] = 2.0
    duration_s: Annotated[float | None, Field(gt=0, le=86_400)] = None

    @field_validator("seconds")
    @classmethod
    def _in_range(cls, seconds: float, known: ValidationInfo) -> float:
        if known.data.get("kind") != "clock-jump" and not 0 <= seconds <= _LONGEST_S:
            raise ValueError(f"is 0 to {_LONGEST_S:,.0f}; only a clock jumps by other amounts")
        return seconds

    @field_validator("duration_s")
    @classmethod
    def _ends(cls, duration_s: float | None, known: ValidationInfo) -> float | None:
        if duration_s is not None and known.data.get("kind") in ("kill", "clock-jump"):
            raise ValueError(f"is nothing that {known.data['kind']} takes: it does not end by itself")
        return duration_s


class FaultSet(Answer):
    """Where it is on."""

    clouds: list[str]


class CommandInput(Body):
    """A command to a device. `wait_s`: how long to wait for the device's answer."""

    device: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
    payload: dict[str, Any] = Field(default_factory=dict)
    wait_s: Annotated[float, Field(ge=0, le=10)] = 5.0


class CommandSent(Answer):
    """A command under its id, and what the device answered; None as long as it has not."""

    id: str
    device: str
    name: str
    answer: dict[str, Any] | None


class MeterCount(Answer):
    """What was counted on a meter since the sandbox was made."""

    cloud: str
    meter: str
    amount: float
    unit: str


class MeterComparison(Answer):
    """A month of a meter in one region, predicted by the blueprint and scaled from what was counted: quantities in
    `unit`, and what both would cost. `ratio` is metered over predicted. `projected`: from what was stored so far;
    `planned`: it follows from the rate and planned headroom.
    """

    cloud: str
    meter: str
    region: str
    service: str
    dimension: str
    unit: str
    predicted: float
    metered: float
    ratio: float | None
    usd_predicted: float
    usd_metered: float
    verdict: Literal["agrees", "deviates", "not exercised", "unexpected"] = Field(
        description="Within 2 %, or not; predicted, but nothing of it was needed yet; counted, but not predicted."
    )
    projected: bool
    planned: bool


class MonthCompared(Answer):
    """A month at the rate of the run so far beside the month that was predicted, at the prices in use."""

    messages: float
    usd_predicted: float
    usd_metered: float
    meters: list[MeterComparison]


class Meters(Answer):
    """All counts, and how many of the twin's seconds they cover. `month` None: there is nothing to compare, for the
    reason that `problem` tells. `note` says what makes the comparison inexact, if anything does.
    """

    elapsed_s: float
    meters: list[MeterCount]
    month: MonthCompared | None = None
    problem: str = ""
    note: str = ""
