"""The ports on Firestore, over Google's own emulator."""

from __future__ import annotations

import random
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.base import at, record, unique
from tests.contracts.dead_letters import DeadLettersContract
from tests.contracts.hot_store import HotStoreContract
from tests.contracts.nonces import NoncesContract
from tests.contracts.rule_states import RuleStatesContract
from tests.contracts.twin_graph import TwinGraphContract
from twin2multicloud.runtime.adapters.gcp.firestore import BATCH_WRITES, document_id
from twin2multicloud.runtime.adapters.gcp.graph import FirestoreGraph
from twin2multicloud.runtime.adapters.gcp.hot_firestore import FirestoreHotStore
from twin2multicloud.runtime.adapters.gcp.letters import FirestoreDeadLetters
from twin2multicloud.runtime.adapters.gcp.memory import FirestoreNonces, FirestoreRuleStates
from twin2multicloud.runtime.adapters.gcp.patience import Patience
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import DeadLetter, EntityState, Update

pytest_plugins = ["tests.standins.gcp.fixtures"]


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"t2m-{uuid.uuid4().hex[:8]}-"


class TestHotStore(HotStoreContract):
    @pytest.fixture
    def open_store(self, firestore_client: Any, prefix: str, patience: Patience) -> Callable[[], FirestoreHotStore]:
        return lambda: FirestoreHotStore(firestore_client, f"{prefix}hot", patience)

    def test_more_records_than_a_request_takes(self, store: FirestoreHotStore) -> None:
        device = unique("bulk")
        events = [record(device, at(n / 10)) for n in range(BATCH_WRITES + 50)]
        store.put(events[:10])
        store.put(events)
        assert [event.id for event in store.between([device], at(0), at(3599))] == [event.id for event in events]
        store.delete(events)
        assert store.last(device) is None

    def test_more_bytes_than_a_request_takes(self, store: FirestoreHotStore) -> None:
        device = unique("heavy")
        events = [record(device, at(n), data={"text": "x" * 900_000}) for n in range(12)]
        store.put(events)
        assert len(store.between([device], at(0), at(3599))) == 12

    def test_more_devices_than_a_query_takes(self, store: FirestoreHotStore) -> None:
        devices = [unique("fleet") for _ in range(70)]
        events = [record(device, at(n)) for n, device in enumerate(devices)]
        store.put(events)
        assert [event.subject for event in store.between(devices, at(0), at(3599))] == devices
        assert store.earliest(devices[::-1], at(3599)) == at(0)

    def test_what_no_document_takes_is_rejected_by_name(self, store: FirestoreHotStore) -> None:
        event = record(unique("giant"), at(1), data={"text": "x" * 1_100_000})
        with pytest.raises(RejectedError, match=event.id):
            store.put([event])

    def test_records_say_when_they_may_be_forgotten(
        self, firestore_client: Any, prefix: str, patience: Patience
    ) -> None:
        device = unique("ttl")
        store = FirestoreHotStore(firestore_client, f"{prefix}hot", patience, expire_after_s=3600.0)
        event = record(device, "2026-11-25T12:00:00.000000Z", id="e")
        store.put([event])
        found = firestore_client.collection(f"{prefix}hot").document(document_id(device, event.time, "e")).get()
        assert found.get("expires").isoformat() == "2026-11-25T13:00:00+00:00"
        assert store.last(device) == event


class TestDeadLetters(DeadLettersContract):
    largest_bytes = 3_000_000

    @pytest.fixture
    def open_letters(
        self, firestore_client: Any, prefix: str, patience: Patience
    ) -> Callable[[], FirestoreDeadLetters]:
        return lambda: FirestoreDeadLetters(firestore_client, f"{prefix}letters", patience)

    def test_a_long_letter_leaves_nothing_behind(self, firestore_client: Any, prefix: str, patience: Patience) -> None:
        letters = FirestoreDeadLetters(firestore_client, f"{prefix}long", patience)
        long = DeadLetter("long", "intake", "r" * 9000, b"x" * 2_000_000, at(1))
        letters.put([long])
        found = letters.get("long")
        assert found is not None
        assert found.body == long.body
        assert len(list(firestore_client.collection(f"{prefix}long-parts").list_documents())) == 2
        letters.remove(["long"])
        assert letters.get("long") is None
        assert list(firestore_client.collection(f"{prefix}long-parts").list_documents()) == []


