"""Routes: by which way people are told of alerts, and what was told by them.

Where a webhook leads goes in and is not read back: such addresses are secrets often enough.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, JsonValue, SecretStr, model_validator

from twin2multicloud.app.schemas.alerts import AlertSeverity
from twin2multicloud.app.schemas.common import Answer, Body, ShortName

RouteKind = Literal["webhook", "email"]
NoticeReason = Literal["new", "again", "escalated"]
NoticeStatus = Literal["waiting", "sent", "failed"]
_WRITE_ONLY: Final[dict[str, JsonValue]] = {"writeOnly": True}


def _address(given: SecretStr) -> SecretStr:
    text = given.get_secret_value()
    if not text.startswith(("https://", "http://")) or any(not "\x21" <= each <= "\x7e" for each in text):
        raise ValueError("is no address of a webhook; write https://HOST/PATH, without spaces")
    return given


WebhookUrl = Annotated[
    SecretStr,
    Field(min_length=10, max_length=2_000, json_schema_extra=_WRITE_ONLY, examples=["https://hooks.example.org/t2m"]),
    AfterValidator(_address),
]
EmailAddress = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[A-Za-z0-9._%+'-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}$",
        examples=["ada@example.org"],
    ),
]
Recipients = Annotated[list[EmailAddress], Field(min_length=1, max_length=20)]
TwinIds = Annotated[list[Annotated[str, Field(pattern=r"^[a-z]{3}_[0-9a-z]{1,28}$")]], Field(max_length=200)]
Layers = Annotated[
    list[Annotated[str, Field(pattern=r"^L[1-5](\.[a-z]{1,15})?$", examples=["L2", "L3", "L3.hot"])]],
    Field(max_length=20),
]


class _RouteInput(Body):
    name: ShortName
    min_severity: AlertSeverity = "warning"
    twins: TwinIds = Field([], description="Of these twins only; of all if there are none.")
    layers: Layers = Field([], description="Of these layers only; L3 is all of its tiers, too.")
    only_escalated: Annotated[bool, Field(description="Told of nothing but what escalation brings.")] = False
    enabled: bool = True


class WebhookInput(_RouteInput):
    """A webhook: each alert is POSTed there, signed."""

    kind: Literal["webhook"]
    url: WebhookUrl


class EmailInput(_RouteInput):
    """E-mail to some people; several alerts within a minute become one message."""

    kind: Literal["email"]
    to: Recipients


RouteInput = Annotated[WebhookInput | EmailInput, Field(discriminator="kind")]


class RoutePatch(Body):
    """What is to change; `url` of a webhook, `to` of e-mail. What is left out stays."""

    name: ShortName | None = None
    min_severity: AlertSeverity | None = None
    twins: TwinIds | None = None
    layers: Layers | None = None
    only_escalated: bool | None = None
    enabled: bool | None = None
    url: WebhookUrl | None = None
    to: Recipients | None = None

    @model_validator(mode="after")
    def _not_both(self) -> RoutePatch:
        if self.url is not None and self.to is not None:
            raise ValueError("give url for a webhook or to for e-mail, not both")
        return self


class AlertRoute(Answer):
    """A way by which alerts of a workspace are told."""

    id: str
    workspace: str
    kind: RouteKind
    name: str
    address: str = Field(description="The recipients, or where a webhook leads as far as it may be shown.")
    min_severity: AlertSeverity
    twins: list[str]
    layers: list[str]
    only_escalated: bool
    enabled: bool
    problem: str = Field(description="Why it could not be told by last; empty if it could.")
    told_at: datetime | None
    waiting: int = Field(description="How many notices wait to be told.")
    version: int = Field(description="What the ETag says.")
    created_at: datetime
    updated_at: datetime


class NewAlertRoute(AlertRoute):
    """A route with the secret that its webhook is signed with, which is shown this once; null for e-mail."""

    secret: str | None


class RouteTest(Answer):
    """What came of a test."""

    told: bool
    problem: str
    took_s: float


class AlertNotice(Answer):
    """Something that was told by a route, or waits for it. Its id is the same with every attempt."""

    id: str
    route: str
    alert: str
    reason: NoticeReason
    status: NoticeStatus
    attempts: int
    problem: str
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None
