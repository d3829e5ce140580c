"""What happens when: rules as a definition describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from twin2multicloud.model.durations import Duration
from twin2multicloud.model.spec import Severity, Trigger
from twin2multicloud.model.twin.part import Part


class CommandCall(Part):
    """Which command to send, and to which device (default: the one whose message made the rule fire)."""

    name: str = Field(description="A command of the device's type.", examples=["set_target"])
    device: str = Field(
        default="",
        description="The device that it is sent to; without one the device whose message made the rule fire.",
        examples=["valve-01"],
    )
    payload: dict[str, Any] = Field(
        default={}, description="What the command carries, by its fields.", examples=[{"celsius": 18}]
    )


class WebhookCall(Part):
    """Where to POST the alert; `secret` names the secret it is signed with."""

    url: Annotated[str, Field(max_length=2048)] = Field(
        description="Where the alert is sent to (https).", examples=["https://example.com/hook"]
    )
    secret: Annotated[str, Field(max_length=127)] = Field(
        default="", description="The name of the secret that it is signed with.", examples=["hook-key"]
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value


class ActionDefinition(Part):
    """One thing that a rule does: alert, command, webhook or function."""

    alert: Annotated[str, Field(max_length=1024)] | None = Field(
        default=None,
        description="Raise an alert with this text, in which fields and {device} may be named.",
        examples=["{co2} ppm at {device}"],
    )
    command: CommandCall | None = Field(default=None, description="Send a command to a device.")
    webhook: WebhookCall | None = Field(default=None, description="Tell another system.")
    function: str | None = Field(
        default=None,
        description="A Python file whose function `act(alert)` is called.",
        examples=["processors/overload.py"],
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if value == "alert":
            return {"alert": ""}
        if isinstance(value, Mapping):
            # `command: reset` and `alert:` without a text are as clear as their long forms.
            short = dict(value)
            if "alert" in short and short["alert"] is None:
                short["alert"] = ""
            if isinstance(short.get("command"), str):
                short["command"] = {"name": short["command"]}
            return short
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("is one of alert, command, webhook, function; write each as an item of its own")
        return self


class RuleDefinition(Part):
    """A condition over the messages of one device type, and what happens when it holds."""

    name: str = Field(description="What it is called.", examples=["stuffy-air"])
    on: str = Field(description="The device type whose messages it looks at.", examples=["climate-sensor"])
    when: Annotated[str, Field(max_length=2000)] = Field(
        description="The condition, over the fields of a message.", examples=['co2 > 1400 and mode != "manual"']
    )
    devices: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Only these devices, by names or patterns; all of the type if left out.",
        examples=[["climate-00*"]],
    )
    for_s: Duration = Field(
        default=0.0,
        alias="for",
        description="How long it must hold before it fires, in the messages' own time.",
        examples=["4m"],
    )
    clear: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None,
        description="What must hold before it may fire again; without it that `when` does not.",
        examples=["co2 < 1000"],
    )
    trigger: Trigger = Field(
        default="edge",
        description="When it fires: edge is once, as it begins to hold; each is on every message for which it holds.",
    )
    severity: Severity = Field(default="warning", description="How bad it is.")
    actions: tuple[ActionDefinition, ...] = Field(
        default=(ActionDefinition(alert=""),),
        min_length=1,
        max_length=20,
        description="What happens; an alert unless something else is named.",
        examples=[[{"alert": "{co2} ppm at {device}"}]],
    )

    @model_validator(mode="after")
    def _trigger_agrees(self) -> Self:
        if self.trigger == "each" and self.clear is not None:
            raise ValueError("clear belongs to trigger: edge; a rule with trigger: each fires on every message")
        if self.trigger == "each" and self.for_s > 0:
            raise ValueError("for belongs to trigger: edge; a rule with trigger: each fires on every message")
        return self
