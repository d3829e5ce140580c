from __future__ import annotations

import pytest

from tests.pricing.conftest import WriteBook
from twin2multicloud.optimizer.pricing.book import PriceBook, load_book
from twin2multicloud.optimizer.pricing.diff import diff_books

CALLS = "usd = [[0, 0], [1000000, 0.20]], per = 1000000,"
SOURCE = 'S = { title = "a source", date = "2026-01-01" }'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CALLS, "  usd = [ [0, 0.0], [1e6, 0.2] ],per = 1e6,"),
        ("[regions]", "# a comment\n[regions]\n"),
        (SOURCE, 'S = { date = "2026-01-01", title = "a source" }'),
        ('id = "calls", counts = "calls"', 'counts = "calls", id = "calls"'),
    ],
)
def test_spelling_does_not_change_the_hash(write_book: WriteBook, old: str, new: str) -> None:
    plain = load_book(write_book()).content_hash
    assert load_book(write_book((old, new), name="other")).content_hash == plain


def test_order_of_rows_does_not_change_the_hash(write_book: WriteBook) -> None:
    here = 'here = { name = "Here", country = "DE", geography = "EU", zone = "eu" }\n'
    there = 'there = { name = "There", country = "US", geography = "US", zone = "us" }\n'
    plain = load_book(write_book()).content_hash
    assert load_book(write_book((here + there, there + here), name="other")).content_hash == plain


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CALLS, "usd = [[0, 0], [1000000, 0.21]], per = 1000000,"),
        (CALLS, "usd = [[0, 0], [1000001, 0.20]], per = 1000000,"),
        (SOURCE, 'S = { title = "another source", date = "2026-01-01" }'),
        ('version = "t1"', 'version = "t2"'),
        ("usd = 0.02", "usd = 0.03"),
    ],
)
def test_content_changes_the_hash(write_book: WriteBook, old: str, new: str) -> None:
    plain = load_book(write_book()).content_hash
    assert load_book(write_book((old, new), name="other")).content_hash != plain


def test_a_book_does_not_differ_from_itself(book: PriceBook) -> None:
    assert diff_books(book, book).empty


def test_a_changed_price_is_given_tier_by_tier(write_book: WriteBook) -> None:
    before = load_book(write_book())
    after = load_book(write_book((CALLS, "usd = [[0, 0], [1000000, 0.15], [2000000, 0.1]], per = 1000000,"), name="b"))
    (change,) = diff_books(before, after).figures
    assert (change.meter, change.regions, change.what) == ("aws.fn.calls", ("here", "there"), "changed")
    assert [(tier.start, tier.relative) for tier in change.tiers] == [(1e6, pytest.approx(-0.25)), (2e6, None)]


def test_a_new_meter_and_a_lost_region_are_named(write_book: WriteBook) -> None:
    memory = (
        'unit = "GB", size = "GB", scope = "zone", pool = "p" },',
        'unit = "GB", size = "GB", scope = "zone", pool = "p" },\n'
        '  { id = "more", counts = "x", C = "C_A", kind = "per-use", measure = "count", unit = "x", scope = "zone" },',
    )
    figure = (
        'meter = "memory", in = "here", usd = 0.5, source',
        'meter = "more", in = "here", usd = 1, source = "S", on = "2026-01-01", confidence = "A" },\n'
        '  { meter = "memory", in = "here", usd = 0.5, increment = 2, source',
    )
    there = ('there = { name = "There", country = "US", geography = "US", zone = "us" }', "")
    changes = diff_books(load_book(write_book()), load_book(write_book(memory, figure, there, name="b")))
    assert changes.meters_added == ("aws.fn.more",)
    assert changes.regions_removed == ("there",)
    kinds = {(change.meter, change.what) for change in changes.figures}
    assert kinds == {("aws.fn.more", "added"), ("aws.fn.calls", "removed"), ("aws.fn.memory", "changed")}
    (rounding,) = [change.rounding for change in changes.figures if change.meter == "aws.fn.memory"]
    assert rounding == ("increment 0 → 2",)


def test_a_meters_new_rule_and_a_transit_price_are_named(write_book: WriteBook) -> None:
    chunked = ('unit = "calls", scope', 'unit = "calls", chunk = 1024, scope')
    changes = diff_books(
        load_book(write_book()), load_book(write_book(chunked, ("usd = 0.02", "usd = 0.03"), name="b"))
    )
    (meter,) = changes.meters_changed
    assert meter.fields == (("chunk_bytes", "None", "1024"),)
    assert changes.transit == (("here", "there", 0.02, 0.03),)
