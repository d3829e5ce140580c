"""Histories condensed to a few points: spikes stay, gaps stay, and work stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.base import record
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.spec import DeviceType, Field
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.times import to_time
from twin2multicloud.sandbox.watching import history as module
from twin2multicloud.sandbox.watching.history import HistoryRequest, history

START = 1_795_000_000.0
KIND = DeviceType(
    "meter",
    "dtmi:x:meter;1",
    (
        Field("temperature", "double", "°C"),
        Field("open", "boolean", required=False),
        Field("mode", "string", required=False),
        Field("nested", "object", required=False),
    ),
)


def measured(second: float, **data: Any) -> Event:
    return record("meter-1", to_time(START + second), id=f"{second:09.3f}", data=data)


@pytest.fixture
def hot(tmp_path: Path) -> Iterator[LocalHotStore]:
    store = LocalHotStore(tmp_path / "hot.db", index_every=50)
    yield store
    store.close()


def points(found: dict[str, Any], field: str) -> list[list[Any]]:
    [series] = [each for each in found["series"] if each["field"] == field]
    told: list[list[Any]] = series["points"]
    return told


def test_few_records_are_points_of_their_own(hot: LocalHotStore) -> None:
    hot.put([measured(5, temperature=1.5, open=True, mode="on"), measured(9, temperature=2, open=False)])
    hot.put([measured(100, temperature=9)])  # after the range
    found = history(hot, KIND, HistoryRequest("meter-1", end=START + 60, seconds=60, points=10), START)
    assert [each["field"] for each in found["series"]] == ["temperature", "open", "mode"]
    assert points(found, "temperature") == [[START + 5, 1, 1.5, 1.5, 1.5, 1.5], [START + 9, 1, 2, 2, 2, 2]]
    assert points(found, "open") == [[START + 5, 1, 1, 1, 1, True], [START + 9, 1, 0, 0, 0, False]]
    assert points(found, "mode") == [[START + 5, 1, None, None, None, "on"]]
    assert (found["records"], found["complete"], found["step"]) == (2, True, 6)
    assert found["last"]["data"] == {"temperature": 9}
    assert found["series"][0]["unit"] == "°C"


def test_a_spike_is_seen_and_a_gap_is_a_gap(hot: LocalHotStore) -> None:
    hot.put([measured(second, temperature=20.0) for second in range(300) if not 100 <= second < 200])
    hot.put([measured(50.5, temperature=99.0)])
    asked = HistoryRequest("meter-1", ("temperature",), START, START + 300, points=6)
    found = points(history(hot, KIND, asked, START), "temperature")
    assert [point[1] for point in found] == [50, 51, 50, 50]
    assert [point[3] for point in found] == [20, 99, 20, 20]
    assert found[1][2] == 20
    assert found[1][4] == pytest.approx((50 * 20 + 99) / 51)


def test_of_a_long_range_a_part_is_read_evenly(hot: LocalHotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 300)
    monkeypatch.setattr(module, "_WINDOWS", 100)
    hot.put([measured(second, temperature=float(second)) for second in range(1_000)])
    found = history(hot, KIND, HistoryRequest("meter-1", end=START + 1_000, seconds=1_000, points=10), START)
    assert found["complete"] is False
    assert 100 <= found["records"] <= 150  # one of each window, and what is not indexed yet
    told = points(found, "temperature")
    assert len(told) == 10
    assert all(point[2] >= 100 * number and point[3] < 100 * (number + 1) for number, point in enumerate(told))


def test_what_cannot_be_asked(hot: LocalHotStore) -> None:
    with pytest.raises(UsageError, match=r"field: .*temprature.*did you mean 'temperature'"):
        history(hot, KIND, HistoryRequest("meter-1", ("temprature",)), START)
    with pytest.raises(UsageError, match="since"):
        history(hot, KIND, HistoryRequest("meter-1", start=START, end=START), START)
    with pytest.raises(UsageError, match="since"):
        history(hot, KIND, HistoryRequest("meter-1", seconds=1e12), START)


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), wanted=st.integers(1, 12))
def test_points_hold_what_was_measured(
    values: list[float], wanted: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = LocalHotStore(tmp_path_factory.mktemp("hot") / "hot.db")
    store.put([measured(number, temperature=value) for number, value in enumerate(values)])
    asked = HistoryRequest("meter-1", ("temperature",), START, START + len(values), points=wanted)
    found = points(history(store, KIND, asked, START), "temperature")
    store.close()
    assert len(found) <= wanted
    assert sum(point[1] for point in found) == len(values)
    assert (min(point[2] for point in found), max(point[3] for point in found)) == (min(values), max(values))
    assert all(point[2] <= point[4] + 1e-6 and point[4] <= point[3] + 1e-6 for point in found)
    assert found[-1][5] == values[-1]
