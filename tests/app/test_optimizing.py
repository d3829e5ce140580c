"""Questions to the optimizer over HTTP: answered as the command line answers them, refused field by field."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.cli.conftest import cached, call
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of
from twin2multicloud.optimizer.pricing.book import load_book

SMALL = {"devices": 200, "message_interval_s": 30, "message_size_bytes": 120}


@pytest.fixture
def person(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ({}, ()),
        (
            {"top": 3, "constraints": {"residency": ["EU"], "max_clouds": 2}},
            ("--top", "3", "--residency", "EU", "--max-clouds", "2"),
        ),
        (
            {
                "constraints": {
                    "regions": {"aws": ["eu-central-1"]},
                    "deny": ["gcp"],
                    "pins": {"L3.hot": "azure"},
                    "require": ["L1:mqtt"],
                    "managed_only": True,
                    "deployable_only": True,
                    "egress": "eu-data-act",
                }
            },
            (
                *("--region", "aws=eu-central-1", "--deny", "gcp", "--pin", "L3.hot=azure", "--require", "L1:mqtt"),
                *("--managed-only", "--deployable-only", "--egress", "eu-data-act"),
            ),
        ),
        ({"model": "edt25"}, ("--model", "edt25")),
        ({"model": "edt25", "constraints": {"pins": {"L4": "aws"}}}, ("--model", "edt25", "--pin", "L4=aws")),
    ],
)
def test_a_scenario_as_the_command_line_answers_it(person: Person, body: Any, arguments: tuple[str, ...]) -> None:
    ours = person.post("optimize", {"scenario": "industrial-facility", **body})
    assert ours == cached("optimize", "industrial-facility", "--json", *arguments).json


def test_a_twins_file_as_the_command_line_answers_it(person: Person, tmp_path: Path) -> None:
    file = EXAMPLES / "smart-building" / "twin.yaml"
    source = file.read_text("utf-8") + "\nconstraints: {residency: [EU], pins: {L5: gcp}}\nassumptions: {panels: 1}\n"
    source = source.replace("panels: 1", "history_panels: 9")
    mine = tmp_path / "twin.yaml"
    mine.write_text(source, "utf-8")
    wanted = call("optimize", str(mine), "--json", "--pin", "L3.hot=aws").json
    assert wanted["constraints"]["pins"] == {"L5": "gcp", "L3.hot": "aws"}
    assert wanted["assumptions"]["history_panels"] == 9
    ours = person.post("optimize", {"source": source, "constraints": {"pins": {"l3.hot": "AWS"}}})
    assert ours == wanted


def test_fields_of_a_workload_and_assumptions(person: Person) -> None:
    ours = person.post("optimize", {"workload": SMALL, "assumptions": {"object_bytes": 1e6}, "detail": "compact"})
    whole = person.post("optimize", {"workload": SMALL, "assumptions": {"object_bytes": 1e6}})
    assert whole["assumptions"]["object_bytes"] == 1e6
    assert {key: whole[key] for key in ours} == ours
    assert "bill" not in ours
    bare = person.post("optimize", {"workload": SMALL, "alternatives": False})
    assert not any(bare["alternatives"].values())
    assert bare["usd_per_month"] == person.post("optimize", {"workload": SMALL})["usd_per_month"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"workload": {**SMALL, "devices": 0, "message_size": 5}}, {"workload.devices", "workload.message_size"}),
        ({"workload": SMALL, "constraints": {"deny": ["ibm"]}}, {"constraints.deny[0]"}),
        ({"workload": SMALL, "constraints": {"pins": {"L9": "aws"}}}, {"constraints.pins.L9"}),
        ({"workload": SMALL, "constraints": {"egress": "free"}}, {"constraints.egress"}),
        ({"workload": SMALL, "constraints": {"max_clouds": 9}}, {"constraints.max_clouds"}),
        ({"workload": SMALL, "constraints": {"deny": ["aws", "gcp", "azure"]}}, {"constraints"}),
        ({"workload": SMALL, "assumptions": {"panels": 5}}, {"assumptions.panels"}),
        ({"workload": SMALL, "constraint": {}}, {"constraint"}),
        ({"workload": SMALL, "top": 51}, {"top"}),
        ({"workload": SMALL, "model": "edt25", "top": 2}, {"top"}),
        ({"scenario": "smart-hose"}, {"scenario"}),
    ],
)
def test_what_is_wrong_is_said_by_field(person: Person, body: Any, fields: set[str]) -> None:
    problem = person.post("optimize", body, 422)
    assert {error["field"] for error in problem["errors"]} == fields
    assert all(error["problem"] for error in problem["errors"])


def test_exactly_one_workload(person: Person) -> None:
    for body in ({}, {"scenario": "smart-home", "workload": SMALL}):
        assert "exactly one" in person.post("optimize", body, 422)["detail"]


def test_a_text_is_told_its_lines(person: Person) -> None:
    problem = person.post("optimize", {"source": "devices: 5\nmessage_interval_s: x\nmessage_size_bytes: 1\n"}, 422)
    assert [(error["field"], error["line"]) for error in problem["errors"]] == [("message_interval_s", 2)]


def test_why_nothing_is_possible(person: Person) -> None:
    constraints = {"providers": ["gcp"], "pins": {"L3.hot": "aws"}}
    problem = person.post("optimize", {"scenario": "smart-home", "constraints": constraints}, 422)
    assert problem["type"].endswith(":infeasible")
    assert problem["exit_code"] == 3
    wanted = cached("optimize", "smart-home", "--json", "--providers", "gcp", "--pin", "L3.hot=aws").json["error"]
    assert problem["details"] == {key: wanted[key] for key in ("conflict", "relaxations", "reasons")}


def test_names_that_do_not_exist(person: Person) -> None:
    for constraints in ({"regions": {"aws": ["eu-central-9"]}}, {"require": ["mqqt"]}, {"pins": {"L4": "aws.dynamo"}}):
        problem = person.post("optimize", {"workload": SMALL, "constraints": constraints}, 422)
        assert problem["type"].endswith(":unusable")


def test_prices_that_are_too_old(person: Person, sqlite_site: Site) -> None:
    sqlite_site.clock.pass_by(400 * 86_400)
    problem = person.post("optimize", {"workload": SMALL, "max_price_age": 365}, 409)
    assert problem["exit_code"] == 5
    person.post("optimize", {"workload": SMALL, "max_price_age": 5000})


def test_a_batch_answers_each_in_its_place(person: Person, tmp_path: Path) -> None:
    sizes = [10, 100, 1000, 10_000]
    workloads = [{**SMALL, "devices": size} for size in sizes]
    file = tmp_path / "batch.jsonl"
    file.write_text("".join(json.dumps(workload) + "\n" for workload in workloads))
    for model in ("bill", "edt25"):
        lines = call("optimize", str(file), "--model", model, "--deny", "gcp").lines
        items: list[Any] = [{"workload": workload} for workload in workloads]
        items.insert(2, {"workload": {**SMALL, "devices": -1}})
        items.append({"workload": SMALL, "constraints": {"providers": ["gcp"]}})
        found = person.post("optimize/batch", {"items": items, "model": model, "constraints": {"deny": ["gcp"]}})[
            "items"
        ]
        assert found[2]["error"]["errors"][0]["field"] == "workload.devices"
        assert found[-1]["error"]["type"].endswith(":invalid")
        answers = [answer for answer in found if "error" not in answer]
        assert [answer["usd_per_month"] for answer in answers] == [line["usd_per_month"] for line in lines]
        assert [answer["placement"] for answer in answers] == [line["placement"] for line in lines]


def test_comparing_shows_where_the_difference_comes_from(person: Person) -> None:
    best = person.post("optimize", {"workload": SMALL})
    cases = [
        {"label": "best", "placement": best["placement"]},
        {"label": "azure", "constraints": {"providers": ["azure"]}},
        {"label": "nowhere", "constraints": {"residency": ["IS"]}},
    ]
    found = person.post("compare", {"workload": SMALL, "cases": cases})
    first, second, third = found["cases"]
    assert first["usd_per_month"] == pytest.approx(best["usd_per_month"])
    assert second["usd_per_month"] == pytest.approx(best["baselines"]["azure"])
    assert third["error"]["type"].endswith(":infeasible")
    extra = second["usd_per_month"] - first["usd_per_month"]
    assert extra > 1
    assert second["extra_usd"] == pytest.approx(extra)
    transit = second["transit_usd"] - first["transit_usd"]
    assert math.fsum(row["extra_usd"][1] for row in found["meters"]) + transit == pytest.approx(extra)
    parts = [row["extra_usd"][1] for row in (*found["slots"], *found["links"])]
    assert math.fsum(parts) == pytest.approx(extra)
    assert {row["slot"] for row in found["slots"]} == {slot.value for slot in SLOTS}
    assert all(row["usd"][2] is None for row in (*found["slots"], *found["links"], *found["meters"]))
    weights = [max(abs(extra) for extra in row["extra_usd"][:2]) for row in found["meters"]]
    assert weights == sorted(weights, reverse=True)


BOOK = load_book()
MARKET = Market(BOOK)
EVERYWHERE = BillOptimizer(BOOK, market=MARKET)


@pytest.mark.parametrize(
    ("overrides", "constraints"),
    [
        ({"L3.hot": "azure"}, {}),
        ({"L1": "gcp", "L5": "aws"}, {}),
        ({"L3.cool": "aws@us-east-1"}, {}),
        ({"L4": "azure.digital-twins"}, {"residency": ["EU"]}),
        ({"L2": "gcp", "L3.archive": "azure"}, {"pins": {"L2": "aws"}}),
        ({"L3.hot": "aws"}, {"deployable_only": True, "egress": "eu-data-act"}),
    ],
)
def test_what_an_override_adds_is_the_difference_of_two_bills(
    person: Person, overrides: dict[str, str], constraints: Any
) -> None:
    body = {"workload": SMALL, "constraints": constraints}
    found = person.post("override", {**body, "overrides": overrides})
    free = {**constraints, "pins": {}} if "pins" in constraints else constraints
    optimum = person.post("optimize", {**body, "constraints": free})
    assert found["optimum"]["usd_per_month"] == pytest.approx(optimum["usd_per_month"])
    before = person.post("optimize", body)["placement"]
    assert found["before"]["placement"] == before
    for slot, choice in found["placement"].items():
        if slot in overrides:
            what, _, region = overrides[slot].partition("@")
            assert choice["offer"] == what or choice["offer"].startswith(f"{what}.")
            assert not region or choice["region"] == region
        else:
            assert choice == before[slot], "no silent change"
    if "egress" not in constraints:
        bill = bill_of(EVERYWHERE, Workload(**SMALL), Placement.model_validate(found["placement"]))
        assert found["usd_per_month"] == pytest.approx(bill.usd)
    assert found["extra_usd"] >= 0
    assert found["extra_usd"] == pytest.approx(found["usd_per_month"] - optimum["usd_per_month"], abs=1e-9)
    assert found["change_usd"] == pytest.approx(found["usd_per_month"] - found["before"]["usd_per_month"])
    assert math.fsum(row["extra_usd"] for row in found["why"]) == pytest.approx(found["extra_usd"], abs=1e-6)
    assert (found["warning"] is None) == found["optimal"] == (found["extra_usd"] <= 0.005)
    if not found["optimal"]:
        assert f"${found['extra_usd']:,.2f}" in found["warning"]
        assert all(
            slot in found["warning"] for slot in overrides if found["placement"][slot] != optimum["placement"][slot]
        )


def test_choosing_what_is_cheapest_anyway_is_no_override(person: Person) -> None:
    best = person.post("optimize", {"workload": SMALL})
    choice = best["placement"]["L3.hot"]
    found = person.post(
        "override", {"workload": SMALL, "overrides": {"L3.hot": f"{choice['offer']}@{choice['region']}"}}
    )
    assert (found["optimal"], found["warning"], found["why"]) == (True, None, [])
    assert found["placement"] == best["placement"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"overrides": {"L3.hot": "aws.dynamo"}}, "overrides.L3.hot"),
        ({"overrides": {"L3.hot": "aws@mars-1"}}, "overrides.L3.hot"),
        ({"overrides": {"L3.hot": "aws.lambda"}}, "overrides.L3.hot"),
        ({"overrides": {"L6": "aws"}}, "overrides.L6"),
        ({"overrides": {}}, "overrides"),
        (
            {"overrides": {"L5": "aws"}, "placement": {"L1": {"provider": "aws", "offer": "aws.x", "region": "eu-1"}}},
            "placement",
        ),
    ],
)
def test_overrides_that_cannot_be(person: Person, body: Any, field: str) -> None:
    problem = person.post("override", {"workload": SMALL, **body}, 422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_an_override_that_contradicts_the_constraints(person: Person) -> None:
    body = {"workload": SMALL, "constraints": {"deny": ["azure"]}, "overrides": {"L3.hot": "azure"}}
    problem = person.post("override", body, 422)
    assert problem["type"].endswith(":infeasible")
    assert "providers aws, gcp" in problem["details"]["conflict"]
    body = {"workload": SMALL, "overrides": {"L5": "aws"}, "constraints": {"pins": {"L3.hot": "gcp"}}}
    placement = person.post("optimize", {"workload": SMALL, "constraints": {"pins": {"L3.hot": "aws"}}})["placement"]
    problem = person.post("override", {**body, "placement": placement}, 422)
    assert problem["errors"][0]["field"] == "placement.L3.hot"


def test_how_the_optimum_changes_with_the_size(person: Person) -> None:
    factors = [0.001, 1, 100, 1e6]
    found = person.post("sensitivity", {"workload": SMALL, "fields": ["devices", "editors"], "factors": factors})
    points = found["points"]
    assert [point["values"]["devices"] for point in points] == [0, 200, 20_000, 200_000_000]
    assert points[0]["error"]["errors"][0]["field"] == "devices"
    assert points[3]["error"]["errors"][0]["field"] == "devices"
    for point in points[1:3]:
        whole = person.post("optimize", {"workload": {**SMALL, **point["values"]}})
        assert (point["usd_per_month"], point["placement"]) == (whole["usd_per_month"], whole["placement"])
    differing = [slot for slot in Slot if points[1]["placement"][slot] != points[2]["placement"][slot]]
    assert points[2]["changed"] == differing
    problem = person.post("sensitivity", {"workload": SMALL, "fields": ["device"], "factors": [1]}, 422)
    assert problem["errors"][0]["field"] == "fields[0]"


def test_the_report_is_a_page_of_its_own(person: Person) -> None:
    answer = person.call("POST", "report", code=200, json={"scenario": "smart-home", "title": "Ours <b>"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<title>Ours &lt;b&gt; · Twin2MultiCloud</title>" in answer.text
    assert "2026-11-26" in answer.text
