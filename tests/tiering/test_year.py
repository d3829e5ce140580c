"""A year in the life of a twin's records: every few hours everything that is scheduled runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.parts import DAY_S
from tests.runtime_local.places import scratch
from tests.tiering.tiers import HOUR_S, START, Tiers, record, tiers, twin
from twin2multicloud.model.spec import Retention
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.times import to_epoch

WEEK_S = 7 * DAY_S


@pytest.fixture
def place() -> Iterator[Path]:
    with scratch() as directory:
        yield Path(directory)


class Year:
    """Devices that send every hour, one day of which they send far more, and checks every now and then."""

    def __init__(self, made: Tiers, busy_day: int = 40) -> None:
        self.made = made
        self.busy_day = busy_day
        self.sent: list[Event] = []
        self.in_tier: Counter[str] = Counter()
        self.busiest = 0
        """Records of the day that most of the moved ones come from."""

    def live(self, days: int, check_every_s: float = WEEK_S, hours: int = 1) -> None:
        """Devices send every hour; everything runs every so many `hours`."""
        for hour in range(days * 24):
            now = START + hour * HOUR_S
            self.made.clock.set(now)
            self.send(now, 1 if hour // 24 != self.busy_day else 50)
            if hour % hours == 0:
                self.made.run()
            if now % check_every_s < HOUR_S:
                self.check()
        self.check()

    def send(self, now: float, each: int) -> None:
        events = [
            record(self.made.spec, device, now - HOUR_S * (n + 0.5) / each, n=n, temperature=20.5)
            for device in self.made.spec.device_names
            for n in range(each)
        ]
        self.made.put(*events)
        self.sent += events

    def check(self) -> None:
        self.made.check(self.sent)
        # What is gone for good need not be looked at again.
        oldest = self.made.clock.now() - self.made.spec.retention.archive_s - 2 * DAY_S
        self.sent = [event for event in self.sent if to_epoch(event.time) > oldest]
        for where in self.made.where().values():
            self.in_tier.update(where)
        moved = self.made.cool.list("", "", 10**6) + self.made.archive.list("", "", 10**6)
        days: Counter[str] = Counter()
        for stored in moved:
            days[stored.key[:10]] += int(stored.metadata["count"])
        self.busiest = max([self.busiest, *days.values()])


@pytest.mark.slow
def test_a_year_over_real_links(place: Path) -> None:
    """10 devices every hour, and a day with more than 10,000 records, over signed links from hot to cool to archive."""
    spec = twin(10, runs_per_day=6, retention=Retention(30 * DAY_S, 90 * DAY_S, 270 * DAY_S))
    with tiers(place, spec, split=True, linked=True) as made:
        year = Year(made)
        year.live(365, check_every_s=3 * WEEK_S, hours=4)
        assert year.busiest > 10_000
        assert set(year.in_tier) == {"hot", "cool", "archive"}
        assert made.reports.all == []


@pytest.mark.parametrize("split", [False, True], ids=["one bucket", "two places"])
def test_months_next_door(place: Path, split: bool) -> None:
    spec = twin(3, retention=Retention(3 * DAY_S, 10 * DAY_S, 25 * DAY_S))
    with tiers(place, spec, split=split) as made:
        year = Year(made, busy_day=5)
        year.live(45, check_every_s=3 * DAY_S)
        assert set(year.in_tier) == {"hot", "cool", "archive"}


def test_how_long_objects_stayed(place: Path) -> None:
    """Minimum storage durations are seen: each object's stay in each class, in the twin's time."""
    retention = Retention(2 * DAY_S, 6 * DAY_S, 14 * DAY_S)
    with tiers(place, twin(2, retention=retention, runs_per_day=4)) as made:
        Year(made, busy_day=-1).live(25)
        stays = made.cool.stays()
        ended = [stay for stay in stays if stay.until is not None]
        assert {stay.storage_class for stay in ended} == {"cool", "archive"}
        for stay in ended:
            assert stay.until is not None
            days = (stay.until - stay.since) / DAY_S
            low, high = (4, 4.3) if stay.storage_class == "cool" else (8, 8.3)
            assert low - 0.1 <= days <= high, stay
        assert len({stay.key for stay in ended}) > 20
        assert [stay for stay in stays if stay.until is None], "some are there yet"
