"""Uncertain workloads over HTTP: figures of the same samples whoever asks, refused field by field."""

from __future__ import annotations

import pytest

from tests.app.backends import Person, Site
from twin2multicloud.model.slots import SLOTS

SMALL = {"devices": 200, "message_interval_s": 30, "message_size_bytes": 120}
SPREADS = {"devices": {"low": 100, "high": 40_000}, "viewers": {"values": [1, 100]}}


@pytest.fixture
def person(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


def test_what_an_uncertain_workload_costs(person: Person) -> None:
    asked = {"workload": SMALL, "uncertain": SPREADS, "samples": 300, "seed": 5}
    found = person.post("optimize/uncertainty", asked)
    assert found == person.post("optimize/uncertainty", asked)
    assert (found["samples"], found["impossible"]) == (300, 0)
    optimum = found["optimum"]
    assert optimum["p5"]["usd"] < optimum["p50"]["usd"] < optimum["p95"]["usd"]
    typical = person.post("optimize", {"workload": {**SMALL, "devices": 20_050, "viewers": 1}})
    assert found["typical"]["usd_per_month"] == typical["usd_per_month"]
    candidates = found["candidates"]
    assert sum(each["best"]["probability"] for each in candidates) <= 1 + 1e-9
    for each in candidates:
        assert set(each["placement"]) == {slot.value for slot in SLOTS}
        if each["fits"] == 1:
            assert each["usd"]["mean"]["usd"] >= optimum["mean"]["usd"] * (1 - 1e-9)
    least = candidates[found["least_expected_cost"]]
    assert least["usd"]["mean"]["usd"] == min(c["usd"]["mean"]["usd"] for c in candidates if c["fits"] == 1)
    assert [bar["field"] for bar in found["tornado"]] == ["devices", "viewers"]
    assert found["drivers"][0]["field"] == "devices"


def test_a_text_may_have_uncertain_numbers(person: Person) -> None:
    source = "devices: {low: 100, high: 200}\nmessage_interval_s: 30\nmessage_size_bytes: 120\n"
    found = person.post("optimize/uncertainty", {"source": source, "samples": 20})
    assert found["uncertain"]["spreads"] == {"devices": {"shape": "uniform", "low": 100, "high": 200}}
    deployed = found["typical"]["placement"]
    again = person.post("optimize/uncertainty", {"source": source, "samples": 20, "placement": deployed})
    assert "deployed" in again["candidates"][0]["roles"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "uncertain"),
        ({"uncertain": {"device": {"low": 1, "high": 2}}}, "uncertain.device"),
        ({"uncertain": {"devices": {"low": 5, "high": 2}}}, "uncertain.devices.high"),
        ({"uncertain": {"devices": {"low": 0, "high": 2}}}, "uncertain.devices"),
        ({"uncertain": {"hot_months": {"low": 1, "high": 9}}}, "uncertain.hot_months"),
        (
            {"uncertain": SPREADS, "correlations": [{"between": ["devices", "editors"], "r": 0.5}]},
            "correlations[0].between",
        ),
    ],
)
def test_what_is_wrong_is_named(person: Person, asked: dict[str, object], field: str) -> None:
    problem = person.post("optimize/uncertainty", {"workload": SMALL, "samples": 10, **asked}, 422)
    assert [each["field"] for each in problem["errors"]] == [field]


def test_where_the_optimum_changes(person: Person) -> None:
    asked = {"workload": SMALL, "along": "devices", "start": 50, "end": 5_000, "points": 9}
    found = person.post("optimize/breakeven", asked)
    assert found["breakevens"]
    assert found["stretches"][0]["from"] == 50
    assert found["stretches"][-1]["to"] == 5_000
    for change, after in zip(found["breakevens"], found["stretches"][1:], strict=True):
        assert change["above"] - change["below"] == 1
        at = person.post("optimize", {"workload": {**SMALL, "devices": int(change["above"])}})
        assert (at["usd_per_month"], change["usd"][1]) == (pytest.approx(change["usd"][1]), after["usd"][0])
    problem = person.post("optimize/breakeven", {**asked, "along": "device"}, 422)
    assert problem["errors"][0]["field"] == "along"
    problem = person.post("optimize/breakeven", {**asked, "end": 10}, 422)
    assert problem["errors"][0]["field"] == "along"
