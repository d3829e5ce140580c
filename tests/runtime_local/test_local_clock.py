"""Clocks."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.runtime.adapters.local.clock import ClockSetting, ManualClock, TwinClock
from twin2multicloud.runtime.system_clock import SystemClock

steps = st.lists(
    st.tuples(st.just("pass"), st.floats(-100, 1000))
    | st.tuples(st.just("speed"), st.floats(0, 1e6))
    | st.tuples(st.just("apply"), st.floats(-1e6, 1e6)),
    max_size=30,
)


@given(steps)
def test_twin_time_never_goes_back(steps: list[tuple[str, float]]) -> None:
    wall = ManualClock(1e9)
    clock = TwinClock(wall, 1e9)
    before = clock.now()
    for what, amount in steps:
        if what == "pass":
            wall.advance(amount)
        elif what == "speed":
            clock.set_speed(amount)
        else:
            clock.apply(ClockSetting(wall.now(), 1.0, amount))
        assert clock.now() >= before
        before = clock.now()


def test_twin_time_runs_so_many_times_as_fast() -> None:
    wall = ManualClock(1000.0)
    clock = TwinClock(wall, 1000.0, speed=60.0, offset_s=5.0)
    assert clock.now() == 1005.0
    wall.advance(10)
    assert clock.now() == 1605.0
    clock.set_speed(1.0)
    wall.advance(10)
    assert clock.now() == 1615.0
    clock.set_speed(0.0)
    wall.advance(10)
    assert clock.now() == 1615.0


def test_a_jump_is_on_purpose() -> None:
    wall = ManualClock(1000.0)
    clock = TwinClock(wall, 1000.0)
    clock.jump(100.0)
    assert clock.now() == 1100.0
    clock.jump(-300.0)
    assert clock.now() == 800.0
    clock.apply(ClockSetting(1000.0), jump=True)
    assert clock.now() == 1000.0
    clock.apply(ClockSetting(1000.0, offset_s=-400.0))
    assert clock.now() == 1000.0, "stands still without a jump"
    clock.apply(ClockSetting(1000.0, offset_s=-400.0), jump=True)
    assert clock.now() == 600.0


def test_processes_with_the_same_setting_show_the_same_time() -> None:
    wall, other_wall = ManualClock(1000.0), ManualClock(1007.0)
    clock = TwinClock(wall, 1000.0)
    wall.advance(7)
    setting = clock.set_speed(3600.0)
    other = TwinClock(other_wall, 0.0)
    other.apply(setting)
    for each in (wall, other_wall):
        each.advance(12.5)
    assert other.now() == clock.now() == 1007.0 + 12.5 * 3600


def test_time_does_not_run_backwards() -> None:
    for speed in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="speed"):
            ClockSetting(0.0, speed)
        with pytest.raises(ValueError, match="speed"):
            TwinClock(ManualClock(0.0), 0.0).set_speed(speed)


def test_the_machines_clock_is_the_machines() -> None:
    before = time.time()
    assert before <= SystemClock().now() <= time.time()
