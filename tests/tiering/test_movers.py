"""Movers: which windows move and when, what late and repeated records do, what is verified before a delete."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.parts import DAY_S
from tests.runtime_local.places import scratch
from tests.tiering.tiers import HOUR_S, RETENTION, START, Tiers, record, tiers, twin
from twin2multicloud.runtime.failures import HandlerError, RejectedError, StoreError
from twin2multicloud.runtime.handlers.archive import ObjectPost, Shelf, pack, unpack
from twin2multicloud.runtime.handlers.move import CoolToArchive, HotToCool, shard_of
from twin2multicloud.runtime.links import MAX_BODY_BYTES
from twin2multicloud.runtime.times import to_time

SPEC = twin(3)


@pytest.fixture
def made() -> Iterator[Tiers]:
    with scratch() as directory, tiers(Path(directory), SPEC, split=True) as each:
        yield each


def counts(made: Tiers) -> dict[str, int]:
    found = {"hot": 0, "cool": 0, "archive": 0}
    for where in made.where().values():
        assert len(where) == 1
        found[where[0]] += 1
    return found


# ── Which windows ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_window_moves_when_all_of_it_is_old(made: Tiers) -> None:
    first, last = record(SPEC, "meter-1", START), record(SPEC, "meter-1", START + HOUR_S - 0.000001)
    made.put(first, last, record(SPEC, "meter-1", START + HOUR_S))
    made.clock.set(START + RETENTION.hot_s + HOUR_S - 0.001)
    assert made.hot_to_cool().records == 0
    made.clock.set(START + RETENTION.hot_s + HOUR_S)
    moved = made.hot_to_cool()
    assert (moved.records, moved.objects, moved.complete) == (2, 1, True)
    assert counts(made) == {"hot": 1, "cool": 2, "archive": 0}
    (stored,) = made.cool.list("")
    assert stored.key == f"{to_time(START)[:13]}0000/shard-0/part-0.ndjson.gz"
    assert stored.metadata["window_end"] == to_time(START + HOUR_S)
    assert stored.metadata["count"] == "2"
    assert stored.storage_class == "cool"
    assert unpack(made.cool.get(stored.key)) == [first, last]
    assert moved.bytes == stored.size


def test_an_object_moves_on_when_its_window_is_old(made: Tiers) -> None:
    made.put(record(SPEC, "meter-1", START), record(SPEC, "meter-1", START + HOUR_S))
    made.clock.set(START + RETENTION.cool_s + HOUR_S - 1)
    made.run()
    assert counts(made) == {"hot": 0, "cool": 2, "archive": 0}
    made.clock.set(START + RETENTION.cool_s + HOUR_S)
    moved = made.cool_to_archive()
    assert (moved.records, moved.objects) == (1, 1)
    assert [stored.storage_class for stored in made.archive.list("")] == ["archive"]
    assert counts(made) == {"hot": 0, "cool": 1, "archive": 1}
    made.clock.set(START + RETENTION.archive_s + HOUR_S - 1)
    made.expire()
    assert len(made.archive.list("")) == 1
    made.clock.set(START + RETENTION.archive_s + HOUR_S)
    made.expire()
    assert made.archive.list("") == []


def test_shards_are_objects_of_their_own() -> None:
    spec = twin(20)
    with scratch() as directory, tiers(Path(directory), spec, shards=4) as made:
        made.put(*(record(spec, device, START + 5) for device in spec.device_names))
        made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
        made.hot_to_cool()
        shards: dict[int, set[str]] = {}
        for stored in made.cool.list(""):
            number = int(stored.key.split("/")[1].removeprefix("shard-"))
            shards[number] = {event.subject for event in unpack(made.cool.get(stored.key))}
        assert shards.keys() == {shard_of(device, 4) for device in spec.device_names} == {0, 1, 2, 3}
        for number, devices in shards.items():
            assert {shard_of(device, 4) for device in devices} == {number}
        assert counts(made)["cool"] == 20


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(0, 10**6), st.lists(st.integers(-2, 2), min_size=1, max_size=4))
def test_windows_of_every_length(runs_per_day: int, window: int, around: list[int]) -> None:
    """Also of those that are no whole number of seconds: a record at either edge of a window moves, and at once."""
    spec = twin(1, runs_per_day=runs_per_day)
    edge_us = window * round(86_400e6 / runs_per_day)
    with scratch() as directory, tiers(Path(directory), spec) as made:
        events = [record(spec, "meter-1", max(edge_us + us, 0) / 1e6, n=us, temperature=1) for us in around]
        made.put(*events)
        made.clock.set(edge_us / 1e6 + 2 * DAY_S / runs_per_day + RETENTION.hot_s + 0.001)
        moved = made.hot_to_cool()
        assert moved.records == len({event.id for event in events})
        for stored in made.cool.list(""):
            for event in unpack(made.cool.get(stored.key)):
                assert event.time < stored.metadata["window_end"]


def test_a_clock_that_jumps(made: Tiers) -> None:
    events = [record(SPEC, "meter-1", START + n * HOUR_S) for n in range(48)]
    made.put(*events)
    for jump in (3 * DAY_S, -3 * DAY_S, 5 * DAY_S, -10 * DAY_S, 4 * DAY_S, 0.0):
        made.clock.set(START + jump)
        made.run()
        assert all(len(where) == 1 for where in made.where().values())
        assert len(made.where()) == 48
    made.clock.set(START - 10 * DAY_S)
    made.run()
    made.put(late := record(SPEC, "meter-1", START + 30, late=True, temperature=1))
    made.clock.set(START + 6 * DAY_S)
    made.run()
    made.run()
    made.check([*events, late])


def test_a_clock_before_1970_and_records_of_the_far_future(made: Tiers) -> None:
    made.put(record(SPEC, "meter-1", 253_402_300_799.0), record(SPEC, "meter-1", 0.0))
    made.clock.set(-1e9)
    assert made.hot_to_cool().records == 0
    made.clock.set(START)
    assert made.hot_to_cool().records == 1
    assert counts(made) == {"hot": 1, "cool": 1, "archive": 0}


# ── Late and repeated records ───────────────────────────────────────────────────────────────────────────────────
def test_late_records_join_their_window(made: Tiers) -> None:
    events = [record(SPEC, "meter-1", START + n) for n in range(3)]
    made.put(*events)
    made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
    made.run()
    for n in range(3):
        made.put(event := record(SPEC, "meter-2", START + 10 + n))
        events.append(event)
        made.run()
    assert [stored.key.split("/")[2] for stored in made.cool.list("")] == [f"part-{n}.ndjson.gz" for n in range(4)]
    made.check(events)
    # They are archived, and more come.
    made.clock.set(START + RETENTION.cool_s + 2 * HOUR_S)
    made.run()
    made.put(event := record(SPEC, "meter-3", START + 20))
    events.append(event)
    made.run()
    made.run()
    assert counts(made) == {"hot": 0, "cool": 0, "archive": 7}
    made.check(events)


def test_records_that_come_again_are_dropped_wherever_they_are(made: Tiers) -> None:
    events = [record(SPEC, "meter-1", START + n) for n in range(3)]
    made.put(*events)
    made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
    made.run()
    made.put(events[1])
    made.run()
    made.check(events)
    assert len(made.cool.list("")) == 1, "nothing new, no new part"
    made.clock.set(START + RETENTION.cool_s + 2 * HOUR_S)
    made.run()
    made.put(events[2])
    made.run()
    made.run()
    made.check(events)


def test_several_that_come_again_after_their_window_was_archived(made: Tiers) -> None:
    """The first becomes the cool tier's first part anew, the second its second part: neither is new to the archive."""
    events = [record(SPEC, "meter-1", START + n) for n in range(3)]
    made.put(*events)
    made.clock.set(START + RETENTION.cool_s + 2 * HOUR_S)
    made.run()
    made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
    for event in events:
        made.put(event)
        made.hot_to_cool()
    assert len(made.cool.list("")) == 3
    made.clock.set(START + RETENTION.cool_s + 2 * HOUR_S)
    made.run()
    made.check(events)
    assert len(made.archive.list("")) == 1


