"""How many requests each port call takes, as docs/adapters-azure.md says and the bill assumes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.contracts.base import at, record, unique
from tests.contracts.twin_graph import ROOM, interface
from tests.standins.azure.fake_digital_twins import FakeDigitalTwins
from tests.standins.azure.rig import Certificates
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.ports import DeadLetter, EntityState, Relation, RuleState, Update

pytest_plugins = ("tests.standins.azure.fixtures",)

Open = Callable[..., AzurePorts]
Requests = Callable[[Callable[[], object]], dict[str, int]]


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Requests:
    """Counts the requests of a call by kind: every SDK sends them by the same library."""
    seen: Counter[str] = Counter()
    send = requests.Session.send

    def counted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        kind = _kind(request)
        if kind != "account":  # what the SDK asks in a thread of its own, whenever that comes to run
            seen[kind] += 1
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", counted)

    def run(call: Callable[[], object]) -> dict[str, int]:
        seen.clear()
        call()
        return dict(seen)

    return run


def _kind(request: requests.PreparedRequest) -> str:
    where = urlsplit(str(request.url))
    if request.method == "GET" and where.path in ("", "/"):
        return "account"
    if "x-ms-documentdb-isquery" in {name.lower() for name in request.headers}:
        return "query plan" if "x-ms-cosmos-is-query-plan-request" in request.headers else "query"
    if "comp=tier" in where.query:
        return "set tier"
    if "comp=list" in where.query:
        return "list"
    if where.path.endswith("/messages"):
        return "put message"
    if re.search(r"/docs/?$", where.path):
        return "upsert" if request.headers.get("x-ms-documentdb-is-upsert") else "create"
    if "/pkranges" in where.path or where.path.rstrip("/").endswith(("colls/hot", "colls/graph")):
        return "metadata"
    return {"GET": "read", "PUT": "write", "HEAD": "look", "PATCH": "patch"}.get(
        str(request.method), str(request.method)
    )


def test_hot_store(cosmos_ports: Open, count: Requests) -> None:
    hot, device = cosmos_ports().hot, unique("d")
    events = [record(device, at(n)) for n in range(3)]
    hot.put(events)
    hot.between([device], at(0), at(9))
    assert count(lambda: hot.put(events)) == {"create": 3}
    assert count(lambda: hot.last(device))["query"] == 1
    assert count(lambda: hot.history(device, at(0), at(9), 10))["query"] == 1
    hundreds = [device, *(f"{device}-{n}" for n in range(149))]
    assert count(lambda: hot.earliest(hundreds, at(9)))["query"] == 2  # a hundred devices each
    assert count(lambda: hot.between(hundreds, at(0), at(9)))["query"] == 2
    assert count(lambda: hot.delete(events)) == {"DELETE": 3}


def test_objects(storage_ports: Open, count: Requests) -> None:
    store, key = storage_ports().cool, unique("k")
    assert count(lambda: store.create(key, b"1", {}, "cool")) == {"write": 1}
    assert count(lambda: store.get(key)) == {"read": 1}
    assert count(lambda: store.head(key)) == {"look": 1}
    assert count(lambda: store.list(key)) == {"list": 1}
    assert count(lambda: store.set_class(key, "archive")) == {"set tier": 1}
    assert count(lambda: store.delete(key)) == {"DELETE": 1}


def test_queues_and_topics(storage_ports: Open, count: Requests) -> None:
    publisher = storage_ports().publisher
    events = [record("d", at(n)) for n in range(45)]
    publisher.publish("actions", events[:1])
    assert count(lambda: publisher.publish("actions", events)) == {"put message": 3}  # twenty events each
    assert count(lambda: publisher.publish("alerts", events)) == {"POST": 1}


def test_memories(cosmos_ports: Open, count: Requests) -> None:
    ports, device = cosmos_ports(), unique("d")
    key = ("rule", device)
    letter = DeadLetter(device, "intake", "why", b"1", at(1))
    ports.rule_states.load([key])
    ports.dead_letters.get("x")
    ports.nonces.first_use(device, "n0", 4e9)
    assert count(lambda: ports.rule_states.save({key: RuleState(version=1)})) == {"create": 1}
    assert count(lambda: ports.rule_states.save({key: RuleState(version=2)})) == {"read": 1, "write": 1}
    assert count(lambda: ports.rule_states.save({key: RuleState(version=3)})) == {"write": 1}
    assert count(lambda: ports.rule_states.load([key])) == {"read": 1}
    assert count(lambda: ports.nonces.first_use(device, "n1", 4e9)) == {"create": 1}
    assert count(lambda: ports.dead_letters.put([letter])) == {"upsert": 1}
    assert count(lambda: ports.dead_letters.get(device)) == {"read": 1}
    assert count(lambda: ports.dead_letters.remove([device])) == {"DELETE": 1}


def test_own_graph(cosmos_ports: Open, count: Requests) -> None:
    graph = cosmos_ports().graph
    one, two = unique("t"), unique("t")
    graph.put_entities([EntityState(one, ROOM, {}, {})])
    assert count(lambda: graph.put_entities([EntityState(two, ROOM, {}, {})])) == {"create": 1}
    assert count(lambda: graph.relate([Relation(one, "feeds", two)])) == {"read": 2, "create": 2}
    assert count(lambda: graph.update([Update(one, {"a": n}, at(n)) for n in range(5)])) == {"read": 1, "write": 1}
    assert count(lambda: graph.update([Update(one, {"a": 9}, at(9))])) == {"write": 1}
    assert count(lambda: graph.update([Update(one, {"a": 0}, at(0))])) == {"read": 1}  # late: nothing to write
    assert count(lambda: graph.get(one)) == {"read": 1}
    assert count(lambda: graph.relations(one))["query"] == 1


def test_digital_twins(
    open_ports: Open, digital_twins: FakeDigitalTwins, certificates: Certificates, count: Requests
) -> None:
    local = {"authority": str(certificates.authority), "any_token": True}
    graph = open_ports(graph="digital_twins", digital_twins_url=digital_twins.url, **local).graph
    assert count(lambda: graph.define([interface(ROOM)]))["read"] == 1
    one, two = unique("t"), unique("t")
    entities = [EntityState(one, ROOM, {}, {}), EntityState(two, ROOM, {}, {})]
    assert count(lambda: graph.put_entities(entities)) == {"write": 2}
    assert count(lambda: graph.relate([Relation(one, "feeds", two)])) == {"write": 1}
    assert count(lambda: graph.update([Update(one, {"people": 1}, at(1))])) == {"read": 1, "patch": 1}
    assert count(lambda: graph.update([Update(one, {"people": n}, at(n)) for n in range(5)])) == {"patch": 1}
    assert count(lambda: graph.get(one)) == {"read": 1}
    assert count(lambda: graph.relations(one)) == {"read": 1}
    # Two relationship lists, the relationship, the twin.
    assert count(lambda: graph.delete_entities([two])) == {"read": 2, "DELETE": 2}
