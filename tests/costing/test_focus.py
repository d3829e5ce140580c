"""FOCUS as CSV: what is written is read again, and a bad row is told by its line."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.costing.bills import line
from twin2multicloud.costing.focus import COLUMNS, write_focus
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.reading import read_bill
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.slots import Provider

HEADER = (
    "BilledCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,"
    "ChargePeriodStart,ChargePeriodEnd,ProviderName,ServiceName"
)
MONTH = "2026-11-01T00:00:00Z,2026-12-01T00:00:00Z"
DAY = "2026-11-03T00:00:00Z,2026-11-04T00:00:00Z"
GOOD = f"0.25,USD,{MONTH},Usage,{DAY},AWS,AWS Lambda"

_text = (
    st.text(st.characters(exclude_categories=["C"]), max_size=20).map(str.strip).filter(lambda t: t.lower() != "null")
)
_moment = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC))
_amount = st.decimals(-(10**9), 10**9, places=12, allow_nan=False, allow_infinity=False)
_tags = st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True), _text, max_size=3)


@st.composite
def cost_lines(draw: st.DrawFn) -> CostLine:
    quantity = draw(st.none() | _amount)
    return CostLine(
        provider=draw(st.sampled_from(Provider)),
        period_begins=draw(_moment),
        period_ends=draw(_moment),
        charged_from=draw(_moment),
        charged_to=draw(_moment),
        category=draw(st.sampled_from(Category)),
        service=draw(_text),
        usage=draw(_text.filter(bool)),
        cost=draw(_amount),
        currency=draw(st.sampled_from(["USD", "EUR"])),
        quantity=quantity,
        unit="" if quantity is None else draw(_text),
        region=draw(_text.map(str.lower).filter(lambda t: t == t.lower())),
        account=draw(_text),
        resource=draw(_text),
        sku=draw(_text),
        description=draw(_text),
        correction=draw(st.booleans()),
        committed=draw(st.booleans()),
        tags=draw(_tags),
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(cost_lines(), max_size=4))
def test_what_is_written_is_read_again(lines: list[CostLine]) -> None:
    text = io.StringIO()
    write_focus(lines, text)
    assert list(read_bill(io.StringIO(text.getvalue(), newline=""))) == lines


def test_a_bad_row_is_told_by_its_line_and_the_next_one_is_read() -> None:
    rows = [
        HEADER,
        GOOD,
        GOOD.replace("0.25", "much"),
        "1,2",
        GOOD.replace("Usage", "Wish"),
        GOOD.replace("AWS,AWS", "Oracle,AWS"),
        GOOD.replace("2026-11-03", "2026-13-03"),
        GOOD.replace("0.25", "1e999999"),
        GOOD.replace("USD", "$"),
        GOOD,
    ]
    found = list(read_bill(f"{row}\n" for row in rows))
    assert [type(each) for each in found] == [CostLine, *[BadLine] * 7, CostLine]
    told = [(each.line, each.column) for each in found if isinstance(each, BadLine)]
    assert told == [
        (3, "BilledCost"),
        (4, ""),
        (5, "ChargeCategory"),
        (6, "ProviderName"),
        (7, "ChargePeriodStart"),
        (8, "BilledCost"),
        (9, "BillingCurrency"),
    ]
    assert str(found[1]) == "line 3: BilledCost: is a number, such as 0.25"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it has no BilledCost, BillingCurrency"),
        ("a,b\n1,2\n", "is no FOCUS export"),
        (f"{HEADER},ServiceName\n", "has columns twice: ServiceName"),
        (f"{HEADER}\n{GOOD}\n{GOOD}\n", "has more than 1 rows"),
    ],
)
def test_what_is_no_export_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        list(read_bill(io.StringIO(text), most=1))


def test_each_cloud_says_in_its_own_column_what_it_metered() -> None:
    def read(columns: str, cells: str) -> CostLine:
        (found,) = read_bill([f"\ufeff{HEADER},{columns}\n", f"{GOOD},{cells}\n"])
        assert isinstance(found, CostLine)
        return found

    assert read("x_UsageType,ChargeDescription", "EUC1-Request,USD 0.20 per million").usage == "EUC1-Request"
    assert read("x_SkuMeterName", "Cool LRS Data Stored").usage == "Cool LRS Data Stored"
    assert read("ChargeDescription", "Services CPU").usage == "Services CPU"
    consumed = read("PricingQuantity,PricingUnit,ConsumedQuantity,ConsumedUnit", ",,7,Requests")
    assert (consumed.quantity, consumed.unit) == (Decimal(7), "Requests")
    tagged = '"[{""key"":""user:twin"",""value"":""greenhouse""}]"'
    assert read("Tags", tagged).tags == {"twin": "greenhouse"}
    assert read("Tags", '"{""user_run"":""r4n"",""x"":null}"').tags == {"run": "r4n", "x": ""}
    (bad,) = read_bill([f"{HEADER},Tags\n", f"{GOOD},twin=greenhouse\n"])
    assert isinstance(bad, BadLine)


def test_a_column_is_written_for_all_that_is_known() -> None:
    text = io.StringIO()
    write_focus([line("0.1", quantity=Decimal("5"), correction=True, committed=True)], text)
    header, row = text.getvalue().splitlines()
    assert header.split(",") == list(COLUMNS)
    assert ",Correction," in row
    assert "1E" not in row
