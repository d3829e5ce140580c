"""Which devices there are."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from twin2multicloud.model.twin.part import MAX_DEVICES, Count, First, Part
from twin2multicloud.model.twin.patterns import Pattern, parse_pattern


class DeviceGroupDefinition(Part):
    """Devices of one type: `names`, or `count` of them by a pattern `name` such as `sensor-{n:05}`.

    `within` is the entity they are in, or a pattern such as `room-*` over whose entities they are spread in order.
    """

    type: str = Field(description="One of the device types.", examples=["climate-sensor"])
    names: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_DEVICES,
        description="The devices by name; or else a count and a pattern.",
        examples=[["front-door", "garden-door"]],
    )
    count: Count | None = Field(
        default=None, description="How many there are of them, named by a pattern.", examples=[40]
    )
    name: str | None = Field(
        default=None,
        description="The pattern that counted devices are named by: {n} is the number, {n:03} has three digits.",
        examples=["sensor-{n:03}"],
    )
    first: First = Field(default=1, description="The number of the first counted one.")
    within: str | None = Field(
        default=None,
        description="The entity they are in. A pattern spreads them over all entities that fit, in order and evenly.",
        examples=["house", "room-*"],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.names is None) == (self.count is None):
            raise ValueError("write either names: [a, b], or count: 100 and name: 'sensor-{n:03}'")
        if self.names is not None and (self.name is not None or "first" in self.model_fields_set):
            raise ValueError("name and first belong to a count; remove them, or names")
        if self.count is not None and self.name is None:
            raise ValueError("a count needs a pattern; write name: 'sensor-{n:03}'")
        if self.name is not None:
            parse_pattern(self.name)
        return self

    @property
    def pattern(self) -> Pattern | None:
        """The naming pattern of a counted group."""
        return None if self.name is None else parse_pattern(self.name)

    def __len__(self) -> int:
        return self.count or len(self.names or ())

    def all_names(self) -> list[str]:
        """The devices' names, in order."""
        if self.names is not None:
            return list(self.names)
        pattern = parse_pattern(self.name or "")
        return [pattern.text(number) for number in range(self.first, self.first + (self.count or 0))]
