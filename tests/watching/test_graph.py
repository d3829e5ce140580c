"""The twin graph of a definition, and as the sandbox keeps it: both tell the same, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twin2multicloud.model.graph_index import GraphIndex
from twin2multicloud.model.spec import (
    DeviceGroup,
    DeviceType,
    Entity,
    Field,
    Relationship,
    Retention,
    TwinSpec,
)
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.ports import EntityState, Relation
from twin2multicloud.sandbox.watching.graph import MOST_RELATIONS, GraphRequest, graph_part

_METER, _ROOM = "dtmi:x:meter;1", "dtmi:x:Room;1"
_DEVICES = 60
SPEC = TwinSpec(
    "x",
    (DeviceType("meter", _METER, (Field("temperature", "double", "°C"),)),),
    (DeviceGroup("meter", prefix="meter-", count=_DEVICES),),
    Retention(1, 2, 3),
    entities=(Entity("house", "dtmi:x:House;1", {"floors": 2}), Entity("attic", _ROOM), Entity("Room-1", _ROOM)),
    relationships=(
        Relationship("house", "contains", "attic"),
        Relationship("house", "contains", "Room-1"),
        *(Relationship("Room-1", "contains", f"meter-{number}") for number in range(1, _DEVICES + 1)),
        Relationship("meter-1", "controls", "meter-2"),
    ),
    models=(
        {
            "@id": _ROOM,
            "displayName": "A room",
            "contents": [{"@type": "Property", "name": "area", "comment": "unit: m²"}],
        },
    ),
)
QUESTIONS: list[dict[str, Any]] = [
    {},
    {"search": "ROOM"},
    {"model": _METER},
    {"model": _ROOM, "search": "a"},
    {"roots": True},
    {"of": "house"},
    {"of": "Room-1", "search": "-1"},
    {"of": "nothing"},
    {"search": "'%_"},
]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[LocalTwinGraph]:
    graph = LocalTwinGraph(tmp_path / "graph.db")
    devices = [EntityState(name, _METER, {}, {}) for name in SPEC.device_names]
    graph.put_entities([*devices, *(EntityState(e.id, e.model, dict(e.properties), {}) for e in SPEC.entities)])
    graph.relate([Relation(r.source, r.name, r.target) for r in SPEC.relationships])
    yield graph
    graph.close()


@pytest.mark.parametrize("asked", QUESTIONS)
def test_both_find_the_same(kept: LocalTwinGraph, asked: dict[str, Any]) -> None:
    index = GraphIndex(SPEC)
    found: list[str] = []
    while True:
        after = found[-1] if found else ""
        part = graph_part(kept, GraphRequest(**asked, limit=7, after=after))
        ids = [each["id"] for each in part["entities"]]
        assert index.find(7, after=after, **asked) == ids
        assert part["total"] == index.total(asked.get("model", ""))
        found += ids
        if not part["more"]:
            break
    assert found == sorted(set(found))
    assert index.find(1_000, **asked) == found


def test_relationships_are_counted_where_there_are_too_many_to_tell(kept: LocalTwinGraph) -> None:
    [room] = graph_part(kept, GraphRequest(search="room-1"))["entities"]
    assert (len(room["out"]), room["outgoing"]) == (MOST_RELATIONS, _DEVICES)
    assert (room["into"], room["incoming"]) == ([("contains", "house")], 1)
    index = GraphIndex(SPEC)
    assert (len(index.outgoing("Room-1")), len(index.incoming("meter-2"))) == (_DEVICES, 2)


def test_models_have_names_and_units() -> None:
    words = GraphIndex(SPEC).words
    assert (words[_ROOM].name, words[_ROOM].units) == ("A room", {"area": "m²"})
    assert (words[_METER].name, words[_METER].units) == ("meter", {"temperature": "°C"})