# ── Sizes ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_window_that_is_too_large_is_cut() -> None:
    with scratch() as directory, tiers(Path(directory), SPEC, split=True, most_bytes=1000) as made:
        events = [
            record(SPEC, device, START + n, n=n, temperature=1) for n in range(20) for device in SPEC.device_names
        ]
        made.put(*events)
        made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
        moved = made.hot_to_cool()
        assert moved.records == 60
        assert moved.objects == len(made.cool.list("")) >= 20
        for stored in made.cool.list(""):
            assert len(b"".join(msgspec.json.encode(e) + b"\n" for e in unpack(made.cool.get(stored.key)))) <= 1000
        made.check(events)


@pytest.mark.slow
def test_a_window_that_no_link_takes_in_one_piece() -> None:
    """Noise hardly compresses: 9 MB stay more than the 6 MB of a POST."""
    chance = random.Random(1)
    with scratch() as directory, tiers(Path(directory), SPEC, split=True, linked=True) as made:
        events = [
            record(SPEC, "meter-1", START + n, temperature=1, noise=chance.randbytes(110_000).hex()) for n in range(60)
        ]
        assert len(pack(events)) > MAX_BODY_BYTES
        made.put(*events)
        made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
        moved = made.hot_to_cool()
        assert (moved.records, moved.objects) == (60, 2)
        assert all(stored.size <= MAX_BODY_BYTES for stored in made.cool.list(""))
        made.check(events)
        assert made.reports.all == []


