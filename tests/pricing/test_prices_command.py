from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from tests.pricing.conftest import WriteBook
from twin2multicloud.app.cli import prices
from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.model.errors import InvalidInputError, UsageError

CALLS = "usd = [[0, 0], [1000000, 0.20]], per = 1000000,"


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=100, record=True)


def test_explain_works_the_bill_out_tier_by_tier(console: Console) -> None:
    assert prices.explain("aws.egress.internet", "eu-central-1", 51_200, console=console) == 0
    text = console.export_text()
    assert "51,200 GB cost $4,394.20 a month" in text
    assert "3,481.60" in text
    assert "over the whole account" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_explain_as_json_sums_to_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    assert prices.explain("aws.egress.internet", "eu-central-1", 51_200, json_output=True) == 0
    answer = json.loads(capsys.readouterr().out)
    assert round(answer["usd_per_month"], 2) == 4_394.20
    assert sum(line["usd"] for line in answer["lines"]) == pytest.approx(answer["usd_per_month"])
    assert answer["price_book"]["hash"]


def test_explain_of_a_missing_price_ends_with_5(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    assert prices.explain("azure.egress.internet", "brazilsouth", 10, console=console) == 5
    assert "not recorded" in console.export_text()
    assert prices.explain("azure.egress.internet", "brazilsouth", 10, json_output=True) == 5
    answer = json.loads(capsys.readouterr().out)
    assert answer["usd_per_month"] is None
    assert "zone 3" in answer["missing"][0]


def test_explain_names_the_units_a_bundle_is_bought_in(console: Console) -> None:
    assert prices.explain("azure.iot-hub.s1", "westeurope", 1_000_000, console=console) == 0
    text = console.export_text()
    assert "in steps of 400,000" in text
    assert "at most 200 units" in text
    assert "cost $75.00 a month" in text


def test_explain_lists_all_regions_and_says_where_the_price_is_missing(console: Console) -> None:
    assert prices.explain("aws.lambda.requests", console=console) == 0
    text = console.export_text()
    assert "us-east-1 · list" in text
    assert "no price in" in text


def test_explain_flags_a_policy_without_its_own_price(console: Console) -> None:
    assert prices.explain("aws.egress.internet", "eu-central-1", policy="eu-data-act", console=console) == 0
    assert "list price" in console.export_text()


@pytest.mark.parametrize("quantity", [float("nan"), float("inf"), -1.0])
def test_explain_refuses_an_impossible_quantity(quantity: float) -> None:
    with pytest.raises(UsageError, match="--quantity"):
        prices.explain("aws.egress.internet", "eu-central-1", quantity)


def test_explain_needs_a_region_for_a_quantity() -> None:
    with pytest.raises(UsageError, match="--region"):
        prices.explain("aws.egress.internet", quantity=1.0)


def test_show_filters(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    assert prices.show(provider="azure", region="westeurope", service="functions", console=console) == 0
    text = console.export_text()
    assert "azure.functions.duration" in text
    assert "cosmos" not in text
    assert prices.show(meter="egress.internet", region="eu-central-1", json_output=True) == 0
    (row,) = json.loads(capsys.readouterr().out)["figures"]
    assert row["meter"] == "aws.egress.internet"
    assert row["source"] == "IC"
    with pytest.raises(UsageError, match="unknown provider"):
        prices.show(provider="amazon")
    with pytest.raises(UsageError, match="did you mean 'westeurope'"):
        prices.show(region="westeurop")


def test_validate_names_faults_and_ends_with_4(write_book: WriteBook, console: Console) -> None:
    broken = str(write_book((CALLS, "usd = nan,")))
    assert prices.validate([broken, "bundled"], console=console) == 4
    text = console.export_text()
    assert "1 fault" in text
    assert "bundled: sound" in text
    assert prices.validate(console=Console(quiet=True)) == 0


def test_validate_as_json(write_book: WriteBook, capsys: pytest.CaptureFixture[str]) -> None:
    broken = str(write_book((CALLS, "usd = nan,")))
    assert prices.validate([broken], json_output=True) == 4
    (finding,) = json.loads(capsys.readouterr().out)[broken]
    assert finding["field"].endswith("figures[0].usd")


def test_diff_gives_the_relative_change(
    write_book: WriteBook, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    before = str(write_book())
    after = str(write_book((CALLS, "usd = [[0, 0], [1000000, 0.15]], per = 1000000,"), name="after"))
    assert prices.diff(before, after, console=console) == 0
    assert "$0.20 per million calls → $0.15 per million calls (-25.0%)" in console.export_text()
    assert prices.diff(before, after, json_output=True) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["figures"][0]["tiers"][0]["relative"] == pytest.approx(-0.25)


def test_a_broken_book_cannot_be_shown(write_book: WriteBook) -> None:
    with pytest.raises(InvalidInputError):
        prices.show(choice=BookChoice(str(write_book((CALLS, "usd = nan,")))))
