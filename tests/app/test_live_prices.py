"""The clouds' price lists, replayed, come to the book in use; what is odd waits for a person and reaches no bill."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Person, Site, site
from tests.app.runners import work_off
from tests.app.test_price_refresh import Told
from tests.pricing.live.aws_lists import AwsLists, AwsRow, lists_of
from tests.pricing.live.replay import Fault, FaultyPriceServer
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.services import price_refresh
from twin2multicloud.app.services.live_prices import LivePriceSource
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

REGION = "eu-central-1"
SQS = ("AWSQueueService", REGION, "EUC1-Requests-Tier1")


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
    """A backend for which the server on this machine has the clouds' lists."""
    settings = {"aws": server.url, "azure": server.url, "gcp": server.url, "google_api_key": "canary-key"}
    with site(tmp_path / "data", sqlite_file, price_lists=settings) as here:
        yield here


@pytest.fixture
def admin(priced: Site) -> Person:
    return priced.person("ada", admin=True)


def refresh(here: Site, server: FaultyPriceServer, lists: AwsLists, **asked: Any) -> tuple[Any, LivePriceSource, Told]:
    here.clock.pass_by(60)
    server.files = lists.files()
    told = Told()
    source = LivePriceSource(here.backend, ["aws"], [REGION], **asked)
    taken = price_refresh.refresh(here.backend, None, here.workspace_id, source, told)
    return taken, source, told


def figure(person: Person, meter: str = "aws.sqs.requests") -> Mapping[str, Any]:
    found: Mapping[str, Any]
    [found] = person.get(f"prices/meters/{meter}?region={REGION}")["figures"]
    return found


