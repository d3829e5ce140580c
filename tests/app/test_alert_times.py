"""Alerts of a sandbox whose clock runs at a speed of its own are told by our time, as all others are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.app.backends import Site
from twin2multicloud.app.monitoring import sources
from twin2multicloud.app.monitoring.sources import Position, SandboxSource
from twin2multicloud.sandbox.layout import ClockConfig

RUNS_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Client:
    """A sandbox in which a rule fired once."""

    clock: ClockConfig
    at: str
    config: Any = field(init=False)

    def __post_init__(self) -> None:
        self.config = SimpleNamespace(token="t", clouds={"aws": None}, clock=self.clock)

    def errors(self, after: dict[str, int]) -> tuple[Sequence[Any], dict[str, int]]:
        return [], after

    def cloud_of(self, slot: object) -> str:
        return "aws"

    def alerts(self, after: int) -> list[dict[str, Any]]:
        told = {"rule": "hot", "device": "m", "severity": "info", "message": "", "active": True}
        return [{"seq": 1, "time": self.at, **told}] if after < 1 else []


@pytest.mark.parametrize(
    ("clock", "shown", "ours"),
    [
        # Three hours of the twin's time are six minutes of ours at thirty times the speed.
        (ClockConfig(RUNS_SINCE.timestamp(), RUNS_SINCE.timestamp(), 30.0), timedelta(hours=3), timedelta(minutes=6)),
        (ClockConfig(RUNS_SINCE.timestamp(), RUNS_SINCE.timestamp()), timedelta(hours=3), timedelta(hours=3)),
        (ClockConfig(RUNS_SINCE.timestamp(), RUNS_SINCE.timestamp(), 9.0, True), timedelta(hours=3), timedelta(0)),
        # What no clock shows yet is now, and what is before all time is its beginning.
        (ClockConfig(RUNS_SINCE.timestamp(), RUNS_SINCE.timestamp(), 1e-6), timedelta(days=9999), None),
    ],
)
def test_a_rule_fired_when_it_was_by_our_clock(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch, clock: ClockConfig, shown: timedelta, ours: timedelta | None
) -> None:
    client = Client(clock, (RUNS_SINCE + shown).isoformat())
    monkeypatch.setattr(sources, "sandbox_of", lambda *_: client)
    [problem] = SandboxSource(sqlite_site.backend).poll("twn_1", Position()).problems
    assert problem.at == (sqlite_site.backend.now() if ours is None else RUNS_SINCE + ours)
