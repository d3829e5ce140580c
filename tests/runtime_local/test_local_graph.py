"""The twin graph against a plain dictionary: the value of the latest event time wins, in whatever order they come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.contracts.base import at
from tests.runtime_local.places import scratch
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import EntityState, Relation, Update

IDS = ("floor-1", "room-1", "room-2")
ids = st.sampled_from(IDS)
values = st.dictionaries(
    st.sampled_from(("t", "h")),
    # Numbers that JSON knows.
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.none(),
)
updates = st.builds(Update, ids, values, st.integers(0, 3).map(at))


class GraphModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = scratch()
        self.twins: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        self.edges: set[tuple[str, str, str]] = set()
        self.open()
        self.put(IDS[0], {}, at(0))

    def open(self) -> None:
        self.graph = LocalTwinGraph(Path(self.directory.name) / "graph.db")

    def teardown(self) -> None:
        self.graph.close()
        self.directory.cleanup()

    @rule(id=ids, content=values, time=st.integers(0, 3).map(at))
    def put(self, id: str, content: dict[str, Any], time: str) -> None:
        times = dict.fromkeys(content, time)
        self.graph.put_entities([EntityState(id, "dtmi:x;1", content, times)])
        self.twins.setdefault(id, (dict(content), times))

    @rule(batch=st.lists(updates, max_size=6))
    def update(self, batch: list[Update]) -> None:
        unknown = {update.entity for update in batch} - self.twins.keys()
        if unknown:
            with pytest.raises(RejectedError) as caught:
                self.graph.update(batch)
            assert all(id in str(caught.value) for id in unknown)
        else:
            self.graph.update(batch)
        for update in batch:
            if update.entity in self.twins:
                content, times = self.twins[update.entity]
                for name, value in update.values.items():
                    if update.time > times.get(name, ""):
                        content[name], times[name] = value, update.time

    @rule(source=ids, name=st.sampled_from(("contains", "feeds")), end=ids)
    def relate(self, source: str, name: str, end: str) -> None:
        relation = Relation(source, name, end)
        if {source, end} <= self.twins.keys():
            self.graph.relate([relation])
            self.edges.add((source, name, end))
        else:
            with pytest.raises(RejectedError, match="create them first"):
                self.graph.relate([relation])

    @rule(id=ids)
    def delete(self, id: str) -> None:
        self.graph.delete_entities([id])
        self.twins.pop(id, None)
        self.edges = {edge for edge in self.edges if id not in (edge[0], edge[2])}

    @rule()
    def restart(self) -> None:
        self.graph.close()
        self.open()

    @invariant()
    def everything_agrees(self) -> None:
        assert {each.id: (each.values, each.times) for each in self.graph.entities()} == self.twins
        for id in IDS:
            found = self.graph.get(id)
            assert (found and (found.values, found.times)) == self.twins.get(id)
            leaving = sorted(edge for edge in self.edges if edge[0] == id)
            assert [(each.source, each.name, each.target) for each in self.graph.relations(id)] == leaving
            below = sorted({edge[2] for edge in leaving if edge[1] == "contains"})
            assert [each.id for each in self.graph.children(id, "contains")] == below
            coming = sorted(edge for edge in self.edges if edge[2] == id)
            assert [(each.source, each.name, each.target) for each in self.graph.parents(id)] == coming
        assert self.graph.count_by_model() == ({"dtmi:x;1": len(self.twins)} if self.twins else {})
        assert self.graph.count_relations() == len(self.edges)


GraphModel.TestCase.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
TestGraphModel = GraphModel.TestCase


def test_models_are_kept(tmp_path: Path) -> None:
    graph = LocalTwinGraph(tmp_path / "graph.db")
    first = {"@id": "dtmi:a;1", "@type": "Interface", "displayName": "a"}
    graph.define([first, {"@id": "dtmi:b;1"}])
    graph.define([{"@id": "dtmi:a;1", "displayName": "another"}])
    assert graph.models() == [first, {"@id": "dtmi:b;1"}]
    with pytest.raises(RejectedError, match="DTMI"):
        graph.define([{"displayName": "no id"}])
    graph.close()


def test_an_error_names_the_first_of_many_unknown_twins(tmp_path: Path) -> None:
    graph = LocalTwinGraph(tmp_path / "graph.db")
    with pytest.raises(RejectedError, match=r"room-000, room-001.* and 80 more"):
        graph.update([Update(f"room-{number:03d}", {"a": 1}, at(1)) for number in range(100)])
    graph.close()
