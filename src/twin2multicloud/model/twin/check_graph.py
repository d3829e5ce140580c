"""The twin graph: what its entities refer to, what they are in, and which properties they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from twin2multicloud.model.names import shown
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.twin.device_types import SCALARS
from twin2multicloud.model.twin.entities import EntityDefinition
from twin2multicloud.model.twin.graph import (
    CONTAINS,
    MAX_OUTGOING,
    MAX_RELATIONSHIPS,
    numbered_value,
)
from twin2multicloud.model.twin.parts import Parts, Problem
from twin2multicloud.model.twin.patterns import spread
from twin2multicloud.model.twin.values import value_problem


def graph_problems(parts: Parts) -> Iterator[Problem]:
    """What is wrong with the graph."""
    for name, model in parts.models.good.items():
        for field, its in model.properties.items():
            if its.type not in SCALARS and name not in parts.interfaces:
                path = ("graph", "models", name, "properties", field)
                yield Problem(path, f"is of type {its.type}; an entity's property is {', '.join(SCALARS)}")
    for index, entity in parts.entities.good:
        yield from _entity(parts, index, entity)
    outgoing: Counter[str] = Counter()
    yield from _containment(parts, outgoing)
    yield from _relationships(parts, outgoing)
    for id, count in outgoing.most_common(1):
        if count > MAX_OUTGOING:
            message = (
                f"{count:,} relationships leave '{id}'; Azure Digital Twins allows {MAX_OUTGOING:,}: "
                "put something in between, such as floors"
            )
            yield Problem(("graph",), message)
    if outgoing.total() > MAX_RELATIONSHIPS:
        yield Problem(("graph",), f"has {outgoing.total():,} relationships; at most {MAX_RELATIONSHIPS:,} are handled")


def _entity(parts: Parts, index: int, entity: EntityDefinition) -> Iterator[Problem]:
    path: Path = ("graph", "entities", index)
    if parts.models.lacks(entity.model):
        hint = parts.suggest(entity.model, parts.models.declared)
        hint = hint or "; define it under graph.models"
        yield Problem((*path, "model"), f"there is no entity model {shown(entity.model, 64)}{hint}")
    model = parts.models.good.get(entity.model)
    if model is None:
        return
    first = entity.numbered_ids()[0][0]
    for name, value in entity.properties.items():
        place = (*path, "properties", name)
        if name not in model.properties:
            hint = parts.suggest(name, model.properties)
            yield Problem(place, f"{entity.model} has no property {shown(name, 64)}{hint}")
            continue
        field = model.properties[name]
        given = numbered_value(value, field.type, first) if entity.count is not None else value
        if isinstance(given, str) and "{n" in given:
            problem: str | None = f"{given!r:.60} uses {{n}}, but only counted entities have numbers; add a count"
        else:
            problem = value_problem(given, field)
        if problem is not None:
            yield Problem(place, problem)


def _containment(parts: Parts, outgoing: Counter[str]) -> Iterator[Problem]:
    parent_of: dict[str, str] = {}
    for index, entity in parts.entities.good:
        if entity.within is not None:
            ids = [id for _, id in entity.numbered_ids()]
            parents = parts.entities_like(entity.within)
            problem = _no_parents(parts, entity.within, parents, ids)
            if problem is not None:
                yield Problem(("graph", "entities", index, "within"), problem)
                continue
            for parent, child in spread(ids, parents):
                parent_of[child] = parent
                outgoing[parent] += 1
    for index, group in parts.devices.good:
        if group.within is not None:
            parents = parts.entities_like(group.within)
            problem = _no_parents(parts, group.within, parents, ())
            if problem is not None:
                yield Problem(("devices", index, "within"), problem)
            for parent, _ in spread(range(len(group)), parents):
                outgoing[parent] += 1
    cycle = _cycle(parent_of)
    if cycle is not None:
        index = next(
            index for index, entity in parts.entities.good if any(id == cycle for _, id in entity.numbered_ids())
        )
        yield Problem(("graph", "entities", index, "within"), f"'{cycle}' is within itself; break the circle")


def _no_parents(parts: Parts, pattern: str, parents: Sequence[str], children: Sequence[str]) -> str | None:
    if not parents:
        if not parts.entities.complete:
            return None
        if pattern in parts.device_types_by_name:
            return f"{shown(pattern, 64)} is a device; devices and entities are within entities"
        what = f"no entity fits {shown(pattern, 64)}" if "*" in pattern else f"there is no entity {shown(pattern, 64)}"
        return what + parts.suggest(pattern, parts.entity_models)
    both = set(parents).intersection(children)
    return f"{shown(pattern, 64)} means '{min(both)}' itself, too; name what it is within" if both else None


def _cycle(parent_of: dict[str, str]) -> str | None:
    """An entity that is within itself, if there is one."""
    done: set[str] = set()
    for start in parent_of:
        path: set[str] = set()
        node: str | None = start
        while node is not None and node not in done:
            if node in path:
                return node
            path.add(node)
            node = parent_of.get(node)
        done |= path
    return None


def _relationships(parts: Parts, outgoing: Counter[str]) -> Iterator[Problem]:
    known = parts.entities.complete and parts.devices.complete
    for index, relation in parts.relationships.good:
        path: Path = ("graph", "relationships", index)
        if relation.name == CONTAINS:
            yield Problem((*path, "name"), f"'{CONTAINS}' is what within: makes; write within, or another name")
        ends: dict[str, list[str]] = {}
        for end in ("source", "target"):
            pattern = getattr(relation, end)
            ends[end] = parts.twins_like(pattern)
            if not ends[end] and known:
                what = "nothing fits" if "*" in pattern else "there is no device or entity"
                hint = parts.suggest(pattern, [*parts.entity_models, *parts.device_types_by_name])
                yield Problem((*path, end), f"{what} {shown(pattern, 64)}{hint}")
        for source in ends["source"]:
            outgoing[source] += len(ends["target"])
        for kind in sorted({parts.model_of(source) for source in ends["source"]}):
            if kind in parts.interfaces and relation.name not in parts.relationships_of(kind):
                yield Problem(
                    (*path, "name"),
                    f"the given interface of {kind} has no relationship {shown(relation.name, 64)}; add it",
                )
    for name in parts.models.good:
        if name in parts.interfaces and CONTAINS not in parts.relationships_of(name):
            holders = {id for id, its in parts.entity_models.items() if its == name}
            if holders & outgoing.keys() and _contains_something(parts, holders):
                message = (
                    f"its interface has no relationship '{CONTAINS}', but things are within it; add the relationship"
                )
                yield Problem(("graph", "models", name, "dtdl"), message)


def _contains_something(parts: Parts, holders: set[str]) -> bool:
    patterns = [entity.within for _, entity in parts.entities.good if entity.within]
    patterns += [group.within for _, group in parts.devices.good if group.within]
    return any(not holders.isdisjoint(parts.entities_like(pattern)) for pattern in patterns)
