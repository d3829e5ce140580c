"""Why to trust it: the proof of optimality, the price book and its sources, what could not be offered and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from twin2multicloud.app.report.bill import source_id
from twin2multicloud.app.report.figures import cents_of, dollars, quantity
from twin2multicloud.app.report.markup import Html, join, tag
from twin2multicloud.app.report.parts import (
    CONFIDENCES,
    Column,
    confidence_badge,
    disclosure,
    note,
    provider_badge,
    row,
    section,
    table,
)
from twin2multicloud.app.report.view import View
from twin2multicloud.model.slots import PROVIDERS, Provider
from twin2multicloud.optimizer.bill.market import Unavailable

_REGIONS_SHOWN = 6


def proof_section(view: View) -> Html:
    """How it is known that nothing is cheaper."""
    proof = view.result.proof
    verdict = (
        "Proven: no placement that satisfies the constraints costs less."
        if proof.proven
        else "Not proven: the search stopped early, so a cheaper placement may exist."
    )
    facts = (
        ("Method", proof.method),
        ("Nothing costs less than", f"{dollars(cents_of(proof.lower_bound_usd))} / month"),
        ("Options (offer in a region)", quantity(proof.options)),
        ("Placements they allow", quantity(proof.placements)),
        ("Provider vectors expanded", quantity(proof.vectors_expanded)),
        ("Subproblems solved", quantity(proof.subproblems_solved)),
        ("Rows priced", quantity(proof.rows_priced)),
    )
    columns = (Column("Fact"), Column("Value"))
    rows = [row(columns, fact) for fact in facts]
    return section(
        "proof",
        "Proof of optimality",
        tag("p", tag("strong", verdict)),
        table("The search", columns, rows, class_="facts"),
    )


def prices_section(view: View) -> Html:
    """The price book, and every source this bill draws on."""
    identity = view.result.price_book
    dates = sorted(line.line.date for line in view.lines)
    span = f" Figures in this bill date from {dates[0]} to {dates[-1]}." if dates else ""
    facts = (
        ("Version", identity.version),
        ("Date", identity.date),
        ("Content hash (SHA-256)", tag("code", identity.content_hash, class_="long")),
    )
    columns = (Column("Fact"), Column("Value"))
    grades = [tag("li", confidence_badge(grade), f" {words}") for grade, words in CONFIDENCES.items()]
    return section(
        "prices",
        "Price book",
        note(f"List prices in USD before tax, discounts and commitments.{span}"),
        table("Identity of the price book", columns, [row(columns, fact) for fact in facts], class_="facts"),
        _sources(view),
        tag("p", "Confidence of a figure:"),
        tag("ul", *grades, class_="plain"),
    )


def _sources(view: View) -> Html:
    used: dict[tuple[Provider, str], list[int]] = defaultdict(list)
    for line in view.lines:
        used[line.line.provider, line.line.source].append(line.cents)
    columns = (Column("Source"), Column("Title"), Column("Date"), Column("Lines", True), Column("$ / month", True))
    rows = []
    order = sorted(used, key=lambda key: (PROVIDERS.index(key[0]), -sum(used[key]), key[1]))
    for provider, key in order:
        source = view.source(provider, key)
        name = tag("span", provider_badge(provider), " ", tag("code", key), id=source_id(provider, key))
        cents = used[provider, key]
        title: Html | None = None
        if source is not None:
            title = tag("span", source.title)
            if source.url and source.url.startswith("https://"):
                title = tag("a", source.title, href=source.url, rel="noopener noreferrer")
        date = source.date if source else ""
        rows.append(row(columns, (name, title or "", date, str(len(cents)), dollars(sum(cents)))))
    return table("Sources of the figures in this bill", columns, rows, class_="cards")


@dataclass
class _Gap:
    """One reason, and all it concerns in the order found (dictionaries serve as ordered sets)."""

    meters: dict[str, None] = field(default_factory=dict)
    offers: dict[str, None] = field(default_factory=dict)
    regions: dict[str, None] = field(default_factory=dict)


def unavailable_section(view: View) -> Html:
    """Offers left out of the choice in some regions, summarised per reason."""
    found = view.result.unavailable
    gaps: dict[Provider, dict[str, _Gap]] = defaultdict(lambda: defaultdict(_Gap))
    for item in found:
        mine = gaps[Provider(item.offer.partition(".")[0])]
        for meter, why in _reasons(item):
            gap = mine[why]
            gap.offers[item.offer] = gap.regions[item.region] = None
            if meter:
                gap.meters[meter] = None
    considered = (
        "Unless the constraints name regions, only those are considered in which all seven slots can be filled at "
        "recorded prices."
    )
    if not found:
        words = f"Every offer is priced in every region that was considered. {considered}"
        return section("unavailable", "Offers without a price", note(words))
    offers = len({item.offer for item in found})
    return section(
        "unavailable",
        "Offers without a price",
        note(
            f"A missing price is never taken as 0: {len(found):,} combinations of an offer with a region, "
            f"of {offers} offer{'' if offers == 1 else 's'}, were left out of the choice. {considered}"
        ),
        *(_gaps(provider, gaps[provider]) for provider in PROVIDERS if provider in gaps),
    )


def _reasons(item: Unavailable) -> Iterator[tuple[str, str]]:
    """(meter, why) of each thing missing; the meter is "" where the reason names none."""
    opening, place = "no price for ", f" in {item.region}: "
    for part in item.reason.split(f"; {opening}"):
        meter, found, why = part.removeprefix(opening).partition(place)
        yield (meter, why) if found else ("", part)


def _gaps(provider: Provider, gaps: Mapping[str, _Gap]) -> Html:
    columns = (Column("Reason"), Column("Missing prices"), Column("Leaves out"), Column("In"))
    rows = []
    for why, gap in sorted(gaps.items(), key=lambda pair: -len(pair[1].offers) * len(pair[1].regions)):
        cells = (why, _names(gap.meters), _names(gap.offers), _some(gap.regions))
        rows.append(row(columns, cells))
    regions = len({region for gap in gaps.values() for region in gap.regions})
    offers = len({offer for gap in gaps.values() for offer in gap.offers})
    summary = join(
        [
            provider_badge(provider),
            f" {offers} offer{'' if offers == 1 else 's'} left out in up to {regions} "
            f"region{'' if regions == 1 else 's'}",
        ]
    )
    return disclosure(summary, table(f"{provider.label}: why offers are left out", columns, rows, class_="cards gaps"))


def _names(names: Iterable[str]) -> Html:
    return join((tag("code", name) for name in names), ", ")


def _some(regions: Mapping[str, None]) -> str:
    listed = list(regions)
    more = len(listed) - _REGIONS_SHOWN
    return ", ".join(listed[:_REGIONS_SHOWN]) + (f" and {more} more" if more > 0 else "")
