"""The words of functions' grants are neither less nor more than what the adapters ask of AWS, request by request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.base import at, record, unique
from tests.contracts.test_aws_messages import streams
from tests.contracts.test_aws_twinmaker import ARN, open_twinmaker, service, values
from tests.contracts.twin_graph import ROOM, interface
from tests.entry.aws_twin import Place
from tests.standins.aws.server import ministack
from twin2multicloud.deployer.clouds.aws.grants import GRANTS
from twin2multicloud.runtime.adapters.aws.build import AwsPorts
from twin2multicloud.runtime.adapters.aws.clients import Clients
from twin2multicloud.runtime.adapters.aws.commands import IotCommands
from twin2multicloud.runtime.adapters.aws.publisher import AwsPublisher
from twin2multicloud.runtime.adapters.aws.twinmaker import TwinMakerGraph
from twin2multicloud.runtime.ports import Command, DeadLetter, EntityState, RuleState, Update

SERVICES = ("dynamodb", "s3", "sqs", "sns", "kinesis", "iot-data", "secretsmanager")
ACTIONS: Mapping[str, str] = {
    # Where IAM calls what a request needs otherwise ("Actions, resources, and condition keys for AWS services").
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
}
PREFIXES: Mapping[str, str] = {"iot-data": "iot"}
Uses = Callable[[Place], list[Callable[[], object]]]


@contextmanager
def asked(clients: Clients) -> Iterator[set[str]]:
    """The actions that requests need while in here."""
    found: set[str] = set()
    handlers = []
    for name in SERVICES:

        def note(model: Any, service: str = name, **_: Any) -> None:
            action = f"{PREFIXES.get(service, service)}:{model.name}"
            found.add(ACTIONS.get(action, action))

        events = clients.get(name).meta.events
        events.register("before-call", note)
        handlers.append((events, note))
    try:
        yield found
    finally:
        for events, note in handlers:
            events.unregister("before-call", note)


def _hot_read(place: Place) -> list[Callable[[], object]]:
    hot, device = place.ports.hot, place.devices[0]
    return [
        lambda: hot.last(device),
        lambda: hot.history(device, at(0), at(9), 5),
        lambda: hot.earliest([device], at(9)),
        lambda: hot.between([device], at(0), at(9)),
    ]


def _graph_update(place: Place) -> list[Callable[[], object]]:
    graph, twin = place.ports.graph, unique("t")
    graph.put_entities([EntityState(twin, "dtmi:m;1", {}, {})])
    # New values, some that are late, and a twin that is not there.
    updates = ({"a": 1, "b": 1}, at(5)), ({"a": 2}, at(4)), ({"a": 3, "c": 1}, at(3))
    return [lambda v=values, t=time: graph.update([Update(twin, v, t)]) for values, time in updates]  # type: ignore[misc]


def _values(place: Place) -> list[Callable[[], object]]:
    values = place.ports.values
    twin = unique("t")
    place.ports.graph.put_entities([EntityState(twin, "dtmi:m;1", {}, {})])
    return [lambda: values.update([Update(twin, {"a": 1}, at(5))]), lambda: values.get(twin)]


def _graph_read(place: Place) -> list[Callable[[], object]]:
    graph, twin = place.ports.graph, unique("t")
    graph.put_entities([EntityState(twin, "dtmi:m;1", {}, {})])
    return [lambda: graph.get(twin), lambda: graph.entities("dtmi:m;1", "", 10)]


def _read(tier: str) -> Uses:
    def uses(place: Place) -> list[Callable[[], object]]:
        store, key = getattr(place.ports, tier), unique("k")
        store.create(key, b"1", {}, "standard")
        return [lambda: store.head(key), lambda: store.get(key), lambda: store.list("")]

    return uses


def _write(tier: str) -> Uses:
    return lambda place: [lambda: getattr(place.ports, tier).create(unique("k"), b"1", {}, tier)]


def _rule_states(place: Place) -> list[Callable[[], object]]:
    states, keys = place.ports.rule_states, [("rule", unique("d"))]
    return [
        lambda: states.load(keys),
        lambda: states.save({keys[0]: RuleState(version=1)}),
        lambda: states.save({keys[0]: RuleState(version=2)}),
    ]


def _secret(place: Place) -> list[Callable[[], object]]:
    place.ports.secrets.put("links", "{}")
    another = AwsPorts(place.config, clients=place.server.clients)  # whose cache is empty
    return [lambda: another.secrets.get("links")]


def _letters(place: Place) -> list[Callable[[], object]]:
    return [lambda: place.ports.dead_letters.put([DeadLetter(unique("l"), "intake", "why", b"1", at(1))])]


def _published(topic: str) -> Uses:
    return lambda place: [lambda: place.ports.publisher.publish(topic, [record("d", at(1))])]


def _streamed(place: Place) -> list[Callable[[], object]]:
    publisher = AwsPublisher(place.server.clients, {"intake": streams()["intake"]})
    return [lambda: publisher.publish("intake", [record("d", at(n)) for n in range(3)])]


USES: Mapping[str, Uses] = {
    # What handlers call of each port (runtime/handlers), for the word that lets them.
    "hot.write": lambda place: [lambda: place.ports.hot.put([record(place.devices[0], at(1))])],
    "hot.read": _hot_read,
    "hot.delete": lambda place: [lambda: place.ports.hot.delete([record(place.devices[0], at(1))])],
    "graph.update": _graph_update,
    "graph.read": _graph_read,
    "values": _values,
    "cool.write": _write("cool"),
    "cool.read": _read("cool"),
    "cool.delete": lambda place: [lambda: place.ports.cool.delete(unique("k"))],
    "archive.write": _write("archive"),
    "archive.read": _read("archive"),
    "commands": lambda place: [lambda: IotCommands(place.server.clients, "house").send([Command("1", "d", "fan")])],
    "nonces": lambda place: [lambda: place.ports.nonces.first_use("persist", unique("n"), 4e9)],
    "rule-states": _rule_states,
    "dead-letters": _letters,
    "errors": _published("errors"),
    "secret": _secret,
    "publish@queue": _published("actions"),
    "publish@topic": _published("alerts"),
    "publish@stream": _streamed,
}
ASKED_BY_AWS = {"consume@queue", "consume@stream"}
"""What Lambda asks in the function's name."""
ON_TWINMAKER: Mapping[str, Callable[[TwinMakerGraph, str], object]] = {
    "graph.update@twinmaker": lambda graph, twin: graph.update([Update(twin, {"temperature": 20.5}, at(9))]),
    "graph.read@twinmaker": lambda graph, twin: (graph.get(twin), graph.entities(ROOM, "", 10)),
}
"""What handlers call where the graph is IoT TwinMaker's; the service is our fake."""


