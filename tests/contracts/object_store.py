"""What every object store must do."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Callable
from typing import ClassVar

import pytest

from tests.contracts.base import Contract, unique
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import ObjectStore, StoredObject

BINARY = bytes(range(256)) * 5


class ObjectStoreContract(Contract):
    """Subclass and supply `open_store`."""

    large_bytes: ClassVar[int] = 4 * 2**20
    """A full object (`Batching.object_bytes`)."""

    @pytest.fixture
    def open_store(self) -> Callable[[], ObjectStore]:
        """Opens the store under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def store(self, open_store: Callable[[], ObjectStore]) -> ObjectStore:
        return open_store()

    @pytest.mark.parametrize(
        "body", [b"", BINARY, gzip.compress(b'{"a":1}\n' * 9, mtime=0)], ids=["empty", "binary", "gzip"]
    )
    def test_a_body_comes_back_exactly(
        self, store: ObjectStore, open_store: Callable[[], ObjectStore], body: bytes
    ) -> None:
        key = unique("body")
        assert store.create(key, body, {}, "standard")
        assert store.get(key) == body
        assert open_store().get(key) == body
        head = store.head(key)
        assert head is not None
        assert (head.key, head.size, head.metadata) == (key, len(body), {})

    def test_a_full_object_comes_back_exactly(self, store: ObjectStore) -> None:
        key = unique("full")
        body = (BINARY * (self.large_bytes // len(BINARY) + 1))[: self.large_bytes]
        assert store.create(key, body, {}, "cool")
        assert store.get(key) == body

    def test_metadata_come_back(self, store: ObjectStore) -> None:
        key = unique("metadata")
        metadata = {"records": "1200", "first_time": "2026-11-25T12:00:00.000000Z", "x9_": "a b=c;d,e/f+g%h\"'"}
        assert store.create(key, b"1", metadata, "standard")
        assert store.head(key) == StoredObject(key, 1, metadata, "standard")

    @pytest.mark.parametrize("storage_class", ["standard", "cool", "archive"])
    def test_the_storage_class_is_kept(self, store: ObjectStore, storage_class: str) -> None:
        key = unique(storage_class)
        assert store.create(key, b"1", {"a": "b"}, storage_class)
        head = store.head(key)
        assert head is not None
        assert head.storage_class == storage_class
        self.eventually(lambda: [each.storage_class for each in store.list(key)], [storage_class])

    def test_an_object_is_never_written_twice(self, store: ObjectStore) -> None:
        key = unique("once")
        assert store.create(key, b"first", {"n": "1"}, "cool")
        assert not store.create(key, b"second!", {"n": "2"}, "standard")
        assert store.get(key) == b"first"
        assert store.head(key) == StoredObject(key, 5, {"n": "1"}, "cool")

    def test_one_of_several_creators_wins_with_its_whole_body(self, open_store: Callable[[], ObjectStore]) -> None:
        key = unique("race")
        bodies = [bytes([48 + n]) * 10_000 for n in range(self.racers)]

        def create(body: bytes) -> Callable[[], bool]:
            return lambda: open_store().create(key, body, {"first": chr(body[0])}, "standard")

        won = self.race([create(body) for body in bodies])
        assert sum(won) == 1
        winner = bodies[won.index(True)]
        assert open_store().get(key) == winner
        head = open_store().head(key)
        assert head is not None
        assert head.metadata == {"first": chr(winner[0])}

    def test_a_key_that_is_not_there(self, store: ObjectStore) -> None:
        key = unique("absent")
        assert store.head(key) is None
        assert store.list(key) == []
        with pytest.raises(KeyError):
            store.get(key)
        with pytest.raises(KeyError):
            store.set_class(key, "cool")
        store.delete(key)
        assert store.head(key) is None

    def test_a_deleted_object_is_gone_and_may_be_created_anew(self, store: ObjectStore) -> None:
        key = unique("deleted")
        store.create(key, b"1", {}, "standard")
        store.delete(key)
        store.delete(key)
        assert store.head(key) is None
        with pytest.raises(KeyError):
            store.get(key)
        self.eventually(lambda: store.list(key), [])
        assert store.create(key, b"22", {}, "cool")
        assert store.get(key) == b"22"

    def test_objects_are_listed_by_key_in_pages(self, store: ObjectStore) -> None:
        folder = unique("list")
        keys = sorted(f"{folder}/{name}" for name in ("0", "1", "10", "2", "A", "a", "a/b", "a-b", "b"))
        for key in reversed(keys):
            store.create(key, b"x" * len(key), {}, "standard")
        store.create(f"{folder}0", b"behind", {}, "standard")
        self.eventually(lambda: [each.key for each in store.list(f"{folder}/")], keys)
        listed = store.list(f"{folder}/")
        assert [(each.size, each.storage_class) for each in listed] == [(len(key), "standard") for key in keys]
        paged: list[str] = []
        while page := store.list(f"{folder}/", after=paged[-1] if paged else "", limit=4):
            assert len(page) <= 4
            paged += [each.key for each in page]
        assert paged == keys
        assert [each.key for each in store.list(f"{folder}/a", limit=2)] == [key for key in keys if "/a" in key][:2]
        # `after` need not be a key that exists.
        assert [each.key for each in store.list(f"{folder}/", after=f"{folder}/15")] == keys[3:]

    def test_keys_as_movers_write_them(self, store: ObjectStore) -> None:
        folder = unique("window")
        keys = [
            f"{folder}/2026-11-25T12:00:00.000000Z/0007/part-0.ndjson.gz",
            f"{folder}/a+b=c@d,e~f_g/part-1.ndjson.gz",
        ]
        for key in keys:
            assert store.create(key, key.encode(), {}, "standard")
        for key in keys:
            assert store.get(key) == key.encode()
        self.eventually(lambda: [each.key for each in store.list(folder)], keys)

    def test_a_key_may_begin_with_another(self, store: ObjectStore) -> None:
        key = unique("nested")
        assert store.create(key, b"1", {}, "standard")
        assert store.create(f"{key}/below", b"2", {}, "standard")
        assert (store.get(key), store.get(f"{key}/below")) == (b"1", b"2")

    def test_an_object_moves_to_a_colder_class_unchanged(self, store: ObjectStore) -> None:
        key, other = unique("colder"), unique("colder")
        store.create(key, BINARY, {"records": "7"}, "standard")
        store.create(other, BINARY, {}, "standard")
        store.set_class(key, "cool")
        assert store.head(key) == StoredObject(key, len(BINARY), {"records": "7"}, "cool")
        assert store.get(key) == BINARY
        store.set_class(key, "cool")
        store.set_class(key, "archive")
        assert store.head(key) == StoredObject(key, len(BINARY), {"records": "7"}, "archive")
        with contextlib.suppress(StoreError):  # a service whose archive must be restored first
            assert store.get(key) == BINARY
        head = store.head(other)
        assert head is not None
        assert head.storage_class == "standard"
        store.delete(key)
        assert store.head(key) is None
