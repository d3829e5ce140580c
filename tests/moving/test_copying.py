"""Copiers at their limits, over local stores: pages that end in the middle of a moment, windows that join, values that
are newer at the target, stores that fail for a while, copies that are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.contracts.base import at, record
from twin2multicloud.moving.copying.base import Compared, Copier, Patience
from twin2multicloud.moving.copying.graph import GraphCopier
from twin2multicloud.moving.copying.hot import HotCopier
from twin2multicloud.moving.copying.letters import LetterCopier
from twin2multicloud.moving.copying.objects import ObjectCopier
from twin2multicloud.moving.copying.states import StateCopier
from twin2multicloud.moving.pace import Pace
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import ArchivedError, StoreError
from twin2multicloud.runtime.handlers.archive import digest_of, pack
from twin2multicloud.runtime.ports import DeadLetter, EntityState, RuleState, Update

NOW = Patience(0.0, lambda _seconds: None, lambda: 0.0)


def compared(copier: Copier) -> Compared:
    found = [Compared(), *copier.compare()]
    return found[-1]


@pytest.fixture
def hot(tmp_path: Path) -> Iterator[tuple[LocalHotStore, LocalHotStore]]:
    with closing(LocalHotStore(tmp_path / "a.db")) as a, closing(LocalHotStore(tmp_path / "b.db")) as b:
        yield a, b


@settings(max_examples=40, deadline=None)
@given(
    times=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=40),
    page=st.integers(1, 5),
    stop_after=st.integers(0, 6),
)
@example(times=[(0, 0)] * 14 + [(0, 1)] * 2, page=1, stop_after=0)  # a page grows past a moment, and shrinks again
def test_no_record_is_missed_wherever_pages_end_and_wherever_it_is_resumed(
    times: list[tuple[int, int]], page: int, stop_after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Many records of the very same moment are more than a page; a killed copy goes on at its last cursor."""
    directory = tmp_path_factory.mktemp("hot")
    devices = ["d0", "d1", "d2"]
    events = [record(devices[device], at(second), id=str(n)) for n, (device, second) in enumerate(times)]
    with closing(LocalHotStore(directory / "a.db")) as a, closing(LocalHotStore(directory / "b.db")) as b:
        a.put(events)
        cursor = None
        for number, done in enumerate(HotCopier(a, b, devices, NOW, page=page).bulk()):
            if number == stop_after:
                break
            cursor = done.cursor
        pages = list(HotCopier(a, b, devices, NOW, page=page).bulk(cursor))
        assert b.between(devices, at(0), at(3599)) == a.between(devices, at(0), at(3599))
        assert cursor is not None or sum(p.items for p in pages) == len(events)
        result = compared(HotCopier(a, b, devices, NOW, page=page))
        assert (result.items, result.late, result.exact) == (len(events), 0, True)


def test_late_records_are_brought_over_and_wrong_ones_named(hot: tuple[LocalHotStore, LocalHotStore]) -> None:
    a, b = hot
    a.put([record("d", at(n), id=str(n)) for n in range(4)])
    list(HotCopier(a, b, ["d"], NOW).bulk())
    a.put([record("d", at(0.5), id="late")])
    b.delete([record("d", at(1), id="1")])
    b.put([record("d", at(1), id="1", data={"changed": True}), record("d", at(9), id="newer")])
    result = compared(HotCopier(a, b, ["d"], NOW))
    assert (result.items, result.late, result.wrong, result.exact) == (5, 1, 1, False)
    assert result.named == [f"d {at(1)} 1"]


def test_a_catch_up_takes_what_came_since(hot: tuple[LocalHotStore, LocalHotStore]) -> None:
    a, b = hot
    a.put([record("d", at(n), id=str(n)) for n in range(10)])
    assert sum(page.items for page in HotCopier(a, b, ["d"], NOW).catch_up(at(7))) == 3
    assert [event.id for event in b.between(["d"], at(0), at(99))] == ["7", "8", "9"]


@pytest.fixture
def buckets(tmp_path: Path) -> Iterator[tuple[LocalObjectStore, LocalObjectStore]]:
    with closing(LocalObjectStore(tmp_path / "a")) as a, closing(LocalObjectStore(tmp_path / "b")) as b:
        yield a, b


