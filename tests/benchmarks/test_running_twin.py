"""The benchmarks of the running twin count what arrived: ours and the baseline take the same messages, all of them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from benchmarks.rig import PLACEMENTS, devices, report_of, sandbox_at, twin
from benchmarks.runtime import bare, flow, latency
from benchmarks.starting import imported


def test_the_baseline_stores_what_it_acknowledges(tmp_path: Path) -> None:
    layout = sandbox_at(tmp_path / "s", PLACEMENTS["one cloud"], twin(20))
    with bare(tmp_path / "bare.sqlite") as (_, url):
        report = report_of(devices(layout, 200, 100, url))
    stored = sqlite3.connect(tmp_path / "bare.sqlite").execute("SELECT topic, body FROM messages").fetchall()
    assert report["acked"] == report["sent"] == len(stored) == len(set(stored)) == 100
    assert sum(len(body) for _, body in stored) == report["bytes"]


@pytest.mark.slow
def test_a_flow_ends_when_everything_is_in_the_stores(tmp_path: Path) -> None:
    found = flow("three clouds", tmp_path / "f", 2000, 2000.0)
    assert found.messages == 2000
    assert found.per_s <= 2000 * 1.1
    assert found.us == pytest.approx(sum(found.by_process_us.values()))
    assert {"process (azure)", "persist-receiver (gcp)", "twin-updates-receiver (gcp)"} <= found.by_handler_us.keys()


@pytest.mark.slow
def test_latencies_are_of_every_message(tmp_path: Path) -> None:
    found = latency("one cloud", tmp_path / "l", 500.0, 2.0)
    assert found.messages == 1000
    assert 0 < found.p50_ms <= found.p99_ms <= found.largest_ms


def test_imports_are_counted_with_what_they_bring() -> None:
    found = imported("twin2multicloud.runtime.entry.aws", 1)
    assert found.modules > 20
    assert 0 < found.msgspec_ms < found.median_ms <= found.slowest_ms