@pytest.mark.slow
@pytest.mark.parametrize("word", USES)
def test_a_word_is_exactly_what_the_adapter_asks(word: str, tmp_path: Path) -> None:
    place = Place(ministack(), tmp_path)

    calls = USES[word](place)
    with asked(place.server.clients) as actions:
        for call in calls:
            call()

    assert actions == {action for grant in GRANTS[word] for action in grant.actions}


@pytest.mark.slow
@pytest.mark.parametrize("word", ON_TWINMAKER)
def test_a_word_is_exactly_what_the_adapter_asks_of_twinmaker(word: str) -> None:
    made, twin = open_twinmaker(), unique("room")
    made.define([interface(ROOM)])
    made.put_entities([EntityState(twin, ROOM, {}, {})])
    fake, clients = service()
    before = dict(fake.requests)

    with asked(ministack().clients) as beside:
        ON_TWINMAKER[word](TwinMakerGraph(clients, "house", ARN, values()), twin)  # as in a function that just started

    # What the connector behind the service asks of its table is the connector's own right.
    used = {f"iottwinmaker:{name}" for name, count in fake.requests.items() if count != before.get(name, 0)}
    assert used == {action for grant in GRANTS[word] for action in grant.actions}
    assert beside <= {action for grant in GRANTS["values"] for action in grant.actions}


def test_every_word_is_looked_at() -> None:
    assert set(USES) | ASKED_BY_AWS | set(ON_TWINMAKER) == set(GRANTS)
