"""Latencies, addresses and key files."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.simulator.clock import FollowedClock, PacedClock
from twin2multicloud.simulator.connection import read_connection
from twin2multicloud.simulator.ledger import data_digest
from twin2multicloud.simulator.link import Target, read_command
from twin2multicloud.simulator.report import Latencies, Report


@given(st.lists(st.floats(1e-5, 1e4), min_size=1, max_size=200), st.floats(0.01, 1))
def test_quantiles_are_right_to_a_few_percent(values: list[float], share: float) -> None:
    latencies = Latencies()
    for value in values:
        latencies.add(value)
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    found = latencies.quantile_s(share)
    assert found is not None
    assert exact * 0.999 <= found <= exact * 1.03


def test_without_values_there_is_no_quantile() -> None:
    assert Latencies().quantile_s(0.5) is None
    assert Report().as_json()["ack_ms"] == {"p50": None, "p99": None, "max": None}


def test_a_run_is_complete_when_all_is_acknowledged_and_nobody_refused() -> None:
    assert Report(sent=3, acked=3).complete
    assert not Report(sent=3, acked=2).complete
    assert not Report(sent=3, acked=3, commands=1).complete
    assert not Report(refused=1).complete


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("mqtt://127.0.0.1:1884", Target("t", "mqtt", "127.0.0.1", 1884)),
        ("mqtt://broker", Target("t", "mqtt", "broker", 1883)),
        ("mqtts://broker", Target("t", "mqtts", "broker", 8883)),
        ("http://[::1]:8080/", Target("t", "http", "::1", 8080)),
        ("http://host", Target("t", "http", "host", 80)),
    ],
)
def test_addresses(url: str, target: Target) -> None:
    assert Target.parse("t", url) == target


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:1883", "https://h", "mqtt://", "http://h/devices", "http://h?x=1", "mqtt://h:99999", "mqtt://h:x"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|Port|port|nothing but"):
        Target.parse("t", url)


def test_a_secret_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="nothing but a host and a port") as refused:
        Target.parse("t", "mqtt://sensor:hunter2@h")
    assert "hunter2" not in str(refused.value)


def connection_file(folder: Path, **changes: object) -> Path:
    secret = base64.b64encode(b"x" * 32).decode()
    document = {"twin": "t", "mqtt": "mqtt://h", "http": None, "keys": {"secret": secret}} | changes
    path = folder / "connection.json"
    path.write_text(json.dumps(document))
    return path


def test_keys_come_from_a_secret_or_a_list(tmp_path: Path) -> None:
    connection = read_connection(connection_file(tmp_path))
    assert connection.key_of()("d") == device_key(b"x" * 32, "d")
    assert "eHh4" not in repr(connection)
    listed = read_connection(connection_file(tmp_path, keys={"devices": {"d": "k"}}))
    assert (listed.key_of()("d"), listed.key_of()("e")) == ("k", "")


@pytest.mark.parametrize("keys", [{}, {"secret": "%%"}, {"secret": "c2hvcnQ="}])
def test_keys_that_are_none_are_refused(tmp_path: Path, keys: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="keys"):
        read_connection(connection_file(tmp_path, keys=keys)).key_of()


def test_a_connection_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_connection(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('{"twin": 3}')
    with pytest.raises(ValueError, match="no connection file"):
        read_connection(tmp_path / "bad.json")


def test_the_twins_clock_is_paced() -> None:
    class Wall:
        def now(self) -> float:
            return 160.0

    assert PacedClock(Wall(), start_s=1000.0, wall_s=100.0, speed=10.0).now() == 1600.0


def test_a_followed_clock_does_what_the_other_clock_does_and_runs_on_when_that_is_silent() -> None:
    class Wall:
        time = 100.0

        def now(self) -> float:
            return self.time

    wall = Wall()
    shown: list[tuple[float, float] | None] = [(1000.0, 10.0), None, (5000.0, 1.0)]
    clock = FollowedClock(wall, PacedClock(wall, 0.0, 0.0), lambda: shown.pop(0), every_s=3600)
    assert clock.now() == 100.0
    with clock:
        assert (clock.now(), clock.speed) == (1000.0, 10.0)
        wall.time += 60
        clock.ask()
        assert clock.now() == 1600.0
        clock.ask()
        assert (clock.now(), clock.speed) == (5000.0, 1.0)


def test_digests_do_not_depend_on_order_or_time() -> None:
    assert data_digest({"a": 1.0, "b": {"c": None, "d": "ü"}, "time": "x"}) == data_digest(
        {"b": {"d": "ü", "c": None}, "a": 1.0}
    )
    assert data_digest({"a": 1}) != data_digest({"a": 2})


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"id": 1, "name": "x"}', b"\xff", b"[" * 100_000])
def test_what_is_no_command_is_ignored(content: bytes) -> None:
    assert read_command(content) is None
