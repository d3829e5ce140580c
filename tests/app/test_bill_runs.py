"""Bills are fetched by runs, which tell how far they are and leave what was kept alone until all was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import kinds, work_off
from tests.app.test_bills import export, read
from tests.costing.bill_services import Charge, FakeCostExplorer
from tests.costing.bill_stores import serving
from tests.costing.bills import line
from twin2multicloud.app.cost_sources import cost_explorer
from twin2multicloud.app.cost_sources.exports import Begin, SourceError
from twin2multicloud.app.runs.exits import StageExit
from twin2multicloud.app.runs.stage import carry_out
from twin2multicloud.app.runs.targets.find import find_target
from twin2multicloud.app.services import bill_fetching
from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.model.slots import Provider

BODY = {"cloud": "aws", "location": "s3://bills/focus", "period": "2026-11"}
Rows = Iterator[CostLine | BadLine]


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def twin(sqlite_site: Site, owner: Person) -> str:
    connect(sqlite_site, owner)
    found: str = owner.create_twin()["id"]
    return found


def connect(site: Site, owner: Person) -> None:
    account = {"account_id": "123456789012", "region": "eu-central-1"}
    keys = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "k" * 40}
    connection = {"provider": "aws", "name": "aws-dev", "config": account, "credentials": keys}
    owner.post(f"workspaces/{site.workspace_id}/connections", connection, 201)


def exporting(monkeypatch: pytest.MonkeyPatch, rows: Callable[[], Rows]) -> dict[str, str]:
    """Have a cloud export these rows; the environment that they are read with."""
    seen: dict[str, str] = {}

    def lines(provider: Provider, location: str, period: str, environ: Mapping[str, str], begin: Begin) -> Rows:
        seen.update(environ)
        assert (provider, location, period) == (Provider.AWS, "s3://bills/focus", "2026-11")
        begin("focus-00001.csv.gz", 1, 2)
        yield from rows()

    monkeypatch.setattr(bill_fetching, "lines_from", lines)
    return seen


def usd(owner: Person, twin: str) -> list[str]:
    return [each["usd"] for each in owner.get(f"twins/{twin}/bills", params={"target": "clouds"})]


def alerts(owner: Person, twin: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = owner.get("alerts", params={"twin": twin})["items"]
    return found


def test_what_was_fetched_replaces_the_month_and_is_told(
    sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows() -> Rows:
        yield line("2.5", tags={"twin": "greenhouse"})
        yield line("1", "AWS Support", "Support", tags={"twin": "greenhouse"})
        for number in range(4_999):
            yield line("0", tags={"twin": "another"}, resource=str(number))
        yield BadLine(3, "BilledCost", "is a number, such as 0.25")

    seen = exporting(monkeypatch, rows)
    read(owner, twin, export(line("1")))
    run = owner.post(f"twins/{twin}/bills/fetch", BODY, 201)
    assert (run["kind"], run["twin"], run["status"], run["target"]) == ("bills", twin, "queued", "clouds")
    assert work_off(sqlite_site) == [StageExit.RECORDED]
    ended = owner.get(f"runs/{run['id']}")
    assert ended["status"] == "succeeded"
    (bill,) = ended["result"]["bills"]
    assert (bill["usd"], bill["source"], bill["bad_lines"]) == ("3.5", "s3://bills/focus", 1)
    assert usd(owner, twin) == ["3.5"]
    assert seen["AWS_ACCESS_KEY_ID"] == "AKIAIOSFODNN7EXAMPLE"
    told = owner.get("events", params={"run": run["id"], "kind": "bills"})["items"]
    assert [each["message"] for each in told] == [
        "AWS: focus-00001.csv.gz 1 of 2",
        "5,000 rows",
        "5,002 rows, that is all",
        "2 rows are tagged for greenhouse, 1 of them for a meter",
    ]
    assert told[-1]["data"] == {"ours": 2, "mapped": 1, "bad_lines": 1}
    assert alerts(owner, twin) == []


def test_a_cloud_is_asked_with_the_connection_about_its_account(
    sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was asked half is kept."""
    charges = [
        Charge("2026-11-03", "AWS Lambda", "EUC1-Request", "2.5", "9", "Requests"),
        Charge("2026-11-04", "AWS Lambda", "EUC1-Request", "0.5", "3", "Requests"),
    ]
    asked = {"cloud": "aws", "kind": "query", "period": "2026-11"}
    fake = FakeCostExplorer(charges=charges)
    with serving(fake):
        monkeypatch.setattr(
            cost_explorer, "CostExplorer", partial(cost_explorer.CostExplorer, endpoint=fake.url, sleep=lambda _s: None)
        )
        run = owner.post(f"twins/{twin}/bills/fetch", asked, 201)
        work_off(sqlite_site)
        fake.refusals_from = len(fake.bodies) - 1
        fake.bodies.clear()
        failed = owner.post(f"twins/{twin}/bills/fetch", asked, 201)
        work_off(sqlite_site)
    (bill,) = owner.get(f"runs/{run['id']}")["result"]["bills"]
    assert (bill["usd"], bill["lines"], bill["source"]) == ("3.0", 2, "Cost Explorer, 123456789012")
    told = owner.get("events", params={"run": run["id"], "kind": "bills"})["items"]
    assert told[0]["message"] == "AWS: Cost Explorer, kinds of charges, page 1"
    assert "LimitExceededException" in owner.get(f"runs/{failed['id']}")["problem"]
    assert usd(owner, twin) == ["3.0"]
    assert [(each["kind"], each["over"]) for each in alerts(owner, twin)] == [("bill-import", False)]


