"""`optimize --json`: complete, consistent and in a fixed order, for both models and every scenario."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.cli.conftest import cached
from twin2multicloud.model.scenarios import SCENARIOS
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.model.workload import Workload

SLOT_NAMES = ["L1", "L2", "L3.hot", "L3.cool", "L3.archive", "L4", "L5"]
CLOUDS = ["aws", "azure", "gcp"]
COMMON = ["model", "price_book", "placement", "usd_per_month", "baselines", "slots", "links", "warnings"]
SCENARIO_NAMES = [scenario.name for scenario in SCENARIOS]


def answer(scenario: str, model: str) -> Any:
    outcome = cached("optimize", scenario, "--model", model, "--json", "--top", "3" if model == "bill" else "1")
    assert outcome.code == 0
    assert outcome.err == ""
    return outcome.json


def check_placement(placement: Any) -> None:
    assert list(placement) == SLOT_NAMES == [slot.value for slot in SLOTS]
    for choice in placement.values():
        assert list(choice) == ["provider", "offer", "region"]
        assert choice["provider"] in CLOUDS
        assert choice["offer"].startswith(choice["provider"] + ".")
        assert choice["region"]


@pytest.mark.parametrize("model", ["bill", "edt25"])
@pytest.mark.parametrize("scenario", SCENARIO_NAMES)
def test_what_every_result_says(scenario: str, model: str) -> None:
    result = answer(scenario, model)
    assert list(result)[: len(COMMON)] == COMMON
    assert result["model"] == model
    assert len(result["price_book"]["hash"]) == 64
    assert result["price_book"]["version"]
    check_placement(result["placement"])
    assert isinstance(result["usd_per_month"], float)
    assert result["usd_per_month"] > 0
    assert list(result["baselines"]) == CLOUDS
    for usd in result["baselines"].values():
        assert usd is None or usd >= result["usd_per_month"] - 1e-6
    assert list(result["slots"]) == SLOT_NAMES
    for prices in result["slots"].values():
        assert set(prices) <= set(CLOUDS)
        assert all(usd is None or usd >= 0 for usd in prices.values())
    for link in result["links"]:
        assert {"from", "to", "gb_per_month", "usd"} <= set(link)
        assert link["from"] in SLOT_NAMES
        assert link["to"] in SLOT_NAMES
        assert link["gb_per_month"] >= 0
        assert link["usd"] >= 0
    assert all(isinstance(warning, str) for warning in result["warnings"])
    assert Workload.model_validate(result["workload"])


@pytest.mark.parametrize("scenario", SCENARIO_NAMES)
def test_the_bill_adds_up(scenario: str) -> None:
    result = answer(scenario, "bill")
    total = result["usd_per_month"]
    links = math.fsum(link["usd"] for link in result["links"])
    assert math.fsum(result["slot_usd"].values()) + links == pytest.approx(total, rel=1e-9)
    lines = math.fsum(line["usd"] for line in result["bill"])
    assert lines + result["transit_usd"] == pytest.approx(total, rel=1e-9)
    for line in result["bill"]:
        assert math.fsum(part["usd"] for part in line["tariff"]) == pytest.approx(line["usd"], abs=1e-9)
        assert math.fsum(part["usd"] for part in line["portions"]) == pytest.approx(line["usd"], abs=1e-9)
        assert line["confidence"] in "ABCD"
        assert line["source"]
        assert line["date"]
        assert line["unit"]


@pytest.mark.parametrize("scenario", SCENARIO_NAMES)
def test_alternatives_and_runners_up_cost_more(scenario: str) -> None:
    result = answer(scenario, "bill")
    total = result["usd_per_month"]
    for slot, alternatives in result["alternatives"].items():
        extras = [alternative["extra_usd"] for alternative in alternatives]
        assert extras == sorted(extras)
        for alternative in alternatives:
            assert alternative["extra_usd"] >= -1e-6
            assert alternative["usd_per_month"] == pytest.approx(total + alternative["extra_usd"])
            assert alternative["placement"][slot]["offer"] == alternative["offer"]
            assert alternative["offer"] != result["placement"][slot]["offer"]
            check_placement(alternative["placement"])
    costs = [ranked["usd_per_month"] for ranked in result["ranking"]]
    assert len(costs) == 3
    assert costs == sorted(costs)
    assert result["ranking"][0] == {"usd_per_month": total, "extra_usd": 0.0, "placement": result["placement"]}
    assert result["proof"]["proven"] is True
    assert result["proof"]["lower_bound_usd"] <= total + 1e-6


def test_the_published_model_gives_the_published_total() -> None:
    result = answer("smart-building", "edt25")
    assert round(result["usd_per_month"], 2) == 46988.94
    assert result["baselines"]["gcp"] is None
    assert list(result["artifact"]) == ["placement", "usd_per_month"]
    check_placement(result["artifact"]["placement"])


def test_inputs_are_echoed() -> None:
    outcome = cached("optimize", "smart-home", "--json", "--max-clouds", "1", "--deny", "gcp", "--egress", "list")
    result = outcome.json
    assert result["constraints"]["max_clouds"] == 1
    assert result["constraints"]["deny_providers"] == ["gcp"]
    assert result["assumptions"]["link_compression"] > 0
    assert len({choice["provider"] for choice in result["placement"].values()}) == 1
    assert result["baselines"]["gcp"] is None


def test_output_is_reproducible_and_ascii() -> None:
    arguments = ("optimize", "smart-home", "--model", "edt25", "--json")
    assert cached(*arguments).out == cached(*arguments, width=40).out
    assert cached(*arguments).out.isascii()
