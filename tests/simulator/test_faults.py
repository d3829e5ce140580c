"""Faults are where the seed puts them, and spoil exactly what the runtime's own handlers refuse."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.twins import SPEC, specs
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.envelope import RawMessage, event_id
from twin2multicloud.runtime.handlers.ingest import ingest
from twin2multicloud.runtime.handlers.validate import problems
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.simulator.faults import HARMLESS, Fault, FaultPlan, Made
from twin2multicloud.simulator.ledger import data_digest
from twin2multicloud.simulator.messages import Messages

NOW = to_epoch("2026-11-25T12:00:00Z")
every_fault = st.sampled_from(list(Fault))


def make(spec: TwinSpec, waveforms: Any, fault: Fault, device: str, number: int, seed: int = 0) -> Made:
    maker = Messages(spec, waveforms=waveforms, seed=seed)
    kind = spec.type_of(device)
    assert kind is not None
    plan = FaultPlan(seed, {fault: 1.0})
    return plan.make(device, number, kind, maker.message(device, number, NOW), maker.encode)


@given(specs(), every_fault, st.integers(0, 10_000), st.integers(0, 1000))
def test_what_is_said_to_be_valid_is_what_the_handlers_take(
    twin: tuple[TwinSpec, dict[str, Any]], fault: Fault, number: int, seed: int
) -> None:
    spec, waveforms = twin
    made = make(spec, waveforms, fault, "d-1", number, seed)
    done = ingest([RawMessage("d-1", made.payload, NOW)], spec, "test", "intake")
    taken = bool(done.events) and not problems(done.events[0].data, spec.device_types[0])
    assert taken == made.valid
    assert bool(done.letters) == (made.data is None)
    if made.data is not None:
        event = done.events[0]
        assert event.time == made.data["time"]
        assert event.id == event_id("d-1", made.data["time"], made.payload)
        assert data_digest(event.data) == data_digest(made.data)
    if made.fault is None:
        assert made.valid, "a type that cannot have the fault sends a good message"


@given(every_fault, st.integers(0, 10_000), st.integers(0, 1000))
def test_a_fault_is_always_the_same_one(fault: Fault, number: int, seed: int) -> None:
    first, again = (make(SPEC, {}, fault, "climate-003", number, seed) for _ in range(2))
    assert first == again
    assert first.fault is fault
    assert first.valid == (fault in HARMLESS)


def test_each_kind_comes_at_its_rate_and_one_at_a_time() -> None:
    rates = {Fault.MALFORMED: 0.1, Fault.DUPLICATE: 0.05, Fault.LATE: 0.01}
    plan = FaultPlan(3, rates)
    found = Counter(plan.fault(f"d-{device}", number) for device in range(20) for number in range(1000))
    for fault, rate in rates.items():
        assert found[fault] == pytest.approx(20_000 * rate, rel=0.2)
    assert set(found) == {None, *rates}
    assert FaultPlan(3, {}).fault("d", 1) is None
    assert {FaultPlan(0, {Fault.BURST: 1.0}).fault("d", n) for n in range(50)} == {Fault.BURST}


@pytest.mark.parametrize("rates", [{Fault.LATE: -0.1}, {Fault.LATE: 1.5}, {Fault.LATE: float("nan")}])
def test_a_rate_is_a_share(rates: dict[Fault, float]) -> None:
    with pytest.raises(ValueError, match="late"):
        FaultPlan(0, rates)


def test_rates_may_not_add_up_to_more_than_all_messages() -> None:
    with pytest.raises(ValueError, match=r"add up to 1\.2"):
        FaultPlan(0, {Fault.LATE: 0.6, Fault.BURST: 0.6})


def test_malformed_messages_are_so_in_many_ways() -> None:
    payloads = [make(SPEC, {}, Fault.MALFORMED, "climate-001", number).payload for number in range(60)]
    assert any(payload.startswith(b"[") for payload in payloads)
    assert any(b"\xff" in payload for payload in payloads)
    assert any(payload.startswith(b"temperature=") for payload in payloads)
    assert any(payload.startswith(b'{"') and b"\xff" not in payload for payload in payloads)


def test_late_and_skewed_messages_say_another_time() -> None:
    for number in range(50):
        late = to_epoch(json.loads(make(SPEC, {}, Fault.LATE, "climate-001", number).payload)["time"])
        assert 60 <= NOW - late <= 3600
        skewed = to_epoch(json.loads(make(SPEC, {}, Fault.CLOCK_SKEW, "climate-001", number).payload)["time"])
        assert 300 < abs(NOW - skewed) <= 3600
