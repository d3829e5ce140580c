"""The report: one self-contained HTML file that explains a result, on screen and on paper."""

from __future__ import annotations

from datetime import date
from importlib import resources

from twin2multicloud import __version__
from twin2multicloud.app.report.bill import bill_section
from twin2multicloud.app.report.choices import alternatives_section, ranking_section
from twin2multicloud.app.report.evidence import prices_section, proof_section, unavailable_section
from twin2multicloud.app.report.inputs import inputs_section
from twin2multicloud.app.report.markup import Html, tag
from twin2multicloud.app.report.overview import (
    architecture_section,
    costs_section,
    headline,
    slots_section,
    warnings,
)
from twin2multicloud.app.report.view import View
from twin2multicloud.optimizer.bill.result import BillResult
from twin2multicloud.optimizer.pricing.book import PriceBook

# The page may load nothing at all: neither script nor font, image or frame. Only its own style sheet applies.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_report(result: BillResult, *, title: str, generated_on: date, book: PriceBook | None = None) -> str:
    """The report of `result` as an HTML document that needs no network, no script and no other file.

    `title` names the twin or scenario, `generated_on` is printed on the report. With the price book that the
    result rests on, regions carry their names and figures the titles and links of their sources; without it, their
    codes. Displayed amounts are USD per month in cents, and those of each table add up to its total. Raises
    `ValueError` when the book is not the one the result names, or when the invoice does not add up to the result.
    """
    if book is not None and book.content_hash != result.price_book.content_hash:
        raise ValueError("the price book is not the one this result rests on")
    view = View(result, book)
    sections = [
        architecture_section(view),
        slots_section(view),
        costs_section(view),
        alternatives_section(view),
        ranking_section(view),
        bill_section(view),
        inputs_section(view),
        proof_section(view),
        prices_section(view),
        unavailable_section(view),
    ]
    present = [part for part in sections if part is not None]
    body = tag(
        "body",
        tag("a", "Skip to the report", href="#report", class_="skip"),
        tag(
            "div",
            headline(view, title, generated_on),
            warnings(view),
            _contents(view),
            tag("main", *present, id="report"),
            _footer(),
            class_="page",
        ),
    )
    return f"<!DOCTYPE html>\n{tag('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="generator", content=f"twin2multicloud {__version__}"),
        tag("title", f"{title} · Twin2MultiCloud"),
        tag("style", Html(_style())),
    )


def _style() -> str:
    return resources.files("twin2multicloud.app.report").joinpath("style.css").read_text(encoding="utf-8")


def _contents(view: View) -> Html:
    entries = {
        "architecture": "Architecture",
        "slots": "Placement",
        "costs": "Costs",
        "alternatives": "Alternatives" if view.result.alternatives else None,
        "ranking": "Runners-up" if len(view.result.ranking) > 1 else None,
        "bill": "Bill",
        "inputs": "Inputs",
        "proof": "Proof",
        "prices": "Price book",
        "unavailable": "Not priced",
    }
    items = [tag("li", tag("a", words, href=f"#{key}")) for key, words in entries.items() if words]
    return tag("nav", tag("ul", *items), aria_label="Contents")


def _footer() -> Html:
    return tag(
        "footer",
        f"Twin2MultiCloud {__version__}. All amounts are estimates in USD per month of 730 hours, at list prices "
        "before tax.",
    )
