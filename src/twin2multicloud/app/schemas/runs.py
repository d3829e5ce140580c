"""Runs: what is asked for, and what they look like from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from twin2multicloud.app.schemas.common import Answer, Body
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.model.slots import Slot

Kind = Literal[
    "plan",
    "deploy",
    "redeploy",
    "destroy",
    "move",
    "drift",
    "verify",
    "rotate-keys",
    "check-connection",
    "refresh-prices",
    "bills",
]
TwinKind = Literal["plan", "deploy", "redeploy", "destroy", "move", "drift", "verify", "rotate-keys"]
Status = Literal[
    "queued", "planning", "awaiting-approval", "applying", "cancelling", "succeeded", "failed", "cancelled", "declined"
]
ENDED: frozenset[Status] = frozenset({"succeeded", "failed", "cancelled", "declined"})
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{2,63}$")]


class RunInput(Body):
    """What to do with a twin.

    `slots` names some of the seven (none: all; a sandbox is redeployed with those that it has). `approve` agrees to the
    plan beforehand; without it the run waits for somebody who has seen it. `discard_data` lets stores be destroyed with
    what they hold. A move needs `slot` and `to`, such as `azure`, `azure/westeurope` or an offer; or one of `resume`,
    `abort` for a move that was begun.
    """

    kind: TwinKind
    target: Target = "sandbox"
    version: Annotated[int | None, Field(ge=1, description="Of the twin; the newest if none is named.")] = None
    slots: Annotated[list[Slot], Field(max_length=7)] = []  # noqa: RUF012  pydantic copies it
    approve: bool = False
    refresh: bool = False
    discard_data: bool = False
    at_once: bool = Field(False, description="rotate-keys: old keys stop at once instead of living on for a while.")
    slot: Slot | None = None
    to: Annotated[str | None, Field(max_length=100)] = None
    resume: bool = False
    abort: bool = False
    owner: Email | None = None
    users: Annotated[list[Email], Field(max_length=100)] = Field(default_factory=list)
    log_retention_days: Annotated[int | None, Field(ge=1, le=3653)] = None
    speed: Annotated[float | None, Field(gt=0, le=1e6, description="sandbox: of the twin's clock.")] = None
    devices: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="sandbox: only so many of them; with slots as it is.")
    ] = None

    @model_validator(mode="after")
    def _move_is_whole(self) -> RunInput:
        if self.kind != "move":
            given = [name for name in ("slot", "to", "resume", "abort") if getattr(self, name)]
            if given:
                raise ValueError(f"{', '.join(given)}: only a move takes that")
        elif sum((self.resume, self.abort, self.slot is not None or self.to is not None)) != 1:
            raise ValueError("a move takes slot and to, or resume, or abort")
        elif not self.resume and not self.abort and (self.slot is None or self.to is None):
            raise ValueError("a move takes both: which slot, and where to")
        if self.kind == "verify" and self.target != "sandbox":
            raise ValueError("verify sends a probe through a sandbox; for the clouds look at the proof of the wiring")
        return self


class StageState(Answer):
    """An attempt at a part of a run."""

    name: str
    attempt: int
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    begun_at: datetime | None
    ended_at: datetime | None
    problem: str | None


class RunSummary(Answer):
    """A run in a list."""

    id: str
    workspace: str
    twin: str | None
    twin_name: str | None
    version: int | None
    number: int
    kind: Kind
    target: str
    status: Status
    problem: str | None
    created_by: str
    approved_by: str | None
    created_at: datetime
    approved_at: datetime | None
    ended_at: datetime | None


class Run(RunSummary):
    """A run, whole: what was asked, what was planned, how it ended. `reveals`: whether there are passwords that its
    creator can have shown, once.
    """

    request: dict[str, Any]
    plan: dict[str, Any] | None
    result: dict[str, Any] | None
    stages: list[StageState]
    reveals: bool = False


class TargetState(Answer):
    """Where twins can be deployed. `reason` says why this cannot be had from this server; "" where it can."""

    target: Target
    reason: str = ""


class Decision(Body):
    """Whether to go on with what was planned. `plan_digest` is that of the plan that was seen."""

    agreed: bool
    plan_digest: str | None = Field(None, max_length=64)


class CheckInput(Body):
    """What a connection is to suffice for: a twin as it is placed now, or, without one, just signing in."""

    twin: Annotated[str | None, Field(pattern=r"^twn_[0-9a-z]{1,28}$")] = None


class Revealed(Answer):
    """What is told once and kept nowhere."""

    lines: list[str]
