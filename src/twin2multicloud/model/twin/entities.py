"""What devices are in, and how things relate: the twin graph as a definition describes it."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from twin2multicloud.model.twin.device_types import FieldDefinition
from twin2multicloud.model.twin.part import Count, Dtdl, First, Part, Text, Version
from twin2multicloud.model.twin.patterns import parse_pattern


class EntityModelDefinition(Part):
    """A kind of entity that is no device: its DTDL interface, given or generated from its properties."""

    description: Text = Field(default="", description="What kind of thing it is, in one sentence.")
    version: Version = Field(
        default=1,
        description="Version of the generated interface. Raise it when properties change while it is deployed.",
    )
    dtdl: Dtdl | None = Field(
        default=None,
        description="A DTDL interface, as a file's path or inline; without it one is generated from the properties.",
        examples=["models/room.json"],
    )
    properties: dict[str, FieldDefinition] = Field(
        default={},
        max_length=200,
        description="What is known of such a thing, by name. The short form of a property is its type alone.",
        examples=[{"area": {"type": "double", "unit": "m²"}}],
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {} if value is None else value


class EntityDefinition(Part):
    """An entity, or `count` of them whose `id` is a pattern such as `room-{n:02}`.

    `within` is the entity it is part of, or a pattern over whose entities a counted group is spread in order. A text
    property may use the number as the id does: `"{n}"`.
    """

    id: str = Field(
        description="What it is called; of counted ones the pattern, in which {n} is the number.",
        examples=["house", "room-{n:02}"],
    )
    model: str = Field(description="One of the entity models.", examples=["Room"])
    count: Count | None = Field(default=None, description="How many there are, if there are several.", examples=[9])
    first: First = Field(default=1, description="The number of the first counted one.")
    within: str | None = Field(
        default=None,
        description="The entity that it is part of. A pattern spreads counted ones over all entities that fit.",
        examples=["house", "floor-*"],
    )
    properties: dict[str, Any] = Field(
        default={},
        max_length=200,
        description="The values of its properties; {n} in a text is the number.",
        examples=[{"number": "{n}"}],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.count is None:
            if "{" in self.id:
                raise ValueError(f"id {self.id!r} is a pattern; add count: 10, or write a plain id")
            if "first" in self.model_fields_set:
                raise ValueError("first belongs to a count; remove it")
        else:
            parse_pattern(self.id)
        return self

    def numbered_ids(self) -> list[tuple[int, str]]:
        """Number and id of each; the number of a single entity is 0."""
        if self.count is None:
            return [(0, self.id)]
        pattern = parse_pattern(self.id)
        return [(number, pattern.text(number)) for number in range(self.first, self.first + self.count)]


class RelationshipDefinition(Part):
    """A relationship between entities or devices. One end may be a pattern with `*`, and then stands for many."""

    source: str = Field(description="An entity or device, or a pattern of them.", examples=["ventilation"])
    name: str = Field(description="How it relates to the target.", examples=["supplies"])
    target: str = Field(description="An entity or device; a pattern, if the source is none.", examples=["room-*"])

    @model_validator(mode="after")
    def _one_pattern(self) -> Self:
        if "*" in self.source and "*" in self.target:
            raise ValueError("source and target are both patterns; name one of them exactly")
        return self


class GraphDefinition(Part):
    """The twin graph besides the devices."""

    models: dict[str, EntityModelDefinition] = Field(
        default={}, description="Kinds of things that are no devices, by name.", examples=[{"Room": None}]
    )
    entities: tuple[EntityDefinition, ...] = Field(default=(), description="The things themselves.")
    relationships: tuple[RelationshipDefinition, ...] = Field(
        default=(), description="How things relate, besides what is within what."
    )
