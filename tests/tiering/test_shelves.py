"""Shelves, which take objects, and the bucket's own rule, which ages them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.runtime.parts import DAY_S
from tests.runtime_local.places import scratch
from tests.tiering.tiers import HOUR_S, RETENTION, START, Tiers, record, tiers, twin
from twin2multicloud.model.spec import Retention
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.failures import RejectedError
from twin2multicloud.runtime.handlers.archive import ObjectPost, Shelf, WholeShelf, digest_of, pack, unpack
from twin2multicloud.runtime.times import to_time
from twin2multicloud.sandbox.lifecycle import Lifecycle

SPEC = twin(3)


@pytest.fixture
def made() -> Iterator[Tiers]:
    with scratch() as directory, tiers(Path(directory), SPEC, split=True) as each:
        yield each


# ── Shelves ─────────────────────────────────────────────────────────────────────────────────────────────────────
def post_of(body: bytes, prefix: str = "2026-01-01T000000/shard-0", **changes: Any) -> ObjectPost:
    post = ObjectPost(prefix, len(unpack(body)), digest_of(body), "2026-01-01T01:00:00.000000Z")
    return msgspec.structs.replace(post, **changes)


BODY = pack([record(SPEC, "meter-1", START + n) for n in range(2)])


@pytest.mark.parametrize("shelf", [Shelf, WholeShelf])
@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "a",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/..",
        "a/../b",
        ".",
        "./b",
        "a/b c",
        "a/ü",
        "a/\n",
        "a/b/c/d/e",
        "a/" + "b" * 200,
    ],
)
def test_keys_that_are_not_ours(made: Tiers, shelf: type[Shelf], prefix: str) -> None:
    with pytest.raises(RejectedError, match="two to four parts"):
        shelf(made.cool, "cool").put_away(post_of(BODY, prefix), BODY)
    assert made.cool.list("") == []


@pytest.mark.parametrize("shelf", [Shelf, WholeShelf])
def test_bodies_that_are_not_what_the_post_says(made: Tiers, shelf: type[Shelf]) -> None:
    with pytest.raises(RejectedError, match="digest"):
        shelf(made.cool, "cool").put_away(post_of(BODY, digest="0" * 64), BODY)
    assert made.cool.list("") == []
    other = pack([record(SPEC, "meter-1", START + 9)])
    shelf(made.cool, "cool").put_away(post_of(other), other)
    with pytest.raises(RejectedError, match="holds 2 records, not 3"):
        shelf(made.cool, "cool").put_away(post_of(BODY, count=3), BODY)


def test_packing_is_reproducible() -> None:
    events = [record(SPEC, "meter-1", START + n, label="☃\n\r\u2028", temperature=0.1) for n in range(5)]
    assert pack(events) == pack(events)
    assert unpack(pack(events)) == events
    assert unpack(pack([])) == []


# ── The bucket's own rule ───────────────────────────────────────────────────────────────────────────────────────
def test_the_rule_leaves_alone_what_is_not_ours(made: Tiers) -> None:
    made.cool.create("readme/hello.txt", b"x", {}, "cool")
    made.cool.create("2020-01-01T000000/foreign", b"x", {}, "cool")
    made.clock.set(START + 1000 * DAY_S)
    rule = Lifecycle(made.cool, RETENTION, archives=True, expires_s=RETENTION.archive_s, now=made.clock.now)
    assert rule() == 0
    assert len(made.cool.list("")) == 2


def test_the_rule_and_somebody_else_at_the_same_time(made: Tiers) -> None:
    made.put(*(record(SPEC, "meter-1", START + n * HOUR_S) for n in range(3)))
    made.clock.set(START + RETENTION.cool_s + 4 * HOUR_S)
    made.hot_to_cool()
    keys = [stored.key for stored in made.cool.list("")]
    real = made.cool.set_class

    def set_class(key: str, storage_class: str) -> None:
        if key == keys[1]:
            made.cool.delete(key)
        real(key, storage_class)

    made.cool.set_class = set_class  # type: ignore[method-assign]
    rule = Lifecycle(made.cool, RETENTION, archives=True, expires_s=None, now=made.clock.now)
    assert rule() == 2
    assert [stored.storage_class for stored in made.cool.list("")] == ["archive"] * 2
    assert rule() == 0


@pytest.mark.parametrize("count", [499, 500, 501, 1200])
def test_the_rule_sees_every_page(count: int) -> None:
    with scratch() as directory:
        store = LocalObjectStore(Path(directory) / "objects")
        for n in range(count):
            start = to_time(START + n * HOUR_S)
            store.create(
                f"{start[:13]}0000/shard-0/part-0", b"", {"window_end": to_time(START + (n + 1) * HOUR_S)}, "cool"
            )
        retention = Retention(DAY_S, 2 * DAY_S, 10 * DAY_S)
        now = START + count * HOUR_S + 4 * DAY_S
        rule = Lifecycle(store, retention, archives=True, expires_s=retention.archive_s, now=lambda: now)
        assert rule() == count
        assert rule() == 0
        kept = store.list("", "", 10_000)
        assert {stored.storage_class for stored in kept} == {"archive"}
        assert len(kept) == 6 * 24
        store.close()
