"""One meter: what it counts, what it costs where, by which source, and what a quantity of it would cost."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, fields, states, tables, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.prices.state import Explained, Figure, InUse, Look, Policy, load_bill, load_meter, units
from twin2multicloud.app.ui.prices.words import confidence, number, price, usd
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


@ft.component
def MeterCard(look: Look, in_use: InUse) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The meter that the address names."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    book = in_use.prices.hash
    found = use_remote(lambda: session.ask(lambda api: load_meter(api, look.meter)), look.meter, book)
    close = buttons.icon(ft.Icons.CLOSE, tr("Close the details"), lambda: session.go(look.listed.path))
    known = found.value.meter if found.value is not None else None
    return cards.card(
        states.shown(found, lambda explained: _shown(session, look, in_use, explained), rows=6),
        title=known.service if known is not None else look.meter,
        beside=[*([badges.cloud(known.provider, session.appearance.palette)] if known is not None else []), close],
        id="meter",
    )


def _shown(session: Session, look: Look, in_use: InUse, explained: Explained) -> ft.Control:
    meter = explained.meter
    known: list[Fact] = [
        (tr("Counts"), meter.dimension),
        (tr("Unit"), meter.unit),
        (tr("Counted"), _scope(meter.scope)),
        (tr("Kind"), f"{meter.kind} · {meter.cost_primitive}"),
        (tr("Id"), text.mono(meter.id, selectable=True)),
    ]
    if meter.pool:
        known.append((tr("Together with"), meter.pool))
    parts: list[ft.Control] = [facts(known, name_px=100), Calculator(look, in_use, explained)]
    if explained.figures:
        shown = sorted(explained.figures, key=lambda each: (each.region != look.region, each.policy, each.region))
        parts += [
            text.section(tr("Prices by region")),
            tables.table(
                _columns(),
                shown[:100],
                narrow=session.viewport.narrow,
                wide=session.viewport.wide,
                label=tr("Prices by region"),
            ),
        ]
    if explained.missing:
        parts.append(text.section(tr("Where it has no price")))
        parts += [text.muted(each) for each in explained.missing[:12]]
        if len(explained.missing) > 12:
            parts.append(text.muted(tr("and {count} more", count=len(explained.missing) - 12)))
    return ft.Column(parts, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _scope(scope: str) -> str:
    known = {
        "account": tr("over the whole account, so that tiers and what is free count once"),
        "region": tr("region by region"),
        "zone": tr("zone by zone"),
    }
    return known.get(scope, scope)


def _columns() -> list[tables.Column[Figure]]:
    return [
        tables.Column(tr("Region"), _region, share=3, main=True),
        tables.Column(tr("Price"), _tiers, share=5),
        tables.Column(tr("Source"), _source, share=3),
    ]


def _region(figure: Figure) -> ft.Control:
    parts: list[ft.Control] = [text.body(figure.region)]
    if figure.policy != "list":
        parts.append(text.muted(tr("under {policy}", policy=figure.policy)))
    return ft.Column(parts, spacing=1, tight=True)


def _tiers(figure: Figure) -> ft.Control:
    if len(figure.starts) == 1:
        return text.body(price(figure.published[0], figure.per, figure.unit), size=13)
    lines: list[ft.Control] = []
    for start, amount in zip(figure.starts, figure.published, strict=True):
        said = tr("free") if amount == 0 else usd(amount)
        lines.append(text.muted(tr("from {start}: {price}", start=number(start), price=said)))
    lines.append(text.muted(tr("per {per} {unit}", per=number(figure.per), unit=figure.unit)))
    return ft.Column(lines, spacing=1, tight=True)


def _source(figure: Figure) -> ft.Control:
    parts: list[ft.Control] = [
        text.body(confidence(figure.confidence), size=13),
        text.muted(f"{figure.source} · {figure.date}"),
    ]
    if figure.fallback:
        parts.append(text.muted(tr("taken over from another region")))
    if figure.note:
        parts.append(text.muted(figure.note, max_lines=3, overflow=ft.TextOverflow.ELLIPSIS, tooltip=tip(figure.note)))
    return ft.Column(parts, spacing=1, tight=True)


@ft.component
def Calculator(look: Look, in_use: InUse, explained: Explained) -> ft.Control:  # noqa: N802
    """What a number of units a month would cost, tier by tier."""
    session = use_session()
    use_store(session.appearance)
    currency = use_store(session.preferences).choices.currency
    priced = sorted({figure.region for figure in explained.figures})
    region = look.region if look.region in priced else (priced[0] if priced else "")
    bill = use_remote(
        lambda: session.ask(lambda api: load_bill(api, look, region)),
        look.meter,
        region,
        look.quantity,
        look.policy,
        in_use.prices.hash,
    )
    if not priced:
        return text.muted(tr("It has no price anywhere yet, so nothing can be calculated."))

    def go(**given: object) -> None:
        session.go(Look(**{**look.__dict__, **given}).path)

    wrong = bool(look.quantity) and units(look.quantity) is None
    row: list[ft.Control] = [
        SearchField(
            tr("Units a month"),
            look.quantity,
            lambda given: go(quantity=given),
            width=190,
            hint="1,500,000",
            plain=True,
        ),
        ft.Container(
            fields.choice(tr("In"), region, {each: each for each in priced}, lambda chosen: go(region=chosen)),
            width=190,
        ),
    ]
    if any(figure.policy == "eu-data-act" for figure in explained.figures) or look.policy != "list":
        policies: dict[str, str] = {"list": tr("list prices"), "eu-data-act": tr("EU Data Act")}
        row.append(
            ft.Container(
                fields.choice(tr("Egress"), look.policy, policies, lambda chosen: go(policy=_policy(chosen))),
                width=160,
            )
        )
    parts: list[ft.Control] = [
        text.section(tr("What would it cost?")),
        ft.Row(row, wrap=True, spacing=GAP, run_spacing=GAP),
    ]
    if wrong:
        parts.append(text.muted(tr("That is no number of units, such as 1,500,000."), color=ft.Colors.ERROR))
    elif bill.failure is not None:
        parts.append(states.failed(bill.failure, bill.refresh))
    elif bill.value is not None:
        for line in bill.value.lines:
            parts.append(
                text.muted(
                    tr(
                        "{units} {unit} at {price} each: {amount}",
                        units=number(line["units"]),
                        unit=explained.meter.unit,
                        price=usd(line["usd_per_unit"]),
                        amount=figures.money(line["usd"], currency),
                    )
                )
            )
        parts.append(
            text.named(
                "would-cost", text.strong(figures.per_month(bill.value.usd_per_month, currency), size=18), live=True
            )
        )
        parts.append(text.muted(tr("of this meter alone, with nothing else on it: an estimate")))
    return ft.Container(
        ft.Column(parts, spacing=6, tight=True),
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
        border_radius=8,
        padding=12,
    )


def _policy(chosen: str) -> Policy:
    return "eu-data-act" if chosen == "eu-data-act" else "list"
