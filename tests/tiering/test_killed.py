"""Movers whose process ends anywhere, and that start again: nothing is lost, nothing doubled."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.parts import DAY_S
from tests.runtime_local.places import scratch
from tests.tiering.tiers import HOUR_S, START, Killed, Tiers, record, tiers, twin
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import ArchivedError, StoreError
from twin2multicloud.runtime.handlers.archive import ObjectPost, digest_of, pack

SPEC = twin(3)


@pytest.fixture
def place() -> Iterator[Path]:
    with scratch() as directory:
        yield Path(directory)


class Fragile:
    """A store each of whose calls may be the last thing that the mover does: before it, in its middle, after it."""

    def __init__(self, store: Any, step: Callable[[str], None]) -> None:
        self._store = store
        self._step = step

    def __getattr__(self, name: str) -> Any:
        whole = getattr(self._store, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self._step(f"before {name}")
            if name == "delete" and isinstance(arguments[0], list):
                for event in arguments[0]:  # a cloud's store removes some and then some more
                    whole([event])
                    self._step("within delete")
                return None
            answer = whole(*arguments, **named)
            self._step(f"after {name}")
            return answer

        return call


class Killer:
    """Ends the mover at its nth step, once."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.where = ""

    def __call__(self, step: str) -> None:
        self.left -= 1
        if self.left == -1:
            self.where = step
            raise Killed


def fill(made: Tiers, start: float = START) -> list[Event]:
    """Three windows of records, of which the first gets a late one when it has moved."""
    events = [
        record(SPEC, device, start + window * HOUR_S + n * 60, n=n, temperature=20.5)
        for device in SPEC.device_names
        for window in range(3)
        for n in range(2)
    ]
    made.put(*events)
    return events


def story(made: Tiers, run: Callable[[], None]) -> list[Event]:
    """Records that move to cool, some that come late, some that come twice, and all of it on to the archive."""
    made.clock.set(START + 2 * DAY_S + 5 * HOUR_S)
    events = fill(made)
    run()
    late = record(SPEC, "meter-2", START + 90.5)
    made.put(late, events[0])  # one is new, one came before
    run()
    made.clock.set(START + 5 * DAY_S + 5 * HOUR_S)
    run()
    last = record(SPEC, "meter-2", START + 91.5)
    made.put(last, late)
    run()
    run()
    return [*events, late, last]


def story_with_a_kill(directory: Path, number: int, **more: Any) -> str:
    """The story with an end at the nth step; where that was, "" if the story has no so many steps."""
    killer = Killer(number)

    def fragile(store: Any) -> Fragile:
        return Fragile(store, killer)

    with tiers(directory, SPEC, hot=fragile, objects=fragile, **more) as made:
        made.step = killer

        def run() -> None:
            try:
                made.run()
            except Killed:
                made.run()

        made.check(story(made, run))
    return killer.where


def every(place: Path, stride: int = 1, **more: Any) -> set[str]:
    found: set[str] = set()
    for number in itertools.count(0, stride):
        directory = place / str(number)
        directory.mkdir()
        where = story_with_a_kill(directory, number, **more)
        if not where:
            return found
        found.add(where)
    raise AssertionError("unreachable")


@pytest.mark.slow
@pytest.mark.parametrize("shards", [1, 4])
@pytest.mark.parametrize("most_bytes", [16 * 2**20, 900], ids=["whole windows", "windows cut"])
def test_an_end_at_every_single_step(place: Path, shards: int, most_bytes: int) -> None:
    found = every(place, 1 if shards == 1 else 3, split=True, shards=shards, most_bytes=most_bytes)
    assert {"hot packed", "hot stored", "hot deleted", "cool stored", "cool deleted", "within delete"} <= found
    assert {"before create", "after create", "before get", "after delete"} <= found


def test_an_end_here_and_there_in_one_bucket(place: Path) -> None:
    assert len(every(place, 5)) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_ends_at_random_many_times(place: Path, seed: int) -> None:
    """One step in eight is the last one; over real links for half of the seeds."""
    chance = random.Random(seed)
    kills = itertools.count()

    def dies(_step: str) -> None:
        if chance.random() < 0.125:
            next(kills)
            raise Killed

    linked = seed % 2 == 1
    stores: dict[str, Any] = {} if linked else {"objects": lambda store: Fragile(store, dies)}
    with tiers(
        place,
        SPEC,
        split=True,
        linked=linked,
        shards=chance.choice([1, 4]),
        most_bytes=chance.choice([600, 900, 2**24]),
        hot=lambda store: Fragile(store, dies),
        **stores,
    ) as made:
        made.step = dies

        def run() -> None:
            for _ in range(2000):
                try:
                    return made.run()
                except Killed:
                    continue
            raise AssertionError("never done")

        made.check(story(made, run))
        assert next(kills) > 5


