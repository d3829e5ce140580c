"""The workload: what a digital twin's devices send and what its people look at.

Every quantity carries its unit in its name. A month is 730 hours, as on the providers' price pages.

**Retention.** `hot_months`, `cool_months` and `archive_months` are *ages*, not durations: a record is hot until it
is `hot_months` old, then cool until `cool_months`, then archived until `archive_months`, then deleted. With G
bytes arriving per month the steady volumes are therefore G·h, G·(c − h) and G·(a − c). (The published model
`edt25` charges G·c and G·a instead.)

**Numbers.** A number must be a number: text such as "5" and true/false are rejected. Where a whole number is
asked for, 5.0 and 1e6 are accepted, since TOML and JSON writers spell whole numbers that way; 5.5 is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

HOURS_PER_MONTH: Final = 730.0
SECONDS_PER_MONTH: Final = HOURS_PER_MONTH * 3600.0

MAX_MESSAGES_PER_MONTH: Final = 1e15
"""Far above any fleet, far below 2⁵³, where float64 stops counting single messages."""


def _whole(value: object) -> object:
    return int(value) if type(value) is float and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Workload(BaseModel):
    """One twin's load. Immutable; three fields are required, the others have the defaults shown here.

    Raises pydantic's `ValidationError` for a value out of bounds, a wrong type, an unknown field, retention ages
    that do not ascend, or more than `MAX_MESSAGES_PER_MONTH` messages. `model.documents` turns that into
    findings with line numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, json_schema_extra={"title": "Workload"})

    devices: Whole = Field(
        ge=1,
        le=100_000_000,
        description="Devices that send telemetry.",
        json_schema_extra={"unit": "devices"},
    )
    message_interval_s: Number = Field(
        ge=0.001,
        le=31 * 86_400.0,
        description="Seconds between two messages of one device, on average.",
        json_schema_extra={"unit": "s"},
    )
    message_size_bytes: Whole = Field(
        ge=1,
        le=262_144,
        description=(
            "Size of one message's payload. 256 KiB is the largest message that two of the three clouds take; "
            "AWS IoT Core stops at 128 KiB."
        ),
        json_schema_extra={"unit": "bytes"},
    )
    hot_months: Number = Field(
        default=1.0,
        gt=0,
        le=1200,
        title="Hot until",
        description="Age until which a record stays in hot storage.",
        json_schema_extra={"unit": "months"},
    )
    cool_months: Number = Field(
        default=3.0,
        gt=0,
        le=1200,
        title="Cool until",
        description="Age until which a record stays in cool storage, after hot. At least hot_months.",
        json_schema_extra={"unit": "months"},
    )
    archive_months: Number = Field(
        default=12.0,
        gt=0,
        le=1200,
        title="Archived until",
        description="Age until which a record stays archived, then it is deleted. At least cool_months.",
        json_schema_extra={"unit": "months"},
    )
    entities_3d: Whole = Field(
        default=0,
        ge=0,
        le=10_000_000,
        title="Entities in 3D",
        description="Entities shown in a 3D scene. 0 = the twin has no 3D scene.",
        json_schema_extra={"unit": "entities"},
    )
    editors: Whole = Field(
        default=1,
        ge=0,
        le=1_000_000,
        description="People who edit dashboards in a month.",
        json_schema_extra={"unit": "users"},
    )
    viewers: Whole = Field(
        default=5,
        ge=0,
        le=1_000_000,
        description="People who only look at dashboards in a month.",
        json_schema_extra={"unit": "users"},
    )
    dashboard_refreshes_per_hour: Number = Field(
        default=12.0,
        ge=0,
        le=1_000_000,
        description="Dashboard refreshes in an hour of use, all users together.",
        json_schema_extra={"unit": "refreshes/h"},
    )
    dashboard_hours_per_day: Number = Field(
        default=8.0,
        ge=0,
        le=24,
        description="Hours of a day in which dashboards are open.",
        json_schema_extra={"unit": "h/day"},
    )
    rules_per_message: Number = Field(
        default=1.0,
        ge=0,
        le=1000,
        description="Rules evaluated for each message, on average.",
        json_schema_extra={"unit": "rules/message"},
    )
    event_share: Number = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of messages that raise an event. 0.01 = one in a hundred.",
        json_schema_extra={"unit": "fraction"},
    )
    commands_per_device_per_day: Number = Field(
        default=0.0,
        ge=0,
        le=86_400,
        description="Commands sent back to one device in a day, on average.",
        json_schema_extra={"unit": "commands/day"},
    )
    link_batch_messages: Whole = Field(
        default=20,
        ge=1,
        le=10_000,
        description="Messages in one batch where a link crosses from one cloud to another.",
        json_schema_extra={"unit": "messages"},
    )
    peak_factor: Number = Field(
        default=1.0,
        ge=1,
        le=31,
        description=(
            "Messages on the busiest day of a month over those of an average day. Daily quotas are bought for the "
            "busiest day. 31 = all of a month on one day."
        ),
        json_schema_extra={"unit": "ratio"},
    )
    growth_per_month: Number = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Growth of the number of devices from month to month. 0.02 = 2 % more each month.",
        json_schema_extra={"unit": "fraction/month"},
    )

    @classmethod
    def cross_check(cls, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(field, problem) for each rule between fields that `values` breaks.

        A rule is skipped when one of its fields is absent, so that one bad value does not hide other problems.
        """
        problems: list[tuple[str, str]] = []
        for younger, older in (("hot_months", "cool_months"), ("cool_months", "archive_months")):
            if younger in values and older in values and values[younger] > values[older]:
                low, high = values[younger], values[older]
                problems.append(
                    (
                        older,
                        f"{high:g} is less than {younger}, {low:g}; the retention fields are ages that ascend: "
                        f"set {older} to {low:g} or more",
                    )
                )
        if "devices" in values and "message_interval_s" in values:
            messages = values["devices"] * SECONDS_PER_MONTH / values["message_interval_s"]
            if messages > MAX_MESSAGES_PER_MONTH:
                problems.append(
                    (
                        "devices",
                        f"{values['devices']:,.0f} devices with message_interval_s {values['message_interval_s']:g} "
                        f"send {messages:.2g} messages a month; at most {MAX_MESSAGES_PER_MONTH:.0e} are allowed",
                    )
                )
        return problems

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        # The common case is decided without building anything: a batch validates tens of thousands of workloads.
        if (
            self.hot_months <= self.cool_months <= self.archive_months
            and self.messages_per_month <= MAX_MESSAGES_PER_MONTH
        ):
            return self
        problems = self.cross_check(self.__dict__)
        text = "; ".join(f"{field}: {problem}" for field, problem in problems)
        raise PydanticCustomError("cross_field", "{text}", {"text": text})

    @property
    def messages_per_month(self) -> float:
        """Messages of all devices in a month of 730 hours."""
        return self.devices * SECONDS_PER_MONTH / self.message_interval_s

    @property
    def payload_bytes_per_month(self) -> float:
        """Payload bytes of all devices in a month of 730 hours, without protocol overhead."""
        return self.messages_per_month * self.message_size_bytes
