"""What a twin costs: predicted, metered so far, and billed; in all and meter by meter."""

from __future__ import annotations

from typing import Final

import flet as ft

from twin2multicloud.app.schemas.costs import CostMeter, Costs, MonthToDate
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, bars, buttons, cards, fields, states, tables, text
from twin2multicloud.app.ui.components.bars import Bar, Part
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.components.tables import Column
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.preferences import Currency
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.cost.advice import AdviceCard, use_advice
from twin2multicloud.app.ui.twin.cost.bills import BillsCard
from twin2multicloud.app.ui.twin.cost.state import VERDICTS, Verdict, by_cloud, chosen
from twin2multicloud.app.ui.twin.parts import Parts

_DAYS: Final = 7


@ft.component
def CostTab(parts: Parts) -> ft.Control:  # noqa: N802
    """Totals, and below them every meter."""
    session = use_session()
    palette = use_store(session.appearance).palette
    currency = use_store(session.preferences).choices.currency
    use_store(session.viewport)
    costs = use_store(parts.costs)
    advised = use_advice(parts)
    there = parts.seen.deployed and parts.seen.target != "rehearsal"
    below: list[ft.Control] = [AdviceCard(advised)] if there else []
    if parts.seen.target == "clouds":
        below.append(BillsCard(parts))
    return states.shown(costs, lambda found: _shown(session, parts, found, below, currency, palette), rows=6)


def _shown(
    session: Session, parts: Parts, costs: Costs, below: list[ft.Control], currency: Currency, palette: Palette
) -> ft.Control:
    bill = buttons.quiet(
        tr("Bill lines"), lambda: session.go(places.proposal(parts.id)), icon=ft.Icons.RECEIPT_LONG_OUTLINED
    )
    if costs.usd_predicted is None and costs.usd_metered is None:
        none = cards.card(
            states.nothing(
                tr("No cost is predicted yet"),
                hint=tr("It has no placement; the optimizer finds the cheapest."),
                icon=ft.Icons.SAVINGS_OUTLINED,
                action=buttons.main(tr("Find its cheapest home"), lambda: session.go(places.proposal(parts.id))),
            )
        )
        return _stack([none, *below])
    totals = cards.card(
        _totals(costs, currency, palette), title=tr("Cost per month (estimate)"), beside=[bill], id="cost"
    )
    left: list[ft.Control] = [
        totals,
        *([_to_date(costs.month, costs.budget_usd, currency)] if costs.month is not None else []),
    ]
    left += below
    if not costs.meters:
        return _stack(left)
    right = [cards.card(_clouds(costs, currency, palette), title=tr("By cloud"))]
    if costs.days:
        right.append(cards.card(_days(costs, currency, palette), title=tr("Day by day"), id="days"))
    return _stack([columns(session, left, right, ratio=52), _meters(session, parts, costs, currency, palette)])