def test_two_movers_at_once(place: Path) -> None:
    """A schedule that starts a second run before the first has ended; records come late meanwhile."""
    for number in range(4):
        directory = place / str(number)
        directory.mkdir()
        with tiers(directory, SPEC, split=True, shards=2, most_bytes=900) as made:
            barrier = threading.Barrier(3)
            late = [record(SPEC, "meter-1", START + 30 + n, late=n, temperature=1) for n in range(20)]

            def mover(made: Tiers = made, barrier: threading.Barrier = barrier) -> None:
                barrier.wait(10)
                for _ in range(5):
                    made.hot_to_cool()
                    made.cool_to_archive()

            def device(made: Tiers = made, barrier: threading.Barrier = barrier, late: Any = late) -> None:
                barrier.wait(10)
                for event in late:
                    made.put(event)

            made.clock.set(START + 2 * DAY_S + 5 * HOUR_S)
            events = fill(made)
            with ThreadPoolExecutor(3) as pool:
                for done in [pool.submit(mover), pool.submit(mover), pool.submit(device)]:
                    done.result()
            made.run()
            made.check([*events, *late])


# ── Archives that cannot be read at once ────────────────────────────────────────────────────────────────────────
class Glacier:
    """An object store whose archived objects must be restored first, and that fails now and then."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.failing: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, key: str) -> bytes:
        if self.failing:
            raise StoreError(self.failing.pop())
        found = self._store.head(key)
        if found is not None and found.storage_class == "archive":
            raise ArchivedError(f"{key} must be restored first")
        body: bytes = self._store.get(key)
        return body


@pytest.mark.parametrize("split", [False, True], ids=["one bucket", "two places"])
def test_late_records_of_an_archived_window(place: Path, split: bool) -> None:
    """They neither wait for the archive nor hold up what comes after them."""
    with tiers(place, SPEC, split=split, objects=Glacier) as made:
        made.clock.set(START + 5 * DAY_S + 5 * HOUR_S)
        events = fill(made)
        made.run()
        made.run()
        assert set(itertools.chain(*made.where().values())) == {"archive"}
        late = [record(SPEC, "meter-1", START + 100 + n, late=n, temperature=1) for n in range(3)]
        for event in late:
            made.put(event, record(SPEC, "meter-1", START + 4 * DAY_S, temperature=9))
            made.run()
            made.run()
        made.check([*events, *late, record(SPEC, "meter-1", START + 4 * DAY_S, temperature=9)])


@pytest.mark.parametrize("number", range(0, 60, 4))
def test_an_end_while_the_archive_cannot_be_read(place: Path, number: int) -> None:
    """A repeated post is known by what the part says of itself."""
    killer = Killer(10**9)
    with tiers(place, SPEC, split=True, objects=lambda store: Fragile(Glacier(store), killer)) as made:
        made.step = killer

        def run() -> None:
            try:
                made.run()
            except Killed:
                made.run()

        made.clock.set(START + 5 * DAY_S + 5 * HOUR_S)
        events = fill(made)
        made.run()
        made.run()
        late = record(SPEC, "meter-1", START + 100, late=1, temperature=1)
        killer.left = number
        made.put(late)
        run()
        run()
        made.check([*events, late])


def test_a_repeated_post_of_which_only_a_part_was_new(place: Path) -> None:
    """It is known although nothing of its window can be read any more."""
    with tiers(place, SPEC, objects=Glacier) as made:
        old, late, later = (record(SPEC, "meter-1", START + n) for n in range(3))

        def arrive(*events: Event) -> None:
            body = pack(events)
            post = ObjectPost("2026-01-01T000000/shard-0", len(events), digest_of(body), "2026-01-01T01:00:00.000000Z")
            assert made.to_cool.put_away(post, body)["stored"] == len(events)

        def freeze() -> None:
            for stored in made.cool.list(""):
                made.cool.set_class(stored.key, "archive")

        arrive(old)
        freeze()
        arrive(late)
        arrive(late, later)  # only one of them is new, and then the mover is killed
        freeze()
        arrive(late, later)
        assert made.where() == {event.id: ["archive"] for event in (old, late, later)}


def test_a_read_that_fails_for_now_doubles_nothing(place: Path) -> None:
    glaciers: list[Glacier] = []

    def glacier(store: Any) -> Glacier:
        glaciers.append(Glacier(store))
        return glaciers[-1]

    with tiers(place, SPEC, objects=glacier) as made:
        made.clock.set(START + 2 * DAY_S + 5 * HOUR_S)
        events = fill(made)
        made.run()
        made.put(events[0], late := record(SPEC, "meter-1", START + 100))
        for each in glaciers:
            each.failing = ["throttled"]
        with pytest.raises(StoreError, match="throttled"):
            made.run()
        for each in glaciers:
            each.failing = []
        made.run()
        made.check([*events, late])
