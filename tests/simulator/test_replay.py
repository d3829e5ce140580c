"""Files are replayed row by row, typed as the twin says, at the speed that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.twins import SPEC
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.simulator.replay import Replay, ReplayError, Row, read_rows

T0 = to_epoch("2026-07-01T00:00:00Z")

CSV = """device,time,temperature,co2,open,mode,location,comment,extra
climate-001,2026-07-01T00:00:00Z,21.5,400,true,comfort,"{""floor"": 1}",,5
climate-002,2026-07-01T02:00:10+02:00,-3,1e3,0,night,not json,"a, b",
meter,1782864020,,,,,,,
"""
NDJSON = """{"device": "climate-001", "time": "2026-07-01T00:00:00Z", "temperature": 21.5, "deep": {"a": [1, null]}}

{"device": "meter", "time": 1782864020000, "counter": 7}
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_cells_become_values_of_their_fields_types(tmp_path: Path) -> None:
    rows = list(read_rows(write(tmp_path, "a.csv", "\ufeff" + CSV), SPEC))
    assert rows == [
        Row(
            "climate-001",
            T0,
            {"temperature": 21.5, "co2": 400, "open": True, "mode": "comfort", "location": {"floor": 1}, "extra": "5"},
        ),
        Row(
            "climate-002",
            T0 + 10,
            {
                "temperature": -3,
                "co2": 1000.0,
                "open": False,
                "mode": "night",
                "location": "not json",
                "comment": "a, b",
            },
        ),
        Row("meter", T0 + 20, {}),
    ]


def test_ndjson_is_taken_as_it_is(tmp_path: Path) -> None:
    rows = list(read_rows(write(tmp_path, "a.ndjson", NDJSON), SPEC))
    assert rows == [
        Row("climate-001", T0, {"temperature": 21.5, "deep": {"a": [1, None]}}),
        Row("meter", T0 + 20, {"counter": 7}),
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "device,temperature\n", "line 1: the header lacks time"),
        ("a.csv", "", "the header lacks device and time"),
        ("a.csv", "device,time,x,x\n", "names a column twice"),
        ("a.csv", "device,time\nmeter,2026-07-01T00:00:00Z\nmeter\n", "line 3: 1 cells where the header has 2"),
        ("a.csv", "device,time\nnobody,2026-07-01T00:00:00Z\n", "line 2: the twin has no device 'nobody'"),
        ("a.csv", "device,time\nmeter,yesterday\n", "line 2"),
        ("a.csv", "device,time\nmeter,2026-07-01T00:00:00\n", "no time zone"),
        ("a.csv", "device,time\nmeter,\n", "no time is given"),
        ("a.csv", 'device,time\n"meter,1\n', "line"),
        ("a.ndjson", '{"device": "meter", "time": 1}\nnot json\n', "line 2: no JSON"),
        ("a.ndjson", "[]\n", "line 1: no JSON object"),
        ("a.ndjson", '{"time": 1}\n', "no device is named"),
        ("a.ndjson", '{"device": "meter", "time": true}\n', "line 1"),
        ("a.ndjson", '{"device": "meter", "time": 1, "x": NaN}\n', "no JSON"),
        ("a.ndjson", "x" * 1_100_000, "characters"),
        ("a.ndjson", "[" * 100_000, "no JSON"),
        ("a.txt", "", "neither .csv nor .ndjson"),
    ],
)
def test_what_cannot_be_replayed_is_said_with_its_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(ReplayError, match=says.replace("(", r"\(")):
        list(read_rows(path, SPEC))


def test_a_missing_and_a_binary_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="cannot be read"):
        read_rows(tmp_path / "none.csv", SPEC)
    (tmp_path / "b.csv").write_bytes(b"device,time\n\xff\xfe\n")
    with pytest.raises(ReplayError, match=r"b\.csv"):
        list(read_rows(tmp_path / "b.csv", SPEC))


def test_rows_are_due_as_far_apart_as_in_the_file_divided_by_the_speed() -> None:
    rows = [Row("meter", T0 + offset, {}) for offset in (0, 10, 5, 40)]
    replay = Replay(rows, 10.0, 1000.0)
    due = []
    while not replay.ended:
        assert replay.next_due(replay.next_s - 0.001) is None
        found = replay.next_due(replay.next_s)
        assert found is not None
        due.append(found[0])
    assert due == [1000.0, 1001.0, 1001.0, 1004.0], "a row that is older than the one before is due with it"
