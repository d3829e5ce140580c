"""What every twin graph must do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, ClassVar, Final

import pytest

from tests.contracts.base import NESTED, NUMBERS, TEXTS, Contract, at, exact, unique
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.ports import EntityState, Relation, TwinGraph, Update

ROOM: Final = "dtmi:twin2multicloud:contract:room;1"
FLOOR: Final = "dtmi:twin2multicloud:contract:floor;1"


def _property(name: str, schema: Any) -> dict[str, Any]:
    return {"@type": "Property", "name": name, "schema": schema, "writable": True}


def interface(dtmi: str) -> dict[str, Any]:
    """A DTDL v3 interface that declares all that the suite uses."""
    schemas = {
        "temperature": "double",
        "humidity": "double",
        "people": "integer",
        "label": "string",
        "occupied": "boolean",
        **{name: "double" if isinstance(value, float) else "long" for name, value in NUMBERS.items()},
        **dict.fromkeys(TEXTS, "string"),
    }
    return {
        "@context": "dtmi:dtdl:context;3",
        "@id": dtmi,
        "@type": "Interface",
        "displayName": "contract",
        "contents": [
            *(_property(name, schema) for name, schema in schemas.items()),
            *({"@type": "Relationship", "name": name} for name in ("contains", "feeds")),
        ],
    }


class TwinGraphContract(Contract):
    """Subclass and supply `open_graph`. Property and relationship names are DTDL names and declared."""

    json_values: ClassVar[bool] = True
    """False for a service whose property values have declared types, so that nulls, nested values and integers of
    more than 64 bits do not fit."""
    text_values: ClassVar[dict[str, Any]] = TEXTS
    """Texts that must come back exactly; a service may forbid control characters."""

    @pytest.fixture
    def open_graph(self) -> Callable[[], TwinGraph]:
        """Opens the graph under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def graph(self, open_graph: Callable[[], TwinGraph]) -> TwinGraph:
        graph = open_graph()
        graph.define([interface(ROOM), interface(FLOOR)])
        return graph

    def room(self, graph: TwinGraph, values: dict[str, Any] | None = None, time: str = "") -> str:
        """A new twin with these values."""
        id = unique("room")
        values = values or {}
        graph.put_entities([EntityState(id, ROOM, values, dict.fromkeys(values, time) if time else {})])
        return id

    def state(self, graph: TwinGraph, id: str) -> EntityState:
        found = graph.get(id)
        assert found is not None
        return found

    def test_models_may_be_defined_again(self, graph: TwinGraph) -> None:
        graph.define([interface(ROOM), interface(FLOOR)])
        graph.define([interface(ROOM)])
        graph.define([])

    def test_a_twin_comes_back(self, graph: TwinGraph, open_graph: Callable[[], TwinGraph]) -> None:
        id = unique("room")
        created = EntityState(id, ROOM, {"temperature": 20.5, "label": "Büro"}, {"temperature": at(1), "label": at(2)})
        graph.put_entities([created])
        assert graph.get(id) == created
        assert open_graph().get(id) == created

    def test_a_twin_that_is_not_there(self, graph: TwinGraph) -> None:
        id = unique("absent")
        assert graph.get(id) is None
        assert graph.relations(id) == []
        graph.delete_entities([id])
        graph.put_entities([])
        graph.relate([])
        graph.update([])
        graph.delete_entities([])

    def test_a_twin_put_again_keeps_its_values(self, graph: TwinGraph) -> None:
        id = self.room(graph, {"temperature": 20.5}, at(1))
        graph.update([Update(id, {"people": 3}, at(2))])
        graph.put_entities([EntityState(id, ROOM, {"temperature": 1.5, "people": 0}, {"temperature": at(9)})])
        assert self.state(graph, id).values == {"temperature": 20.5, "people": 3}

    def test_an_update_sets_its_properties_and_leaves_the_others(self, graph: TwinGraph) -> None:
        id = self.room(graph, {"temperature": 20.5, "label": "a"}, at(1))
        graph.update([Update(id, {"temperature": 21.25, "people": 2}, at(5), "event-1")])
        state = self.state(graph, id)
        assert state.values == {"temperature": 21.25, "label": "a", "people": 2}
        assert state.times == {"temperature": at(5), "label": at(1), "people": at(5)}

    def test_a_value_without_a_time_gives_way_to_any_update(self, graph: TwinGraph) -> None:
        id = self.room(graph, {"temperature": 0.5})
        graph.update([Update(id, {"temperature": 1.5}, "1970-01-01T00:00:00.000001Z")])
        assert self.state(graph, id).values == {"temperature": 1.5}

    def test_late_and_repeated_updates_change_nothing(self, graph: TwinGraph) -> None:
        id = self.room(graph)
        graph.update([Update(id, {"temperature": 5.5}, at(5))])
        graph.update([Update(id, {"temperature": 4.5}, at(4.999999))])
        graph.update([Update(id, {"temperature": 5.5}, at(5))])
        graph.update([Update(id, {"temperature": 6.5}, at(5))])
        state = self.state(graph, id)
        assert (state.values, state.times) == ({"temperature": 5.5}, {"temperature": at(5)})
        graph.update([Update(id, {"temperature": 7.5}, at(5.000001))])
        assert self.state(graph, id).values == {"temperature": 7.5}

    def test_each_property_has_a_time_of_its_own(self, graph: TwinGraph) -> None:
        id = self.room(graph)
        graph.update([Update(id, {"temperature": 5.5}, at(5))])
        graph.update([Update(id, {"temperature": 3.5, "humidity": 30.5}, at(3))])
        state = self.state(graph, id)
        assert state.values == {"temperature": 5.5, "humidity": 30.5}
        assert state.times == {"temperature": at(5), "humidity": at(3)}

    def test_the_latest_of_a_batch_wins_in_any_order(self, graph: TwinGraph) -> None:
        ids = [self.room(graph) for _ in range(3)]
        for id, order in zip(ids, [(1, 2, 3), (3, 2, 1), (2, 3, 1)], strict=True):
            graph.update([Update(id, {"people": second, "temperature": second / 2}, at(second)) for second in order])
        for id in ids:
            state = self.state(graph, id)
            assert (state.values, set(state.times.values())) == ({"people": 3, "temperature": 1.5}, {at(3)})

    def test_an_unknown_twin_is_named_after_all_others_are_set(self, graph: TwinGraph) -> None:
        first, last, unknown = self.room(graph), self.room(graph), unique("unknown")
        updates = [Update(id, {"people": 1}, at(1)) for id in (first, unknown, last)]
        with pytest.raises(RejectedError, match=unknown):
            graph.update(updates)
        assert self.state(graph, first).values == {"people": 1}
        assert self.state(graph, last).values == {"people": 1}
        assert graph.get(unknown) is None
        with pytest.raises(RejectedError, match=unknown):
            graph.update(updates)

    def test_scalars_come_back_exactly(self, graph: TwinGraph) -> None:
        numbers = {name: n for name, n in NUMBERS.items() if self.json_values or abs(n) < 2**63 or isinstance(n, float)}
        values = {**numbers, **self.text_values, "occupied": False}
        updated, created = self.room(graph), self.room(graph, values, at(1))
        graph.update([Update(updated, values, at(1))])
        for id in (updated, created):
            found = self.state(graph, id).values
            assert {name: exact(value) for name, value in found.items()} == {k: exact(v) for k, v in values.items()}

    def test_nested_values_come_back_exactly(self, graph: TwinGraph) -> None:
        if not self.json_values:
            return
        id = self.room(graph)
        graph.update([Update(id, NESTED, at(1))])
        assert exact(self.state(graph, id).values) == exact(NESTED)

    def test_many_twins_at_once(self, graph: TwinGraph) -> None:
        prefix = unique("bulk")
        ids = [f"{prefix}-{number:04d}" for number in range(self.many)]
        graph.put_entities([EntityState(id, ROOM, {}, {}) for id in ids])
        graph.update([Update(id, {"people": number}, at(1)) for number, id in enumerate(ids)])
        self.eventually(
            lambda: [(each.id, each.values) for each in graph.entities(after=prefix, limit=self.many)],
            [(id, {"people": number}) for number, id in enumerate(ids)],
        )

    def test_twins_are_listed_by_id_in_pages(self, graph: TwinGraph) -> None:
        prefix = unique("page")
        ids = [f"{prefix}-{number}" for number in range(7)]
        models = dict(zip(ids, itertools.cycle((ROOM, FLOOR)), strict=False))
        graph.put_entities([EntityState(id, models[id], {}, {}) for id in reversed(ids)])

        def list_ids(model: str, after: str, limit: int) -> list[str]:
            return [each.id for each in graph.entities(model, after, limit) if each.id.startswith(prefix)]

        self.eventually(lambda: list_ids("", prefix, 7), ids)
        assert list_ids("", prefix, 3) == ids[:3]
        assert list_ids("", ids[2], 3) == ids[3:6]
        assert list_ids("", ids[6], 3) == []
        self.eventually(lambda: list_ids(FLOOR, prefix, 100), ids[1::2])
        assert list_ids(FLOOR, ids[1], 1) == [ids[3]]
        assert [each.model for each in graph.entities(ROOM, prefix, 2)] == [ROOM, ROOM]

    def test_relationships_leave_a_twin_by_name_and_target(self, graph: TwinGraph) -> None:
        floor, *rooms = (self.room(graph) for _ in range(4))
        rooms.sort()
        contains = [Relation(floor, "contains", room) for room in rooms]
        feeds = [Relation(floor, "feeds", rooms[1]), Relation(floor, "feeds", rooms[2])]
        graph.relate([*feeds[::-1], *contains[::-1]])
        graph.relate([Relation(rooms[0], "feeds", floor), contains[1], feeds[0]])
        self.eventually(lambda: graph.relations(floor), [*contains, *feeds])
        self.eventually(lambda: graph.relations(floor, "feeds"), feeds)
        assert graph.relations(floor, "feed") == []
        self.eventually(lambda: graph.relations(rooms[0]), [Relation(rooms[0], "feeds", floor)])
        assert graph.relations(rooms[1]) == []

    def test_a_relationship_is_parted_and_made_again(self, graph: TwinGraph) -> None:
        floor, one, other = sorted(self.room(graph) for _ in range(3))
        relations = [
            Relation(floor, "contains", one),
            Relation(floor, "contains", other),
            Relation(floor, "feeds", one),
        ]
        graph.relate(relations)
        self.eventually(lambda: graph.relations(floor), relations)
        absent = Relation(one, "feeds", other)
        graph.unrelate([relations[0], absent, Relation(unique("never"), "contains", one), relations[0]])
        graph.unrelate([relations[0]])
        self.eventually(lambda: graph.relations(floor), relations[1:])
        graph.relate([relations[0]])
        self.eventually(lambda: graph.relations(floor), relations)
        graph.unrelate([])

    def test_a_deleted_twin_takes_its_relationships_along(self, graph: TwinGraph) -> None:
        floor, room, other = (self.room(graph, {"people": 1}, at(1)) for _ in range(3))
        relations = [
            Relation(floor, "contains", room),
            Relation(floor, "contains", other),
            Relation(room, "feeds", other),
            Relation(other, "feeds", room),
        ]
        graph.relate(relations)
        self.eventually(lambda: graph.relations(other), [relations[3]])
        graph.delete_entities([room, unique("never")])
        graph.delete_entities([room])
        assert graph.get(room) is None
        self.eventually(lambda: graph.relations(floor), [relations[1]])
        self.eventually(lambda: graph.relations(other), [])
        assert self.state(graph, other).values == {"people": 1}
        graph.put_entities([EntityState(room, ROOM, {}, {})])
        assert graph.get(room) == EntityState(room, ROOM, {}, {})
        self.eventually(lambda: graph.relations(room), [])

    def test_the_latest_wins_a_race(self, graph: TwinGraph, open_graph: Callable[[], TwinGraph]) -> None:
        id = self.room(graph)

        def update(racer: int) -> Callable[[], None]:
            def act() -> None:
                own = open_graph()
                for step in range(4):
                    second = step * self.racers + racer
                    own.update(
                        [Update(id, {"people": second, f"{'temperature' if racer else 'humidity'}": 1.5}, at(second))]
                    )

            return act

        self.race([update(racer) for racer in range(self.racers)])
        state = self.state(graph, id)
        latest = 4 * self.racers - 1
        assert state.values == {"people": latest, "temperature": 1.5, "humidity": 1.5}
        assert state.times == {"people": at(latest), "temperature": at(latest), "humidity": at(3 * self.racers)}
