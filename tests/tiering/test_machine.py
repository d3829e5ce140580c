"""Whatever happens in whatever order: hypothesis puts records in, turns the clock, runs movers and kills them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.runtime.parts import DAY_S
from tests.runtime_local.places import scratch
from tests.tiering.test_killed import Fragile
from tests.tiering.tiers import HOUR_S, START, Killed, Tiers, record, twin
from twin2multicloud.model.spec import Retention
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.times import to_epoch

RETENTION = Retention(hot_s=4 * HOUR_S, cool_s=10 * HOUR_S, archive_s=1000 * HOUR_S)
SPEC = twin(3, retention=RETENTION)


class Moving(RuleBasedStateMachine):
    """The model is the dictionary of what was sent. In it each record is in exactly one place."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.directory = Path(self.stack.enter_context(scratch()))
        self.sent: dict[str, Event] = {}
        self.came_again = False
        self.left = -1
        self.count = 0

    @initialize(split=st.booleans(), shards=st.sampled_from([1, 2]), most_bytes=st.sampled_from([700, 2**24]))
    def begin(self, split: bool, shards: int, most_bytes: int) -> None:
        self.made = Tiers(
            self.directory,
            SPEC,
            self.stack,
            split=split,
            shards=shards,
            most_bytes=most_bytes,
            hot=lambda store: Fragile(store, self.step),
            objects=lambda store: Fragile(store, self.step),
        )
        self.made.step = self.step

    def step(self, _step: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    @rule(
        device=st.sampled_from(SPEC.device_names),
        ages_s=st.lists(st.floats(-2 * HOUR_S, 14 * HOUR_S), min_size=1, max_size=4),
    )
    def records_come(self, device: str, ages_s: list[float]) -> None:
        events = []
        for age_s in ages_s:
            self.count += 1
            events.append(record(SPEC, device, self.made.clock.now() - age_s, n=self.count, temperature=1))
        self.made.put(*events)
        self.sent |= {event.id: event for event in events}

    @rule(data=st.data())
    def a_record_comes_again(self, data: st.DataObject) -> None:
        if self.sent:
            self.made.put(self.sent[data.draw(st.sampled_from(sorted(self.sent)))])
            self.came_again = True

    @rule(hours=st.floats(0.1, 5))
    def time_passes(self, hours: float) -> None:
        self.made.clock.advance(hours * HOUR_S)

    @rule(hours=st.sampled_from([-30.0, -3.0, 30.0]))
    def the_clock_jumps(self, hours: float) -> None:
        self.made.clock.set(max(self.made.clock.now() + hours * HOUR_S, START - 5 * DAY_S))

    @rule(mover=st.sampled_from(["hot_to_cool", "cool_to_archive", "run"]))
    def a_mover_runs(self, mover: str) -> None:
        getattr(self.made, mover)()

    @rule(mover=st.sampled_from(["hot_to_cool", "cool_to_archive", "run"]), steps=st.integers(1, 25))
    def a_mover_runs_and_is_killed(self, mover: str, steps: int) -> None:
        self.left = steps
        try:
            getattr(self.made, mover)()
        except Killed:
            self.came_again = True  # until the next run has cleared up
        finally:
            self.left = -1

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "made"):
            return
        found = self.made.where()
        assert found.keys() == self.sent.keys()
        if not self.came_again:
            assert all(len(where) == 1 for where in found.values())

    def teardown(self) -> None:
        if hasattr(self, "made") and self.sent:
            # Late: everything is to be in the archive, and once.
            latest = max(to_epoch(event.time) for event in self.sent.values())
            self.made.clock.set(max(self.made.clock.now(), latest) + RETENTION.cool_s + 2 * HOUR_S)
            self.made.run()
            self.made.run()
            assert self.made.where() == {id: ["archive"] for id in self.sent}
        self.stack.close()


TestMoving = Moving.TestCase
TestMoving.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
