"""The twin graph: containment, relationships and properties, written out."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.conftest import problem, put, read
from twin2multicloud.model.spec import Relationship
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.model.twin.patterns import matcher, spread


def test_counted_things_are_spread_in_order() -> None:
    spec = compile_twin(read())
    assert [entity.id for entity in spec.entities] == ["house", "room-1", "room-2", "room-3"]
    contains = Counter(relation.source for relation in spec.relationships)
    assert contains == {"house": 5, "room-1": 4, "room-2": 3, "room-3": 3}
    order = [relation.target for relation in spec.relationships if relation.source.startswith("room-")]
    assert order == [f"sensor-{n:02}" for n in range(1, 11)]


def test_numbers_in_properties() -> None:
    properties = {"number": "{n}", "label": "Room {n:02}"}
    spec = compile_twin(read(put("graph", "entities", 1, "properties", value=properties)))
    assert [entity.properties for entity in spec.entities[1:]] == [
        {"number": n, "label": f"Room {n:02}"} for n in (1, 2, 3)
    ]


def test_named_relationships_may_use_one_pattern() -> None:
    relations = [
        {"source": "valve-a", "name": "supplies", "target": "room-*"},
        {"source": "sensor-0*", "name": "feeds", "target": "valve-b"},
    ]
    spec = compile_twin(read(put("graph", "relationships", value=relations)))
    names = Counter(relation.name for relation in spec.relationships)
    assert names == {"contains": 15, "supplies": 3, "feeds": 9}
    assert Relationship("valve-a", "supplies", "room-3") in spec.relationships
    models = {model["displayName"]: model for model in spec.models}
    own = {
        name: [item["name"] for item in model["contents"] if item["@type"] == "Relationship"]
        for name, model in models.items()
    }
    assert own == {"sensor": ["feeds"], "valve": ["supplies"], "House": ["contains"], "Room": ["contains"]}


@pytest.mark.parametrize(
    ("path", "value", "field", "says"),
    [
        (
            ("graph", "entities", 1, "within"),
            "hous",
            "graph.entities[1].within",
            "no entity 'hous'; did you mean 'house'?",
        ),
        (("graph", "entities", 1, "within"), "x-*", "graph.entities[1].within", "no entity fits 'x-*'"),
        (("graph", "entities", 1, "within"), "room-*", "graph.entities[1].within", "itself, too"),
        (("graph", "entities", 1, "within"), "valve-a", "graph.entities[1].within", "'valve-a' is a device"),
        (
            ("graph", "entities", 0, "within"),
            "room-1",
            "graph.entities[0].within",
            "is within itself; break the circle",
        ),
        (("devices", 0, "within"), "rooms", "devices[0].within", "there is no entity 'rooms'"),
        (("graph", "entities", 0, "model"), "Hose", "graph.entities[0].model", "did you mean 'House'?"),
        (("graph", "entities", 1, "id"), "room", "graph.entities[1]", "write one {n}"),
        (("graph", "entities", 0, "id"), "house-{n}", "graph.entities[0]", "add count"),
        (
            ("graph", "entities", 1, "properties"),
            {"numbr": 1},
            "graph.entities[1].properties.numbr",
            "did you mean 'number'?",
        ),
        (
            ("graph", "entities", 1, "properties"),
            {"number": "x"},
            "graph.entities[1].properties.number",
            "not of type integer",
        ),
        (
            ("graph", "models", "Room", "properties", "x"),
            "array",
            "graph.models.Room.properties.x",
            "an entity's property is",
        ),
        (
            ("graph", "relationships"),
            [{"source": "house", "name": "contains", "target": "room-1"}],
            None,
            "write within",
        ),
        (
            ("graph", "relationships"),
            [{"source": "hous", "name": "x", "target": "room-1"}],
            None,
            "did you mean 'house'?",
        ),
        (("graph", "relationships"), [{"source": "r*", "name": "x", "target": "s*"}], None, "name one of them exactly"),
        (("graph", "relationships"), [{"source": "house", "name": "a-b", "target": "room-1"}], None, "DTDL"),
    ],
)
def test_a_wrong_graph(path: tuple[str | int, ...], value: Any, field: str | None, says: str) -> None:
    found, text = problem(put(*path, value=value))
    assert says in text
    assert found == field if field else found.startswith("graph.relationships[0]")


def test_too_much_in_one_place() -> None:
    assert (
        "put something in between"
        in problem(
            lambda d: d["devices"].append({"type": "valve", "count": 60_000, "name": "many-{n}", "within": "house"})
        )[1]
    )


@given(pattern=st.text("ab*", max_size=8), name=st.text("ab", max_size=8))
def test_patterns_match_like_a_shells(pattern: str, name: str) -> None:
    assert matcher(pattern)(name) == fnmatchcase(name, pattern)


@given(children=st.integers(0, 60), parents=st.integers(1, 20))
def test_spreading_is_even_complete_and_in_order(children: int, parents: int) -> None:
    names = [f"p{n:02}" for n in range(parents)]
    pairs = spread(range(children), names)
    assert [child for _, child in pairs] == list(range(children))
    assert [parent for parent, _ in pairs] == sorted(parent for parent, _ in pairs)
    sizes = Counter(parent for parent, _ in pairs)
    if children >= parents:
        assert set(sizes) == set(names)
        assert max(sizes.values()) - min(sizes.values()) <= 1
