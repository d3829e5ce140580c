"""Messages and errors per second from counters that grow, fall and stand still."""

from __future__ import annotations

from twin2multicloud.sandbox.watching.pulse import Beat, Counted, Pulse


def test_counters_become_rates() -> None:
    pulse = Pulse()
    pulse.sample(100.0, Counted(10, 0, 5))
    pulse.sample(102.0, Counted(30, 4, 5))
    assert pulse.since(0) == [Beat(102.0, 10.0, 2.0, 0.0)]
    pulse.sample(102.0, Counted(40, 4, 5))  # the clock stands
    pulse.sample(103.0, Counted(2, 4, 5))  # begun anew
    assert len(pulse.since(0)) == 1
    pulse.sample(104.0, Counted(3, 4, 6))
    assert pulse.since(102.0) == [Beat(104.0, 1.0, 0.0, 1.0)]


def test_only_the_newest_are_kept() -> None:
    pulse = Pulse(3)
    for second in range(10):
        pulse.sample(second, Counted(second, 0, 0))
    assert [beat.at for beat in pulse.since(0)] == [7, 8, 9]
