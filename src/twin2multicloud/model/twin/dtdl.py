"""DTDL v3: its words and limits, ids, the upgrade from v2, and what interfaces say about each other.

Whether one interface is valid by itself is the business of `model.twin.dtdl_check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from twin2multicloud.model.names import shown

CONTEXT: Final = "dtmi:dtdl:context;3"
CONTEXT_2: Final = "dtmi:dtdl:context;2"
QUANTITATIVE: Final = "dtmi:dtdl:extension:quantitativeTypes;1"

MAX_INTERFACE_BYTES: Final = 1_048_576
MAX_CONTENTS: Final = 100_000
MAX_ID: Final = 128
MAX_NAME: Final = 512
MAX_SCHEMA_DEPTH: Final = 5
MAX_EXTENDS_DEPTH: Final = 10
MAX_INTERFACES: Final = 1024

_SEGMENT: Final = r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_DTMI: Final = re.compile(rf"dtmi:{_SEGMENT}(?::{_SEGMENT})*;[1-9][0-9]{{0,8}}(?:\.[1-9][0-9]{{0,5}})?")

NAME: Final = re.compile(_SEGMENT)

PRIMITIVES: Final = frozenset(
    ("boolean", "date", "dateTime", "double", "duration", "float", "integer", "long", "string", "time")
)
GEOSPATIAL: Final = frozenset(("lineString", "multiLineString", "multiPoint", "multiPolygon", "point", "polygon"))
KINDS: Final = ("Telemetry", "Property", "Command", "Relationship", "Component")


def upgraded(interface: Mapping[str, Any]) -> dict[str, Any]:
    """A version 2 interface as version 3; anything else as it is."""
    contexts = listed(interface.get("@context"))
    if CONTEXT_2 not in contexts:
        return dict(interface)
    new = [CONTEXT if context == CONTEXT_2 else context for context in contexts]
    contents = interface.get("contents")
    if isinstance(contents, list):
        # What was a semantic type of the language is an extension now; kinds of commands are gone.
        if QUANTITATIVE not in new and any(map(_has_semantics, contents)):
            new.append(QUANTITATIVE)
        contents = [
            {key: value for key, value in content.items() if key != "commandType"}
            if isinstance(content, dict) and "Command" in listed(content.get("@type"))
            else content
            for content in contents
        ]
    result = {**interface, "@context": new[0] if len(new) == 1 else new}
    return result | {"contents": contents} if "contents" in interface else result


def _has_semantics(content: object) -> bool:
    return isinstance(content, dict) and ("unit" in content or len(listed(content.get("@type"))) > 1)


def set_problems(interfaces: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(id, problem) for what is wrong between interfaces that are fine by themselves: extends and components."""
    found: list[tuple[str, str]] = []
    if len(interfaces) > MAX_INTERFACES:
        return [(next(iter(interfaces)), f"builds on more than {MAX_INTERFACES} interfaces")]
    for id, interface in interfaces.items():
        for base in parents(interface):
            if base not in interfaces:
                found.append((id, f"extends: there is no interface {shown(base, 128)}; give it, too, in a list"))
        depth = _extends_depth(interfaces, id)
        if depth is None:
            found.append((id, "extends: an interface extends itself; break the circle"))
        elif depth > MAX_EXTENDS_DEPTH:
            found.append((id, f"extends: {depth} levels deep; at most {MAX_EXTENDS_DEPTH} are allowed"))
        else:
            found += [(id, problem) for problem in _inherited_problems(interfaces, id)]
    return found


def parents(interface: Mapping[str, Any]) -> list[str]:
    """The interfaces that one extends."""
    return [base for base in listed(interface.get("extends")) if isinstance(base, str)]


def all_contents(interfaces: Mapping[str, Mapping[str, Any]], id: str) -> list[dict[str, Any]]:
    """An interface's contents, inherited ones first. Needs a set without problems; unknown parents are left out."""
    contents: list[dict[str, Any]] = []
    seen: set[str] = set()

    stack = [(id, False)]
    while stack:
        current, ready = stack.pop()
        if ready:
            contents.extend(interfaces[current].get("contents", ()))
        elif current not in seen and current in interfaces:
            seen.add(current)
            stack.append((current, True))
            stack += [(base, False) for base in reversed(parents(interfaces[current]))]
    return contents


def kind_of(content: Mapping[str, Any]) -> str:
    """Telemetry, Property, Command, Relationship or Component; "" if none of them."""
    return next((kind for kind in KINDS if kind in listed(content.get("@type"))), "")


def _extends_depth(interfaces: Mapping[str, Mapping[str, Any]], id: str) -> int | None:
    """How many levels an interface extends; None for a circle."""
    level, depth = {id}, 0
    while level:
        above = {base for current in level if current in interfaces for base in parents(interfaces[current])}
        if id in above or depth > len(interfaces):
            return None
        if not above:
            return depth
        level, depth = above, depth + 1
    return depth


def _inherited_problems(interfaces: Mapping[str, Mapping[str, Any]], id: str) -> Iterator[str]:
    names: set[str] = set()
    for content in all_contents(interfaces, id):
        name = content["name"]
        if name in names:
            yield f"contents: {shown(name)} is defined twice, here or in what it extends; rename one"
        names.add(name)
        if kind_of(content) == "Component":
            target = content["schema"]
            if target not in interfaces:
                yield f"contents: the component {shown(name)} needs the interface {shown(target, 128)}; give it, too"
            elif any(kind_of(inner) == "Component" for inner in all_contents(interfaces, target)):
                yield f"contents: the component {shown(name)} has components itself, which DTDL v3 forbids"


def listed(value: object) -> list[Any]:
    """A value that may be given alone or in a list, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def id_problem(id: object, most: int = MAX_ID) -> str | None:
    """Why a value is not the DTMI of an interface of ours; None if it is."""
    if not isinstance(id, str) or not id:
        return "is missing; write a DTMI such as dtmi:com:example:Pump;1"
    if len(id) > most:
        return f"has {len(id)} characters; at most {most} are allowed"
    if id.startswith(("dtmi:dtdl:", "dtmi:standard:")):
        return f"{shown(id, 128)} is reserved for the language; use segments of your own"
    if not _DTMI.fullmatch(id):
        if ";" not in id and _DTMI.fullmatch(id + ";1"):
            return f"{shown(id, 128)} has no version; write {id};1"
        return f"{shown(id, 128)} is not a DTMI; write one such as dtmi:com:example:Pump;1"
    return None


def by_id(interfaces: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Interfaces by their DTMI."""
    return {str(interface["@id"]): interface for interface in interfaces}