def put(store: LocalObjectStore, key: str, events: list[Event], storage_class: str) -> bytes:
    body = pack(events)
    metadata = {"count": str(len(events)), "digest": digest_of(body), "window_end": at(3000)}
    assert store.create(key, body, metadata, storage_class)
    return body


WINDOW = "2026-11-25T120000/shard-0"


def test_windows_of_two_tiers_join_in_one_bucket(buckets: tuple[LocalObjectStore, LocalObjectStore]) -> None:
    """A window was archived; records that came late are cool. Both are part 0 of the same window."""
    cool, archive = buckets
    first = put(archive, f"{WINDOW}/part-0.ndjson.gz", [record("d", at(1))], "archive")
    late = put(cool, f"{WINDOW}/part-0.ndjson.gz", [record("d", at(2))], "cool")
    later = put(cool, f"{WINDOW}/part-1.ndjson.gz", [record("d", at(3))], "cool")
    for _ in range(2):  # the second time there is nothing to do
        list(ObjectCopier(cool, archive, "cool", NOW, regrouped=True).bulk())
        assert [archive.get(f"{WINDOW}/part-{n}.ndjson.gz") for n in range(3)] == [first, late, later]
        assert len(archive.list("")) == 3
    result = compared(ObjectCopier(cool, archive, "cool", NOW, regrouped=True))
    assert (result.items, result.late, result.exact) == (2, 0, True)
    assert len(archive.list("")) == 3


def test_windows_that_part_leave_no_number_out(buckets: tuple[LocalObjectStore, LocalObjectStore]) -> None:
    """The shelf looks for a window's parts from number 0 on: a gap would hide what follows."""
    both, cool = buckets
    put(both, f"{WINDOW}/part-0.ndjson.gz", [record("d", at(1))], "archive")
    late = put(both, f"{WINDOW}/part-1.ndjson.gz", [record("d", at(2))], "cool")
    list(ObjectCopier(both, cool, "cool", NOW, regrouped=True).bulk())
    assert [stored.key for stored in cool.list("")] == [f"{WINDOW}/part-0.ndjson.gz"]
    assert cool.get(f"{WINDOW}/part-0.ndjson.gz") == late


def test_an_object_that_is_not_the_same_is_named(buckets: tuple[LocalObjectStore, LocalObjectStore]) -> None:
    a, b = buckets
    put(a, f"{WINDOW}/part-0.ndjson.gz", [record("d", at(1))], "cool")
    put(b, f"{WINDOW}/part-0.ndjson.gz", [record("d", at(2))], "cool")
    result = compared(ObjectCopier(a, b, "cool", NOW))
    assert not result.exact
    assert result.named == [f"{WINDOW}/part-0.ndjson.gz"]


def test_an_object_that_has_rotted_is_moved_as_it_is(buckets: tuple[LocalObjectStore, LocalObjectStore]) -> None:
    """That is for the mover to the next tier to complain about, as it did before."""
    a, b = buckets
    a.create("x/y", b"rotten", {"digest": digest_of(b"fresh")}, "cool")
    list(ObjectCopier(a, b, "cool", NOW).bulk())
    assert compared(ObjectCopier(a, b, "cool", NOW)).exact
    assert b.get("x/y") == b"rotten"


class Frozen(LocalObjectStore):
    """A bucket whose archived objects must be restored before they can be read."""

    def get(self, key: str) -> bytes:
        found = self.head(key)
        if found is not None and found.storage_class == "archive":
            raise ArchivedError(f"{key} must be restored first")
        return super().get(key)


def test_what_must_be_restored_is_not_read_at_the_target_and_not_waited_for_at_the_source(tmp_path: Path) -> None:
    with closing(LocalObjectStore(tmp_path / "a")) as a, closing(Frozen(tmp_path / "b")) as b:
        put(a, f"{WINDOW}/part-0.ndjson.gz", [record("d", at(1))], "archive")
        list(ObjectCopier(a, b, "archive", NOW).bulk())
        result = compared(ObjectCopier(a, b, "archive", NOW))
        assert (result.exact, result.unread) == (True, 1)
        waits: list[float] = []
        patient = Patience(1e9, waits.append, lambda: 0.0)
        with pytest.raises(ArchivedError, match="restored"):
            list(ObjectCopier(b, a, "archive", patient).bulk())
        assert waits == []


