"""Events as they are told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer, Body

Severity = Literal["debug", "info", "warning", "error"]
EventId = Annotated[int, Field(ge=0, le=2**63 - 1)]
Kind = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9._-]*$")]
Reference = Annotated[str, Field(pattern=r"^[a-z]{3}_[0-9a-z]{1,28}$")]
StackName = Annotated[str, Field(max_length=200)]


class Event(Answer):
    """Something that happened. Whoever has seen one has seen all with a smaller `id` that they may see."""

    id: int
    at: datetime
    workspace: str
    twin: str | None
    run: str | None
    kind: str
    severity: Severity
    stack: str
    message: str
    data: dict[str, Any]


class Subscription(Body):
    """What a client of the socket sends first: what it wants to be told, and after which event."""

    workspace: Reference | None = None
    twin: Reference | None = None
    run: Reference | None = None
    kind: Kind = Field("", description="How the kind begins.")
    severity: Severity = Field("debug", description="The least.")
    stack: StackName | None = None
    after: EventId | None = Field(None, description="The last event seen; without it from now on.")
    follow: bool = Field(True, description="Whether to go on once all there is was told.")
