"""Looked up again and nothing moved: no new book, and the prices are as old as their last check. What a list does not
have is decided until it has it. New findings are told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Person, Site, site
from tests.app.test_live_prices import REGION, SQS, figure, refresh
from tests.app.test_price_refresh import Told
from tests.pricing.live.aws_lists import AwsLists, lists_of
from tests.pricing.live.replay import Fault, FaultyPriceServer
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

DAY_S = 86_400
SMALL = {"devices": 200, "message_interval_s": 30, "message_size_bytes": 120}


@pytest.fixture
def server() -> Iterator[FaultyPriceServer]:
    started = FaultyPriceServer()
    yield started
    started.close()


@pytest.fixture
def lists() -> AwsLists:
    return lists_of(load_book(), load_selectors(Provider.AWS), (REGION,))


@pytest.fixture
def priced(tmp_path: Path, sqlite_file: str, server: FaultyPriceServer) -> Iterator[Site]:
    settings = {"aws": server.url, "azure": server.url, "gcp": server.url, "google_api_key": "canary-key"}
    with site(tmp_path / "data", sqlite_file, price_lists=settings) as here:
        yield here


@pytest.fixture
def admin(priced: Site) -> Person:
    return priced.person("ada", admin=True)


def later(here: Site, server: FaultyPriceServer, lists: AwsLists, days: float = 1) -> tuple[Any, Told]:
    """A refresh some days later, which finds newer files."""
    here.clock.pass_by(days * DAY_S)
    lists.version = str(int(lists.version) + 1)
    taken, _, told = refresh(here, server, lists, workspace_id=here.workspace_id)
    return taken, told


def news(person: Person) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = person.get("events?kind=prices.findings")["items"]
    return found


def findings(person: Person, query: str = "decided=false") -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = person.get(f"prices/findings?{query}")["items"]
    return found


def test_prices_that_did_not_move_are_checked_and_make_no_book(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    first, _ = later(priced, server, lists, 0)
    assert first is not None
    before, was = admin.get("prices"), figure(admin)
    again, told = later(priced, server, lists, 40)
    assert again is None
    assert any(
        text.startswith(f"Nothing has moved since the prices of {before['date']}; checked ") for text in told.texts
    )
    now = admin.get("prices")
    assert (now["hash"], now["date"]) == (before["hash"], before["date"])
    assert figure(admin) == was, "it is the price of the day on which it was first seen"
    assert len(admin.get("prices/books")["items"]) == 2
    ages = admin.get(f"prices/ages?provider=aws&region={REGION}")
    assert {each["oldest_days"] for each in ages["items"]} == {0}
    assert ages["stale"] == 0
    assert now["seen"]["aws"] > before["seen"]["aws"] > before["seen"]["gcp"] == now["seen"]["gcp"]
    assert now["age_days"] > 40, "Azure and Google Cloud were not looked up"


def test_an_optimization_asks_how_long_ago_the_clouds_that_it_may_use_were_looked_up(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    later(priced, server, lists, 0)
    later(priced, server, lists, 40)
    here = {"workload": SMALL, "max_price_age": 3, "alternatives": False, "detail": "compact"}
    admin.post("optimize", {**here, "constraints": {"providers": ["aws"], "regions": {"aws": [REGION]}}})
    problem = admin.post("optimize", {**here, "constraints": {"regions": {"aws": [REGION, "us-east-1"]}}}, 409)
    assert "the prices of AWS" in problem["detail"], "us-east-1 was not looked up"
    problem = admin.post("optimize", here, 409)
    assert "max_price_age allows 3" in problem["detail"]


def test_only_the_price_that_was_checked_is_fresh(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    later(priced, server, lists, 0)
    lists.row(*SQS).tiers = [(0, 0.000004)]
    later(priced, server, lists, 10)
    ages = {each["service"]: each for each in admin.get(f"prices/ages?region={REGION}")["items"]}
    assert {service for service, each in ages.items() if each["oldest_days"] == 10} == {"Amazon SQS"}


def test_new_findings_are_told_once(priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists) -> None:
    later(priced, server, lists, 0)
    assert news(admin) == []
    lists.row(*SQS).tiers = [(0, 0.000004)]
    lists.row("AmazonSNS", REGION, "EUC1-Requests-Tier1").tiers = [(0, 0.000009)]
    later(priced, server, lists)
    [event] = news(admin)
    assert event["message"] == "2 prices of AWS eu-central-1 want a decision"
    assert event["severity"] == "warning"
    assert event["data"]["findings"] == sorted(
        (each["id"] for each in findings(admin)), key=event["data"]["findings"].index
    )
    assert event["data"]["url"].endswith("/prices/findings")
    later(priced, server, lists)
    assert len(news(admin)) == 1, "they were told"
    lists.row(*SQS).tiers = [(0, 0.000006)]
    later(priced, server, lists)
    assert sorted(each["message"] for each in news(admin)) == [
        "1 price of AWS eu-central-1 wants a decision",
        "2 prices of AWS eu-central-1 want a decision",
    ]


def test_that_something_is_not_listed_is_decided_until_it_is(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    row = lists.row(*SQS)
    lists.rows[SQS[:2]].remove(row)
    later(priced, server, lists)
    [absent] = findings(admin)
    assert (absent["kind"], absent["decidable"]) == ("no_match", True)
    before = figure(admin)
    admin.post(f"prices/findings/{absent['id']}", {"decision": "reject", "note": "ours is the contract's"})
    for _ in range(3):
        later(priced, server, lists)
        assert findings(admin) == []
        [still] = findings(admin, "decided=true")
        assert (still["id"], still["note"]) == (absent["id"], "ours is the contract's")
        assert figure(admin) == before
    assert len(news(admin)) == 1
    lists.add(*SQS[:2], row)
    later(priced, server, lists)
    assert findings(admin, "gone=false") == []
    lists.rows[SQS[:2]].remove(row)
    later(priced, server, lists)
    [again] = findings(admin)
    assert (again["id"], again["kind"], again["decision"]) == (absent["id"], "vanished", None), (
        "it was in the list since"
    )


def test_what_is_not_sold_there_leaves_the_book_until_it_is_sold(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    later(priced, server, lists, 0)
    row = lists.row(*SQS)
    lists.rows[SQS[:2]].remove(row)
    later(priced, server, lists)
    [absent] = findings(admin)
    assert absent["kind"] == "vanished"
    assert figure(admin), "until somebody says that it is not sold"
    admin.post(f"prices/findings/{absent['id']}", {"decision": "accept"})
    taken, told = later(priced, server, lists)
    assert taken is not None
    assert f"aws.sqs.requests has no price in {REGION} any more: it is not sold there" in told.texts
    meter = admin.get(f"prices/meters/aws.sqs.requests?region={REGION}")
    assert meter["figures"] == []
    assert "not sold there: the AWS Price List had no such price on" in meter["missing"][0]
    for _ in range(2):
        taken, _ = later(priced, server, lists)
        assert (taken, findings(admin)) == (None, [])
    lists.add(*SQS[:2], row)
    taken, _ = later(priced, server, lists)
    assert taken is not None
    assert figure(admin)["confidence"] == "A"


def test_a_twin_that_runs_where_a_price_is_odd_gets_an_alert_that_its_routes_tell(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    twins = [admin.create_twin(name)["id"] for name in ("greenhouse", "elsewhere")]
    for twin, site_of in zip(twins, (f"aws/{REGION}", "aws/us-east-1"), strict=True):
        with priced.backend.database.write() as session:
            session.add(
                Stack(
                    twin_id=twin,
                    target="clouds",
                    name="l1",
                    slot="L1",
                    site=site_of,
                    fingerprint="f",
                    whole=True,
                    applied_at=priced.backend.now(),
                )
            )
    route = {"name": "ops", "kind": "webhook", "url": "https://93.184.215.14/hook", "min_severity": "info"}
    routes = f"workspaces/{priced.workspace_id}/alert-routes"
    made = admin.post(routes, route, 201)
    lists.row(*SQS).tiers = [(0, 0.000004)]
    later(priced, server, lists)
    [alert] = admin.get("alerts")["items"]
    assert (alert["twin"], alert["kind"], alert["severity"]) == (twins[0], "prices", "info")
    assert alert["message"].startswith("1 price of AWS eu-central-1, where greenhouse runs, wants a decision")
    assert len(admin.get(f"{routes}/{made['id']}/notices")["items"]) == 1
    later(priced, server, lists)
    [same] = admin.get("alerts")["items"]
    assert same["count"] == 1
    [odd] = findings(admin)
    admin.post(f"prices/findings/{odd['id']}", {"decision": "reject"})
    later(priced, server, lists)
    [ended] = admin.get("alerts")["items"]
    assert ended["over"]


def test_what_could_not_be_read_decides_nothing(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    later(priced, server, lists, 0)
    lists.row(*SQS).tiers = [(0, 0.000004)]
    later(priced, server, lists)
    [odd] = findings(admin)
    lists.version = str(int(lists.version) + 1)
    server.fault(lists.file("AWSQueueService", REGION), Fault(status=404, body=b""))
    priced.clock.pass_by(DAY_S)
    refresh(priced, server, lists, workspace_id=priced.workspace_id)
    assert {each["kind"] for each in findings(admin)} == {"jump", "unreachable"}
    later(priced, server, lists)
    assert [each["id"] for each in findings(admin)] == [odd["id"]]
    assert len(news(admin)) == 1


def test_a_bill_is_the_same_to_the_cent_while_prices_are_odd(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    later(priced, server, lists, 0)
    asked = {"workload": SMALL, "constraints": {"providers": ["aws"], "regions": {"aws": [REGION]}}}
    before = admin.post("optimize", asked)
    lambdas, tables = lists.rows["AWSLambda", REGION], lists.rows["AmazonDynamoDB", REGION]
    lists.row(*SQS).tiers = [(0, 0.0004)]
    lists.row("AmazonSNS", REGION, "EUC1-Requests-Tier1").unit = "1K Requests"
    lists.row("AWSLambda", REGION, "EUC1-Request").columns = {"Currency": "CNY"}
    lambdas += [replace(row, sku=f"{row.sku}2", tiers=[(0, 1.0)]) for row in lambdas if "GB-Second" in row.usagetype]
    tables[:] = [row for row in tables if "Storage" not in row.usagetype]
    for row in lists.rows["AWSIoT", REGION]:
        row.tiers = [(start, usd * 1e-6) for start, usd in row.tiers]
    later(priced, server, lists)
    assert {"jump", "unit", "tiers", "several_matches", "vanished"} <= {each["kind"] for each in findings(admin)}
    after = admin.post("optimize", asked)
    assert before["usd_per_month"] > 0
    assert after["usd_per_month"] == before["usd_per_month"]
    assert (after["bill"], after["slot_usd"]) == (before["bill"], before["slot_usd"])
