"""What a twin costs: predicted, metered so far, and billed; in all and meter by meter."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.sandboxes import MeterComparison, Meters, MonthCompared
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, bars, buttons, cards, fields, states, tables, text
from twin2multicloud.app.ui.components.bars import Bar, Part
from twin2multicloud.app.ui.components.tables import Column
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.preferences import Currency
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.cost.state import VERDICTS, Verdict, by_cloud, chosen
from twin2multicloud.app.ui.twin.parts import Parts


@ft.component
def CostTab(parts: Parts) -> ft.Control:  # noqa: N802
    """Totals, and below them every meter."""
    session = use_session()
    palette = use_store(session.appearance).palette
    currency = use_store(session.preferences).choices.currency
    use_store(session.viewport)
    meters = use_store(parts.meters)
    predicted = parts.seen.twin.usd_per_month
    if not parts.seen.runs_in_sandbox:
        return _predicted_only(session, parts, predicted, currency, palette)

    def shown(found: Meters | None) -> ft.Control:
        if found is None or found.month is None:
            why = found.problem if found is not None else ""
            return ft.Column(
                [
                    _predicted_only(session, parts, predicted, currency, palette),
                    text.muted(why or tr("Nothing was counted yet.")),
                ],
                spacing=GAP,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            )
        return _compared(session, parts, found, found.month, currency, palette)

    return states.shown(meters, shown, rows=6)


def _predicted_only(
    session: Session, parts: Parts, predicted: float | None, currency: Currency, palette: Palette
) -> ft.Control:
    open_proposal = buttons.other(
        tr("Proposal and bill"), lambda: session.go(places.proposal(parts.id)), icon=ft.Icons.RECEIPT_LONG_OUTLINED
    )
    if predicted is None:
        return cards.card(
            states.nothing(
                tr("No cost is predicted yet"),
                hint=tr("It has no placement; the optimizer finds the cheapest."),
                icon=ft.Icons.SAVINGS_OUTLINED,
                action=open_proposal,
            )
        )
    said = figures.per_month(predicted, currency)
    bar = bars.bars(
        [
            Bar(tr("predicted"), [Part(predicted, palette.accent.strong)], said, strong=True),
            Bar(tr("metered"), [], figures.NONE),
            Bar(tr("billed"), [], figures.NONE),
        ],
        label=tr("Cost per month"),
        said_px=150,
    )
    why = tr("It is metered while it runs in a sandbox. Bills of the clouds are not imported yet.")
    return cards.card(
        ft.Column([bar, text.muted(why)], spacing=GAP, tight=True), title=tr("Cost per month"), beside=[open_proposal]
    )


def _compared(
    session: Session, parts: Parts, meters: Meters, month: MonthCompared, currency: Currency, palette: Palette
) -> ft.Control:
    totals = bars.bars(
        [
            Bar(
                tr("predicted"),
                [Part(month.usd_predicted, palette.accent.strong)],
                figures.per_month(month.usd_predicted, currency),
                strong=True,
            ),
            Bar(
                tr("metered"),
                [Part(month.usd_metered, palette.ok.strong)],
                figures.per_month(month.usd_metered, currency),
                strong=True,
            ),
            Bar(tr("billed"), [], tr("not imported yet")),
        ],
        label=tr("Cost per month"),
        name_px=80,
        said_px=150,
    )
    covered = tr(
        "Forecast of a month from {time} of the twin’s time so far, {messages} messages a month at this rate. "
        "Simulated clouds send no bills, and bills of real ones are not imported yet.",
        time=figures.age(meters.elapsed_s),
        messages=figures.short(month.messages),
    )
    left = cards.card(
        ft.Column([totals, text.muted(covered)], spacing=GAP + 2, tight=True),
        title=tr("Cost per month (estimate)"),
        beside=[
            buttons.quiet(
                tr("Bill lines"), lambda: session.go(places.proposal(parts.id)), icon=ft.Icons.RECEIPT_LONG_OUTLINED
            )
        ],
        id="cost",
    )
    right = cards.card(_clouds(month, currency, palette), title=tr("By cloud"))
    return ft.Column(
        [columns(session, [left], [right], ratio=52), _meters(session, parts, month, currency, palette)],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _clouds(month: MonthCompared, currency: Currency, palette: Palette) -> ft.Control:
    rows: list[Bar] = []
    for each in by_cloud(month.meters):
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


def _meters(session: Session, parts: Parts, month: MonthCompared, currency: Currency, palette: Palette) -> ft.Control:
    verdict = parts.look.get("verdict")
    counts = {each: sum(1 for meter in month.meters if meter.verdict == each) for each in VERDICTS}
    options = {"": tr("all ({count})", count=len(month.meters))}
    options |= {each: f"{verdict_name(each)} ({counts[each]})" for each in VERDICTS}
    rows = chosen(month.meters, verdict)
    choice = fields.choice(
        tr("Show"), verdict, options, lambda given: session.go(parts.look.asking(verdict=given).path), width=210
    )
    table: ft.Control = (
        tables.table(
            _columns(currency, palette),
            rows,
            narrow=session.viewport.narrow,
            wide=session.viewport.wide,
            name=lambda meter: f"{meter.service}, {meter.dimension}",
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
    }[verdict]


def _columns(currency: Currency, palette: Palette) -> list[Column[MeterComparison]]:
    def quantity(amount: float, unit: str) -> ft.Control:
        return text.figure(f"{figures.short(amount)} {unit}")

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
            tr("Ratio"),
            lambda meter: text.figure(figures.NONE if meter.ratio is None else f"{meter.ratio:.2f}"),
            share=2,
            number=True,
        ),
        Column(tr("Verdict"), lambda meter: _verdict(meter, palette), share=3),
    ]


def _name(meter: MeterComparison) -> ft.Control:
    notes = [meter.region]
    if meter.projected:
        notes.append(tr("projected"))
    if meter.planned:
        notes.append(tr("planned"))
    return ft.Column(
        [
            text.body(meter.service, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS),
            text.muted(f"{meter.dimension} · {' · '.join(notes)}", max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=1,
        tight=True,
    )


def _verdict(meter: MeterComparison, palette: Palette) -> ft.Control:
    tints = {
        "agrees": (palette.ok, "✔"),
        "deviates": (palette.warn, "▲"),
        "not exercised": (palette.unknown, "○"),
        "unexpected": (palette.bad, "■"),
    }
    tint, sign = tints[meter.verdict]
    return badges.pill(verdict_name(meter.verdict), tint, sign=sign)
