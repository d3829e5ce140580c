"""`frontier`: cost against carbon and latency of whole twins, in the command line and by the API."""

from __future__ import annotations

import pytest

from tests.cli.conftest import cached, call
from twin2multicloud.app.cli.frontier import HEIGHT, WIDTH, chart
from twin2multicloud.model.scenarios import scenario_names
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.latency.coordinates import Point, load_coordinates

VIENNA = "48.2,16.4"


@pytest.mark.parametrize("against", ["carbon", "latency"])
@pytest.mark.parametrize("name", scenario_names())
def test_a_frontier_begins_at_the_optimum_and_falls(name: str, against: str) -> None:
    found = cached("frontier", name, "--against", against, "--json").json
    best = cached("optimize", name, "--json").json
    points = found["points"]
    assert points[0]["usd_per_month"] == pytest.approx(best["usd_per_month"])
    key = "gco2e_per_month" if against == "carbon" else "latency_ms"
    usd, other = [point["usd_per_month"] for point in points], [point[key] for point in points]
    assert usd == sorted(set(usd))
    assert other == sorted(set(other), reverse=True)
    assert found["left_out"] == []


def test_a_bound_marks_the_cheapest_within_it() -> None:
    points = cached("frontier", "smart-building", "--against", "carbon", "--json").json["points"]
    bound = (points[1]["gco2e_per_month"] + points[2]["gco2e_per_month"]) / 2
    asked = ("frontier", "smart-building", "--against", "carbon", "--at-most", str(bound))
    assert call(*asked, "--json").json["chosen"] == points[2]
    text = call(*asked).out
    assert text.count("→  ") == 1
    assert f"→  ${points[2]['usd_per_month']:,.2f}" in text
    beyond = call("frontier", "smart-building", "--against", "carbon", "--at-most", "1")
    assert beyond.code == 3
    assert f"the least is {points[-1]['gco2e_per_month'] / 1000:,.1f} kgCO2e" in beyond.err


def test_constraints_hold_for_every_point() -> None:
    found = cached(
        "frontier", "smart-home", "--against", "carbon", "--residency", "EU", "--max-clouds", "1", "--json"
    ).json
    for point in found["points"]:
        choices = point["placement"].values()
        assert {choice["region"] for choice in choices} <= {
            "eu-central-1",
            "westeurope",
            "europe-west1",
            "europe-west3",
        }
        assert len({choice["provider"] for choice in choices}) == 1
    nobody = call("frontier", "smart-home", "--against", "latency", "--residency", "AQ")
    assert (nobody.code, "residency" in nobody.err) == (3, True)


def test_a_region_without_a_figure_is_left_out_and_told() -> None:
    pinned = ("--pin", "L3.cool=azure@polandcentral")
    found = call("frontier", "smart-home", "--against", "carbon", *pinned)
    assert found.code in (3, 5)  # it may have no price either
    assert "polandcentral" in found.err


def test_where_devices_are_counts() -> None:
    without = cached("frontier", "smart-home", "--against", "latency", "--json").json["points"]
    near = cached("frontier", "smart-home", "--against", "latency", "--devices-at", VIENNA, "--json").json["points"]
    by_code = cached("frontier", "smart-home", "--against", "latency", "--devices-at", "EU-central-1", "--json").json
    assert without[0]["placement"] == near[0]["placement"]
    region = near[0]["placement"]["L1"]
    km = Point(48.2, 16.4).km_to(load_coordinates()[Provider(region["provider"]), region["region"]])
    assert near[0]["latency_ms"] - without[0]["latency_ms"] == pytest.approx(km * 1.6 / 200)
    assert by_code["points"][0]["latency_ms"] != near[0]["latency_ms"]
    assert near[-1]["placement"]["L1"]["region"] in ("eu-central-1", "westeurope", "europe-west1", "europe-west3")


@pytest.mark.parametrize(
    ("place", "said"),
    [("eu-centrall-1", "did you mean 'eu-central-1'?"), ("Vienna", "is no region"), ("99,0", "latitude is"), ("", "")],
)
def test_a_place_that_is_none_is_refused(place: str, said: str) -> None:
    outcome = call("frontier", "smart-home", "--against", "latency", "--devices-at", place)
    assert (outcome.code, said in outcome.err) == (4, True), outcome.err


def test_distances_are_those_of_the_globe() -> None:
    frankfurt, virginia = Point(50.11, 8.68), Point(39.04, -77.49)
    assert frankfurt.km_to(virginia) == pytest.approx(6541, rel=0.005)
    assert frankfurt.km_to(frankfurt) == 0
    assert Point(0, 179).km_to(Point(0, -179)) == pytest.approx(222.4, rel=0.001)


def test_the_chart_has_its_corners() -> None:
    lines = chart([1.0, 2.0, 3.0], [9.0, 4.0, 1.0], blocks=True)
    assert len(lines) == HEIGHT + 1
    assert lines[0] == "  │●"
    assert lines[HEIGHT - 1] == f"  │{' ' * (WIDTH - 1)}●"
    assert "*" in chart([1.0], [1.0], blocks=False)[HEIGHT - 1]
