"""What sections are made of: headings, tables that become cards in narrow windows, badges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.report.markup import Content, Html, join, tag
from twin2multicloud.app.report.view import View
from twin2multicloud.model.placement import SlotChoice
from twin2multicloud.model.slots import Provider

CONFIDENCES: Final = {
    "A": "recorded from the provider's price API or official page",
    "B": "derived by a tool from the provider's API",
    "C": "from a third party",
    "D": "unverified or derived",
}


@dataclass(frozen=True)
class Column:
    """A table column: its heading, and whether it holds figures (set flush right, in figures of equal width)."""

    heading: str
    number: bool = False


def section(key: str, heading: str, *children: Content) -> Html:
    """A section of the report, reachable as #key."""
    return tag("section", tag("h2", heading, id=f"{key}-heading"), *children, id=key, aria_labelledby=f"{key}-heading")


def note(*children: Content) -> Html:
    """A paragraph of small print."""
    return tag("p", *children, class_="note")


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Html],
    footer: Iterable[Html] = (),
    class_: str = "",
) -> Html:
    """A table of `row`s. Roles are spelled out because cards (display: block) would lose them."""
    head = tag("tr", *(_heading(column) for column in columns), role="row")
    foot = list(footer)
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", head, role="rowgroup"),
        tag("tbody", *rows, role="rowgroup"),
        tag("tfoot", *foot, role="rowgroup") if foot else None,
        role="table",
        class_=class_ or None,
    )


def row(columns: Sequence[Column], cells: Sequence[Content], class_: str = "") -> Html:
    """A row whose first cell names it."""
    made = [
        tag(
            "th" if number == 0 else "td",
            cell,
            class_="number" if column.number else None,
            scope="row" if number == 0 else None,
            role="rowheader" if number == 0 else "cell",
            data_label=column.heading if number else None,
        )
        for number, (column, cell) in enumerate(zip(columns, cells, strict=True))
    ]
    return tag("tr", *made, role="row", class_=class_ or None)


def _heading(column: Column) -> Html:
    class_ = "number" if column.number else None
    return tag("th", column.heading, scope="col", role="columnheader", class_=class_)


def provider_badge(provider: Provider) -> Html:
    """The provider's name on its colour."""
    return tag("span", provider.label, class_=f"badge {provider}")


def offer_cell(view: View, choice: SlotChoice) -> Html:
    """Provider and offer, with the offer's identifier as one types it."""
    return tag(
        "span",
        provider_badge(choice.provider),
        " ",
        view.offer_title(choice.offer),
        tag("br"),
        tag("code", choice.offer),
    )


def region_cell(view: View, region: str) -> Html:
    """A region's code, and its name if known."""
    name = view.region_name(region)
    return tag("span", region, join([tag("br"), tag("small", name)]) if name else None)


def confidence_badge(grade: str) -> Html:
    """A figure's confidence: the letter, ▲ in front where it is unverified."""
    words = CONFIDENCES.get(grade, "unknown confidence")
    mark = "▲ D" if grade == "D" else grade
    return tag("abbr", mark, class_=f"grade grade-{grade}", title=f"Confidence {grade}: {words}")


def disclosure(summary: Content, *children: Content, open_: bool = False, id_: str | None = None) -> Html:
    """Something that opens and closes without any script, and always prints open."""
    return tag("details", tag("summary", summary), *children, open=open_, id=id_)