def _stack(below: list[ft.Control]) -> ft.Control:
    return ft.Column(below, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _totals(costs: Costs, currency: Currency, palette: Palette) -> ft.Control:
    def bar(name: str, usd: float | None, color: str) -> Bar:
        return Bar(name, [Part(usd, color)] if usd else [], figures.per_month(usd, currency), strong=usd is not None)

    drawn = bars.bars(
        [
            bar(tr("predicted"), costs.usd_predicted, palette.accent.strong),
            bar(tr("metered"), costs.usd_metered, palette.ok.strong),
            bar(tr("billed"), costs.billed, palette.warn.strong)
            if costs.billed is not None
            else Bar(tr("billed"), [], figures.NONE),
        ],
        label=tr("Cost per month"),
        name_px=80,
        said_px=150,
    )
    told: list[ft.Control] = [drawn]
    if costs.usd_metered is not None:
        said = tr(
            "Metered: a month at the rate of the {time} of the twin’s time so far.", time=figures.age(costs.metered_s)
        )
        told.append(text.muted(said))
    elif costs.problem:
        told.append(text.muted(tr("Metered: {why}.", why=costs.problem)))
    if costs.usd_not_metered and costs.usd_metered is not None:
        apart = tr(
            "Not metered: no metric tells meters for which {usd} are predicted; they are listed below.",
            usd=figures.per_month(costs.usd_not_metered, currency),
        )
        told.append(text.muted(apart))
    if costs.billed is None:
        told.append(text.muted(tr("Billed: {why}.", why=costs.billed_problem)))
    else:
        told.append(text.muted(_billed(costs, currency)))
    return ft.Column(told, spacing=GAP, tight=True)


def _billed(costs: Costs, currency: Currency) -> str:
    if not costs.billed_unmapped:
        return tr("Billed: the bill of {month}.", month=costs.billed_period or "")
    unmapped = figures.money(costs.billed_unmapped, currency)
    return tr(
        "Billed: the bill of {month}; {usd} of it no meter is for.", month=costs.billed_period or "", usd=unmapped
    )


def _to_date(month: MonthToDate, budget_usd: float | None, currency: Currency) -> ft.Control:
    begins, ends = (moment.strftime("%Y-%m-%d") for moment in (month.begins, month.ends))
    rows: list[Fact] = [
        (
            tr("So far"),
            tr(
                "{usd}, of {time} that were metered",
                usd=figures.money(month.usd_to_date, currency),
                time=figures.age(month.counted_s),
            ),
        ),
        (
            tr("By its end"),
            tr("{usd} if it goes on like that (forecast)", usd=figures.money(month.usd_forecast, currency)),
        ),
    ]
    if budget_usd is not None:
        used = tr(
            "{usd}, of which {share} is used",
            usd=figures.money(budget_usd, currency),
            share=f"{month.usd_to_date / budget_usd:.0%}",
        )
        rows.append((tr("Budget"), used))
    return cards.card(
        facts(rows, name_px=90), title=tr("Month from {begins} to {ends}", begins=begins, ends=ends), id="to-date"
    )


def _days(costs: Costs, currency: Currency, palette: Palette) -> ft.Control:
    rows: list[Bar] = []
    for each in costs.days[-_DAYS:]:
        day = f"{each.day:%m-%d}"
        if each.usd_metered is not None:
            said = figures.money(each.usd_metered, currency)
            rows.append(Bar(tr("{day} metered", day=day), [Part(each.usd_metered, palette.ok.strong)], said))
        if each.usd_billed is not None:
            said = figures.money(each.usd_billed, currency)
            rows.append(Bar(tr("{day} billed", day=day), [Part(max(each.usd_billed, 0.0), palette.warn.strong)], said))
    return bars.bars(rows, label=tr("Cost day by day"), name_px=130, said_px=90)


def _clouds(costs: Costs, currency: Currency, palette: Palette) -> ft.Control:
    rows: list[Bar] = []
    for each in by_cloud(costs.meters):
        name, tint = badges.CLOUDS[each.cloud], palette.cloud(each.cloud)
        rows.append(
            Bar(
                tr("{cloud} predicted", cloud=name),
                [Part(each.usd_predicted, tint.strong)],
                figures.money(each.usd_predicted, currency),
            )
        )
        rows.append(
            Bar(
                tr("{cloud} metered", cloud=name),
                [Part(each.usd_metered, ft.Colors.with_opacity(0.55, tint.strong))],
                figures.money(each.usd_metered, currency),
            )
        )
    return bars.bars(rows, label=tr("Cost per month by cloud"), name_px=130, said_px=90)


def _meters(session: Session, parts: Parts, costs: Costs, currency: Currency, palette: Palette) -> ft.Control:
    verdict = parts.look.get("verdict")
    counts = {each: sum(1 for meter in costs.meters if meter.verdict == each) for each in VERDICTS}
    options = {"": tr("all ({count})", count=len(costs.meters))}
    options |= {each: f"{verdict_name(each)} ({counts[each]})" for each in VERDICTS}
    rows = chosen(costs.meters, verdict)
    choice = fields.choice(
        tr("Show"), verdict, options, lambda given: session.go(parts.look.asking(verdict=given).path), width=210
    )
    table: ft.Control = (
        tables.table(
            _columns(currency, palette),
            rows,
            narrow=session.viewport.narrow,
            wide=session.viewport.wide,
            label=tr("Meters"),
        )
        if rows
        else states.nothing(tr("No meter fits"), icon=ft.Icons.CHECK_CIRCLE_OUTLINE)
    )
    explained = text.muted(
        tr(
            "A ratio is metered over predicted; within 2 % they agree. “projected”: from what was stored so far. "
            "“planned”: it follows from the rate and planned headroom. “not exercised”: nothing of it was needed yet."
        )
    )
    head = ft.Row(
        [ft.Container(text.section(tr("Meter by meter")), expand=True), choice],
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    return ft.Column(
        [head, table, explained], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )


def verdict_name(verdict: Verdict) -> str:
    """What a comparison came to."""
    return {
        "agrees": tr("agrees"),
        "deviates": tr("deviates"),
        "not exercised": tr("not exercised"),
        "unexpected": tr("not predicted"),
        "not metered": tr("not metered"),
    }[verdict]


def _columns(currency: Currency, palette: Palette) -> list[Column[CostMeter]]:
    def below(figure: str, said: str) -> ft.Control:
        lines: list[ft.Control] = [text.figure(figure), text.muted(said, text_align=ft.TextAlign.RIGHT)]
        return ft.Column(lines, spacing=1, tight=True, horizontal_alignment=ft.CrossAxisAlignment.END)

    def quantity(amount: float | None, unit: str) -> ft.Control:
        # Below each other: some units, such as connection-minutes, are as wide as the column.
        return text.figure(figures.NONE) if amount is None else below(figures.short(amount), unit)

    def to_date(meter: CostMeter) -> ft.Control:
        if meter.usd_to_date is None or meter.usd_forecast is None:
            return text.figure(figures.NONE)
        ahead = tr("{usd} by its end", usd=figures.money(meter.usd_forecast, currency))
        return below(figures.money(meter.usd_to_date, currency), ahead)

    return [
        Column(tr("Meter"), _name, share=6, main=True),
        Column(tr("Cloud"), lambda meter: badges.cloud(meter.cloud, palette), share=2, wide_only=True),
        Column(
            tr("Predicted"), lambda meter: quantity(meter.predicted, meter.unit), share=3, number=True, wide_only=True
        ),
        Column(tr("Metered"), lambda meter: quantity(meter.metered, meter.unit), share=3, number=True, wide_only=True),
        Column(
            tr("Predicted / month"),
            lambda meter: text.figure(figures.money(meter.usd_predicted, currency)),
            share=3,
            number=True,
        ),
        Column(
            tr("Metered / month"),
            lambda meter: text.figure(figures.money(meter.usd_metered, currency)),
            share=3,
            number=True,
        ),
        Column(
            tr("This month so far"),
            to_date,
            share=3,
            number=True,
            wide_only=True,
        ),
        Column(
            tr("Billed"),
            lambda meter: text.figure(figures.money(meter.usd_billed, currency)),
            share=3,
            number=True,
            wide_only=True,
        ),
        Column(
            tr("Ratio"),
            lambda meter: text.figure(figures.NONE if meter.ratio is None else f"{meter.ratio:.2f}"),
            share=2,
            number=True,
        ),
        Column(tr("Verdict"), lambda meter: _verdict(meter, palette), share=3),
    ]


def _name(meter: CostMeter) -> ft.Control:
    notes = [meter.region]
    if meter.usd_per_unit is not None:
        price = figures.unit_price(meter.usd_per_unit)
        notes.append(price if " " in price or not meter.usd_per_unit else tr("{usd} a unit", usd=price))
    if meter.projected:
        notes.append(tr("projected"))
    if meter.planned:
        notes.append(tr("planned"))
    return ft.Column(
        [
            text.body(meter.service, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS),
            text.muted(f"{meter.dimension} · {' · '.join(notes)}", max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
            *([text.muted(meter.note)] if meter.note else []),
        ],
        spacing=1,
        tight=True,
    )


def _verdict(meter: CostMeter, palette: Palette) -> ft.Control:
    tints = {
        "agrees": (palette.ok, "✔"),
        "deviates": (palette.warn, "▲"),
        "not exercised": (palette.unknown, "○"),
        "unexpected": (palette.bad, "■"),
        "not metered": (palette.unknown, "–"),
    }
    tint, sign = tints[meter.verdict]
    return badges.pill(verdict_name(meter.verdict), tint, sign=sign)
