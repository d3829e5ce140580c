"""Names: what the clouds allow, and that no two things are called alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from twin2multicloud.model.names import shown
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.twin.device_groups import DeviceGroupDefinition
from twin2multicloud.model.twin.entities import EntityDefinition
from twin2multicloud.model.twin.generate import segment
from twin2multicloud.model.twin.naming import (
    content_name_problem,
    field_name_problem,
    item_name_problem,
    rule_name_problem,
    twin_name_problem,
    type_name_problem,
)
from twin2multicloud.model.twin.parts import Parts, Problem


def name_problems(parts: Parts) -> Iterator[Problem]:
    """What is wrong with the names in a definition."""
    if parts.name is not None and (problem := twin_name_problem(parts.name)):
        yield Problem(("name",), problem)
    yield from _types(parts)
    yield from _contents(parts)
    yield from _items(parts)
    rules = [(("rules", index, "name"), rule.name) for index, rule in parts.rules.good]
    yield from _each(rules, rule_name_problem)
    yield from _alike(rules, str.casefold, "the rules {} and {} are called alike; rename one")


def _each(names: Iterable[tuple[Path, str]], problem_of: Callable[[str], str | None]) -> Iterator[Problem]:
    for path, name in names:
        problem = problem_of(name)
        if problem is not None:
            yield Problem(path, problem)


def _alike(names: Iterable[tuple[Path, str]], fold: Callable[[str], str], message: str) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for path, name in names:
        folded = fold(name)
        other = seen.get(folded)
        seen.setdefault(folded, name)
        if other is not None:
            yield Problem(path, message.format(f"{shown(other, 64)}", f"{shown(name, 64)}"))


def _types(parts: Parts) -> Iterator[Problem]:
    names: list[tuple[Path, str]] = [(("device_types", name), name) for name in sorted(parts.device_types.declared)]
    names += [(("graph", "models", name), name) for name in sorted(parts.models.declared)]
    yield from _each(names, type_name_problem)
    yield from _alike(
        names,
        lambda name: segment(name).casefold(),
        "{} and {} are the same type's name where '-' cannot be or case does not count (DTDL, Azure); rename one",
    )


def _contents(parts: Parts) -> Iterator[Problem]:
    for kind, definition in parts.device_types.good.items():
        path: Path = ("device_types", kind)
        fields = [((*path, "fields", name), name) for name in definition.fields]
        commands = [((*path, "commands", name), name) for name in definition.commands]
        yield from _each(fields, field_name_problem)
        yield from _each(commands, content_name_problem)
        yield from _alike(
            fields + commands, str.casefold, "{} and {} are called alike; the contents of a DTDL interface differ"
        )
        for name, command in definition.commands.items():
            yield from _each(
                [((*path, "commands", name, "fields", field), field) for field in command.fields], content_name_problem
            )
    for kind, model in parts.models.good.items():
        properties = [(("graph", "models", kind, "properties", name), name) for name in model.properties]
        yield from _each(properties, content_name_problem)
        yield from _alike(
            properties, str.casefold, "{} and {} are called alike; the contents of a DTDL interface differ"
        )
    yield from _each(
        [(("graph", "relationships", index, "name"), item.name) for index, item in parts.relationships.good],
        content_name_problem,
    )


def _items(parts: Parts) -> Iterator[Problem]:
    """Devices and entities: both are twins of one graph, so all their names differ."""
    seen: dict[str, str] = {}
    for path, names in _all_items(parts):
        problem = next(filter(None, map(item_name_problem, _ends(names))), None)
        if problem is not None:
            yield Problem(path, problem)
            continue
        for place, name in enumerate(names):
            # IoT Hub's provisioning ignores case, and so do the file systems of two of three desktops.
            folded = name.casefold()
            other = seen.get(folded)
            if other is None:
                seen[folded] = name
            else:
                where = (*path, place) if path[-1] == "names" else path
                how = "is given twice" if other == name else f"differs from '{other}' by case only"
                yield Problem(where, f"'{name}' {how}; devices and entities need names of their own")
                break


def _ends(names: list[str]) -> list[str]:
    """Of counted names the first, the last and so the longest; of few names all."""
    return names if len(names) <= 20_000 else [names[0], names[-1], max(names, key=len)]


def _all_items(parts: Parts) -> Iterator[tuple[Path, list[str]]]:
    for index, entity in parts.entities.good:
        yield ("graph", "entities", index, "id"), _entity_ids(entity)
    for index, group in parts.devices.good:
        key = "names" if group.names is not None else "name"
        yield ("devices", index, key), _device_names(group)


def _entity_ids(entity: EntityDefinition) -> list[str]:
    return [id for _, id in entity.numbered_ids()]


def _device_names(group: DeviceGroupDefinition) -> list[str]:
    return group.all_names()
