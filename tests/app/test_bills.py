"""Bills that are kept of twins, and validation where nothing runs."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import place
from tests.costing.bills import NOVEMBER, line
from twin2multicloud.costing.focus import write_focus
from twin2multicloud.costing.lines import CostLine


def export(*lines: CostLine) -> str:
    text = io.StringIO()
    write_focus(lines, text)
    return text.getvalue()


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def twin(sqlite_site: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    return found


def read(owner: Person, twin: str, content: str, code: int = 201, **more: Any) -> Any:
    return owner.post(f"twins/{twin}/bills", {"target": "clouds", "content": content, **more}, code)


def test_reading_a_month_again_replaces_it(owner: Person, twin: str) -> None:
    december: dict[str, Any] = {
        "period_begins": datetime(2026, 12, 1, tzinfo=UTC),
        "period_ends": datetime(2027, 1, 1, tzinfo=UTC),
        "charged_from": datetime(2026, 12, 1, tzinfo=UTC),
    }
    first = read(owner, twin, export(line("1.10"), line("2.20"), line("5", **december)), source="first.csv")
    assert [(each["period"], each["usd"], each["lines"]) for each in first] == [
        ("2026-11", "3.30", 2),
        ("2026-12", "5", 1),
    ]
    (again,) = read(owner, twin, export(line("1.10"), line("2.25"), line("-0.01", correction=True)))
    assert (again["usd"], again["lines"]) == ("3.34", 3)
    kept = owner.get(f"twins/{twin}/bills", params={"target": "clouds"})
    assert [(each["period"], each["usd"]) for each in kept] == [("2026-12", "5"), ("2026-11", "3.34")]
    assert owner.get(f"twins/{twin}/bills") == [], "none of a sandbox"
    told = owner.get("events", params={"twin": twin, "kind": "bill.read"})["items"]
    assert len(told) == 2


def test_rows_that_cannot_be_read_are_told(owner: Person, twin: str) -> None:
    text = export(line("1"), line("2")).replace("\n2,", "\ntwo,")
    (bill,) = read(owner, twin, text)
    assert (bill["usd"], bill["lines"], bill["bad_lines"]) == ("1", 1, 1)
    assert bill["problems"][0]["line"] == 3
    assert bill["problems"][0]["value"] == "two"
    assert "no line that can be read" in read(owner, twin, export(), 422)["detail"]
    assert "no FOCUS export" in read(owner, twin, "a,b\n", 422)["detail"]


def test_another_currency_needs_a_rate(owner: Person, twin: str) -> None:
    text = export(line("10", currency="EUR"))
    assert "EUR" in read(owner, twin, text, 422)["detail"]
    (bill,) = read(owner, twin, text, usd_per={"EUR": 1.1})
    assert Decimal(bill["usd"]) == Decimal("11")


def test_a_bill_without_meters_is_held_against_the_plan(sqlite_site: Site, owner: Person, twin: str) -> None:
    assert "no placement" in owner.get(f"twins/{twin}/validation", 409)["detail"]
    place(sqlite_site, twin)
    found = owner.get(f"twins/{twin}/validation", params={"target": "clouds"})
    assert (found["period"], found["usd_billed"], found["usd_metered"], found["measures"]) == (None, None, None, [])
    assert any("no bill" in problem for problem in found["problems"])
    key = next(each for each in found["meters"] if each["meter"].endswith("requests"))
    tags = {"twin": found["name"]}
    rows = [
        line("3", "AWS Support", "Support", tags=tags),
        line("0.25", "Amazon Simple Queue Service", "EUC1-Requests-Tier1", tags=tags, quantity=Decimal(5)),
        line("9", tags={"twin": "another"}),
    ]
    read(owner, twin, export(*rows))
    told = owner.get(f"twins/{twin}/validation", params={"target": "clouds", "period": "2026-11"})
    assert (told["period"], told["usd_billed"], told["usd_others"]) == ("2026-11", "3.25", "9")
    assert Decimal(told["effects"]["not-modelled"]) == Decimal("3.25" if "sqs" not in key["meter"] else "3")
    assert sum(Decimal(amount) for amount in told["effects"].values()) == Decimal(told["difference"])
    # A month of 30 days is predicted for its 720 hours.
    again = next(each for each in told["meters"] if (each["meter"], each["region"]) == (key["meter"], key["region"]))
    assert again["predicted"] == pytest.approx(key["predicted"] * 720 / 730)
    assert NOVEMBER.days == 30


def test_fetching_needs_a_place_and_a_connection(owner: Person, twin: str) -> None:
    def fetch(code: int, **given: Any) -> str:
        body = {"cloud": "aws", "location": "s3://bills/focus", "period": "2026-11", **given}
        answer: str = owner.post(f"twins/{twin}/bills/fetch", body, code)["detail"]
        return answer

    assert "is no place of exports of AWS" in fetch(422, location="https://169.254.169.254/latest")
    assert "is no place of exports of Azure" in fetch(422, cloud="azure", location="https://10.0.0.1/container")
    assert "there is no connection" in fetch(409)
    assert owner.get("runs")["items"] == []
    fetch(422, period="2026-13")
