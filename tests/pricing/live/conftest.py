from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pricing.live.replay import FaultyPriceServer
from twin2multicloud.model.slots import PROVIDERS
from twin2multicloud.optimizer.pricing.fetching.http import Patience, PriceHttp, Timekeeping

START = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


class Time:
    """A clock that stands still but for what is slept; `slept` is how long, each time."""

    def __init__(self) -> None:
        self.at = START
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)

    def keeping(self) -> Timekeeping:
        return Timekeeping(now=self.now, sleep=self.sleep, chance=lambda: 0.5)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def server() -> Iterator[FaultyPriceServer]:
    started = FaultyPriceServer()
    yield started
    started.close()


OpenHttp = Callable[..., PriceHttp]


@pytest.fixture
def open_http(server: FaultyPriceServer, tmp_path: Path, time: Time) -> OpenHttp:
    """A client whose price lists are all on the replay server."""

    def opened(**options: object) -> PriceHttp:
        given = {
            "origins": dict.fromkeys(PROVIDERS, server.url),
            "time": time.keeping(),
            "patience": Patience(),
            **options,
        }
        return PriceHttp(tmp_path / "cache", **given)  # type: ignore[arg-type]  # the tests' own keywords

    return opened
