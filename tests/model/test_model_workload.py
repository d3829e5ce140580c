"""The workload model: bounds, defaults, rules between fields, scenarios."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.fields import NumberField, number_fields
from twin2multicloud.model.scenarios import SCENARIOS, scenario
from twin2multicloud.model.workload import Workload

REQUIRED: dict[str, Any] = {"devices": 10, "message_interval_s": 60, "message_size_bytes": 100}
# Wide enough that changing one field never breaks a rule between fields.
NEUTRAL = REQUIRED | {"hot_months": 1, "cool_months": 1, "archive_months": 1}
FIELDS = number_fields(Workload)
BOUNDED = [field for field in FIELDS.values() if not field.name.endswith("_months")]


def make(**changes: Any) -> Workload:
    return Workload(**(NEUTRAL | changes))


def test_only_three_fields_are_required() -> None:
    assert [field.name for field in FIELDS.values() if field.required] == list(REQUIRED)
    assert Workload(**REQUIRED).hot_months == 1.0


def test_every_field_states_its_unit_meaning_and_both_bounds() -> None:
    assert set(FIELDS) == set(Workload.model_fields)
    for field in FIELDS.values():
        assert field.unit
        assert field.meaning.endswith(".")
        assert field.low is not None
        assert field.high is not None


def test_a_month_has_730_hours() -> None:
    assert make(devices=100, message_interval_s=120).messages_per_month == 100 * 30 * 730
    assert make(devices=1, message_interval_s=3600, message_size_bytes=7).payload_bytes_per_month == 730 * 7


@pytest.mark.parametrize("field", BOUNDED, ids=lambda field: field.name)
def test_bounds_are_inclusive_and_nothing_beyond_them_passes(field: NumberField) -> None:
    assert field.low is not None
    assert field.high is not None
    for bound, outwards in ((field.low, -math.inf), (field.high, math.inf)):
        assert getattr(make(**{field.name: bound}), field.name) == bound
        beyond = bound + math.copysign(1, outwards) if field.whole else math.nextafter(bound, outwards)
        with pytest.raises(ValidationError):
            make(**{field.name: beyond})


@pytest.mark.parametrize("name", ["hot_months", "cool_months", "archive_months"])
def test_retention_is_above_zero_and_at_most_a_century(name: str) -> None:
    # Each check changes one bound only; the other two ages follow so that they still ascend.
    rest = {"hot_months": 1e-9, "cool_months": 1e-9 if name == "hot_months" else 1, "archive_months": 1200}
    for bad in (0, -1, 1200.0001):
        with pytest.raises(ValidationError) as error:
            Workload(**(REQUIRED | rest | {name: bad}))
        assert error.value.errors()[0]["loc"] == (name,)
    assert Workload(**(REQUIRED | dict.fromkeys(rest, 1200))).archive_months == 1200


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
@pytest.mark.parametrize("bad", [True, "5", "", None, math.nan, math.inf, -math.inf, 10**400, [5], {"a": 5}])
def test_no_field_takes_what_is_not_a_finite_number(field: NumberField, bad: object) -> None:
    with pytest.raises(ValidationError):
        make(**{field.name: bad})


def test_whole_floats_are_whole_numbers_and_others_are_not() -> None:
    workload = make(devices=1e6, editors=5.0)
    assert (workload.devices, type(workload.devices)) == (1_000_000, int)
    assert isinstance(make(message_interval_s=30).message_interval_s, float)
    with pytest.raises(ValidationError):
        make(devices=5.5)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        make(device=5)


@given(ages=st.tuples(*[st.floats(min_value=1e-6, max_value=1200)] * 3))
@settings(deadline=None)
def test_retention_ages_must_ascend(ages: tuple[float, float, float]) -> None:
    values = REQUIRED | dict(zip(("hot_months", "cool_months", "archive_months"), ages, strict=True))
    if list(ages) == sorted(ages):
        assert Workload(**values).hot_months == ages[0]
    else:
        with pytest.raises(ValidationError, match="ascend"):
            Workload(**values)


@given(devices=st.integers(1, 10**8), interval=st.floats(min_value=0.001, max_value=60))
@settings(deadline=None)
def test_messages_per_month_are_bounded(devices: int, interval: float) -> None:
    if devices * 730 * 3600 / interval <= 1e15:
        assert make(devices=devices, message_interval_s=interval).messages_per_month <= 1e15
    else:
        with pytest.raises(ValidationError, match="messages a month"):
            make(devices=devices, message_interval_s=interval)


def test_a_workload_is_immutable_comparable_and_survives_json() -> None:
    workload = make(event_share=0.25)
    with pytest.raises(ValidationError):
        workload.devices = 5  # type: ignore[misc]
    again = Workload.model_validate_json(workload.model_dump_json())
    assert again == workload
    assert hash(again) == hash(workload)


def test_cross_check_skips_rules_whose_fields_are_missing() -> None:
    assert Workload.cross_check({"hot_months": 5}) == []
    assert [name for name, _ in Workload.cross_check({"hot_months": 5, "cool_months": 4})] == ["cool_months"]


# The paper's three workloads: n, i (s), k (bytes), h/c/a, entities, editors/viewers, refreshes/h, h/day.
PAPER = {
    "smart-home": (100, 120, 250, 1, 3, 12, 0, 2, 0, 12, 1),
    "industrial-facility": (4000, 30, 500, 3, 12, 36, 0, 25, 10, 60, 4),
    "smart-building": (30000, 6, 800, 3, 12, 24, 1200, 100, 300, 120, 8),
}


@pytest.mark.parametrize("name", PAPER)
def test_the_built_in_scenarios_are_the_papers(name: str) -> None:
    w = scenario(name).workload
    assert PAPER[name] == (
        w.devices,
        w.message_interval_s,
        w.message_size_bytes,
        w.hot_months,
        w.cool_months,
        w.archive_months,
        w.entities_3d,
        w.editors,
        w.viewers,
        w.dashboard_refreshes_per_hour,
        w.dashboard_hours_per_day,
    )


def test_a_scenarios_misspelled_name_is_suggested() -> None:
    assert len(SCENARIOS) == 3
    with pytest.raises(UsageError, match="did you mean 'smart-building'"):
        scenario("smart-bilding")
    with pytest.raises(UsageError, match="Allowed: smart-home, industrial-facility, smart-building"):
        scenario("zzz")