def test_a_run_ends_when_its_time_is_over_and_the_next_goes_on(made: Tiers) -> None:
    made.put(*(record(SPEC, "meter-1", START + n * HOUR_S) for n in range(10)))
    made.clock.set(START + 4 * DAY_S)
    clock = iter(range(1000))
    mover = HotToCool(
        SPEC, made.hot, made.to_cool, now=made.clock.now, monotonic=lambda: float(next(clock)), seconds=3.5
    )
    runs = [mover() for _ in range(4)]
    assert [run.complete for run in runs] == [False, False, False, True]
    assert sum(run.records for run in runs) == 10
    made.clock.set(START + 7 * DAY_S)
    on = CoolToArchive(
        SPEC, made.cool, made.to_archive, now=made.clock.now, monotonic=lambda: float(next(clock)), seconds=3.5
    )
    found = [on() for _ in range(4)]
    assert [run.complete for run in found] == [False, False, False, True]
    assert counts(made) == {"hot": 0, "cool": 0, "archive": 10}


def test_more_objects_than_a_page(made: Tiers) -> None:
    events = [record(SPEC, "meter-1", START + n * HOUR_S) for n in range(450)]
    made.put(*events)
    made.clock.set(START + 450 * HOUR_S + RETENTION.cool_s + HOUR_S)
    made.hot_to_cool()
    assert len(made.cool.list("", "", 1000)) == 450
    assert made.cool_to_archive().objects == 450
    assert counts(made) == {"hot": 0, "cool": 0, "archive": 450}


# ── Verify, then delete ─────────────────────────────────────────────────────────────────────────────────────────
LIES: list[Any] = [
    {},
    {"stored": 1},
    {"digest": "0" * 64, "stored": 1},
    {"stored": 0},
    {"stored": "1"},
    StoreError("down"),
    RejectedError("no"),
]


@pytest.mark.parametrize("lie", LIES, ids=str)
@pytest.mark.parametrize("mover", ["hot", "cool"])
def test_nothing_is_deleted_that_is_not_known_to_be_stored(made: Tiers, mover: str, lie: Any) -> None:
    made.put(record(SPEC, "meter-1", START))
    made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
    if mover == "cool":
        made.run()
        made.clock.set(START + RETENTION.cool_s + 2 * HOUR_S)

    class Lying:
        def put_away(self, post: ObjectPost, body: bytes) -> dict[str, Any]:
            if isinstance(lie, Exception):
                raise lie
            right = {"digest": post.digest, "stored": post.count}
            return {} if not lie else {k: v for k, v in {**right, **lie}.items() if lie != {"stored": 1} or k in lie}

    made.to_cool = made.to_archive = Lying()
    with pytest.raises((StoreError, RejectedError)):
        made.hot_to_cool() if mover == "hot" else made.cool_to_archive()
    assert counts(made)[mover] == 1


