"""The twin graph on IoT TwinMaker: its contract over the fake service, values behind the real connector in DynamoDB."""

from __future__ import annotations

import atexit
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.contracts.base import TEXTS, at, unique
from tests.contracts.twin_graph import ROOM, TwinGraphContract, interface
from tests.standins.aws.fake_twinmaker import FakeTwinMaker
from tests.standins.aws.places import shared_table
from tests.standins.aws.server import ministack
from twin2multicloud.runtime.adapters.aws.build import AwsConfig, AwsPorts, read_config
from twin2multicloud.runtime.adapters.aws.clients import Clients
from twin2multicloud.runtime.adapters.aws.own_graph import DynamoTwinGraph
from twin2multicloud.runtime.adapters.aws.twinmaker import TwinMakerGraph
from twin2multicloud.runtime.adapters.aws.twinmaker_connector import Connector
from twin2multicloud.runtime.entry.aws import Function
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import EntityState, Relation, TwinGraph, Update
from twin2multicloud.runtime.settings import ConfigError

ARN = "arn:aws:lambda:eu-central-1:000000000000:function:twin-connector"


@functools.cache
def service() -> tuple[FakeTwinMaker, Clients]:
    """The fake with a workspace, and clients of it, made as in a function whose environment names an endpoint."""
    fake = FakeTwinMaker()
    atexit.register(fake.stop)
    fake.connectors[ARN] = Connector(values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_IOTTWINMAKER", fake.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        clients = Clients("eu-central-1", attempts=1)
        clients.get("iottwinmaker").create_workspace(workspaceId="house")
    return fake, clients


@functools.cache
def values() -> TwinGraph:
    return DynamoTwinGraph(ministack().clients, shared_table("values", ("k", "s")), consistent=True)


def open_twinmaker() -> TwinMakerGraph:
    return TwinMakerGraph(service()[1], "house", ARN, values())


class TestTwinMaker(TwinGraphContract):
    json_values = False
    # The service's texts have 1 to 256 characters, none of them a line's end.
    text_values: ClassVar[dict[str, Any]] = {
        name: text for name, text in TEXTS.items() if name not in ("empty", "blank", "control")
    }

    @pytest.fixture
    def open_graph(self) -> Callable[[], TwinGraph]:
        return open_twinmaker


@pytest.fixture
def graph() -> TwinMakerGraph:
    graph = open_twinmaker()
    graph.define([interface(ROOM)])
    return graph


def room(graph: TwinMakerGraph, values: dict[str, Any] | None = None) -> str:
    id = unique("room")
    graph.put_entities([EntityState(id, ROOM, values or {}, {})])
    return id


def test_ten_values_travel_in_one_request(graph: TwinMakerGraph) -> None:
    fake = service()[0]
    ids = [room(graph) for _ in range(6)]
    graph.update([Update(id, {"people": 1}, at(1)) for id in ids])  # learns the types of the six
    before = dict(fake.requests)
    graph.update([Update(id, {"temperature": 20.5, "humidity": 40}, at(2)) for id in ids])
    used = {name: count - before.get(name, 0) for name, count in fake.requests.items() if count != before.get(name)}
    assert used == {"BatchPutPropertyValues": 2}


def test_the_fake_refuses_what_the_service_model_forbids(graph: TwinMakerGraph) -> None:
    api = service()[1].get("iottwinmaker")
    id = room(graph)
    reference = {"entityId": id, "componentName": "twin", "propertyName": "people"}
    entry = {"entityPropertyReference": reference, "propertyValues": [{"time": at(1), "value": {"longValue": 1}}]}
    with pytest.raises(api.exceptions.ValidationException, match="11 members"):
        api.batch_put_property_values(workspaceId="house", entries=[entry] * 11)
    with pytest.raises(api.exceptions.ValidationException, match="does not match"):
        api.create_entity(workspaceId="house", entityId="-room-", entityName="room")
    wrong = {**entry, "propertyValues": [{"time": at(1), "value": {"stringValue": "1"}}]}
    answer = api.batch_put_property_values(workspaceId="house", entries=[wrong, entry])
    (error,) = answer["errorEntries"][0]["errors"]
    assert (len(answer["errorEntries"]), error["errorCode"], error["entry"]) == (1, "ValidationException", wrong)
    assert graph.get(id) == EntityState(id, ROOM, {"people": 1}, {"people": at(1)})


def test_a_name_that_the_service_forbids_is_rejected(graph: TwinMakerGraph) -> None:
    with pytest.raises(RejectedError, match="does not match"):
        graph.put_entities([EntityState("room 1", ROOM, {}, {})])


@pytest.mark.parametrize(
    ("name", "value"),
    [("label", ""), ("label", "x" * 257), ("label", "a\nb"), ("people", 1.5), ("people", 2**63), ("occupied", 1)],
)
def test_a_value_that_its_property_cannot_hold_is_named_after_all_others_are_set(
    graph: TwinMakerGraph, name: str, value: Any
) -> None:
    id = room(graph)
    with pytest.raises(RejectedError, match=f"{id}: {name}"):
        graph.update([Update(id, {name: value, "humidity": 30}, at(1))])
    assert graph.get(id) == EntityState(id, ROOM, {"humidity": 30.0}, {"humidity": at(1)})


def test_a_property_that_the_model_does_not_declare_is_named(graph: TwinMakerGraph) -> None:
    with pytest.raises(RejectedError, match="declares no property 'pressure'"):
        graph.update([Update(room(graph), {"pressure": 1}, at(1))])


def test_a_twin_that_another_process_deleted_is_named(graph: TwinMakerGraph) -> None:
    gone, there = room(graph), room(graph)
    graph.update([Update(id, {"people": 1}, at(1)) for id in (gone, there)])
    open_twinmaker().delete_entities([gone])
    with pytest.raises(RejectedError, match=gone):
        graph.update([Update(id, {"people": 2}, at(2)) for id in (gone, there)])
    assert graph.get(there) == EntityState(there, ROOM, {"people": 2}, {"people": at(2)})


def test_relationships_beyond_the_services_limit_are_refused_with_a_way_out(graph: TwinMakerGraph) -> None:
    source = room(graph)
    targets = [unique("target") for _ in range(51)]
    graph.put_entities([EntityState(id, ROOM, {}, {}) for id in targets])
    relations = [Relation(source, "contains", target) for target in sorted(targets)]
    graph.relate(relations[:50])
    graph.relate(relations[:50])
    with pytest.raises(RejectedError, match="takes 50: put a level in between"):
        graph.relate(relations[50:])
    assert graph.relations(source) == relations[:50]


def test_a_relationship_needs_a_declaration_and_both_ends(graph: TwinMakerGraph) -> None:
    source, target = room(graph), room(graph)
    with pytest.raises(RejectedError, match="declares no relationship 'heats'"):
        graph.relate([Relation(source, "heats", target)])
    with pytest.raises(RejectedError, match="create it before"):
        graph.relate([Relation(source, "contains", unique("absent"))])


def test_enumerations_objects_and_inheritance(graph: TwinMakerGraph) -> None:
    base, derived = (f"dtmi:twin2multicloud:contract:{name}{unique('')[1:]};1" for name in ("base", "derived"))
    mode = {"@type": "Enum", "valueSchema": "string", "enumValues": [{"name": "on", "enumValue": "on"}]}
    span = {"@type": "Object", "fields": [{"name": "low", "schema": "double"}]}
    models: list[dict[str, Any]] = [
        {
            "@id": derived,
            "@type": "Interface",
            "extends": base,
            "displayName": {"en": "derived"},
            "contents": [{"@type": ["Telemetry", "Temperature"], "name": "heat", "schema": "float", "unit": "kelvin"}],
        },
        {
            "@id": base,
            "@type": "Interface",
            "contents": [
                {"@type": "Property", "name": "mode", "schema": mode},
                {"@type": "Property", "name": "span", "schema": span},
                {"@type": "Command", "name": "reset"},
            ],
        },
    ]
    graph.define(models)
    id = unique("derived")
    values = {"mode": "on", "span": {"low": 1.5}, "heat": 300.5}
    graph.put_entities([EntityState(id, derived, values, dict.fromkeys(values, at(1)))])
    assert graph.get(id) == EntityState(id, derived, values, dict.fromkeys(values, at(1)))
    with pytest.raises(RejectedError, match="not one of those allowed"):
        graph.update([Update(id, {"mode": "standby"}, at(2))])


@pytest.mark.parametrize(("code", "quota"), [("ThrottlingException", True), ("InternalServerException", False)])
def test_what_may_pass_is_a_store_error(graph: TwinMakerGraph, code: str, quota: bool) -> None:
    fake = service()[0]
    fake.refuse = [code]
    with pytest.raises(StoreError) as caught:
        graph.get("room-1")
    assert (caught.value.quota, fake.refuse) == (quota, [])


def test_a_connector_that_fails_is_a_store_error(graph: TwinMakerGraph) -> None:
    fake, id = service()[0], room(graph)

    def broken(request: Any) -> dict[str, Any]:
        raise ZeroDivisionError

    kept, fake.connectors[ARN] = fake.connectors[ARN], broken
    try:
        with pytest.raises(StoreError, match="ConnectorFailure"):
            graph.get(id)
    finally:
        fake.connectors[ARN] = kept


def test_a_function_is_built_from_its_environment(monkeypatch: pytest.MonkeyPatch, graph: TwinMakerGraph) -> None:
    config = {
        "twin": "house",
        "region": "eu-central-1",
        "graph_table": shared_table("values", ("k", "s")),
        "twinmaker_workspace": "house",
        "twinmaker_connector": ARN,
        "consistent_reads": True,
    }
    for name, value in {
        "AWS_ENDPOINT_URL": ministack().endpoint,
        "AWS_ENDPOINT_URL_IOTTWINMAKER": service()[0].endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    environment = {"T2M_CONFIG": json.dumps(config), "T2M_FUNCTION": '{"component": "connector"}'}
    function = Function(environment, Path())
    fake, id = service()[0], room(graph)
    kept, fake.connectors[ARN] = fake.connectors[ARN], function.connect
    try:
        built = AwsPorts(read_config(environment)).graph
        built.update([Update(id, {"people": 7, "label": "Büro"}, at(3))])
        assert built.get(id) == EntityState(id, ROOM, {"people": 7, "label": "Büro"}, {"people": at(3), "label": at(3)})
    finally:
        fake.connectors[ARN] = kept
    with pytest.raises(ConfigError, match="lacks 'twinmaker_connector'"):
        AwsPorts(AwsConfig("house", twinmaker_workspace="house")).graph  # noqa: B018
