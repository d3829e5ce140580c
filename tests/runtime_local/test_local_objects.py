"""The object store's own: what it refuses, and what it tells about storage classes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from twin2multicloud.runtime.adapters.local.clock import ManualClock
from twin2multicloud.runtime.adapters.local.objects import ClassUsage, LocalObjectStore, Stay
from twin2multicloud.runtime.failures import RejectedError, StoreError


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Generator[LocalObjectStore, None, None]:
    store = LocalObjectStore(tmp_path / "objects", clock=clock)
    yield store
    store.close()


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "..", "../a", "a/../b", "./a", "a/.", "a\x00b", "a\nb", "a\\b", "ü", "x" * 513]
)
def test_keys_that_are_refused(store: LocalObjectStore, key: str, tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="object key"):
        store.create(key, b"1", {}, "cool")
    assert store.list("") == []
    assert store.head(key) is None
    assert [path.name for path in tmp_path.iterdir()] == ["objects"]


@pytest.mark.parametrize("metadata", [{"A": "1"}, {"": "1"}, {"a-b": "1"}, {"a": "ü"}, {"a": "1\n"}, {"a": "x" * 3000}])
def test_metadata_that_are_refused(store: LocalObjectStore, metadata: dict[str, str]) -> None:
    with pytest.raises(RejectedError, match="metadata"):
        store.create("key", b"1", metadata, "cool")


def test_classes_that_are_refused(store: LocalObjectStore) -> None:
    store.create("key", b"1", {}, "cool")
    with pytest.raises(RejectedError, match="standard, cool, archive"):
        store.create("other", b"1", {}, "glacier")
    with pytest.raises(RejectedError, match="standard, cool, archive"):
        store.set_class("key", "glacier")
    with pytest.raises(RejectedError, match="standard, cool, archive"):
        store.transition("z", "cool", "glacier")


def test_every_stay_in_a_class_is_kept_with_its_times(store: LocalObjectStore, clock: ManualClock) -> None:
    for key in ("2026-01", "2026-02", "2026-03"):
        store.create(key, b"x" * 10, {}, "cool")
        clock.advance(1)
    assert store.usage() == {"cool": ClassUsage(3, 30)}
    clock.set(200.0)
    assert store.transition("2026-03", "cool", "archive") == 2
    assert store.transition("2026-03", "cool", "archive") == 0
    store.set_class("2026-01", "archive")  # is there already: no new stay
    assert store.usage() == {"archive": ClassUsage(2, 20), "cool": ClassUsage(1, 10)}
    clock.set(300.0)
    assert store.expire("2026-02", "archive") == 1
    assert store.expire("2026-09", "archive") == 1
    store.delete("2026-03")
    assert store.usage() == {}
    assert list(store.stays()) == [
        Stay("2026-01", 10, "cool", 100.0, 200.0),
        Stay("2026-02", 10, "cool", 101.0, 200.0),
        Stay("2026-03", 10, "cool", 102.0, 300.0),
        Stay("2026-01", 10, "archive", 200.0, 300.0),
        Stay("2026-02", 10, "archive", 200.0, 300.0),
    ]
    store.create("2026-01", b"1", {}, "standard")
    store.forget_stays(300.5)
    assert list(store.stays()) == [Stay("2026-01", 1, "standard", 300.0, None)]


def test_an_object_whose_file_was_damaged_is_an_error(store: LocalObjectStore, tmp_path: Path) -> None:
    store.create("key", b"12345", {}, "cool")
    (path,) = (tmp_path / "objects" / "files").glob("*/*")
    path.write_bytes(b"123")
    with pytest.raises(StoreError, match="3 bytes on the disk instead of 5"):
        store.get("key")
    path.unlink()
    with pytest.raises(StoreError, match="missing"):
        store.get("key")
    store.delete("key")
    with pytest.raises(KeyError):
        store.get("key")


class Interrupting(ManualClock):
    """A clock that lets somebody else act when it is asked for the time."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__(0.0)
        self.act = act

    def now(self) -> float:
        act, self.act = self.act, lambda: None
        act()
        return super().now()


def test_who_comes_second_leaves_no_file(store: LocalObjectStore, tmp_path: Path) -> None:
    clock = Interrupting(lambda: store.create("key", b"first", {}, "cool"))
    second = LocalObjectStore(tmp_path / "objects", clock=clock)
    assert second.create("key", b"second", {}, "cool") is False
    assert second.get("key") == b"first"
    assert len(list((tmp_path / "objects" / "files").glob("*/*"))) == 1
    second.close()


def test_no_file_outlives_its_object(store: LocalObjectStore, tmp_path: Path) -> None:
    for number in range(5):
        store.create(f"k{number}", b"1", {}, "cool")
    store.create("k0", b"again", {}, "cool")
    store.delete("k0")
    store.expire("k3", "cool")
    assert len(list((tmp_path / "objects" / "files").glob("*/*"))) == 2