def test_an_object_whose_bytes_have_changed_stays(made: Tiers) -> None:
    made.put(record(SPEC, "meter-1", START))
    made.clock.set(START + RETENTION.cool_s + 2 * HOUR_S)
    made.hot_to_cool()
    (file,) = (path for path in made.cool._files.glob("*/*"))
    body = file.read_bytes()
    file.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    with pytest.raises(StoreError, match="stays where it is"):
        made.cool_to_archive()
    file.write_bytes(body)
    made.cool_to_archive()
    assert counts(made) == {"hot": 0, "cool": 0, "archive": 1}


def test_a_part_that_has_rotted_holds_nobody_up(made: Tiers) -> None:
    events = [record(SPEC, "meter-1", START + n) for n in range(2)]
    made.put(events[0])
    made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)
    made.hot_to_cool()
    (file,) = (path for path in made.cool._files.glob("*/*"))
    file.write_bytes(b"\0" * file.stat().st_size)
    made.put(*events)
    assert made.hot_to_cool().records == 2
    part = made.cool.list("")[1]
    assert unpack(made.cool.get(part.key)) == events, "what was lost and came again is there again"


def test_an_object_that_went_away_meanwhile(made: Tiers) -> None:
    made.put(record(SPEC, "meter-1", START), record(SPEC, "meter-1", START + HOUR_S))
    made.clock.set(START + RETENTION.cool_s + 3 * HOUR_S)
    made.hot_to_cool()
    gone = made.cool.list("")[0].key
    real = made.cool.get

    def get(key: str) -> bytes:
        if key == gone:
            raise KeyError(key)
        return real(key)

    made.cool.get = get  # type: ignore[method-assign]
    assert made.cool_to_archive().objects == 1


def test_a_link_that_is_down_leaves_everything_where_it_is() -> None:
    with scratch() as directory, tiers(Path(directory), SPEC, split=True, linked=True) as made:
        made.put(event := record(SPEC, "meter-1", START))
        made.clock.set(START + RETENTION.hot_s + 2 * HOUR_S)

        class Down(Shelf):
            def put_away(self, post: ObjectPost, body: bytes) -> dict[str, Any]:
                raise StoreError("disk full", quota=True, retry_after_s=3)

        receive = made.receivers["to-cool"]
        shelves, receive._shelves = receive._shelves, {"to-cool": Down(made.cool, "cool")}
        with pytest.raises(HandlerError) as caught:
            made.hot_to_cool()
        assert (caught.value.report.kind, caught.value.retry_after_s) == ("link-timeout", 3.0)
        assert made.reports.kinds == ["quota", "link-timeout", "quota"], "told before it is tried again, and once"
        assert caught.value.reports == []
        assert [report.layer for report in made.reports.all] == ["L3", "L2", "L3"]
        assert counts(made)["hot"] == 1
        receive._shelves = shelves
        made.hot_to_cool()
        made.check([event])


# ── Twins without some of the tiers ─────────────────────────────────────────────────────────────────────────────
def test_nothing_after_hot(made: Tiers) -> None:
    made.put(record(SPEC, "meter-1", START), record(SPEC, "meter-1", START + 3 * DAY_S))
    made.clock.set(START + 3 * DAY_S)
    moved = HotToCool(SPEC, made.hot, None, now=made.clock.now, monotonic=lambda: 0.0)()
    assert (moved.records, moved.objects, moved.bytes) == (1, 0, 0)
    assert counts(made) == {"hot": 1, "cool": 0, "archive": 0}


def test_nothing_after_cool(made: Tiers) -> None:
    made.put(record(SPEC, "meter-1", START))
    made.clock.set(START + 8 * DAY_S)
    made.hot_to_cool()
    moved = CoolToArchive(SPEC, made.cool, None, now=made.clock.now, monotonic=lambda: 0.0)()
    assert (moved.records, moved.objects) == (1, 1)
    assert made.where() == {}
