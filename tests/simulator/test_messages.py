"""Messages are a pure function of seed, device, number and time; always valid; and look like measurements."""

from __future__ import annotations

import json
import statistics
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.twins import CLIMATE, PLAIN, SPEC, specs
from twin2multicloud.model.spec import DeviceGroup, DeviceType, Field, Retention, TwinSpec
from twin2multicloud.runtime.handlers.validate import problems
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.simulator.messages import Messages

NOON = to_epoch("2026-11-25T12:00:00Z")
times = st.floats(0, 4e9)
numbers = st.integers(0, 10**9)


@given(specs(), st.integers(0, 2**31), st.integers(1, 1000), numbers, times)
def test_the_same_seed_gives_the_same_message_whatever_was_asked_before(
    twin: tuple[TwinSpec, dict[str, Any]], seed: int, device: int, number: int, time_s: float
) -> None:
    spec, waveforms = twin
    first, second = (Messages(spec, seed=seed, waveforms=waveforms, interval_s=10) for _ in range(2))
    for other in range(3):
        second.message(f"d-{other + 1}", other, time_s + other)
    message = first.message(f"d-{device}", number, time_s)
    assert message == second.message(f"d-{device}", number, time_s)
    assert first.encode(message) == second.encode(message)


@given(specs(), st.integers(0, 2**31), numbers, times)
def test_every_message_is_valid_and_says_its_time(
    twin: tuple[TwinSpec, dict[str, Any]], seed: int, number: int, time_s: float
) -> None:
    spec, waveforms = twin
    maker = Messages(spec, seed=seed, waveforms=waveforms)
    data = json.loads(maker.encode(maker.message("d-7", number, time_s)))
    assert abs(to_epoch(data.pop("time")) - time_s) < 1e-5
    assert problems(data, spec.device_types[0]) == []
    sent = {f.name for f in spec.device_types[0].fields if f.required or f.name in waveforms["any"]}
    assert set(data) == sent


@given(st.integers(1, 2000), numbers)
def test_payloads_are_filled_up_to_the_size_that_was_asked_for(size: int, number: int) -> None:
    plain, sized = Messages(SPEC), Messages(SPEC, size_bytes=size)
    data = plain.message("climate-001", number, NOON)
    payload = sized.encode(data)
    assert len(payload) == max(size, len(plain.encode(data)))
    assert json.loads(payload).items() >= data.items()


def test_seeds_devices_and_numbers_make_a_difference() -> None:
    one, other = Messages(SPEC, seed=1), Messages(SPEC, seed=2)
    seen = [
        maker.message(device, number, NOON)["temperature"]
        for maker in (one, other)
        for device in ("climate-001", "climate-002")
        for number in range(5)
    ]
    assert len(set(seen)) > 15


def numeric(**hint: Any) -> Messages:
    kind = DeviceType("n", "dtmi:n:n;1", (Field("x", "double"),))
    spec = TwinSpec("t", (kind,), (DeviceGroup("n", prefix="n-", count=50),), Retention(1, 2, 3))
    return Messages(spec, waveforms={"n": {"x": hint}}, interval_s=60, start_s=NOON)


def test_a_day_rises_to_the_afternoon_and_falls_to_the_night() -> None:
    maker = numeric(base=20, daily_amplitude=5)
    for device in ("n-1", "n-2", "n-33"):
        day = [maker.message(device, hour, NOON + 3600 * (hour - 12))["x"] for hour in range(24)]
        assert 13 <= day.index(max(day)) <= 17
        assert 1 <= day.index(min(day)) <= 5
        assert max(day) == pytest.approx(25, abs=0.2)
        assert min(day) == pytest.approx(15, abs=0.2)
    assert len({maker.message(f"n-{n}", 0, NOON)["x"] for n in range(1, 30)}) > 5, "each has a phase of its own"


def test_noise_is_a_standard_deviation() -> None:
    maker = numeric(base=100, noise=2, decimals=6)
    values = [maker.message("n-1", number, NOON)["x"] for number in range(4000)]
    assert statistics.stdev(values) == pytest.approx(2, rel=0.05)
    assert abs(statistics.mean(values) - 100) < 8, "a device may be off by its own little bit"
    assert len(set(values)) > 1000


def test_spikes_come_as_often_as_asked_and_at_different_times_on_different_devices() -> None:
    maker = numeric(base=0, spike_every=600, spike=50)  # every ten minutes at a message a minute
    found = {
        device: [n for n in range(100) if maker.message(device, n, NOON)["x"] == 50] for device in ("n-1", "n-2", "n-3")
    }
    for spikes in found.values():
        assert len(spikes) == 10
        assert {b - a for a, b in pairwise(spikes)} == {10}
    assert len({spikes[0] for spikes in found.values()}) > 1


def test_drift_is_per_day() -> None:
    maker = numeric(base=10, drift=0.5)
    assert maker.message("n-1", 1, NOON)["x"] == 10
    assert maker.message("n-1", 1, NOON + 4 * 86_400)["x"] == 12


def test_values_are_drawn_and_fields_that_a_processor_adds_are_left_out() -> None:
    maker = Messages(SPEC, waveforms={"climate": {"comment": {"values": ["a", "ü"]}}})
    messages = [maker.message("climate-001", number, NOON) for number in range(200)]
    assert {m["comment"] for m in messages} == {"a", "ü"}
    assert {m["mode"] for m in messages} == {"comfort", "night"}
    assert {m["open"] for m in messages} == {True, False}
    assert "history" not in messages[0]
    assert isinstance(messages[0]["location"]["state"], dict)
    assert type(messages[0]["co2"]) is int


def test_a_type_without_hints_stays_well_within_its_range() -> None:
    maker = Messages(SPEC)
    values = [maker.message("climate-001", n, NOON + 600 * n)["temperature"] for n in range(500)]
    assert -10 < min(values) < max(values) < 50
    assert problems(maker.message("meter", 0, NOON), PLAIN) == []
    assert problems(maker.message("climate-009", 0, NOON), CLIMATE) == []


def test_a_device_the_twin_lacks_is_named() -> None:
    with pytest.raises(KeyError, match="climate-999"):
        Messages(SPEC).message("climate-999", 0, NOON)
