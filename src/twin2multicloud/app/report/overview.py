"""The first page: what it costs, what it saves, where everything goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from twin2multicloud.app.report.architecture import LINE_STYLES, architecture, slot_name
from twin2multicloud.app.report.charts import Segment, bar
from twin2multicloud.app.report.figures import cents_of, dollars, extra, quantity, share
from twin2multicloud.app.report.markup import Html, join, tag
from twin2multicloud.app.report.parts import (
    Column,
    note,
    offer_cell,
    provider_badge,
    region_cell,
    row,
    section,
    table,
)
from twin2multicloud.app.report.view import View
from twin2multicloud.optimizer.bill.result import Alternative


def headline(view: View, title: str, generated_on: date) -> Html:
    """Title, the total, and how it compares with each cloud alone."""
    book = view.result.price_book
    return tag(
        "header",
        tag("p", "Twin2MultiCloud · placement proposal", class_="kicker"),
        tag("h1", title),
        tag(
            "p",
            join(
                [
                    f"Generated {generated_on.isoformat()}",
                    f"prices of {book.date}",
                    join(["price book ", tag("code", f"{book.version} · {book.content_hash[:12]}")]),
                ],
                " · ",
            ),
            class_="note",
        ),
        tag("div", _total(view), _comparison(view), class_="hero"),
    )


def _total(view: View) -> Html:
    workload, proof = view.result.workload, view.result.proof
    verdict = "proven cheapest" if proof.proven else "not proven cheapest"
    mix = join((provider_badge(provider) for provider in view.result.placement.providers), " ")
    facts = (
        ("Twin", f"{workload.devices:,} device{'' if workload.devices == 1 else 's'}"),
        ("Messages", f"{quantity(workload.messages_per_month)} / month"),
        ("Clouds", mix),
        ("Optimum", f"{verdict} of {quantity(proof.placements)} placements"),
    )
    return tag(
        "div",
        tag("p", tag("strong", dollars(view.total), class_="total"), " / month (estimate)"),
        tag("p", _saving(view), class_="saving"),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", words)) for name, words in facts)),
        class_="card",
    )


def _saving(view: View) -> Html:
    best = view.result.best_baseline
    saving = view.saving_cents
    if best is None or saving is None:
        return join(["No single cloud can run this twin alone under these constraints."])
    provider, ranked = best
    if saving <= 0 and view.result.placement.providers == (provider,):
        return join([f"{provider.label} alone is the cheapest: mixing clouds saves nothing here."])
    if saving < 0:
        return join([f"{extra(-saving)} / month against {provider.label} alone, which the constraints rule out."])
    part = share(saving, cents_of(ranked.usd_per_month))
    return join(
        [
            tag("strong", f"Saves {dollars(saving)} / month ({part})"),
            f" against the best single cloud, {provider.label} alone at {dollars(saving + view.total)}.",
        ]
    )


def _comparison(view: View) -> Html:
    columns = (Column("Placement"), Column("Scale"), Column("$ / month", True), Column("Against the mix", True))
    mix = [Segment(str(p), cents, f"{p.label}: {dollars(cents)}") for p, cents in view.providers.items()]
    costs = {p: None if r is None else cents_of(r.usd_per_month) for p, r in view.result.baselines.items()}
    scale = float(max([view.total, *(cents for cents in costs.values() if cents is not None)]))
    label = f"Mix: {dollars(view.total)} / month, " + ", ".join(segment.title for segment in mix)
    rows = [row(columns, ("This mix", bar(mix, scale, label), dollars(view.total), ""), class_="chosen")]
    for provider, cents in costs.items():
        name = f"{provider.label} only"
        if cents is None:
            drawing = tag("small", "cannot run this twin alone", class_="muted")
            rows.append(row(columns, (name, drawing, "–", "–")))
            continue
        segment = Segment(str(provider), cents, f"{name}: {dollars(cents)}")
        drawing = bar([segment], scale, f"{name}: {dollars(cents)} / month")
        more = f"+{share(cents - view.total, view.total)}" if cents > view.total else "the same"
        rows.append(row(columns, (name, drawing, dollars(cents), more)))
    return tag("div", table("The mix against each cloud alone", columns, rows, class_="chart"), class_="card")


def warnings(view: View) -> Html | None:
    """What to know before trusting the figures, most important first."""
    found = view.result.warnings
    if not found:
        return None
    items = [tag("li", tag("span", "▲", aria_hidden="true"), " ", warning) for warning in found]
    return tag(
        "section",
        tag("h2", f"{len(found)} warning{'s' if len(found) > 1 else ''}", id="warnings-heading"),
        tag("ul", *items),
        id="warnings",
        class_="warnings",
        aria_labelledby="warnings-heading",
    )


def architecture_section(view: View) -> Html:
    """The drawing."""
    return section("architecture", "Architecture", tag("figure", architecture(view), class_="card"))


def slots_section(view: View) -> Html:
    """Each slot's offer, region and cost, the next best offer, and the links; both sum to the total."""
    columns = (
        Column("Slot"),
        Column("Offer"),
        Column("Region"),
        Column("$ / month", True),
        Column("Next best offer"),
        Column("It would add", True),
    )
    rows = []
    for slot, choice in view.result.placement.items():
        next_best = _next_best(view.result.alternatives.get(slot, ()))
        rows.append(
            row(
                columns,
                (
                    slot_name(slot),
                    offer_cell(view, choice),
                    region_cell(view, choice.region),
                    dollars(view.slots[slot]),
                    _alternative_cell(view, next_best),
                    "–" if next_best is None else extra(cents_of(next_best.extra_usd)),
                ),
            )
        )
    links = sum(link.cents for link in view.links)
    count = f"{len(view.links)} link{'' if len(view.links) == 1 else 's'} between places"
    footer = [
        row(columns, (count, "", "", dollars(links), "", "")) if view.links else None,
        row(columns, ("Total", "", "", dollars(view.total), "", ""), class_="sum"),
    ]
    return section(
        "slots",
        "Placement",
        table("What fills each slot, USD per month", columns, rows, [f for f in footer if f is not None], "cards"),
        _links(view),
    )


