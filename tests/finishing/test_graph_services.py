"""An example twin is loaded into every twin graph there is, changed, and loaded again, through the real adapters."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contracts.base import unique
from tests.contracts.test_aws_twinmaker import open_twinmaker
from tests.deployer.placements import twin
from tests.finishing.rig import Told
from tests.standins.aws.places import shared_table
from tests.standins.aws.server import ministack
from tests.standins.azure.fake_digital_twins import FakeDigitalTwins
from tests.standins.azure.rig import Certificates
from twin2multicloud.deployer.devices.kept import KeptDocuments
from twin2multicloud.deployer.finishing.graph import load_graph
from twin2multicloud.deployer.finishing.ledger import Ledger
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.model.spec import Entity, TwinSpec
from twin2multicloud.runtime.adapters.aws.own_graph import DynamoTwinGraph
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.adapters.gcp.graph import FirestoreGraph
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.ports import Relation, TwinGraph, Update
from twin2multicloud.runtime.times import to_time

pytest_plugins = ("tests.standins.azure.fixtures", "tests.standins.gcp.fixtures")
pytestmark = pytest.mark.slow

_, HOME = twin("smart-home")
DEVICE = HOME.device_names[0]


@pytest.fixture
def dynamodb() -> TwinGraph:
    return DynamoTwinGraph(ministack().clients, shared_table("loaded", ("k", "s")), consistent=True)


@pytest.fixture
def twinmaker() -> TwinGraph:
    return open_twinmaker()


@pytest.fixture
def cosmos_graph(cosmos_ports: Callable[[], AzurePorts]) -> TwinGraph:
    return cosmos_ports().graph


@pytest.fixture
def digital_twins_graph(
    open_ports: Callable[..., AzurePorts], digital_twins: FakeDigitalTwins, certificates: Certificates
) -> TwinGraph:
    authority = str(certificates.authority)
    url = digital_twins.url
    return open_ports(graph="digital_twins", digital_twins_url=url, authority=authority, any_token=True).graph


@pytest.fixture
def firestore(firestore_client: Any, patience: Patience) -> TwinGraph:
    prefix = f"{unique('loaded')}-"
    return FirestoreGraph(firestore_client, prefix, patience, time.sleep, random.random, time.monotonic)


def relations_of(spec: TwinSpec, source: str) -> set[Relation]:
    return {Relation(r.source, r.name, r.target) for r in spec.relationships if r.source == source}


@pytest.mark.parametrize("kind", ["dynamodb", "twinmaker", "cosmos_graph", "digital_twins_graph", "firestore"])
def test_a_definition_is_loaded_changed_and_loaded_again(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, told: Told
) -> None:
    graph: TwinGraph = request.getfixturevalue(kind)
    ledger = Ledger(KeptDocuments(FolderDocuments(tmp_path)), "graph")
    ids = [*HOME.device_names, *(entity.id for entity in HOME.entities)]

    first = load_graph(HOME, graph, ledger, told, now=1000.0)
    assert (set(first.added), first.related) == (set(ids), len(HOME.relationships))
    assert all(graph.get(id) is not None for id in ids)
    house = HOME.entities[0]
    assert set(graph.relations(house.id)) == relations_of(HOME, house.id)

    graph.update([Update(house.id, {"area": 170.0}, to_time(1500.0))])  # by user code
    again = load_graph(HOME, graph, ledger, told, now=2000.0)
    assert (again.added, again.remodelled, again.changed, again.removed) == ((), (), (), ())

    gone = HOME.relationships[0]
    changed = msgspec.structs.replace(
        HOME,
        entities=(Entity(house.id, house.model, {**house.properties, "address": "2 Garden Lane"}), *HOME.entities[1:]),
        devices=tuple(group for group in HOME.devices if DEVICE not in list(group)),
        relationships=tuple(
            r for r in HOME.relationships if r != gone and not {r.source, r.target}.intersection(HOME.devices[0])
        ),
    )
    last = load_graph(changed, graph, ledger, told, now=3000.0)
    assert set(last.removed) == set(ids) - {*changed.device_names, *(entity.id for entity in changed.entities)}
    assert graph.get(DEVICE) is None
    state = graph.get(house.id)
    assert state is not None
    assert (state.values["address"], state.values["area"]) == ("2 Garden Lane", 170.0)
    assert set(graph.relations(house.id)) == relations_of(changed, house.id)
