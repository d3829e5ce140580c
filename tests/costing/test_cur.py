"""AWS's Cost and Usage Report 2.0 in its own columns."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from tests.costing.bills import TWIN
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.mapping import map_lines
from twin2multicloud.costing.reading import read_bill
from twin2multicloud.model.errors import InvalidInputError

USED = {
    "bill_billing_period_start_date": "2026-11-01T00:00:00.000Z",
    "bill_billing_period_end_date": "2026-12-01T00:00:00.000Z",
    "bill_payer_account_id": "123456789012",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-11-03T04:00:00.000Z",
    "line_item_usage_end_date": "2026-11-03T05:00:00.000Z",
    "line_item_product_code": "AWSLambda",
    "line_item_usage_type": "EUC1-Request",
    "line_item_usage_amount": "1000000.0",
    "line_item_unblended_cost": "0.2000000001",
    "line_item_currency_code": "USD",
    "pricing_unit": "Requests",
    "product_region_code": "eu-central-1",
    "resource_tags": '{"user_run":"r4n","user_twin":"greenhouse"}',
}


def report(*rows: dict[str, str], without: tuple[str, ...] = ()) -> io.StringIO:
    text = io.StringIO()
    columns = [name for name in USED if name not in without]
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({**USED, **row} for row in rows)
    return io.StringIO(text.getvalue())


def lines(*rows: dict[str, str], without: tuple[str, ...] = ()) -> list[CostLine]:
    found = list(read_bill(report(*rows, without=without)))
    assert not [each for each in found if isinstance(each, BadLine)]
    return [each for each in found if isinstance(each, CostLine)]


def test_a_row_is_a_line_of_its_meter() -> None:
    (found,) = lines({})
    assert (found.cost, found.quantity, found.unit) == (Decimal("0.2000000001"), Decimal(1_000_000), "Requests")
    assert (found.period, found.account, found.region) == ("2026-11", "123456789012", "eu-central-1")
    assert found.tags == {"run": "r4n", "twin": "greenhouse"}
    key = ("aws.lambda.requests", "eu-central-1")
    assert map_lines([found], TWIN, {}).meters[key].quantity == 1_000_000


@pytest.mark.parametrize(
    ("kind", "category", "committed", "counted"),
    [
        ("Usage", Category.USAGE, False, True),
        ("DiscountedUsage", Category.USAGE, True, True),
        ("SavingsPlanCoveredUsage", Category.USAGE, True, True),
        ("SavingsPlanNegation", Category.ADJUSTMENT, True, False),
        ("SavingsPlanRecurringFee", Category.PURCHASE, False, False),
        ("RIFee", Category.PURCHASE, False, False),
        ("Tax", Category.TAX, False, False),
        ("Credit", Category.CREDIT, False, False),
        ("Refund", Category.CREDIT, False, False),
        ("EdpDiscount", Category.ADJUSTMENT, False, False),
    ],
)
def test_kinds_of_charges(kind: str, category: Category, committed: bool, counted: bool) -> None:
    (found,) = lines({"line_item_line_item_type": kind})
    assert (found.category, found.committed, found.quantity is not None) == (category, committed, counted)


def test_a_discount_lowers_the_cost_and_not_the_quantity() -> None:
    discount = {"line_item_line_item_type": "EdpDiscount", "line_item_unblended_cost": "-0.05"}
    (found,) = map_lines(lines({}, discount), TWIN, {}).meters.values()
    assert (found.usd, found.quantity) == (Decimal("0.1500000001"), 1_000_000)


def test_without_unit_and_tags_amounts_are_left() -> None:
    (found,) = lines({}, without=("pricing_unit", "resource_tags", "product_region_code"))
    key = ("aws.lambda.requests", "eu-central-1")
    mapped = map_lines([found], TWIN, {key: 5.0}).meters[key]
    assert (mapped.usd, mapped.quantity, mapped.untagged_usd) == (found.cost, None, found.cost)


def test_rows_that_cannot_be_read_are_told_by_the_reports_columns() -> None:
    wrong = [
        {"line_item_unblended_cost": "much"},
        {"line_item_usage_start_date": "today"},
        {"line_item_line_item_type": ""},
        {"resource_tags": "twin=greenhouse"},
        {},
    ]
    *bad, good = read_bill(report(*wrong))
    assert isinstance(good, CostLine)
    assert [(each.line, each.column) for each in bad if isinstance(each, BadLine)] == [
        (2, "line_item_unblended_cost"),
        (3, "line_item_usage_start_date"),
        (4, "line_item_line_item_type"),
        (5, "resource_tags"),
    ]


def test_a_report_without_what_is_needed_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"no Cost and Usage Report.*line_item_usage_amount"):
        list(read_bill(report({}, without=("line_item_usage_amount",))))
