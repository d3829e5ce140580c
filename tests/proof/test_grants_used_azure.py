"""The words of functions' grants are neither less nor more than what the adapters ask of Cosmos DB, request by request.

For everything else Azure has roles of its own, whose actions are Microsoft's; grants.py says where they hold more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.contracts.base import at, record, unique
from twin2multicloud.deployer.clouds.azure.grants import rights_of
from twin2multicloud.runtime.adapters.azure.build import AzurePorts
from twin2multicloud.runtime.ports import DeadLetter, EntityState, RuleState, Update

pytest_plugins = ("tests.standins.azure.fixtures",)

Uses = Callable[[AzurePorts], list[Callable[[], object]]]
BASE = "Microsoft.DocumentDB/databaseAccounts"
ITEMS = f"{BASE}/sqlDatabases/containers/items"
QUERY = f"{BASE}/sqlDatabases/containers/executeQuery"
OWN = "azure.own-graph"


def _action(request: requests.PreparedRequest) -> str:
    """The data action that a request needs (Microsoft: "Data plane role-based access control", Cosmos DB)."""
    headers = {name.lower() for name in request.headers}
    path = urlsplit(str(request.url)).path
    if "x-ms-documentdb-isquery" in headers or "x-ms-cosmos-is-query-plan-request" in headers:
        return QUERY
    if re.search(r"/docs/?$", path):
        return f"{ITEMS}/upsert" if "x-ms-documentdb-is-upsert" in headers else f"{ITEMS}/create"
    if "/docs/" in path:
        return f"{ITEMS}/{ {'GET': 'read', 'PUT': 'replace', 'DELETE': 'delete'}[str(request.method)] }"
    return f"{BASE}/readMetadata"


def _hot_read(ports: AzurePorts) -> list[Callable[[], object]]:
    hot, device = ports.hot, unique("d")
    hot.put([record(device, at(1))])
    return [
        lambda: hot.last(device),
        lambda: hot.history(device, at(0), at(9), 5),
        lambda: hot.earliest([device], at(9)),
        lambda: hot.between([device], at(0), at(9)),
    ]


def _hot_delete(ports: AzurePorts) -> list[Callable[[], object]]:
    events = [record(unique("d"), at(1))]
    ports.hot.put(events)
    return [lambda: ports.hot.delete(events)]


def _rule_states(ports: AzurePorts) -> list[Callable[[], object]]:
    states, key = ports.rule_states, ("rule", unique("d"))
    return [lambda: states.load([key]), *(lambda n=n: states.save({key: RuleState(version=n)}) for n in (1, 2))]


def _graph_update(ports: AzurePorts) -> list[Callable[[], object]]:
    graph, twin = ports.graph, unique("t")
    graph.put_entities([EntityState(twin, "dtmi:m;1", {}, {})])
    return [lambda v=v, t=t: graph.update([Update(twin, v, at(t))]) for v, t in (({"a": 1}, 5), ({"a": 2, "b": 1}, 4))]  # type: ignore[misc]


def _graph_read(ports: AzurePorts) -> list[Callable[[], object]]:
    graph, twin = ports.graph, unique("t")
    graph.put_entities([EntityState(twin, "dtmi:m;1", {}, {})])
    return [lambda: graph.get(twin), lambda: graph.entities("dtmi:m;1", "", 10)]


USES: Mapping[str, Uses] = {
    # What handlers call of each port (runtime/handlers), for the word that lets them.
    "hot.write": lambda ports: [lambda: ports.hot.put([record(unique("d"), at(1))])],
    "hot.read": _hot_read,
    "hot.delete": _hot_delete,
    "graph.update": _graph_update,
    "graph.read": _graph_read,
    "nonces": lambda ports: [lambda: ports.nonces.first_use("persist", unique("n"), 4e9)],
    "rule-states": _rule_states,
    "dead-letters": lambda ports: [
        lambda: ports.dead_letters.put([DeadLetter(unique("l"), "intake", "why", b"1", at(1))])
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("word", USES)
def test_a_word_is_exactly_what_the_adapter_asks(
    word: str, cosmos_ports: Callable[..., AzurePorts], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = USES[word](cosmos_ports())
    seen: set[str] = set()
    send = requests.Session.send

    def noted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        seen.add(_action(request))
        return send(self, request, **options)

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", noted)
        for call in calls:
            call()

    wanted = {action for right in rights_of(word, OWN) for action in right.actions}
    # Whoever asks anything has read before where a container's data are; whoever may query may as well read one item.
    allowed = {f"{BASE}/readMetadata"} | ({f"{ITEMS}/read"} if QUERY in seen else set())
    assert seen <= wanted
    assert wanted <= seen | allowed
