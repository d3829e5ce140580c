"""What each port call on Firestore is billed for: documents written, read and deleted, as `docs/adapters-gcp.md` says.

Counted from the requests and answers themselves, by Firestore's rules: a query costs at least one read.
"""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contracts.base import at, record
from tests.standins.gcp.processes import PROJECT
from twin2multicloud.runtime.adapters.gcp.clients import Clients
from twin2multicloud.runtime.adapters.gcp.commands import PendingCommands
from twin2multicloud.runtime.adapters.gcp.graph import FirestoreGraph
from twin2multicloud.runtime.adapters.gcp.hot_firestore import FirestoreHotStore
from twin2multicloud.runtime.adapters.gcp.letters import FirestoreDeadLetters
from twin2multicloud.runtime.adapters.gcp.memory import FirestoreNonces, FirestoreRuleStates
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.ports import Command, DeadLetter, EntityState, Relation, RuleState, Update

pytest_plugins = ["tests.standins.gcp.fixtures"]


class Counting:
    """Firestore's generated client, and what its calls would be billed for."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self.bill: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def batch_write(self, request: dict[str, Any], **rest: Any) -> Any:
        answer = self._api.batch_write(request=request, **rest)
        self.bill["requests"] += 1
        for write in request["writes"]:
            self.bill["deletes" if "delete" in write._pb.WhichOneof("operation") else "writes"] += 1
        return answer

    def commit(self, request: dict[str, Any], **rest: Any) -> Any:
        self.bill["requests"] += 1
        self.bill["writes"] += len(request["writes"])
        return self._api.commit(request=request, **rest)

    def batch_get_documents(self, request: dict[str, Any], **rest: Any) -> Any:
        self.bill["requests"] += 1
        self.bill["reads"] += len(request["documents"])
        return self._api.batch_get_documents(request=request, **rest)

    def run_query(self, request: dict[str, Any], **rest: Any) -> Iterator[Any]:
        self.bill["requests"] += 1
        found = 0
        for answer in self._api.run_query(request=request, **rest):
            found += "document" in answer
            yield answer
        self.bill["reads"] += max(found, 1)


@pytest.fixture
def counting(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Counting]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    client = Clients(PROJECT, {}).firestore
    api = Counting(client._firestore_api)
    client._firestore_api_internal = api
    return client, api


Billed = Callable[[Callable[[], object]], dict[str, int]]


@pytest.fixture
def billed(counting: tuple[Any, Counting]) -> Billed:
    def run(call: Callable[[], object]) -> dict[str, int]:
        counting[1].bill.clear()
        call()
        return dict(counting[1].bill)

    return run


@pytest.fixture
def name() -> str:
    return f"t2m-{uuid.uuid4().hex[:8]}-"


def test_the_hot_store(counting: tuple[Any, Counting], billed: Billed, name: str, patience: Patience) -> None:
    hot = FirestoreHotStore(counting[0], f"{name}hot", patience)
    devices = [f"d-{n}" for n in range(70)]
    events = [record(device, at(n)) for n, device in enumerate(devices)]
    assert billed(lambda: hot.put(events)) == {"requests": 1, "writes": 70}
    assert billed(lambda: hot.put(events[:30])) == {"requests": 1, "writes": 30}
    assert billed(lambda: hot.last("d-0")) == {"requests": 1, "reads": 1}
    assert billed(lambda: hot.last("nobody")) == {"requests": 1, "reads": 1}
    assert billed(lambda: hot.history("d-0", at(0), at(3599), 10)) == {"requests": 1, "reads": 1}
    assert billed(lambda: hot.earliest(devices, at(3599))) == {"requests": 3, "reads": 3}
    assert billed(lambda: hot.between(devices, at(0), at(3599))) == {"requests": 3, "reads": 70}
    assert billed(lambda: hot.delete(events)) == {"requests": 1, "deletes": 70}


def test_the_graph(counting: tuple[Any, Counting], billed: Billed, name: str, patience: Patience) -> None:
    graph = FirestoreGraph(counting[0], name, patience, time.sleep, random.random, time.monotonic)
    twins = [EntityState(f"e-{n}", "dtmi:a;1", {}, {}) for n in range(20)]
    updates = [Update(twin.id, {"v": n}, at(n)) for twin in twins for n in range(3)]
    assert billed(lambda: graph.put_entities(twins)) == {"requests": 1, "writes": 20}
    assert billed(lambda: graph.update(updates)) == {"requests": 2, "reads": 20, "writes": 20}
    assert billed(lambda: graph.update(updates)) == {}
    newer = [Update(twin.id, {"v": 9}, at(9)) for twin in twins]
    assert billed(lambda: graph.update(newer)) == {"requests": 1, "writes": 20}
    assert billed(lambda: graph.get("e-0")) == {"requests": 1, "reads": 1}
    assert billed(lambda: graph.entities(limit=5)) == {"requests": 1, "reads": 5}
    relations = [Relation("e-0", "feeds", f"e-{n}") for n in range(1, 5)]
    assert billed(lambda: graph.relate(relations)) == {"requests": 2, "reads": 5, "writes": 4}
    assert billed(lambda: graph.relations("e-0")) == {"requests": 1, "reads": 4}


def test_what_the_runtime_remembers(
    counting: tuple[Any, Counting], billed: Billed, name: str, patience: Patience
) -> None:
    states = FirestoreRuleStates(counting[0], f"{name}rules", patience)
    keys = [("rule", f"d-{n}") for n in range(5)]
    assert billed(lambda: states.load(keys)) == {"requests": 1, "reads": 5}
    for version in (1, 2, 3):
        changes = {key: RuleState(at(version), True, at(version), version) for key in keys}
        assert billed(lambda changes=changes: states.save(changes)) == {"requests": 1, "writes": 5}  # type: ignore[misc]
    nonces = FirestoreNonces(counting[0], f"{name}nonces", patience, lambda: uuid.uuid4().hex)
    assert billed(lambda: nonces.first_use("persist", "n" * 16, 1e9)) == {"requests": 1, "writes": 1}
    assert billed(lambda: nonces.first_use("persist", "n" * 16, 1e9)) == {"requests": 2, "writes": 1, "reads": 1}


def test_letters_and_commands(counting: tuple[Any, Counting], billed: Billed, name: str, patience: Patience) -> None:
    letters = FirestoreDeadLetters(counting[0], f"{name}letters", patience)
    kept = [DeadLetter(f"l-{n}", "intake", "bad", b"x", at(n)) for n in range(3)]
    assert billed(lambda: letters.put(kept)) == {"requests": 1, "writes": 3}
    assert billed(lambda: letters.list()) == {"requests": 1, "reads": 3}
    assert billed(lambda: letters.remove(["l-0", "l-1"])) == {"requests": 2, "reads": 2, "deletes": 2}
    pending = PendingCommands(counting[0], f"{name}pending", patience, time.time)
    commands = [Command(f"c-{n}", "d", "reset") for n in range(3)]
    assert billed(lambda: pending.pending("d")) == {"requests": 1, "reads": 1}
    assert billed(lambda: pending.send(commands)) == {"requests": 1, "writes": 3}
    assert billed(lambda: pending.pending("d")) == {"requests": 1, "reads": 3}
    assert billed(lambda: pending.acknowledge("d", ["c-0", "c-1", "c-2"])) == {"requests": 1, "deletes": 3}