class TestRuleStates(RuleStatesContract):
    @pytest.fixture
    def open_states(self, firestore_client: Any, prefix: str, patience: Patience) -> Callable[[], FirestoreRuleStates]:
        return lambda: FirestoreRuleStates(firestore_client, f"{prefix}rules", patience)


class TestNonces(NoncesContract):
    @pytest.fixture
    def open_nonces(self, firestore_client: Any, prefix: str, patience: Patience) -> Callable[[], FirestoreNonces]:
        return lambda: FirestoreNonces(firestore_client, f"{prefix}nonces", patience, lambda: secrets.token_hex(8))


class TestGraph(TwinGraphContract):
    @pytest.fixture
    def open_graph(self, firestore_client: Any, prefix: str, patience: Patience) -> Callable[[], FirestoreGraph]:
        return lambda: FirestoreGraph(firestore_client, prefix, patience, time.sleep, random.random, time.monotonic)

    def test_what_it_remembers_never_hides_what_others_wrote(
        self, firestore_client: Any, prefix: str, patience: Patience
    ) -> None:
        now = [0.0]
        mine, other = (
            FirestoreGraph(firestore_client, prefix, patience, time.sleep, random.random, lambda: now[0])
            for _ in range(2)
        )
        id = unique("shared")
        mine.put_entities([EntityState(id, "dtmi:a;1", {}, {})])
        mine.update([Update(id, {"a": 1}, at(1))])
        other.update([Update(id, {"b": 1}, at(5))])
        mine.update([Update(id, {"a": 2, "b": 0}, at(2))])
        state = other.get(id)
        assert state is not None
        assert state.values == {"a": 2, "b": 1}
        other.delete_entities([id])
        with pytest.raises(RejectedError, match=id):
            mine.update([Update(id, {"a": 3}, at(3))])
        other.put_entities([EntityState(id, "dtmi:a;1", {}, {})])
        mine.update([Update(id, {"a": 3}, at(3))])
        other.delete_entities([id])
        other.put_entities([EntityState(id, "dtmi:a;1", {}, {})])
        now[0] = 301.0  # too old to be trusted
        mine.update([Update(id, {"a": 1}, at(1))])
        assert mine.get(id) == EntityState(id, "dtmi:a;1", {"a": 1}, {"a": at(1)})

    def test_a_twin_that_is_always_written_by_others_is_a_store_error(
        self, firestore_client: Any, prefix: str, patience: Patience, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        id = unique("busy")
        waits: list[float] = []
        other = FirestoreGraph(firestore_client, prefix, patience, waits.append, lambda: 1.0, time.monotonic)
        graph = FirestoreGraph(firestore_client, prefix, patience, waits.append, lambda: 1.0, time.monotonic)
        graph.put_entities([EntityState(id, "dtmi:a;1", {}, {})])
        read_all = graph._twins.read_all
        times = iter(range(1, 100))

        def read_then_lose(ids: list[str]) -> dict[str, Any]:
            found = read_all(ids)
            other.update([Update(id, {"other": 1}, at(next(times)))])
            return found

        monkeypatch.setattr(graph._twins, "read_all", read_then_lose)
        with pytest.raises(StoreError, match=id):
            graph.update([Update(id, {"mine": 1}, at(1))])
        assert len(waits) == 12
        assert max(waits) == 1.0


@pytest.mark.parametrize("parts", [(".",), ("..",), ("__a__",), ("",), ("a/b", "c"), ("ключ~", "~")])
def test_every_key_has_a_legal_id(firestore_client: Any, prefix: str, parts: tuple[str, ...]) -> None:
    document = firestore_client.collection(f"{prefix}ids").document(document_id(*parts))
    document.set({"parts": list(parts)})
    assert document.get().get("parts") == list(parts)


@given(st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=3).map(tuple), min_size=2, max_size=2, unique=True))
def test_two_keys_never_share_an_id(keys: list[tuple[str, ...]]) -> None:
    first, second = (document_id(*key) for key in keys)
    assert first != second
    for id in (first, second):
        assert id
        assert id not in (".", "..")
        assert "/" not in id
        assert not id.startswith("__")


def test_different_keys_have_different_ids() -> None:
    keys = [("a", "b"), ("a~b",), ("a%7Eb",), (".",), ("%2E",), ("",), ("%",), ("__a",), ("%5F_a",), ("a", "", "b")]
    assert len({document_id(*key) for key in keys}) == len(keys)
    with pytest.raises(RejectedError, match="1500"):
        document_id("x" * 2000)
