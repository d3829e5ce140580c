"""`validate`, `sandbox bill` and `costs` over a data directory, as somebody has them without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.serving import Place
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.sandbox.create import create

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def rig(place: Place) -> Iterator[Rig]:
    twin = place.done("twins", "create", place.twin, "--json").json["id"]
    made = Rig(place.data / "sandboxes" / twin, *small_twin(4), placement_of("aws"))
    create(made.layout, made.twin)
    made.up()
    yield made
    made.down()


def test_the_whole_way(place: Place, rig: Rig, tmp_path: Path) -> None:
    rig.run(messages=3)
    rig.settle(12)
    rig.client.set_clock(speed=0.0)
    plain = place.done("validate", "greenhouse")
    assert "predicted against metered: MAPE" in plain.err
    assert "no bill is kept" in plain.err
    bill, table, latex = tmp_path / "bill.csv", tmp_path / "table.csv", tmp_path / "table.tex"
    written = place.done(
        "sandbox", "bill", "greenhouse", "--price", "aws.lambda.requests=3", "--extra", "aws=29", "--out", str(bill)
    )
    assert f"validate greenhouse --file {bill}" in written.err
    shown = place.done(
        "validate", "greenhouse", "--file", str(bill), "--all", "--csv", str(table), "--latex", str(latex)
    )
    assert "price differs" in shown.out
    assert "Support and premium features: $29.00, no meter is for it (not modelled)" in shown.err
    assert "metered against billed" in shown.err
    assert "aws.lambda.requests" in table.read_text("utf-8")
    assert r"\begin{tabular}" in latex.read_text("utf-8")
    found = json.loads(place.done("validate", "greenhouse", "--json").out)
    assert sum(Decimal(each) for each in found["effects"].values()) == Decimal(found["difference"])
    listed = place.done("costs", "bills", "greenhouse", "--target", "sandbox").out
    assert "bill.csv" in listed
    assert "billed: $" in place.done("costs", "show", "greenhouse").err
    days = json.loads(place.done("costs", "history", "greenhouse", "--json").out)["days"]
    assert sum(day["usd_billed"] or 0 for day in days) == pytest.approx(float(found["usd_billed"]))
    assert "metered" in place.done("costs", "history", "greenhouse").err
    # The same again replaces what was read.
    place.done("costs", "import", "greenhouse", "--file", str(bill), "--target", "sandbox")
    assert json.loads(place.done("validate", "greenhouse", "--json").out)["usd_billed"] == found["usd_billed"]


def test_a_budget(place: Place) -> None:
    place.done("twins", "create", place.twin)
    assert place("costs", "budget", "greenhouse").code == 6
    shown = place.done("costs", "budget", "greenhouse", "--usd", "50", "--at", "0.9", "--no-forecast").out
    assert "$50.00" in shown
    assert "90%" in shown
    assert place.done("costs", "budget", "greenhouse", "--json").json["thresholds"] == [0.9]
    for wrong in (("--usd", "-1"), ("--at", "0.5"), ("--usd", "5", "--remove"), ("--usd", "5", "--at", "11")):
        assert place("costs", "budget", "greenhouse", *wrong).code == 2, wrong
    place.done("costs", "budget", "greenhouse", "--remove")


def test_a_budget_of_all_twins(place: Place) -> None:
    name = place.done("workspaces", "list", "--json").json[0]["name"]
    assert place("costs", "budget", "--workspace", name).code == 6
    assert place("costs", "budget").code == 2, "whose it is has to be said"
    assert place("costs", "budget", "greenhouse", "--workspace", name).code == 2
    assert "$500.00" in place.done("costs", "budget", "--workspace", name, "--usd", "500").out
    found = place.done("costs", "budget", "--workspace", name, "--json").json
    assert (found["usd_per_month"], [each["target"] for each in found["spent"]]) == (500, ["clouds", "sandbox"])
    place.done("costs", "budget", "--workspace", name, "--remove")
    assert place("costs", "budget", "--workspace", name).code == 6


def test_costs_in_clouds_meter_by_meter(place: Place) -> None:
    place.done("twins", "create", place.twin)
    place.done("twins", "optimize", "greenhouse", "--providers", "aws", "--take")
    shown = place.done("costs", "show", "greenhouse", "--target", "clouds")
    assert "USD / unit" in shown.out
    assert "not metered" in shown.out
    assert "predicted, but not metered, and in no sum of what was metered:" in shown.err
    found = json.loads(place.done("costs", "show", "greenhouse", "--target", "clouds", "--json").out)
    assert found["usd_not_metered"] == pytest.approx(found["usd_predicted"])


def test_where_bills_are_read_from(place: Place) -> None:
    place.done("twins", "create", place.twin)
    assert "no bills are read by themselves" in place.done("costs", "source", "greenhouse").out
    assert place.done("costs", "source", "greenhouse", "--json").json == []
    for wrong in (
        ("--from", "s3://bills/focus", "--remove", "aws"),
        ("--rate", "EUR=1.1"),
        ("--kind", "query"),
        ("--kind", "query", "--from", "s3://bills/focus"),
    ):
        assert place("costs", "source", "greenhouse", *wrong).code == 2, wrong
    assert place("costs", "source", "greenhouse", "--from", "s3://").code == 4
    assert "there is no connection" in place("costs", "source", "greenhouse", "--from", "s3://bills/focus").err
    for cloud in ("aws", "123456789012", "azure", "/subscriptions/11111111-2222-3333-4444-555555555555"):
        refused = place("costs", "source", "greenhouse", "--from", cloud, "--kind", "query")
        assert "there is no connection" in refused.err, cloud
    assert "BigQuery only" in place("costs", "source", "greenhouse", "--from", "gcp", "--kind", "query").err
    wrong_scope = place("costs", "source", "greenhouse", "--from", "/subscriptions/mine", "--kind", "query")
    assert "is nothing that Cost Management answers about" in wrong_scope.err
    asked = ("--from", "aws", "--kind", "query", "--period", "2026-11")
    assert "there is no connection" in place("costs", "import", "greenhouse", *asked).err
    asked = ("--from", "aws", "--location", "s3://bills/focus", "--period", "2026-11")
    assert "there is no connection" in place("costs", "import", "greenhouse", *asked).err
    place.done("costs", "source", "greenhouse", "--remove", "aws")


def test_what_is_given_wrongly(place: Place, rig: Rig, tmp_path: Path) -> None:
    wrong: tuple[str, ...]
    for wrong in (("--price", "aws.lambda.requests"), ("--quantity", "a=-1"), ("--extra", "oracle=3")):
        assert place("sandbox", "bill", "greenhouse", *wrong).code == 2, wrong
    assert place("validate", "greenhouse", "--file", str(tmp_path / "none.csv")).code == 2
    with_file = ("--file", "-", "--kind", "query")
    for wrong in (
        (),
        ("--from", "aws"),
        ("--from", "aws", "--kind", "query"),
        with_file,
        ("--from", "aws", "--location", "s3://x/y", "--period", "2026-13"),
    ):
        assert place("costs", "import", "greenhouse", *wrong).code == 2, wrong
    (tmp_path / "bad.csv").write_text("a,b\n", "utf-8")
    refused = place("costs", "import", "greenhouse", "--file", str(tmp_path / "bad.csv"))
    assert refused.code == 4
    assert "no FOCUS export" in refused.err
