"""Alerts: what went wrong with a twin or a workspace, folded, and what people do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, model_validator

from twin2multicloud.app.schemas.common import Answer, Body

AlertSeverity = Literal["info", "warning", "error", "critical"]


class Alert(Answer):
    """A problem of a twin, or of a workspace as a whole, which names no twin. The same again counts up. Whoever looks
    after it acknowledges it: when it comes again it is told again. While it is muted nobody is told.
    """

    id: str
    workspace: str
    workspace_name: str
    twin: str | None
    twin_name: str | None
    target: str
    kind: str
    severity: AlertSeverity
    layer: str
    cloud: str
    message: str
    data: dict[str, Any]
    count: int
    over: bool = Field(description="Whether it has ended, as far as whoever noticed it can tell.")
    first_at: datetime
    last_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    muted_until: datetime | None


class Mute(Body):
    """How long to keep it quiet: until a moment, or for some minutes."""

    until: AwareDatetime | None = None
    minutes: Annotated[int | None, Field(ge=1, le=525_600)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Mute:
        if (self.until is None) == (self.minutes is None):
            raise ValueError("give one of both: until, or minutes")
        return self