def test_who_cannot_be_asked(owner: Person, twin: str) -> None:
    gcp = owner.post(f"twins/{twin}/bills/fetch", {"cloud": "gcp", "kind": "query", "period": "2026-11"}, 422)
    assert "by its export in BigQuery only" in gcp["detail"]
    assert [each["field"] for each in gcp["errors"]] == ["kind"]
    none = owner.post(f"twins/{twin}/bills/fetch", {"cloud": "aws", "period": "2026-11"}, 422)
    assert "is no place of exports of AWS" in none["detail"], "an export is somewhere"


def test_what_fails_is_an_alert_until_it_works_again(
    sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> Rows:
        yield line("9")
        raise SourceError("the bucket bills cannot be read: AccessDenied")

    exporting(monkeypatch, refused)
    read(owner, twin, export(line("1")))
    run = owner.post(f"twins/{twin}/bills/fetch", BODY, 201)
    work_off(sqlite_site)
    failed = owner.get(f"runs/{run['id']}")
    assert (failed["status"], failed["result"]["exit_code"]) == ("failed", 6)
    assert "AccessDenied" in failed["problem"]
    assert usd(owner, twin) == ["1"], "all or nothing"
    (alert,) = alerts(owner, twin)
    assert (alert["kind"], alert["cloud"], alert["over"]) == ("bill-import", "aws", False)
    assert "AccessDenied" in alert["message"]
    exporting(monkeypatch, lambda: iter([line("2")]))
    again = owner.post(f"runs/{run['id']}/retry", None, 201)
    assert again["request"] == failed["request"]
    work_off(sqlite_site)
    assert usd(owner, twin) == ["2"]
    assert [each["over"] for each in alerts(owner, twin)] == [True]


def test_one_at_a_time(sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exporting(monkeypatch, lambda: iter([line("2")]))
    key = {"Idempotency-Key": "the-same-again"}
    run = owner.call("POST", f"twins/{twin}/bills/fetch", code=201, json=BODY, headers=key)
    again = owner.call("POST", f"twins/{twin}/bills/fetch", code=200, json=BODY, headers=key)
    assert run.json()["id"] == again.json()["id"]
    refused = owner.post(f"twins/{twin}/bills/fetch", BODY, 409)
    assert "run 1 (bills) of 'greenhouse' is queued" in refused["detail"]
    work_off(sqlite_site)
    owner.post(f"twins/{twin}/bills/fetch", BODY, 201)


def test_one_that_is_interrupted_begins_again(
    sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> Rows:
        yield line("9")
        raise KeyboardInterrupt

    exporting(monkeypatch, interrupted)
    run = owner.post(f"twins/{twin}/bills/fetch", BODY, 201)
    assert work_off(sqlite_site) == [StageExit.INTERRUPTED]
    assert owner.get(f"runs/{run['id']}")["status"] == "applying"
    assert usd(owner, twin) == []
    exporting(monkeypatch, lambda: iter([line("2")]))
    assert carry_out(sqlite_site.backend, run["id"], "apply", 1, find_target) is StageExit.RECORDED
    assert usd(owner, twin) == ["2"]
    assert [Decimal(each["usd"]) for each in owner.get(f"runs/{run['id']}")["result"]["bills"]] == [2]


def test_one_that_is_called_off_keeps_nothing(
    sqlite_site: Site, owner: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(owner, twin, export(line("1")))

    def called_off() -> Rows:
        yield line("9")
        owner.post(f"runs/{run['id']}/cancel", None)
        raise KeyboardInterrupt

    exporting(monkeypatch, called_off)
    run = owner.post(f"twins/{twin}/bills/fetch", BODY, 201)
    work_off(sqlite_site)
    assert owner.get(f"runs/{run['id']}")["status"] == "cancelled"
    assert "run.cancelled" in kinds(sqlite_site, run["id"])
    assert usd(owner, twin) == ["1"]
    assert alerts(owner, twin) == []
