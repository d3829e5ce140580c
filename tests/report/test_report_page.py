"""The report as a document: well-formed, self-contained, accessible, and safe whatever the text in it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.report.conftest import GENERATED_ON, report, shared_book
from tests.report.page import Element, read_page
from twin2multicloud.app.report.html import render_report
from twin2multicloud.app.report.markup import Html, tag, text
from twin2multicloud.optimizer.bill.market import Unavailable
from twin2multicloud.optimizer.bill.result import BillResult, BookIdentity

HOSTILE = "<script>alert('x')</script>\"><img src=https://evil.example/x onerror=alert(1)> & \x00\x1b[31m \ud800"


def test_the_page_is_one_document_with_a_title_and_headings_in_order(page: Element) -> None:
    assert [child.name for child in page.children if isinstance(child, Element)] == ["html"]
    assert page.one("html").attributes["lang"] == "en"
    assert page.one("head").one("title").text == "Smart building · Twin2MultiCloud"
    headings = [element.name for element in page.all() if re.fullmatch("h[1-6]", element.name)]
    assert headings[0] == "h1"
    assert set(headings[1:]) == {"h2"}


def test_nothing_is_loaded_from_anywhere(page: Element, result: BillResult) -> None:
    loaders = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "source", "use", "image", "base"}
    assert not [element.name for element in page.all() if element.name in loaders]
    for element in page.all():
        assert not {"src", "srcset", "data", "poster", "style", "xlink:href"} & set(element.attributes)
        assert not [key for key in element.attributes if key.startswith("on")]
        if "href" in element.attributes:
            assert element.name == "a"
    css = page.one("head").one("style").text
    assert "url(" not in css
    assert "@import" not in css
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"] or ""
    assert policy.startswith("default-src 'none'")
    assert "//" not in css
    assert "//" not in str([element.attributes for element in page.all() if element.name != "a"])
    assert len(report(result).encode()) < 1_000_000


def test_every_inner_link_leads_somewhere_and_ids_are_unique(page: Element) -> None:
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    targets = [element.attributes["href"] or "" for element in page.all("a")]
    inner = [target.removeprefix("#") for target in targets if target.startswith("#")]
    assert len(inner) > 10
    assert not set(inner) - set(ids)
    assert all(target.startswith("https://") for target in targets if not target.startswith("#"))
    for element in page.all():
        for reference in (element.attributes.get("aria-labelledby") or "").split():
            assert reference in ids


def test_drawings_and_tables_speak_for_themselves(page: Element) -> None:
    drawings = page.all("svg")
    assert len(drawings) > 10
    for drawing in drawings:
        assert drawing.attributes["role"] == "img"
        assert drawing.attributes.get("aria-label") or drawing.attributes.get("aria-labelledby")
    for table in page.all("table"):
        assert table.all("caption")[0].text
        width = len(table.all("thead")[0].all("th"))
        assert all(cell.attributes.get("scope") for cell in table.all("th"))
        for row in table.all("tr"):
            cells = [cell for cell in row.children if isinstance(cell, Element)]
            assert sum(int(cell.attributes.get("colspan") or 1) for cell in cells) == width


def test_no_figure_is_missing_or_infinite(page: Element) -> None:
    words = page.one("body").text.casefold()
    assert not re.search(r"\bnan\b|\binf\b|infinity|\bnone\b =|\$-|provider\.|slot\.", words)
    for element in page.all():
        for key in ("x", "y", "width", "height", "x1", "y1", "x2", "y2", "points"):
            value = element.attributes.get(key)
            assert value is None or re.fullmatch(r"-?[\d.]+([ ,]-?[\d.]+)*", value), (element.name, key, value)


def test_hostile_text_stays_text(result: BillResult) -> None:
    line = replace(result.invoice.lines[0], dimension=HOSTILE, source=HOSTILE, note=HOSTILE, service=HOSTILE)
    hostile = replace(
        result,
        warnings=(HOSTILE,),
        invoice=replace(result.invoice, lines=(line, *result.invoice.lines[1:])),
        unavailable=(Unavailable("aws.iot-core", "eu-west-1", HOSTILE),),
    )
    html = report(hostile, title=HOSTILE)
    html.encode("utf-8")
    page = read_page(html)
    assert not page.all("script")
    assert not page.all("img")
    assert page.one("h1").text.startswith("<script>alert('x')</script>")
    assert not re.search("[\x00-\x08\x1b\x7f]", html)
    assert html.count("&lt;script&gt;") >= 7


def test_markup_is_only_what_was_made_as_markup() -> None:
    assert tag("p", "<b>", Html("<i></i>")) == "<p>&lt;b&gt;<i></i></p>"
    assert tag("a", href='"><x>', hidden=True, title=None) == '<a href="&quot;&gt;&lt;x&gt;" hidden></a>'
    assert tag("br") == "<br>"
    assert text("a\x00b") == "a\N{REPLACEMENT CHARACTER}b"
    assert text(text("<")) == "&lt;"


def test_without_the_price_book_the_report_shows_codes_alone(result: BillResult) -> None:
    page = read_page(render_report(result, title="Alone", generated_on=GENERATED_ON))
    assert not [link for link in page.all("a") if (link.attributes["href"] or "").startswith("https")]
    assert result.placement.root
    for choice in result.placement.root.values():
        assert choice.region in page.table("What fills each slot").text


def test_another_price_book_is_refused(result: BillResult) -> None:
    other = replace(result, price_book=BookIdentity("other", "2020-01-01", "0" * 64))
    with pytest.raises(ValueError, match="price book is not the one"):
        render_report(other, title="Wrong", generated_on=GENERATED_ON, book=shared_book())


def test_the_report_depends_on_nothing_but_its_arguments(result: BillResult) -> None:
    assert report(result) == report(result)
    assert "Generated 2026-11-23" in report(result)