def test_a_run_reads_the_lists_and_tells_how_far_it_is(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    server.files = lists.files()
    run = admin.post("prices/refresh", {"providers": ["aws"], "regions": [REGION]}, 201)
    work_off(priced)
    done = admin.get(f"runs/{run['id']}")
    assert done["status"] == "succeeded", done["problem"]
    assert done["result"]["lists"] == {"taken": 63, "held": 0, "findings": 0}
    assert done["result"]["taken"]["number"] == 2
    told = admin.get(f"runs/{run['id']}/events?kind=prices&limit=500")["items"]
    lines = {each["message"]: each["data"] for each in told}
    dynamo = lines["AWS eu-central-1 · Amazon DynamoDB · 5 prices"]
    assert {**dynamo, "part": 0, "percent": 0} == {
        "provider": "aws",
        "region": REGION,
        "service": "Amazon DynamoDB",
        "prices": 5,
        "part": 0,
        "parts": 15,
        "percent": 0,
    }
    percents = [each["data"]["percent"] for each in told if "percent" in each["data"]]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert "63 prices taken from the lists" in lines
    now = figure(admin)
    assert (now["confidence"], now["date"]) == ("A", admin.get("prices")["date"])


def test_the_body_is_checked(priced: Site, admin: Person) -> None:
    admin.post("prices/refresh", {"providers": ["ibm"]}, 422)
    admin.post("prices/refresh", {"source": "the web"}, 422)
    with pytest.raises(UsageError, match="westeurope is a region of Azure"):
        LivePriceSource(priced.backend, ["aws"], ["westeurope"]).fetch(Told())


def test_an_odd_price_waits_for_a_person_and_is_taken_once_accepted(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    before = figure(admin)
    lists.row(*SQS).tiers = [(0, 0.000004)]
    _, source, told = refresh(priced, server, lists)
    assert source.outcome() == {"taken": 62, "held": 1, "findings": 1}
    assert any("1 finding, 1 price held back" in text for text in told.texts)
    assert figure(admin) == before, "the last good price, with its date"
    [finding] = admin.get("prices/findings")["items"]
    assert (finding["kind"], finding["meter"], finding["region"]) == ("jump", "aws.sqs.requests", REGION)
    assert (finding["decidable"], finding["decision"], finding["current"]) == (True, None, True)
    assert finding["after"] == [[0.0, 0.0], [1e6, pytest.approx(4e-6)]]
    assert len(finding["rows"][0]) == 64

    decided = admin.post(f"prices/findings/{finding['id']}", {"decision": "accept", "note": "announced"})
    assert (decided["decision"], decided["note"]) == ("accept", "announced")
    assert figure(admin) == before, "the next refresh goes by it"
    lists.version = str(int(lists.version) + 1)
    refresh(priced, server, lists)
    assert figure(admin) != before
    assert admin.get(f"prices/meters/aws.sqs.requests?region={REGION}&quantity=2e6")["usd_per_month"] == pytest.approx(
        4
    )
    assert [each["decision"] for each in admin.get("prices/findings")["items"]] == ["accept"]
    refresh(priced, server, lists)
    assert admin.get("prices/findings")["items"] == [], "it is as usual now"
    assert len(admin.get("prices/findings?gone=true")["items"]) == 1
    audited = admin.get("audit?action=prices.finding_decided")["items"]
    assert [each["subject"] for each in audited] == [finding["id"]]


def test_a_decision_holds_while_the_same_price_is_seen(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    row = lists.row(*SQS)
    row.tiers = [(0, 0.000004)]
    refresh(priced, server, lists)
    [finding] = admin.get("prices/findings")["items"]
    admin.post(f"prices/findings/{finding['id']}", {"decision": "reject"})
    refresh(priced, server, lists)
    [again] = admin.get("prices/findings?decided=true")["items"]
    assert (again["id"], again["decision"]) == (finding["id"], "reject")
    row.tiers = [(0, 0.000005)]
    lists.version = str(int(lists.version) + 1)
    refresh(priced, server, lists)
    [other] = admin.get("prices/findings?decided=false&kind=jump&meter=sqs&provider=aws&region=eu-central-1")["items"]
    assert other["id"] != finding["id"]


def test_what_has_no_price_cannot_be_accepted(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    lists.row(*SQS).unit = "1K Requests"
    refresh(priced, server, lists)
    [finding] = admin.get("prices/findings")["items"]
    assert finding["kind"] == "unit"
    path = f"prices/findings/{finding['id']}"
    problem = admin.call("POST", path, code=409, json={"decision": "accept"}).json()
    assert "no price that could be accepted" in problem["detail"]
    assert admin.post(path, {"decision": "reject"})["decision"] == "reject"
    admin.post("prices/findings/0123456789abcdef", {"decision": "reject"}, 404)
    viewer = priced.person("vera")
    viewer.post(path, {"decision": "reject"}, 403)


def test_without_a_network_the_book_stays_in_use(priced: Site, admin: Person, server: FaultyPriceServer) -> None:
    server.kill()
    before = admin.get("prices")
    with pytest.raises(UnavailableError, match=r"no price list could be read .* stays in use"):
        LivePriceSource(priced.backend).fetch(Told())
    assert admin.get("prices") == before


def test_what_cannot_be_read_leaves_the_others_and_is_told(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    server.fault(lists.file("AmazonSNS", REGION), Fault(status=404, body=b""))
    _, source, told = refresh(priced, server, lists)
    assert source.outcome()["taken"] == 62
    [problem] = [data for _, data in told if "problem" in data]
    assert (problem["service"], problem["region"]) == ("Amazon SNS", REGION)
    [finding] = admin.get("prices/findings")["items"]
    assert (finding["kind"], finding["service"]) == ("unreachable", "AmazonSNS")


def test_a_refresh_that_was_killed_goes_on(priced: Site, server: FaultyPriceServer, lists: AwsLists) -> None:
    server.files = lists.files()
    began = priced.backend.now()

    class KilledError(Exception):
        pass

    def tell(text: str, data: Mapping[str, Any] | None = None) -> None:
        if (data or {}).get("part") == 10:
            raise KilledError

    with pytest.raises(KilledError):
        LivePriceSource(priced.backend, ["aws"], [REGION], since=began).fetch(tell)
    asked = set(server.paths())
    priced.clock.pass_by(600)
    server.asked.clear()
    LivePriceSource(priced.backend, ["aws"], [REGION], since=began).fetch(Told())
    again = [path for path in server.paths() if path in asked]
    assert len(asked) >= 24
    assert len(again) <= 8, "only what was under way is asked for again"


def test_a_refresh_that_is_called_off_ends_at_once(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    server.files = lists.files()
    server.fault("*", *[Fault(pause_s=0.5, block=100)] * 500)
    before = admin.get("prices")
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    asked = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    asked.start()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            LivePriceSource(priced.backend, ["aws"], [REGION]).fetch(Told())
    finally:
        asked.join()
        signal.signal(signal.SIGINT, usual)
    assert time.monotonic() - began < 10, "the lists would have taken minutes"
    assert admin.get("prices") == before
    assert admin.get("prices/findings")["items"] == []


def test_regions_that_the_book_has_not_are_told(
    priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists
) -> None:
    assert admin.get("prices/listed-regions")["items"] == []
    for region in ("eu-south-2", "us-gov-south-9", "us-east-1-bos-1"):
        lists.add("AWSLambda", region, AwsRow("NEW", "EUS2-Request", "Requests", [(0, 0.0000002)]))
    server.files = lists.files()
    told = Told()
    LivePriceSource(priced.backend, ["aws"]).fetch(told)
    [data] = [data for _, data in told if "regions_without_prices" in data]
    assert data == {"provider": "aws", "regions_without_prices": ["eu-south-2"]}
    found = {each["code"]: each for each in admin.get("prices/listed-regions?provider=aws")["items"]}
    assert found.keys() == {"eu-south-2", "us-gov-south-9", "us-east-1-bos-1"}
    assert (found["eu-south-2"]["city"], found["eu-south-2"]["left_out"]) == ("Aragón", "")
    assert found["us-gov-south-9"]["left_out"].startswith("AWS GovCloud")
    assert "local zone" in found["us-east-1-bos-1"]["left_out"]
    assert admin.get("prices/listed-regions?provider=gcp")["items"] == []


def test_how_old_prices_are(priced: Site, admin: Person, server: FaultyPriceServer, lists: AwsLists) -> None:
    refresh(priced, server, lists)
    priced.clock.pass_by(86_400 * 10)
    found = admin.get(f"prices/ages?provider=aws&region={REGION}")
    assert found["stale_after_days"] == 30
    assert found["prices"] == sum(each["prices"] for each in found["items"]) == 63
    assert {each["oldest_days"] for each in found["items"]} == {10}
    assert found["stale"] == 0
    everything = admin.get("prices/ages")
    assert everything["items"][0]["oldest_days"] > 30
    assert everything["stale"] > 0


def test_the_key_is_told_to_nobody(priced: Site, admin: Person, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        LivePriceSource(priced.backend, ["gcp"]).fetch(Told())
    assert "canary-key" not in str(refused.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"canary-key" in path.read_bytes()]
