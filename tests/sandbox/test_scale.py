"""A twin with fewer devices is still that twin."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.sandbox.twins import small_twin
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.spec import AlertAction, CommandAction, DeviceGroup, Relationship, Rule, TwinSpec
from twin2multicloud.sandbox.scale import scaled_down

counts = st.lists(st.integers(1, 400), min_size=1, max_size=6)


def twin(sizes: list[int], named: int) -> TwinSpec:
    spec, _ = small_twin(4)
    groups = tuple(DeviceGroup("meter", prefix=f"g{n}-", width=3, count=size) for n, size in enumerate(sizes))
    if named:
        groups += (DeviceGroup("lamp", names=tuple(f"lamp-{n}" for n in range(named))),)
    relations = tuple(Relationship("house", "contains", name) for group in groups for name in group)
    return msgspec.structs.replace(spec, devices=groups, relationships=relations)


@given(counts, st.integers(0, 5), st.data())
def test_every_group_gives_its_share(sizes: list[int], named: int, data: st.DataObject) -> None:
    spec = twin(sizes, named)
    total = sum(sizes) + named
    devices = data.draw(st.integers(named + len(sizes), total))
    fewer = scaled_down(spec, devices)
    assert len(fewer.device_names) == devices
    assert set(fewer.device_names) <= set(spec.device_names)
    assert set(fewer.device_names) >= {f"lamp-{n}" for n in range(named)}
    for size, group in zip(sizes, fewer.devices, strict=False):
        share = (devices - named) * size / sum(sizes)
        assert 1 <= len(group) <= size
        assert abs(len(group) - share) <= len(sizes)
    kept = {*fewer.device_names, "house"}
    assert {r.target for r in fewer.relationships} == set(fewer.device_names)
    assert all(r.source in kept for r in fewer.relationships)


@given(counts, st.integers(0, 5), st.integers(0, 1000))
def test_enough_devices_change_nothing(sizes: list[int], named: int, more: int) -> None:
    spec = twin(sizes, named)
    assert scaled_down(spec, sum(sizes) + named + more) is spec


@given(counts, st.integers(0, 5), st.data())
def test_too_few_are_refused(sizes: list[int], named: int, data: st.DataObject) -> None:
    least = len(sizes) + named
    assume(sum(sizes) + named > least)
    with pytest.raises(UsageError, match=f"take {least} or more"):
        scaled_down(twin(sizes, named), data.draw(st.integers(0, least - 1)))


def test_rules_and_panels_about_devices_that_are_gone_go_along() -> None:
    spec = msgspec.structs.replace(
        twin([10], 1),
        rules=(
            Rule("all", "meter", "count > 1", actions=(AlertAction(),)),
            Rule("some", "meter", "count > 1", devices=("g0-001", "g0-009"), actions=(AlertAction(),)),
            Rule("none", "meter", "count > 1", devices=("g0-008", "g0-009"), actions=(AlertAction(),)),
            Rule("far", "meter", "count > 1", actions=(CommandAction("reset", "g0-009"),)),
            Rule("near", "meter", "count > 1", actions=(CommandAction("reset"), CommandAction("reset", "g0-009"))),
        ),
        dashboards=(
            {
                "title": "x",
                "panels": [
                    {"title": "all"},
                    {"title": "some", "devices": ["g0-001", "g0-009"]},
                    {"title": "none", "devices": ["g0-009"]},
                ],
            },
        ),
    )
    fewer = scaled_down(spec, 4)
    assert [(rule.name, rule.devices, len(rule.actions)) for rule in fewer.rules] == [
        ("all", (), 1),
        ("some", ("g0-001",), 1),
        ("near", (), 1),
    ]
    assert fewer.dashboards == ({"title": "x", "panels": [{"title": "all"}, {"title": "some", "devices": ["g0-001"]}]},)
