"""Kinds of devices as a definition describes them: what they send, and what they understand."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from twin2multicloud.model.spec import FieldType
from twin2multicloud.model.twin.part import Dtdl, Flag, Part, Text, Version
from twin2multicloud.model.twin.waveform import Number, Waveform

SCALARS = ("double", "integer", "boolean", "string")
"""Field types whose last value can be a property of a device's twin."""

ItemType = Literal["double", "integer", "boolean", "string"]


class FieldDefinition(Part):
    """A field of a message, of a command's request, or a property of an entity. Short form: its type alone."""

    type: FieldType = Field(description="What its values are. An object or array is kept whole.", examples=["double"])
    unit: Annotated[str, Field(max_length=64)] = Field(
        default="", description="Shown beside its values.", examples=["°C", "ppm", "kWh"]
    )
    min: Number | None = Field(
        default=None, description="The least that a number may be; a message below it is refused.", examples=[-20]
    )
    max: Number | None = Field(
        default=None, description="The most that a number may be; a message above it is refused.", examples=[60]
    )
    required: Flag = Field(
        default=True, description="Whether a message without it is refused. No for what a processor adds."
    )
    allowed: tuple[Annotated[str, Field(max_length=128)], ...] = Field(
        default=(),
        max_length=100,
        description="The texts that a string may be; all if none is named.",
        examples=[["auto", "manual"]],
    )
    items: ItemType = Field(default="double", description="What an array holds.")
    description: Text = Field(default="", description="One sentence, kept in the DTDL interface.")
    simulate: Waveform | None = Field(
        default=None, description="How the device simulator makes it up; without hints the middle of the range."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        number = self.type in ("double", "integer")
        if (self.min is not None or self.max is not None) and not number:
            raise ValueError(f"min and max bound numbers, and this is of type {self.type}; remove them")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}; exchange them")
        if self.allowed and self.type != "string":
            raise ValueError(f"allowed lists texts, and this is of type {self.type}; remove it")
        if len(set(self.allowed)) < len(self.allowed):
            raise ValueError("allowed names a value twice; keep one")
        if "items" in self.model_fields_set and self.type != "array":
            raise ValueError(f"items is the type of an array's elements, and this is of type {self.type}; remove it")
        if self.simulate is not None:
            problem = self.simulate.misfit(self.type, self.min, self.max, self.allowed)
            if problem:
                raise ValueError(f"simulate: {problem}")
        return self


class CommandDefinition(Part):
    """A command that devices of a type understand; short form: nothing, for one without fields."""

    fields: dict[str, FieldDefinition] = Field(
        default={}, max_length=50, description="What a command carries, by name; nothing for one without fields."
    )
    description: Text = Field(default="", description="What it does, in one sentence.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {} if value is None else value


class DeviceTypeDefinition(Part):
    """A kind of device: what it sends, what it understands, and the code that processes its messages.

    `dtdl` is a DTDL interface (or a list whose first it is), inline or as a file's path; without it one is generated
    from the fields. `processor` is the path of a Python file. Paths are relative to the definition's file.
    """

    description: Text = Field(default="", description="What kind of device it is, in one sentence.")
    version: Version = Field(
        default=1, description="Version of the generated interface. Raise it when fields change while it is deployed."
    )
    dtdl: Dtdl | None = Field(
        default=None,
        description="A DTDL interface, as a file's path or inline; without it one is generated from the fields.",
        examples=["models/pump.json"],
    )
    fields: dict[str, FieldDefinition] = Field(
        default={},
        max_length=200,
        description="What a message holds, by name. The short form of a field is its type alone.",
        examples=[{"temperature": "double"}],
    )
    commands: dict[str, CommandDefinition] = Field(
        default={},
        max_length=100,
        description="What can be asked of such a device, by name.",
        examples=[{"reboot": None}],
    )
    twin_fields: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="The fields whose last value is a property of the device's twin; all single values if left out.",
        examples=[["temperature"]],
    )
    processor: str | None = Field(
        default=None,
        description="A Python file whose function `process(reading, device)` every message goes through.",
        examples=["processors/climate.py"],
    )

    @model_validator(mode="after")
    def _has_fields(self) -> Self:
        if not self.fields and self.dtdl is None:
            raise ValueError("has neither fields nor dtdl; name at least one field, such as temperature: double")
        return self

    @property
    def kept_fields(self) -> tuple[str, ...]:
        """The fields whose last value is a property of the device's twin: those named, or all scalar ones."""
        if self.twin_fields is not None:
            return self.twin_fields
        return tuple(name for name, field in self.fields.items() if field.type in SCALARS)
