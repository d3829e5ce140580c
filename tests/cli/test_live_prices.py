"""Prices refreshed from the command line, without a server: lists replayed on this machine, and what is odd decided."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.app.backends import TWIN
from tests.cli.conftest import Outcome, call
from tests.pricing.live.aws_lists import AwsLists, lists_of
from tests.pricing.live.replay import FaultyPriceServer
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

REGION = "eu-central-1"


class Home:
    """A person's machine, whose AWS price list is on a server here."""

    def __init__(self, directory: Path, url: str) -> None:
        self._env: Mapping[str, str] = {
            "HOME": str(directory),
            "XDG_CONFIG_HOME": str(directory / "config"),
            "T2M_DATA": str(directory / "data"),
            "T2M_PRICE_LISTS__AWS": url,
            "COLUMNS": "200",
        }

    def __call__(self, *arguments: str, code: int = 0) -> Outcome:
        done = call(*arguments, env=self._env)
        assert done.code == code, f"{arguments}: {done.code}\n{done.out}\n{done.err}"
        return done


@pytest.fixture
def server() -> Iterator[FaultyPriceServer]:
    started = FaultyPriceServer()
    yield started
    started.close()


@pytest.fixture
def home(tmp_path: Path, server: FaultyPriceServer) -> Home:
    return Home(tmp_path, server.url)


@pytest.fixture
def lists() -> AwsLists:
    return lists_of(load_book(), load_selectors(Provider.AWS), (REGION,))


@pytest.mark.slow
def test_prices_are_refreshed_and_odd_ones_decided(
    home: Home, server: FaultyPriceServer, lists: AwsLists, tmp_path: Path
) -> None:
    file = tmp_path / "twin.yaml"
    file.write_text(TWIN.replace("count: 3,", "count: 30000,"))
    home("twins", "create", str(file))
    home("twins", "optimize", "greenhouse", "--providers", "aws", "--residency", "EU", "--take")
    for row in lists.rows["AWSLambda", REGION]:
        row.tiers = [(start, usd * 1.2) for start, usd in row.tiers]
    lists.row("AWSQueueService", REGION, "EUC1-Requests-Tier1").tiers = [(0, 0.000004)]
    server.files = lists.files()
    refreshed = home("prices", "refresh", "--provider", "aws", "--region", REGION)
    assert "AWS eu-central-1 · Amazon DynamoDB · 5 prices" in refreshed.out + refreshed.err
    assert "1 finding waits for somebody to decide" in refreshed.err

    [finding] = home("prices", "findings", "--json").json
    assert (finding["kind"], finding["meter"]) == ("jump", "aws.sqs.requests")
    assert finding["id"][:8] in home("prices", "findings").out
    assert "no finding begins with 'zz'" in home("prices", "accept", "zz", code=2).err
    home("prices", "accept", finding["id"][:6], "--note", "announced")
    assert "nothing is odd" in home("prices", "findings").out
    assert home("prices", "findings", "--all", "--json").json[0]["note"] == "announced"
    [second] = home("prices", "refresh", "--provider", "aws", "--region", REGION, "--json").lines[-1:]
    assert second
    numbers = [book["number"] for book in home("prices", "books", "--json").json]
    assert numbers == [3, 2, 1]
    found = home("prices", "diff", "1", "3", "--json").json
    assert found["changes"]["figures"] >= 4
    [effect] = found["twins"]
    assert effect["after_usd"] > effect["before_usd"]
    assert "greenhouse" in home("prices", "diff", "1", "3").out

    ages = home("prices", "age", "--provider", "aws", "--region", REGION, "--json").json
    assert (ages["stale"], ages["prices"]) == (0, 63)
    assert "prices were last seen more than 30 days ago" in home("prices", "age").err
    again = home("prices", "refresh", "--provider", "aws", "--region", REGION)
    assert "Nothing has moved since the prices of" in again.out + again.err
    assert "100 % · AWS eu-central-1" in again.out + again.err
    assert len(home("prices", "books", "--json").json) == 3
    assert "per million requests" in home("prices", "diff", "1", "3").out
    assert "were never read as a whole" in home("prices", "regions", "--listed").out


@pytest.mark.slow
def test_without_a_network_the_newest_book_stays_in_use(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        home = Home(tmp_path, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        done = call("prices", "refresh", "--provider", "aws", env=home._env)
    assert done.code != 0
    assert "stays in use" in done.out + done.err
    assert home("prices", "books").out.strip() == "no book was taken up yet"


def test_a_cloud_that_is_none(home: Home) -> None:
    assert "--provider: 'ibm' is none of aws, azure, gcp" in home("prices", "refresh", "--provider", "ibm", code=2).err
