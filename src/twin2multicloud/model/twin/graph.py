"""The twin graph, written out: who contains whom, and every named relationship."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.entities import EntityDefinition, EntityModelDefinition
from twin2multicloud.model.twin.patterns import matcher, numbered, spread

CONTAINS: Final = "contains"
"""The relationship from an entity to what is `within` it."""

MAX_OUTGOING: Final = 50_000
"""Relationships that may leave one twin in Azure Digital Twins."""

MAX_RELATIONSHIPS: Final = 2_000_000


def all_relationships(definition: TwinDefinition) -> Iterator[tuple[str, str, str]]:
    """(source, name, target) of every relationship: containment first, then the named ones."""
    entity_ids = [id for entity in definition.graph.entities for _, id in entity.numbered_ids()]
    for entity in definition.graph.entities:
        if entity.within is not None:
            children = [id for _, id in entity.numbered_ids()]
            for parent, child in spread(children, within(entity.within, entity_ids)):
                yield parent, CONTAINS, child
    for group in definition.devices:
        if group.within is not None:
            for parent, child in spread(group.all_names(), within(group.within, entity_ids)):
                yield parent, CONTAINS, child
    if definition.graph.relationships:
        everyone = entity_ids + [name for group in definition.devices for name in group.all_names()]
        for relation in definition.graph.relationships:
            for source in within(relation.source, everyone):
                for target in within(relation.target, everyone):
                    yield source, relation.name, target


def relationship_names(definition: TwinDefinition) -> dict[str, list[str]]:
    """Device type or entity model → the relationships that leave its instances, `contains` first."""
    names: dict[str, list[str]] = {name: [CONTAINS] for name in definition.graph.models}
    if not definition.graph.relationships:
        return names
    owner = {id: entity.model for entity in definition.graph.entities for _, id in entity.numbered_ids()}
    for group in definition.devices:
        owner |= dict.fromkeys(group.all_names(), group.type)
    ids = list(owner)
    for relation in definition.graph.relationships:
        for kind in {owner[source] for source in within(relation.source, ids) if source in owner}:
            known = names.setdefault(kind, [])
            if relation.name not in known:
                known.append(relation.name)
    return names


def within(pattern: str, ids: list[str]) -> list[str]:
    """The ids that a name or pattern means."""
    return list(filter(matcher(pattern), ids)) if "*" in pattern else [pattern]


def entity_properties(entity: EntityDefinition, model: EntityModelDefinition, number: int) -> dict[str, Any]:
    """The properties of the entity with this number: `{n}` in texts replaced, numbers made where one is asked for."""
    return {
        name: numbered_value(value, model.properties[name].type if name in model.properties else "string", number)
        if entity.count is not None
        else value
        for name, value in entity.properties.items()
    }


def numbered_value(value: object, kind: str, number: int) -> object:
    """A property's value of the entity with this number."""
    if not isinstance(value, str) or "{n" not in value:
        return value
    if kind in ("integer", "double") and value == "{n}":
        return number
    return numbered(value, number)
