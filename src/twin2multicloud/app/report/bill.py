"""The whole bill: every meter with quantity, tariff lines, amount and where its price comes from."""

from __future__ import annotations

import itertools

from twin2multicloud.app.report.charts import Segment, bar
from twin2multicloud.app.report.figures import dollars, quantity, share, unit_price
from twin2multicloud.app.report.markup import Html, join, tag
from twin2multicloud.app.report.parts import (
    CONFIDENCES,
    Column,
    confidence_badge,
    note,
    provider_badge,
    row,
    section,
)
from twin2multicloud.app.report.view import LineView, LinkView, View
from twin2multicloud.model.slots import PROVIDERS, Provider

_COLUMNS = (
    Column("Meter"),
    Column("Region"),
    Column("Quantity", True),
    Column("Tariff"),
    Column("Price from"),
    Column("$ / month", True),
)


def source_id(provider: Provider, key: str) -> str:
    """The anchor of a price source in this document."""
    return f"source-{provider}-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in key).lower()


def bill_section(view: View) -> Html:
    """All lines by provider and service, each group with its subtotal, and the total."""
    tables = [_provider(view, provider) for provider in PROVIDERS if _cents(view, provider) is not None]
    total = tag("p", "Total ", tag("strong", dollars(view.total)), " / month (estimate)", class_="grand-total")
    return section(
        "bill",
        "The bill, line by line",
        note(
            f"{len(view.lines)} meters. Tiers and free allowances are counted once per account, as providers bill "
            "them. Displayed cents are rounded so that all lines add up to the total."
        ),
        _confidence(view),
        *tables,
        total,
    )


def _cents(view: View, provider: Provider) -> int | None:
    return view.providers.get(provider)


def _provider(view: View, provider: Provider) -> Html:
    mine = sorted(
        (line for line in view.lines if line.line.provider is provider),
        key=lambda line: line.line.service,
    )
    groups = [(service, list(lines)) for service, lines in itertools.groupby(mine, lambda line: line.line.service)]
    groups.sort(key=lambda group: -sum(line.cents for line in group[1]))
    bodies = []
    for service, lines in groups:
        lines.sort(key=lambda line: (-line.cents, line.line.meter, line.line.region))
        bodies.append(_group(service, sum(line.cents for line in lines), [_line(view, line) for line in lines]))
    carried = [
        link
        for link in view.links
        if link.transit_cents and view.result.placement[link.link.source].provider is provider
    ]
    if carried:
        rows = [_transit(view, link) for link in carried]
        bodies.append(_group("Traffic between regions", sum(link.transit_cents for link in carried), rows))
    total = dollars(view.providers[provider])
    foot = row(_COLUMNS, (f"{provider.label} total", "", "", "", "", total), class_="sum")
    head = tag(
        "tr",
        *(
            tag("th", c.heading, scope="col", role="columnheader", class_="number" if c.number else None)
            for c in _COLUMNS
        ),
        role="row",
    )
    return tag(
        "table",
        tag("caption", provider_badge(provider), f" {total} / month"),
        tag("thead", head, role="rowgroup"),
        *bodies,
        tag("tfoot", foot, role="rowgroup"),
        role="table",
        class_="cards bill",
    )


def _group(service: str, cents: int, rows: list[Html]) -> Html:
    span = len(_COLUMNS) - 1
    title = tag("th", service, colspan=span, scope="rowgroup", role="rowheader")
    head = tag("tr", title, tag("td", dollars(cents), class_="number", role="cell"), role="row", class_="group")
    return tag("tbody", head, *rows, role="rowgroup")


def _line(view: View, shown: LineView) -> Html:
    line = shown.line
    return row(
        _COLUMNS,
        (
            join([line.dimension, tag("br"), tag("code", line.meter), _used_by(shown)]),
            line.region,
            _quantity(shown),
            _tariff(shown),
            _source(view, shown),
            dollars(shown.cents),
        ),
    )


def _used_by(shown: LineView) -> Html:
    parts = sorted(zip(shown.line.portions, shown.portions, strict=True), key=lambda pair: -pair[1])
    items = []
    for portion, cents in parts:
        owner = portion.owner.replace("→", " → ")
        items.append(tag("li", f"{owner} · {portion.component}", f" {dollars(cents)}" if len(parts) > 1 else None))
    return tag("ul", *items, class_="used", aria_label="Used by")


def _quantity(shown: LineView) -> Html:
    line = shown.line
    notes = []
    if abs(line.billed_quantity - line.quantity) > 1e-9 * max(line.billed_quantity, line.quantity):
        notes.append(f"billed as {quantity(line.billed_quantity)}")
    if line.pooled_with > line.quantity * (1 + 1e-9):
        notes.append(f"tiers count {quantity(line.pooled_with)} of a pool")
    return join(
        [f"{quantity(line.quantity)} {line.unit}", *(join([tag("br"), tag("small", words)]) for words in notes)]
    )


def _tariff(shown: LineView) -> Html:
    line = shown.line
    if not line.tariff:
        return join(["–"])
    items = []
    for part, cents in zip(line.tariff, shown.tariff, strict=True):
        tier = f"above {quantity(part.from_quantity)}: " if part.from_quantity > 0 else ""
        price = f"at {unit_price(part.usd_per_unit, line.unit)}" if part.usd_per_unit else "free"
        amount = f" = {dollars(cents)}" if len(line.tariff) > 1 and part.usd_per_unit else ""
        items.append(tag("li", f"{tier}{quantity(part.quantity)} {price}{amount}"))
    return tag("ul", *items, class_="plain")


def _source(view: View, shown: LineView) -> Html:
    line = shown.line
    known = view.source(line.provider, line.source)
    name = (
        tag("a", line.source, href=f"#{source_id(line.provider, line.source)}") if known else tag("span", line.source)
    )
    return join(
        [
            confidence_badge(line.confidence),
            " ",
            name,
            tag("br"),
            tag("small", line.date),
            join([tag("br"), tag("small", line.note)]) if line.note else None,
        ]
    )


def _transit(view: View, link: LinkView) -> Html:
    source, target = view.result.placement[link.link.source], view.result.placement[link.link.target]
    rate = link.transit_usd / link.link.gb_per_month if link.link.gb_per_month else 0.0
    return row(
        _COLUMNS,
        (
            join([f"to {target.region}", tag("br"), tag("small", f"{link.link.source} → {link.link.target}")]),
            source.region,
            f"{quantity(link.link.gb_per_month)} GB",
            unit_price(round(rate, 9), "GB"),
            "price book, transit",
            dollars(link.transit_cents),
        ),
    )


def _confidence(view: View) -> Html:
    owed = {grade: cents for grade, cents in view.confidences.items() if grade}
    words = {grade: f"{grade}, {CONFIDENCES.get(grade, 'unknown')}" for grade in owed}
    segments = [Segment(f"grade-{grade}", cents, f"{words[grade]}: {dollars(cents)}") for grade, cents in owed.items()]
    label = "How well the prices are known: " + "; ".join(segment.title for segment in segments)
    items = [
        tag(
            "li",
            confidence_badge(grade),
            f" {CONFIDENCES.get(grade, 'unknown')}: {dollars(cents)} ",
            tag("small", share(cents, view.total)),
        )
        for grade, cents in owed.items()
    ]
    return tag(
        "figure",
        tag("figcaption", "How well the prices are known (share of the bill by confidence)"),
        bar(segments, float(max(view.total, 1)), label),
        tag("ul", *items, class_="key"),
    )