@pytest.fixture
def graphs(tmp_path: Path) -> Iterator[tuple[LocalTwinGraph, LocalTwinGraph]]:
    with closing(LocalTwinGraph(tmp_path / "a.db")) as a, closing(LocalTwinGraph(tmp_path / "b.db")) as b:
        yield a, b


def test_values_that_are_newer_at_the_target_stay(graphs: tuple[LocalTwinGraph, LocalTwinGraph]) -> None:
    a, b = graphs
    twins = [EntityState("x", "m", {}, {}), EntityState("y", "m", {}, {})]
    for graph in graphs:
        graph.put_entities(twins)
    a.update([Update("x", {"t": 1, "u": 1}, at(1)), Update("y", {"t": 5}, at(5))])
    b.update([Update("x", {"t": 2}, at(2))])
    list(GraphCopier(a, b, [], NOW).catch_up(at(0)))
    assert b.get("x") == EntityState("x", "m", {"t": 2, "u": 1}, {"t": at(2), "u": at(1)})
    assert b.get("y") == a.get("y")
    assert compared(GraphCopier(a, b, [], NOW)).exact
    a.update([Update("y", {"t": 6}, at(6))])
    assert compared(GraphCopier(a, b, [], NOW)).late == 1


def test_a_static_value_that_differs_is_named(graphs: tuple[LocalTwinGraph, LocalTwinGraph]) -> None:
    a, b = graphs
    a.put_entities([EntityState("x", "m", {"floor": 1}, {})])
    b.put_entities([EntityState("x", "m", {"floor": 2}, {})])
    result = compared(GraphCopier(a, b, [], NOW))
    assert (result.wrong, result.named) == (1, ["x"])


def test_letters_and_states_replace_what_an_aborted_move_left(tmp_path: Path) -> None:
    with closing(LocalDeadLetters(tmp_path / "a.db")) as a, closing(LocalDeadLetters(tmp_path / "b.db")) as b:
        a.put([DeadLetter("1", "intake", "bad", b"\x00", at(1))])
        b.put([DeadLetter("1", "intake", "older", b"\x00", at(0))])
        list(LetterCopier(a, b, NOW).catch_up(at(0)))
        assert compared(LetterCopier(a, b, NOW)).exact
    key = ("rule", "d")
    with closing(LocalRuleStates(tmp_path / "c.db")) as c, closing(LocalRuleStates(tmp_path / "d.db")) as d:
        for version in (1, 2, 3):
            c.save({key: RuleState(at(version), version == 3, at(version), version)})
        d.save({key: RuleState(at(0), False, at(0), 1)})
        list(StateCopier(c, d, [key], NOW).catch_up(at(0)))
        found = d.load([key])[key]
        assert (found.since, found.fired, found.seen) == (at(3), True, at(3))
        assert compared(StateCopier(c, d, [key], NOW)).late == 0


def test_patience_waits_longer_each_time_and_heeds_what_it_is_told() -> None:
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    patience = Patience(10.0, sleep, lambda: now[0])
    left: list[Exception] = [StoreError("a"), StoreError("b", retry_after_s=3.0), StoreError("c")]

    def call(value: Any) -> Any:
        if left:
            raise left.pop(0)
        return value

    assert patience(call, 7) == 7
    assert waits == [0.05, 3.0, 0.2]
    left += [StoreError(f"again {n}") for n in range(100)]
    with pytest.raises(StoreError, match="again"):
        patience(call, 7)
    assert sum(waits) < 20


def test_a_pace_bounds_the_rate_and_forgives_no_delay() -> None:
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pace = Pace(100.0, sleep, lambda: now[0])
    for _ in range(5):
        pace.spend(50)
    assert now[0] == pytest.approx(2.5)
    now[0] += 100  # a slow store: the time is gone, and nothing is made up for
    pace.spend(50)
    assert waits[-1] == pytest.approx(0.5)
    Pace(None, sleep, lambda: now[0]).spend(10**9)
