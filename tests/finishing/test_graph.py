"""The twin graph is brought to what the definition says, whatever it said before and wherever a load broke off."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.base import at
from tests.finishing.rig import Told
from tests.sandbox.twins import small_twin
from twin2multicloud.deployer.devices.kept import KeptDocuments
from twin2multicloud.deployer.finishing.graph import Changes, load_graph
from twin2multicloud.deployer.finishing.ledger import Ledger
from twin2multicloud.deployer.finishing.progress import StepError
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.model.spec import DeviceGroup, Entity, Relationship, TwinSpec
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import EntityState, Relation, Update

HOUSE, METER, LAMP = "dtmi:t2m:test:House;1", "dtmi:t2m:test:meter;1", "dtmi:t2m:test:lamp;1"
SPEC, _ = small_twin(8)


@dataclasses.dataclass
class Rig:
    """A real graph (SQLite), and what is kept with the deployment. `fails` decides at each call of the graph."""

    graph: LocalTwinGraph
    ledger: Ledger
    told: Told = dataclasses.field(default_factory=Told)

    def load(self, spec: TwinSpec, now: float = 1000.0) -> Changes:
        return load_graph(spec, self.graph, self.ledger, self.told, now=now)

    def ids(self) -> set[str]:
        return {state.id for state in self.graph.entities(limit=100_000)}

    def relations(self) -> set[Relation]:
        return {relation for id in self.ids() for relation in self.graph.relations(id)}


def make(directory: Path, gate: Callable[[str], None] = lambda _operation: None) -> Rig:
    return Rig(
        LocalTwinGraph(directory / "graph.db", gate=gate),
        Ledger(KeptDocuments(FolderDocuments(directory / "kept")), "graph"),
    )


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make(tmp_path)
    yield made
    made.graph.close()


def wanted_ids(spec: TwinSpec) -> set[str]:
    return {*spec.device_names, *(entity.id for entity in spec.entities)}


def wanted_relations(spec: TwinSpec) -> set[Relation]:
    return {Relation(r.source, r.name, r.target) for r in spec.relationships}


def changed(spec: TwinSpec, **changes: Any) -> TwinSpec:
    return msgspec.structs.replace(spec, **changes)


def test_a_new_graph_holds_what_the_definition_says(rig: Rig) -> None:
    changes = rig.load(SPEC)
    assert (rig.ids(), rig.relations()) == (wanted_ids(SPEC), wanted_relations(SPEC))
    assert str(changes) == "9 added, 8 related"
    assert rig.graph.get("meter-001") == EntityState("meter-001", METER, {}, {})
    last = [each for each in rig.told.all if each.text == "twins are there"][-1]
    assert (last.done, last.total) == (9, 9)


def test_a_second_load_changes_nothing(rig: Rig) -> None:
    rig.load(SPEC)
    rig.graph.update([Update("meter-001", {"temperature": 21.5}, at(5))])
    assert str(rig.load(SPEC)) == "nothing to change"
    assert rig.graph.get("meter-001") == EntityState("meter-001", METER, {"temperature": 21.5}, {"temperature": at(5)})


def test_what_left_the_definition_leaves_the_graph_and_nothing_else(rig: Rig) -> None:
    rig.load(SPEC)
    rig.graph.put_entities([EntityState("somebody-elses", HOUSE, {}, {})])
    rig.graph.relate([Relation("somebody-elses", "contains", "lamp-0"), Relation("house", "likes", "lamp-0")])
    fewer = changed(
        SPEC,
        devices=(DeviceGroup("meter", prefix="meter-", width=3, count=2), DeviceGroup("lamp", names=("lamp-0",))),
        relationships=(Relationship("house", "contains", "meter-001"),),
    )
    changes = rig.load(fewer)
    assert rig.ids() == wanted_ids(fewer) | {"somebody-elses"}
    assert rig.relations() == {
        *wanted_relations(fewer),
        Relation("somebody-elses", "contains", "lamp-0"),
        Relation("house", "likes", "lamp-0"),
    }
    assert len(changes.removed) == 5
    assert rig.load(fewer).removed == ()


def test_a_property_that_the_definition_changes_is_set_and_one_that_lives_on_is_not(rig: Rig) -> None:
    before = changed(SPEC, entities=(Entity("house", HOUSE, {"floors": 2, "owner": "Ann"}),))
    rig.load(before, now=1000.0)
    rig.graph.update([Update("house", {"owner": "Ben"}, at(9))])  # by user code
    after = changed(SPEC, entities=(Entity("house", HOUSE, {"floors": 3, "owner": "Ann"}),))
    assert str(rig.load(after, now=2000.0)) == "1 changed"
    house = rig.graph.get("house")
    assert house is not None
    assert house.values == {"floors": 3, "owner": "Ben"}
    assert str(rig.load(after, now=3000.0)) == "nothing to change"


def test_a_twin_with_another_model_keeps_its_values_and_relationships(rig: Rig) -> None:
    rig.load(SPEC)
    rig.graph.update([Update("lamp-0", {"power": 3.0}, at(5))])
    groups = (SPEC.devices[0], DeviceGroup("meter", names=("lamp-0",)), DeviceGroup("lamp", names=("lamp-1",)))
    changes = rig.load(changed(SPEC, devices=groups))
    assert changes.remodelled == ("lamp-0",)
    assert rig.graph.get("lamp-0") == EntityState("lamp-0", METER, {"power": 3.0}, {"power": at(5)})
    assert rig.relations() == wanted_relations(SPEC)


def test_a_graph_that_was_made_anew_is_filled_again(rig: Rig, tmp_path: Path) -> None:
    rig.load(SPEC)
    rig.graph.delete_entities(sorted(rig.ids()))
    rig.load(SPEC)
    assert (rig.ids(), rig.relations()) == (wanted_ids(SPEC), wanted_relations(SPEC))


contents = st.builds(
    lambda meters, lamps, floors: changed(
        SPEC,
        devices=(
            DeviceGroup("meter", prefix="meter-", width=3, count=meters),
            *((DeviceGroup("lamp", names=tuple(lamps)),) if lamps else ()),
        ),
        entities=(Entity("house", HOUSE, {"floors": floors}),),
        relationships=tuple(Relationship("house", "contains", lamp) for lamp in lamps),
    ),
    st.integers(1, 4),
    st.lists(st.sampled_from(["lamp-0", "lamp-1", "lamp-2"]), unique=True),
    st.integers(0, 2),
)


class Gate:
    """Lets so many calls of the graph through."""

    def __init__(self) -> None:
        self.left = 10**9

    def __call__(self, operation: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreError(f"{operation} is out of order")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(contents, st.integers(0, 12)), max_size=3), contents)
def test_loads_that_break_off_anywhere_leave_no_trace(
    tmp_path_factory: pytest.TempPathFactory, broken: list[tuple[TwinSpec, int]], last: TwinSpec
) -> None:
    gate = Gate()
    rig = make(tmp_path_factory.mktemp("graph"), gate)
    rig.load(SPEC)
    for number, (spec, calls) in enumerate(broken, start=1):
        gate.left = calls
        with contextlib.suppress(StepError):
            rig.load(spec, now=1000.0 + number)
        gate.left = 10**9
    rig.load(last, now=2000.0)
    assert (rig.ids(), rig.relations()) == (wanted_ids(last), wanted_relations(last))
    house = rig.graph.get("house")
    assert house is not None
    assert house.values["floors"] == last.entities[0].properties["floors"]
    gate.left = 10**9
    assert str(rig.load(last)) in ("nothing to change", f"{len(last.relationships)} related")
    rig.graph.close()


@pytest.mark.slow
def test_a_hundred_thousand_devices(rig: Rig) -> None:
    many = changed(SPEC, devices=(DeviceGroup("meter", prefix="m", width=6, count=100_000),), relationships=())
    assert len(rig.load(many).added) == 100_001
    fewer = changed(many, devices=(DeviceGroup("meter", prefix="m", width=6, count=99_900),))
    assert len(rig.load(fewer).removed) == 100
