"""The whole way of AWS's list: from files on a server to a book, and whatever may be wrong with a file or a row."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.pricing.live.aws_lists import AwsLists, AwsRow, lists_of
from tests.pricing.live.conftest import OpenHttp, Time
from tests.pricing.live.replay import Fault, FaultyPriceServer
from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook, book_texts, read_book
from twin2multicloud.optimizer.pricing.diff import diff_books
from twin2multicloud.optimizer.pricing.fetching.assemble import assemble
from twin2multicloud.optimizer.pricing.fetching.aws import AwsFetcher
from twin2multicloud.optimizer.pricing.fetching.choosing import Chosen
from twin2multicloud.optimizer.pricing.fetching.http import PriceHttp
from twin2multicloud.optimizer.pricing.fetching.refreshing import Listed, Progress, read_lists
from twin2multicloud.optimizer.pricing.fetching.selectors import SelectorFile, load_selectors

ON = "2026-11-26"
REGIONS = ("us-east-1", "eu-central-1")


@pytest.fixture(scope="module")
def selectors() -> SelectorFile:
    return load_selectors(Provider.AWS)


@pytest.fixture
def lists(book: PriceBook, selectors: SelectorFile) -> AwsLists:
    return lists_of(book, selectors, REGIONS)


class Reading:
    """What reading the lists on the server comes to."""

    def __init__(
        self, server: FaultyPriceServer, open_http: OpenHttp, time: Time, book: PriceBook, selectors: SelectorFile
    ) -> None:
        self._time = time
        self._http = open_http
        self._server = server
        self._book = book
        self._selectors = selectors
        self.told: list[Progress] = []

    def __call__(self, lists: AwsLists, regions: Sequence[str] = REGIONS) -> Chosen:
        self._server.files = lists.files()
        self._time.at += timedelta(hours=1)

        async def read(http: PriceHttp) -> Chosen:
            async with http:
                listed = [Listed(AwsFetcher(), self._selectors)]
                found = await read_lists(listed, self._book, regions, http, ON, self.told.append)
                return found[Provider.AWS]

        return asyncio.run(read(self._http()))

    def book_of(self, chosen: Chosen, *accepted: str) -> PriceBook:
        return read_book(assemble(book_texts(), {Provider.AWS: chosen}, frozenset(accepted), ON).texts)


@pytest.fixture
def read(
    server: FaultyPriceServer, open_http: OpenHttp, time: Time, book: PriceBook, selectors: SelectorFile
) -> Reading:
    return Reading(server, open_http, time, book, selectors)


def test_every_meter_of_the_cloud_is_read_as_the_book_has_it(read: Reading, lists: AwsLists, book: PriceBook) -> None:
    chosen = read(lists)
    assert chosen.findings == []
    new = read.book_of(chosen)
    assert diff_books(book, new).empty
    fetched = [f for f in new.figures("list") if f.sku]
    assert len(fetched) == len([f for f in book.figures("list") if f.region in REGIONS]) == 126
    assert {(f.date, f.confidence, f.source) for f in fetched} == {(ON, "A", f"price-list-{ON}")}
    assert all(len(f.row) == 64 for f in fetched)
    assert new.version == f"{ON} + 2026.11"


def test_the_same_lists_make_the_same_book(read: Reading, lists: AwsLists) -> None:
    texts = [assemble(book_texts(), {Provider.AWS: read(lists)}, frozenset(), ON).texts for _ in range(2)]
    assert texts[0] == texts[1]


def test_a_refresh_in_which_nothing_moved_is_the_same_book(read: Reading, lists: AwsLists) -> None:
    first = assemble(book_texts(), {Provider.AWS: read(lists)}, frozenset(), ON).texts
    again = assemble(first, {Provider.AWS: read(lists)}, frozenset(), "2026-11-27").texts
    assert again == first
    for row in lists.rows["AWSLambda", "eu-central-1"]:
        row.tiers = [(start, usd * 1.05) for start, usd in row.tiers]
    lists.version = "20261127070000"
    moved = assemble(first, {Provider.AWS: read(lists)}, frozenset(), "2026-11-27").texts
    dates = {f.meter: f.date for f in read_book(moved).figures("list") if f.sku}
    assert {meter for meter, on in dates.items() if on == "2026-11-27"} == {m for m in dates if ".lambda." in m}
    assert f"price-list-{ON}" in moved["aws.toml"], "the others are of the day before still"
    for here in lists.rows.values():
        for row in here:
            row.tiers = [(start, usd * 1.05) for start, usd in row.tiers]
    lists.version = "20261128070000"
    last = assemble(moved, {Provider.AWS: read(lists)}, frozenset(), "2026-11-28").texts
    assert f"price-list-{ON}" not in last["aws.toml"], "a source that nothing cites goes"


def test_new_prices_are_taken_and_new_regions_added(read: Reading, lists: AwsLists) -> None:
    lists.row("AWSLambda", "eu-central-1", "EUC1-Request").tiers = [(0, 0.00000025)]
    row = AwsRow("NEW", "EUS1-Request", "Requests", [(0, 0.00000022)])
    lists.add("AWSLambda", "eu-south-1", row)
    new = read.book_of(read(lists, (*REGIONS, "eu-south-1")))
    assert new.figure("aws.lambda.requests", "eu-central-1").published == (0.0, 0.25)  # type: ignore[union-attr]
    assert new.figure("aws.lambda.requests", "eu-south-1").published == (0.0, 0.22)  # type: ignore[union-attr]


def test_progress_is_told_by_region_and_service(read: Reading, lists: AwsLists) -> None:
    read(lists)
    assert len(read.told) == 30
    told = {(each.service, each.region): each for each in read.told}
    assert told["AmazonDynamoDB", "eu-central-1"].prices == 5
    assert {each.total for each in read.told} == {30}
    assert sorted(each.done for each in read.told) == list(range(1, 31))


def test_only_wanted_regions_are_asked_for(read: Reading, lists: AwsLists, server: FaultyPriceServer) -> None:
    read(lists, ("eu-central-1",))
    files = [path for path in server.paths() if path.endswith(".csv")]
    assert len(files) == 15
    assert all("/eu-central-1/" in path for path in files)


# -- what is wrong with a file ----------------------------------------------------------------------------------------


def damaged(lists: AwsLists, old: str, new: str) -> dict[str, bytes]:
    path = lists.file("AmazonSNS", "eu-central-1")
    text = lists.files()[path].decode()
    assert old in text
    return {path: text.replace(old, new).encode()}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"v1.0"', '"v2.0"', "FormatVersion is 'v2.0'"),
        ('"Version","20261120070000"', '"Version","20261121070000"', "Version is '20261121070000'"),
        ('"OfferCode","AmazonSNS"', '"OfferCode","AmazonSQS"', "OfferCode is 'AmazonSQS'"),
        ('"PricePerUnit"', '"PriceEach"', "no column priceperunit"),
        ('"JRTCKXETXF","', '"JRTCKXETXF","more","', "a line has 27 cells of 26"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_leaves_the_others(
    read: Reading, lists: AwsLists, book: PriceBook, old: str, new: str, told: str
) -> None:
    bad = damaged(lists, old, new)
    whole = lists.files
    lists.files = lambda: whole() | bad  # type: ignore[method-assign]
    chosen = read(lists)
    [finding] = chosen.findings
    assert (finding.kind, finding.service, finding.region, finding.decidable) == (
        "unreachable",
        "AmazonSNS",
        "eu-central-1",
        False,
    )
    assert told in finding.message
    new_book = read.book_of(chosen)
    stays = new_book.figure("aws.sns.publishes", "eu-central-1")
    assert stays == book.figure("aws.sns.publishes", "eu-central-1"), "with its date, so that its age shows"
    assert len([f for f in new_book.figures("list") if f.sku]) == 125


def test_a_file_that_cannot_be_had_leaves_the_others(read: Reading, lists: AwsLists, server: FaultyPriceServer) -> None:
    server.fault(lists.file("AmazonSNS", "eu-central-1"), *[Fault(status=500)] * 8)
    server.fault("/offers/v1.0/aws/AWSIoT/current/region_index.json", Fault(status=404, body=b""))
    chosen = read(lists)
    assert {(f.kind, f.service, f.region) for f in chosen.findings} == {
        ("unreachable", "AmazonSNS", "eu-central-1"),
        ("unreachable", "AWSIoT", ""),
    }
    assert len(chosen.prices) == 126 - 1 - 10
    assert [each.problem for each in read.told if each.service == "AWSIoT"] != [""]


def test_a_list_that_is_not_there_at_all_is_a_finding(read: Reading, server: FaultyPriceServer) -> None:
    server.fault("/offers/v1.0/aws/index.json", Fault(body=b'{"offers": []}'))
    chosen = read(AwsLists())
    assert [(f.kind, f.service) for f in chosen.findings] == [("unreachable", "")]
    assert chosen.prices == []
    assert "names no offers" in read.told[-1].problem


def test_an_index_that_leads_elsewhere_is_not_followed(read: Reading, lists: AwsLists) -> None:
    whole = lists.files()
    index = "/offers/v1.0/aws/AmazonSNS/current/region_index.json"
    whole[index] = whole[index].replace(b'"/offers', b'"https://evil.example/offers')
    lists.files = lambda: whole  # type: ignore[method-assign]
    assert {f.service for f in read(lists).findings} == {"AmazonSNS"}


def test_the_regions_that_are_listed(lists: AwsLists, server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.files = lists.files()

    async def regions() -> list[str]:
        async with open_http() as http:
            return [region.code for region in await AwsFetcher().regions(http)]

    assert asyncio.run(regions()) == sorted(REGIONS)


def test_what_is_asked_of_a_killed_server_is_finished_when_it_is_back(
    read: Reading, lists: AwsLists, server: FaultyPriceServer
) -> None:
    server.fault(lists.file("AmazonS3", "us-east-1"), Fault(cut_at=900), Fault(drop=True), Fault(status=502))
    server.fault("*", *[Fault(drop=True)] * 2, *[Fault(status=429, retry_after="1")] * 3)
    assert read(lists).findings == []
    assert len([path for path in server.paths() if path == lists.file("AmazonS3", "us-east-1")]) >= 4


# -- what is wrong with a row -----------------------------------------------------------------------------------------

SQS = ("AWSQueueService", "eu-central-1", "EUC1-Requests-Tier1")


def kinds(chosen: Chosen) -> list[str]:
    return [finding.kind for finding in chosen.findings]


def test_a_row_that_is_gone(read: Reading, lists: AwsLists, book: PriceBook) -> None:
    lists.rows[SQS[0], SQS[1]] = [row for row in lists.rows[SQS[0], SQS[1]] if row.usagetype != SQS[2]]
    assert kinds(read(lists)) == ["no_match"]


def test_two_rows_with_different_prices(read: Reading, lists: AwsLists) -> None:
    row = lists.row(*SQS)
    lists.add(SQS[0], SQS[1], AwsRow("TWIN", row.usagetype, row.unit, [(0, 0.0000005)], row.attributes))
    [finding] = read(lists).findings
    assert finding.kind == "several_matches"
    assert len(finding.skus) == 2


def test_two_rows_that_say_the_same_are_one_price(read: Reading, lists: AwsLists) -> None:
    row = lists.row(*SQS)
    lists.add(SQS[0], SQS[1], AwsRow("A-TWIN", row.usagetype, row.unit, row.tiers, row.attributes))
    chosen = read(lists)
    assert chosen.findings == []
    [price] = [p for p in chosen.prices if (p.meter, p.region) == ("aws.sqs.requests", "eu-central-1")]
    assert price.skus == ("A-TWIN",)


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        ({"unit": "1K Requests"}, "unit", "priced per '1K Requests'"),
        (
            {"tiers": [(0, 0.0000004), (1e11, 0.0000006)]},
            "not_monotone",
            "rises from 0.4 to 0.6 USD per million units at 100,000,000,000",
        ),
        ({"tiers": [(0, 0.000004)]}, "jump", "from 0.4 to 4 USD per million units (+900 %)"),
        ({"tiers": [(0, 0.00000025)]}, "jump", "(-38 %)"),
        ({"tiers": [(0, 0.0)]}, "free", "for nothing"),
        ({"tiers": [(5, 0.0000004)]}, "tiers", "no price below 5"),
        ({"columns": {"PricePerUnit": "n/a"}}, "tiers", "no numbers"),
        ({"columns": {"PricePerUnit": "-0.1"}}, "tiers", "negative"),
        ({"columns": {"PricePerUnit": "Infinity"}}, "tiers", "no numbers"),
        ({"columns": {"Currency": "CNY"}}, "tiers", "priced in 'CNY', not USD"),
        ({"columns": {"EndingRange": "100"}}, "tiers", "tiers end at"),
        ({"columns": {"EffectiveDate": "2026-12-01"}}, "no_match", "no row of AWSQueueService matches"),
    ],
)
def test_an_odd_row_is_a_finding_and_the_last_good_price_stays(
    read: Reading, lists: AwsLists, book: PriceBook, change: dict[str, object], kind: str, told: str
) -> None:
    row = lists.row(*SQS)
    for name, value in change.items():
        setattr(row, name, value)
    chosen = read(lists)
    assert kind in kinds(chosen)
    [finding] = [finding for finding in chosen.findings if finding.kind == kind]
    assert told in finding.message
    assert read.book_of(chosen).figure("aws.sqs.requests", "eu-central-1") == book.figure(
        "aws.sqs.requests", "eu-central-1"
    )


def test_an_accepted_finding_makes_its_price_hold(read: Reading, lists: AwsLists) -> None:
    lists.row(*SQS).tiers = [(0, 0.0000004), (1e11, 0.0000006)]
    chosen = read(lists)
    ids = [finding.id for finding in chosen.findings]
    assert kinds(chosen) == ["not_monotone", "jump"]
    assert read.book_of(chosen, ids[0]).figure("aws.sqs.requests", "eu-central-1").sku == ""  # type: ignore[union-attr]
    figure = read.book_of(chosen, *ids).figure("aws.sqs.requests", "eu-central-1")
    assert figure.published == (0.0, 0.4, 0.6)  # type: ignore[union-attr]
    assert "accepted" in figure.rising  # type: ignore[union-attr]


def test_the_same_finding_has_the_same_id_and_another_price_another(read: Reading, lists: AwsLists) -> None:
    row = lists.row(*SQS)
    seen = []
    for usd in (0.000004, 0.000004, 0.000005):
        row.tiers = [(0, usd)]
        lists.version = str(int(lists.version) + 1)
        seen.append(read(lists).findings[0].id)
    assert seen[0] == seen[1] != seen[2]


def test_what_vanishes_is_told_apart_from_what_never_was(read: Reading, lists: AwsLists, book: PriceBook) -> None:
    first = read.book_of(read(lists))
    lists.rows[SQS[0], SQS[1]] = [row for row in lists.rows[SQS[0], SQS[1]] if row.usagetype != SQS[2]]
    lists.version = str(int(lists.version) + 1)
    read._book = first
    assert kinds(read(lists)) == ["vanished"]


def test_a_first_price_far_from_every_other_region_is_odd(read: Reading, lists: AwsLists) -> None:
    lists.add("AWSLambda", "eu-south-1", AwsRow("NEW", "EUS1-Request", "Requests", [(0, 0.00002)]))
    chosen = read(lists, (*REGIONS, "eu-south-1"))
    odd = {(finding.meter, finding.kind) for finding in chosen.findings}
    assert ("aws.lambda.requests", "outlier") in odd
    assert ("aws.lambda.duration-x86", "no_match") in odd, "sold there, but not all of it"
    assert not any(finding.region == "eu-south-1" and "sqs" in finding.meter for finding in chosen.findings)


def test_prices_in_force_count_not_those_to_come_or_gone(read: Reading, lists: AwsLists) -> None:
    row = lists.row(*SQS)
    for sku, on, usd in ((row.sku, "2025-01-01", 0.0000003), (row.sku, "2027-01-01", 0.0000002)):
        lists.add(*SQS[:2], AwsRow(sku, row.usagetype, row.unit, [(0, usd)], row.attributes, {"EffectiveDate": on}))
    assert read(lists).findings == []


def test_telling_may_end_it(read: Reading, lists: AwsLists) -> None:
    class CancelledError(Exception):
        pass

    def cancel(_: Progress) -> None:
        raise CancelledError

    read.told = type("Told", (), {"append": staticmethod(cancel)})()
    with pytest.raises(CancelledError):
        read(lists)


def test_findings_are_errors_of_prices() -> None:
    from twin2multicloud.optimizer.pricing.fetching.http import FetchError

    assert issubclass(FetchError, PriceError)
