"""However rows of a list are corrupted: each price of the new book is the right one or the last good one."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pricing.live.aws_lists import COLUMNS, VERSION, AwsLists, lists_of
from tests.thoroughness import often
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook, book_texts, load_book, read_book
from twin2multicloud.optimizer.pricing.fetching.assemble import assemble
from twin2multicloud.optimizer.pricing.fetching.choosing import choose
from twin2multicloud.optimizer.pricing.fetching.offer_csv import OfferError, read_offer
from twin2multicloud.optimizer.pricing.fetching.rows import Part
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors
from twin2multicloud.optimizer.pricing.meters import Figure

ON = "2026-11-26"
REGION = "eu-central-1"
SERVICES = ("AWSQueueService", "AmazonS3", "AWSDataTransfer", "AmazonDynamoDB", "IoTTwinMaker")
BOOK = load_book()
TEXTS = book_texts()
SELECTORS = load_selectors(Provider.AWS)
LISTS = lists_of(BOOK, SELECTORS, (REGION,))

Line = dict[str, str]
Corruption = Callable[[list[Line], int], list[Line]]


def changed(lines: list[Line], number: int, **cells: str) -> list[Line]:
    return [
        line | {_TITLES[name]: text for name, text in cells.items()} if n == number else line
        for n, line in enumerate(lines)
    ]


_TITLES = {title.replace(" ", "").lower(): title for title in COLUMNS}


def times(line: Line, factor: float) -> str:
    """The line's price so many times, if another corruption has left it one."""
    try:
        return repr(float(line["PricePerUnit"]) * factor)
    except ValueError:
        return line["PricePerUnit"]


def priced(factor: float) -> Corruption:
    def corrupt(lines: list[Line], number: int) -> list[Line]:
        return changed(lines, number, priceperunit=times(lines[number], factor))

    return corrupt


def cell(name: str, text: str) -> Corruption:
    return lambda lines, number: changed(lines, number, **{name: text})


def twin(lines: list[Line], number: int) -> list[Line]:
    """Another SKU of the same kind; so much dearer that it is no price even if the first is gone."""
    line = lines[number]
    other = {"SKU": line["SKU"] + "2", "PricePerUnit": times(line, 1.6)}
    return [*lines, line | other]


def again(lines: list[Line], number: int) -> list[Line]:
    """A second set of tiers within one SKU."""
    line = lines[number]
    return [*lines, line | {"StartingRange": str(int(line["StartingRange"]) + 5)}]


CORRUPTIONS: dict[str, Corruption] = {
    "gone": lambda lines, number: lines[:number] + lines[number + 1 :],
    "ten times": priced(10),
    "a tenth": priced(0.1),
    "a block of 1,000": priced(1000),
    "half as much again": priced(1.6),
    "nothing": cell("priceperunit", "0.0000000000"),
    "negative": priced(-1),
    "no number": cell("priceperunit", "N/A"),
    "not finite": cell("priceperunit", "inf"),
    "empty": cell("priceperunit", ""),
    "another unit": cell("unit", "1K Units"),
    "no unit": cell("unit", ""),
    "another currency": cell("currency", "EUR"),
    "to come": cell("effectivedate", "2027-01-01"),
    "another term": cell("termtype", "Reserved"),
    "another usage": cell("usagetype", "EUC1-Something-Else"),
    "another region's usage": cell("usagetype", "USE2-Requests-Tier1"),
    "starts later": cell("startingrange", "100000000000"),
    "ends early": cell("endingrange", "1"),
    "a twin": twin,
    "tiers twice": again,
}


def rows_of(text: str) -> list[Line]:
    lines = list(csv.reader(io.StringIO(text)))[6:]
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def drifted(lists: AwsLists, share: float) -> dict[str, list[Line]]:
    """The lists as they rightly are by now: every price differs from the book's a little, as prices do."""
    found = {}
    for service in SERVICES:
        lines = rows_of(lists.csv(service, REGION))
        found[service] = [line | {"PricePerUnit": repr(float(line["PricePerUnit"]) * share)} for line in lines]
    return found


def written(service: str, lines: list[Line]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("FormatVersion", "v1.0"), ("Version", VERSION), ("OfferCode", service)])
    writer.writerow(COLUMNS)
    writer.writerows([line[name] for name in COLUMNS] for line in lines)
    return out.getvalue()


def figures(book: PriceBook) -> dict[str, Figure]:
    return {f.meter: f for f in book.figures("list") if f.region == REGION}


@pytest.fixture(scope="module")
def book_from(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, str]], PriceBook]:
    directory = tmp_path_factory.mktemp("lists")

    def book(texts: dict[str, str]) -> PriceBook:
        parts = [part(directory / "list.csv", service, text) for service, text in texts.items()]
        chosen = choose(SELECTORS, parts, BOOK, (REGION,))
        return read_book(assemble(TEXTS, {Provider.AWS: chosen}, frozenset(), ON).texts)

    return book


def part(path: Path, service: str, text: str) -> Part:
    path.write_text(text, encoding="utf-8")
    try:
        rows = read_offer(path, service=service, region=REGION, version=VERSION, on=ON, may_match=SELECTORS.may_match)
    except OfferError as error:
        return Part(Provider.AWS, service, REGION, problem=str(error))
    return Part(Provider.AWS, service, REGION, rows)


@pytest.mark.parametrize("share", [0.9, 1.0, 1.15])
def test_without_corruption_every_price_is_the_right_one(
    book_from: Callable[[dict[str, str]], PriceBook], share: float
) -> None:
    right = book_from({service: written(service, lines) for service, lines in drifted(LISTS, share).items()})
    taken = [figure for figure in figures(right).values() if figure.sku]
    assert len(taken) == 41
    for figure in taken:
        before = figures(BOOK)[figure.meter].usd_per_unit
        assert figure.usd_per_unit == pytest.approx([usd * share for usd in before], rel=1e-9)


@pytest.mark.slow
@settings(max_examples=often(30))
@given(
    share=st.sampled_from((0.9, 1.0, 1.15)),
    faults=st.lists(
        st.tuples(st.sampled_from(SERVICES), st.integers(0, 10_000), st.sampled_from(sorted(CORRUPTIONS))),
        min_size=1,
        max_size=12,
    ),
    cut=st.none() | st.tuples(st.sampled_from(SERVICES), st.floats(0.05, 0.999)),
)
def test_a_corrupted_price_never_reaches_the_book(
    book_from: Callable[[dict[str, str]], PriceBook],
    share: float,
    faults: list[tuple[str, int, str]],
    cut: tuple[str, float] | None,
) -> None:
    true = drifted(LISTS, share)
    right = figures(book_from({service: written(service, lines) for service, lines in true.items()}))
    lists = dict(true)
    for service, number, kind in faults:
        if lists[service]:
            lists[service] = CORRUPTIONS[kind](lists[service], number % len(lists[service]))
    texts = {service: written(service, lines) for service, lines in lists.items()}
    if cut is not None:
        texts[cut[0]] = texts[cut[0]][: int(len(texts[cut[0]]) * cut[1])]
    before = figures(BOOK)
    for meter, figure in figures(book_from(texts)).items():
        was, now = before[meter], right[meter]
        assert (figure.starts, figure.published) in ((was.starts, was.published), (now.starts, now.published))
        assert figure.date == (ON if figure.sku else was.date)
