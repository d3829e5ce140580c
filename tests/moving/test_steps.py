"""The order of the steps, and what becomes of writers when one fails: over a twin that only notes what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.base import at, record
from tests.moving.places import PLACES
from tests.sandbox.twins import small_twin
from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.driver import DriverError, Hold
from twin2multicloud.moving.journal import Journal
from twin2multicloud.moving.log import FileLog
from twin2multicloud.moving.move import Move, Places, Store
from twin2multicloud.moving.mover import AT_REST_S, Mover
from twin2multicloud.moving.steps import Report
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.times import to_epoch

SPEC = small_twin(4)[0]
DEVICE = SPEC.device_names[0]
TARGET = Place(Provider.AZURE, "azure.cosmos-serverless", "westeurope")
MOVE = Move(Slot.HOT, PLACES[Slot.HOT], TARGET)


@dataclass
class FakeTwin:
    """Stands for a deployed twin: a driver with two real stores that notes what it is asked, and fails when told to."""

    stores: dict[Provider, LocalHotStore]
    asked: list[str] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    fails: dict[str, BaseException] = field(default_factory=dict)
    placed: dict[Slot, Place] = field(default_factory=lambda: dict(PLACES))

    @property
    def places(self) -> Places:
        return self.placed

    def _asked(self, what: str) -> None:
        self.asked.append(what)
        if what in self.fails:
            raise self.fails.pop(what)

    def build(self, move: Move) -> None:
        self._asked("build")

    def hold(self, move: Move, who: Hold) -> None:
        self._asked(f"hold {who}")

    def under_way(self, move: Move) -> int:
        return self.waiting.pop(0) if len(self.waiting) > 1 else self.waiting[0] if self.waiting else 0

    def carry(self, move: Move) -> int:
        self._asked("carry")
        return 0

    def cut_over(self, move: Move) -> None:
        self._asked(f"cut over to {move.target.provider}")
        self.placed[move.slot] = move.target

    def release(self, move: Move, who: Hold) -> None:
        self._asked(f"release {who}")

    def destroy(self, move: Move, place: Place) -> None:
        self._asked(f"destroy {place.provider}")

    def hot(self, store: Store) -> LocalHotStore:
        return self.stores[store.place.provider]

    def objects(self, store: Store) -> Any:
        raise NotImplementedError("a hot store moves")

    graph = letters = states = objects


class Bench:
    """A fake twin, a journal and a clock that stands still but for sleeping."""

    def __init__(self, twin: FakeTwin, file: Path) -> None:
        self.twin = twin
        self.file = file
        self.now = to_epoch(at(1000))
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def run(
        self, act: Callable[[Mover], Report] = Mover.run, took: Callable[[str], None] = lambda _what: None
    ) -> Report:
        log = FileLog(self.file)
        journal = Journal(log, self.clock) if log.lines() else Journal.begin(log, self.clock, MOVE, PLACES)
        clocks = {"now": self.clock, "monotonic": self.clock, "sleep": self.sleep}
        return act(Mover(self.twin, journal, SPEC, took=took, **clocks))  # type: ignore[arg-type]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        stores = {p: LocalHotStore(tmp_path / f"{p}.db") for p in (MOVE.source.provider, TARGET.provider)}
        for store in stores.values():
            stack.callback(store.close)
        stores[MOVE.source.provider].put([record(DEVICE, at(n), id=str(n)) for n in range(900)])
        yield Bench(FakeTwin(stores), tmp_path / "journal")


def test_steps_come_in_order_and_each_once(bench: Bench) -> None:
    bench.twin.waiting = [3, 1, 0]
    report = bench.run()
    assert bench.twin.asked == [
        "build",
        "hold removers",
        "hold writers",
        "carry",
        "cut over to azure",
        "release writers",
        f"destroy {MOVE.source.provider}",
        "release removers",
    ]
    assert len(bench.slept) == 2  # until what was under way had arrived
    assert report.verified[0].items == 900
    again = bench.run()
    assert len(bench.twin.asked) == 8  # all is done
    assert (again.copied, again.verified) == (report.copied, report.verified)


def test_what_comes_while_all_flows_is_copied_before_anyone_waits(bench: Bench) -> None:
    source = bench.twin.stores[MOVE.source.provider]
    # What came in during a pass, and for how long that took.
    came = {"copy 1 hot": (400, 60.0), "copy 2 hot": (300, 30.0), "copy 3 hot": (50, 0.5)}
    held: list[int] = []

    def took(what: str) -> None:
        if what in came:
            count, seconds = came.pop(what)
            bench.now += seconds
            source.put(
                [record(DEVICE, at(bench.now - to_epoch(at(0)) + n / 1e4), id=f"{what}{n}") for n in range(count)]
            )
        if what == "hold begun":
            held.append(source.count() - bench.twin.stores[TARGET.provider].count())

    assert bench.run(took=took).verified[0].items == 900 + 750
    assert held == [50]  # a pass that is quick is the last


def test_writers_are_let_go_when_what_is_under_way_does_not_arrive(bench: Bench) -> None:
    bench.twin.waiting = [7]
    with pytest.raises(DriverError, match=r"7 messages .* have not arrived after 120 s"):
        bench.run()
    assert sum(bench.slept) == pytest.approx(AT_REST_S, abs=1)
    assert bench.twin.asked[-2:] == ["hold writers", "release writers"]
    bench.twin.waiting = []
    bench.run()
    assert bench.twin.asked.count("build") == 1
    assert bench.twin.asked.count("hold writers") == 2


@pytest.mark.parametrize("error", [DriverError("the cloud is away"), KeyboardInterrupt()])
def test_writers_are_let_go_when_a_step_fails_or_is_interrupted(bench: Bench, error: BaseException) -> None:
    bench.twin.fails = {"carry": error}
    with pytest.raises(type(error)):
        bench.run()
    assert bench.twin.asked[-1] == "release writers"
    bench.run()
    assert bench.twin.asked[-1] == "release removers"


def test_a_cut_over_that_failed_is_completed_before_anything_else(bench: Bench) -> None:
    """Half of it may be done: nobody writes until all of it is."""
    bench.twin.fails = {"cut over to azure": DriverError("half way")}
    with pytest.raises(DriverError, match="half way"):
        bench.run()
    assert bench.twin.asked[-1] == "cut over to azure"
    before = len(bench.twin.asked)
    assert bench.run(Mover.abort).aborted
    source = MOVE.source.provider
    assert bench.twin.asked[before:] == [
        "cut over to azure",
        "hold writers",
        "carry",
        f"cut over to {source}",
        "release writers",
        "destroy azure",
        "release removers",
    ]
    assert bench.twin.places == PLACES


def test_what_was_written_at_the_target_comes_back(bench: Bench) -> None:
    def stop(what: str) -> None:
        if what == "release done":
            raise DriverError("enough")

    with pytest.raises(DriverError, match="enough"):
        bench.run(took=stop)
    there = bench.twin.stores[TARGET.provider]
    there.put([record(DEVICE, at(1500), id="new"), record(DEVICE, at(3), id="late")])
    report = bench.run(Mover.abort)
    assert report.aborted
    assert bench.twin.stores[MOVE.source.provider].count() == 902
    assert report.verified[0].items == 902
