"""Bills are read again every day where a twin's sources say, by one process of an installation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import work_off
from tests.app.test_bill_runs import alerts, connect
from tests.costing.bills import line
from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.runs.bill_schedule import read_due_bills
from twin2multicloud.app.services import bill_fetching
from twin2multicloud.app.services.bill_sources import months, next_time

WHERE = {"location": "s3://bills/focus"}


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def twin(sqlite_site: Site, owner: Person) -> str:
    connect(sqlite_site, owner)
    found: str = owner.create_twin()["id"]
    return found


def asked(owner: Person) -> list[tuple[str, str]]:
    """The months that runs read, the oldest run first, and what became of them."""
    found = owner.get("runs", params={"kind": "bills"})["items"]
    runs = sorted(found, key=lambda run: int(run["number"]))
    return [(owner.get(f"runs/{each['id']}")["request"]["period"], each["status"]) for each in runs]


def test_a_source_is_read_at_once_and_then_daily(
    sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = [True]

    def lines(_provider: object, _location: str, period: str, *_: object) -> object:
        if not works[0]:
            raise SourceError("AccessDenied")
        year, month = map(int, period.split("-"))
        begins = datetime(year, month, 1, tzinfo=UTC)
        yield line("2", period_begins=begins, charged_from=begins)

    monkeypatch.setattr(bill_fetching, "lines_from", lines)
    sqlite_site.clock.time = datetime(2026, 12, 5, 12, tzinfo=UTC).timestamp()
    made = owner.call("PUT", f"twins/{twin}/bills/sources/aws", json=WHERE, code=200).json()
    assert (made["cloud"], made["location"]) == ("aws", "s3://bills/focus")
    read_due_bills(sqlite_site.backend)
    read_due_bills(sqlite_site.backend)  # another process, or later: the twin reads one bill at a time
    assert asked(owner) == [("2026-11", "queued")]
    work_off(sqlite_site)
    read_due_bills(sqlite_site.backend)
    work_off(sqlite_site)
    read_due_bills(sqlite_site.backend)
    done = [("2026-11", "succeeded"), ("2026-12", "succeeded")]
    assert asked(owner) == done, "the month before is corrected until the tenth"
    (source,) = owner.get(f"twins/{twin}/bills/sources")
    next_at = datetime.fromisoformat(source["next_at"])
    assert timedelta(0) < next_at - datetime(2026, 12, 5, 12, tzinfo=UTC) <= timedelta(days=1)

    works[0] = False
    sqlite_site.clock.time = next_at.timestamp() + 1
    read_due_bills(sqlite_site.backend)
    work_off(sqlite_site)
    assert [(each["kind"], each["over"]) for each in alerts(owner, twin)] == [("bill-import", False)]
    works[0] = True
    read_due_bills(sqlite_site.backend)
    work_off(sqlite_site)
    assert [each["over"] for each in alerts(owner, twin)] == [True]

    owner.call("DELETE", f"twins/{twin}/bills/sources/aws", code=204)
    assert owner.get(f"twins/{twin}/bills/sources") == []
    sqlite_site.clock.time = next_at.timestamp() + 86_400 * 3
    read_due_bills(sqlite_site.backend)
    assert len(asked(owner)) == 4


def test_a_source_is_a_place_with_a_connection(owner: Person, twin: str) -> None:
    refused = owner.call("PUT", f"twins/{twin}/bills/sources/aws", json={"location": "https://10.0.0.1/x"}, code=422)
    assert "is no place of exports of AWS" in refused.json()["detail"]
    azure = {"location": "https://mybills.blob.core.windows.net/costs/focus"}
    refused = owner.call("PUT", f"twins/{twin}/bills/sources/azure", json=azure, code=409)
    assert "there is no connection" in refused.json()["detail"]
    owner.call("PUT", f"twins/{twin}/bills/sources/oracle", json=azure, code=422)


def test_a_cloud_that_is_asked_is_asked_again_every_day(
    sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, str]] = []

    def told(_provider: object, scope: str, period: str, *_: object) -> object:
        seen.append((scope, period))
        yield line("2")

    monkeypatch.setattr(bill_fetching, "told_lines", told)
    sqlite_site.clock.time = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
    made = owner.call("PUT", f"twins/{twin}/bills/sources/aws", json={"kind": "query"}, code=200).json()
    assert (made["kind"], made["location"]) == ("query", "")
    for day in (0, 1):
        sqlite_site.clock.time += day * 86_400
        read_due_bills(sqlite_site.backend)
        work_off(sqlite_site)
    assert seen == [("123456789012", "2026-11")] * 2
    owner.call("PUT", f"twins/{twin}/bills/sources/aws", json=WHERE, code=200)
    assert [each["kind"] for each in owner.get(f"twins/{twin}/bills/sources")] == ["export"]
    refused = owner.call("PUT", f"twins/{twin}/bills/sources/gcp", json={"kind": "query"}, code=422)
    assert "by its export in BigQuery only" in refused.json()["detail"]


def test_which_months_are_read() -> None:
    def at(day: int) -> list[str]:
        return months(datetime(2026, 1, day, 3, tzinfo=UTC))

    assert at(1) == at(2) == ["2025-12"]
    assert at(3) == at(10) == ["2025-12", "2026-01"]
    assert at(11) == at(31) == ["2026-01"]


def test_times_of_day_are_spread_and_stay() -> None:
    day, at = timedelta(days=1), datetime(2026, 12, 5, 12, tzinfo=UTC)
    times = [next_time(f"twn_{number}", "aws", at, day) for number in range(200)]
    assert all(at < each <= at + day for each in times)
    assert {each.hour for each in times} == set(range(24))
    assert next_time("twn_1", "aws", times[1], day) == times[1] + day
