"""What becomes of a workspace's alerts: how severe they count, who is told what nobody looks after, what is quiet."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from twin2multicloud.app.schemas.alerts import AlertSeverity
from twin2multicloud.app.schemas.common import Answer, Body, Moment, Note

AlertKind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["quota"])]
Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9.*?-]{1,40}$", examples=["L3*"])]
RouteId = Annotated[str, Field(pattern=r"^rte_[0-9a-z]{1,28}$", examples=["rte_4qz0m8k2v1x7c9b3n5d6"])]


class EscalationStep(Body):
    """Who is told once so many minutes have passed since an alert was told."""

    after_minutes: Annotated[int, Field(ge=1, le=10_080)]
    route: RouteId


class PolicyInput(Body):
    """All of a workspace's policy. `steps` go up in minutes; an alert that is looked after, over or muted goes no
    further.
    """

    severities: dict[AlertKind, AlertSeverity] = Field(
        {}, max_length=60, description="How severe each kind of alert counts."
    )
    escalate_from: AlertSeverity = "error"
    steps: list[EscalationStep] = Field([], max_length=10)

    @model_validator(mode="after")
    def _in_order(self) -> PolicyInput:
        minutes = [step.after_minutes for step in self.steps]
        if minutes != sorted(set(minutes)):
            raise ValueError("steps go up in after_minutes, each more than the one before")
        return self


class AlertPolicy(Answer):
    """What becomes of a workspace's alerts."""

    severities: dict[str, AlertSeverity]
    escalate_from: AlertSeverity
    steps: list[EscalationStep]
    version: int = Field(description="What the ETag says; 0 before anything was set.")
    updated_at: datetime | None


class MuteRuleInput(Body):
    """Which alerts are to be quiet, and how long: until a moment, or for some minutes. `layer` and `kind` are patterns
    with * and ?.
    """

    twin: Annotated[str | None, Field(pattern=r"^[a-z]{3}_[0-9a-z]{1,28}$")] = None
    layer: Pattern = "*"
    kind: Pattern = "*"
    until: Moment | None = None
    minutes: Annotated[int | None, Field(ge=1, le=525_600)] = None
    note: Note = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> MuteRuleInput:
        if (self.until is None) == (self.minutes is None):
            raise ValueError("give one of both: until, or minutes")
        return self


class MuteRule(Answer):
    """A rule that keeps alerts quiet. `muted` counts those that it does now."""

    id: str
    workspace: str
    twin: str | None
    layer: str
    kind: str
    until: datetime
    note: str
    created_by: str
    created_at: datetime
    muted: int