def _next_best(alternatives: Sequence[Alternative]) -> Alternative | None:
    return alternatives[0] if alternatives else None


def _alternative_cell(view: View, alternative: Alternative | None) -> Html:
    if alternative is None:
        return join(["none"])
    return join([provider_badge(alternative.provider), f" {view.offer_title(alternative.offer)}"])


def _links(view: View) -> Html:
    if not view.links:
        return note("All slots share one region, so no link leaves it.")
    columns = (
        Column("Link"),
        Column("Carries"),
        Column("Way"),
        Column("GB / month", True),
        Column("$ / month", True),
    )
    rows = []
    for link in view.links:
        source, target = view.result.placement[link.link.source], view.result.placement[link.link.target]
        way = join([provider_badge(source.provider), " → ", provider_badge(target.provider)])
        rows.append(
            row(
                columns,
                (
                    f"{link.link.source} → {link.link.target}",
                    link.link.title,
                    join([way, tag("br"), tag("small", LINE_STYLES[link.link.relation])]),
                    quantity(link.link.gb_per_month),
                    dollars(link.cents),
                ),
            )
        )
    total = dollars(sum(link.cents for link in view.links))
    footer = [row(columns, ("All links", "", "", "", total), class_="sum")]
    caption = "Links between places: traffic, and all they cost (egress, sender, receiver, queues)"
    return table(caption, columns, rows, footer, "cards")


def costs_section(view: View) -> Html:
    """Where the money goes: by provider, then by slot and link."""
    result = view.result
    columns = (Column("Part"), Column("Scale"), Column("$ / month", True), Column("Share", True))
    rows = []
    scale = float(max([*view.slots.values(), *(link.cents for link in view.links)], default=0))
    for slot, cents in view.slots.items():
        provider = result.placement[slot].provider
        name = join([slot_name(slot), " ", provider_badge(provider)])
        words = f"{slot_name(slot)}, {provider.label}: {dollars(cents)}"
        drawing = bar([Segment(str(provider), cents, words)], scale, words)
        rows.append(row(columns, (name, drawing, dollars(cents), share(cents, view.total))))
    for link in view.links:
        used = sum(link.by_provider.values())
        segments = [
            Segment(str(p), link.cents * usd / used, f"{p.label}: {dollars(cents_of(usd))}")
            for p, usd in link.by_provider.items()
            if used > 0
        ]
        words = f"Link {link.link.source} to {link.link.target}: {dollars(link.cents)}"
        ends = list(dict.fromkeys(result.placement[slot].provider for slot in (link.link.source, link.link.target)))
        badges = join([provider_badge(end) for end in ends], " ")
        name = join([f"Link {link.link.source} → {link.link.target} ", badges])
        rows.append(
            row(columns, (name, bar(segments, scale, words), dollars(link.cents), share(link.cents, view.total)))
        )
    footer = [row(columns, ("Total", "", dollars(view.total), "100.0 %"), class_="sum")]
    return section(
        "costs",
        "Where the money goes",
        _by_provider(view),
        table("Cost of each slot and link", columns, rows, footer, "chart"),
    )


def _by_provider(view: View) -> Html:
    owed = view.providers
    segments = [Segment(str(p), cents, f"{p.label}: {dollars(cents)}") for p, cents in owed.items()]
    label = "Cost by provider: " + ", ".join(segment.title for segment in segments)
    items = [
        tag("li", provider_badge(p), f" {dollars(cents)} ", tag("small", share(cents, view.total)))
        for p, cents in owed.items()
    ]
    return tag(
        "figure",
        tag("figcaption", "Cost by provider, links included where the provider bills them"),
        bar(segments, float(max(view.total, 1)), label),
        tag("ul", *items, class_="key"),
    )
