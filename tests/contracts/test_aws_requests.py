"""How many requests each port call costs: the table in docs/adapters-aws.md, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.base import at, record, unique
from tests.contracts.test_aws_messages import queues_and_topics, streams
from tests.standins.aws.places import shared_bucket, shared_table
from tests.standins.aws.server import ministack
from twin2multicloud.runtime.adapters.aws.clients import Clients
from twin2multicloud.runtime.adapters.aws.commands import IotCommands
from twin2multicloud.runtime.adapters.aws.hot import DynamoHotStore
from twin2multicloud.runtime.adapters.aws.objects import S3ObjectStore
from twin2multicloud.runtime.adapters.aws.own_graph import DynamoTwinGraph
from twin2multicloud.runtime.adapters.aws.publisher import AwsPublisher
from twin2multicloud.runtime.adapters.aws.state import (
    STATE_KEYS,
    DynamoDeadLetters,
    DynamoNonces,
    DynamoRuleStates,
)
from twin2multicloud.runtime.ports import Command, DeadLetter, EntityState, Relation, RuleState, Update

DOC = Path(__file__).parents[2] / "docs" / "adapters-aws.md"
SERVICES = ("dynamodb", "s3", "sqs", "sns", "kinesis", "iot-data")


@contextmanager
def counted(clients: Clients) -> Iterator[Counter[str]]:
    """Requests by operation while in here."""
    found: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        found[model.name] += 1

    events = [clients.get(service).meta.events for service in SERVICES]
    for each in events:
        each.register("before-call", count)
    try:
        yield found
    finally:
        for each in events:
            each.unregister("before-call", count)


def hot(clients: Clients) -> dict[str, Callable[[], object]]:
    store = DynamoHotStore(clients, shared_table("hot", ("device", "t")), "house")
    devices = [unique("d") for _ in range(3)]
    events = [record(device, at(second)) for device in devices for second in range(10)]
    return {
        "put, 30 records": lambda: store.put(events),
        "last": lambda: store.last(devices[0]),
        "history, one page": lambda: store.history(devices[0], at(0), at(10), 100),
        "earliest, 3 devices": lambda: store.earliest(devices, at(10)),
        "between, 3 devices": lambda: store.between(devices, at(0), at(10)),
        "delete, 30 records": lambda: store.delete(events),
    }


def objects(clients: Clients) -> dict[str, Callable[[], object]]:
    store, key = S3ObjectStore(clients, shared_bucket("objects")), unique("k")
    return {
        "create": lambda: store.create(key, b"1", {}, "standard"),
        "head": lambda: store.head(key),
        "get": lambda: store.get(key),
        "list, up to 1,000 objects": lambda: store.list(key),
        "set_class": lambda: store.set_class(key, "cool"),
        "delete": lambda: store.delete(key),
    }


def messages(clients: Clients) -> dict[str, Callable[[], object]]:
    publisher = AwsPublisher(clients, {**queues_and_topics()[0], "stream": streams()["intake"]})
    commands = IotCommands(clients, "house")
    events = [record(unique("d"), at(second)) for second in range(25)]
    return {
        "publish on a queue, 25 events": lambda: publisher.publish("intake", events),
        "publish on a topic, 25 events": lambda: publisher.publish("alerts", events),
        "publish on a stream, 25 events": lambda: publisher.publish("stream", events),
        "send, 3 commands": lambda: commands.send([Command(str(n), "d", "restart") for n in range(3)]),
    }


def state(clients: Clients) -> dict[str, Callable[[], object]]:
    table = shared_table("state", STATE_KEYS)
    letters, states, nonces = (
        DynamoDeadLetters(clients, table),
        DynamoRuleStates(clients, table),
        DynamoNonces(clients, table),
    )
    keys = [("rule", unique("d")) for _ in range(120)]
    waiting = [DeadLetter(unique("l"), "intake", "why", b"1", at(1)) for _ in range(30)]
    return {
        "dead letters: put, 30 letters": lambda: letters.put(waiting),
        "dead letters: get": lambda: letters.get(waiting[0].id),
        "dead letters: list, one page": lambda: letters.list(limit=10),
        "dead letters: remove, 30 letters": lambda: letters.remove([letter.id for letter in waiting]),
        "rule states: load, 120 states": lambda: states.load(keys),
        "rule states: save, 5 states": lambda: states.save({key: RuleState(version=1) for key in keys[:5]}),
        "first_use": lambda: nonces.first_use("persist", unique("n"), 2e9),
    }


def graph(clients: Clients) -> dict[str, Callable[[], object]]:
    twins = DynamoTwinGraph(clients, shared_table("graph", ("k", "s")))
    ids = [unique("t") for _ in range(4)]
    values = {"a": 1, "b": 2.5}
    return {
        "put_entities, 4 twins": lambda: twins.put_entities([EntityState(id, "dtmi:m;1", {}, {}) for id in ids]),
        "relate, 3 relationships": lambda: twins.relate([Relation(ids[0], "has", id) for id in ids[1:]]),
        "update, 4 twins of 2 values": lambda: twins.update([Update(id, values, at(2)) for id in ids]),
        "update, one that is late": lambda: twins.update([Update(ids[0], values, at(1))]),
        "get": lambda: twins.get(ids[0]),
        "entities, up to 100 twins": lambda: twins.entities("dtmi:m;1", ids[0][:-1], 4),
        "relations": lambda: twins.relations(ids[0]),
    }


@pytest.mark.parametrize(
    ("port", "calls"),
    [
        ("Hot store", hot),
        ("Object store", objects),
        ("Messages", messages),
        ("State", state),
        ("Own twin graph", graph),
    ],
)
def test_the_table_of_requests_is_true(port: str, calls: Callable[[Clients], dict[str, Callable[[], object]]]) -> None:
    section = DOC.read_text("utf-8").split(f"### {port}\n")[1].split("\n##")[0]
    told = {
        row[0].strip(): dict(re.findall(r"(\w+) × (\d+)", row[1]))
        for row in re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section, re.MULTILINE)
    }
    clients = ministack().clients
    measured = {}
    for name, call in calls(clients).items():
        with counted(clients) as found:
            call()
        measured[name] = {operation: str(count) for operation, count in found.items()}
    assert {name: told.get(name) for name in measured} == measured
