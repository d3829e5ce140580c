"""Why this placement: what each other offer would add, and the placements that come next."""

from __future__ import annotations

from twin2multicloud.app.report.architecture import slot_name
from twin2multicloud.app.report.figures import cents_of, dollars, extra
from twin2multicloud.app.report.markup import Html, join, tag
from twin2multicloud.app.report.parts import (
    Column,
    disclosure,
    note,
    offer_cell,
    provider_badge,
    region_cell,
    row,
    section,
    table,
)
from twin2multicloud.app.report.view import View
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot


def alternatives_section(view: View) -> Html | None:
    """For each slot every other offer, with the whole bill when everything else is chosen anew around it."""
    if not view.result.alternatives:
        return None
    return section(
        "alternatives",
        "Alternatives",
        note(
            "Each row fills one slot differently and places everything else anew, at the lowest bill that then is "
            "possible. “Also moves” names the slots that would change with it."
        ),
        *(_slot(view, slot) for slot in view.result.placement.root),
    )


def _slot(view: View, slot: Slot) -> Html:
    columns = (
        Column("Offer"),
        Column("Region"),
        Column("Adds", True),
        Column("Bill, $ / month", True),
        Column("Also moves"),
    )
    found = view.result.alternatives.get(slot, ())
    chosen = view.result.placement[slot]
    title = join(
        [
            tag("strong", slot_name(slot)),
            ": ",
            provider_badge(chosen.provider),
            f" {view.offer_title(chosen.offer)}",
            tag("small", f" · {_count(len(found))}"),
        ]
    )
    if not found:
        return disclosure(title, note("No other offer satisfies the constraints and has a price."))
    rows = []
    for alternative in found:
        moved = [other for other in changed(view.result.placement, alternative.placement) if other is not slot]
        choice = alternative.placement[slot]
        rows.append(
            row(
                columns,
                (
                    offer_cell(view, choice),
                    region_cell(view, choice.region),
                    extra(cents_of(alternative.extra_usd)),
                    dollars(cents_of(alternative.usd_per_month)),
                    ", ".join(other.value for other in moved) or "nothing",
                ),
            )
        )
    return disclosure(title, table(f"Other offers for {slot_name(slot)}", columns, rows, class_="cards"))


def _count(number: int) -> str:
    return f"{number} alternative{'' if number == 1 else 's'}"


def changed(before: Placement, after: Placement) -> list[Slot]:
    """The slots that two placements fill differently."""
    return [slot for slot, choice in before.items() if after[slot] != choice]


def ranking_section(view: View) -> Html | None:
    """The next cheapest placements, each by what differs from the best."""
    ranking = view.result.ranking
    if len(ranking) < 2:
        return None
    columns = (Column("Rank"), Column("$ / month", True), Column("More", True), Column("What differs from the best"))
    best = view.result.placement
    rows = []
    for number, ranked in enumerate(ranking, start=1):
        differs = [
            tag(
                "li",
                f"{slot.value}: ",
                provider_badge(ranked.placement[slot].provider),
                f" {view.offer_title(ranked.placement[slot].offer)}, {ranked.placement[slot].region}",
            )
            for slot in changed(best, ranked.placement)
        ]
        cents = cents_of(ranked.usd_per_month)
        words = tag("ul", *differs, class_="plain") if differs else join(["nothing: this is the best"])
        rows.append(
            row(columns, (str(number), dollars(cents), extra(cents - view.total) if number > 1 else "–", words))
        )
    return section(
        "ranking",
        "Runners-up",
        table(f"The {len(ranking)} cheapest placements", columns, rows, class_="cards"),
    )
