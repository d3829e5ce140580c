"""The bill, line by line: what is counted, how much of it, at which price, and where that price was read."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, fields, states, tables, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.proposal.lines import Line, Tier, chosen, owners_of
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Shown
from twin2multicloud.app.ui.proposal.words import owner_name
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_OWNERS_SHOWN = 2


@ft.component
def Bill(look: Look, shown: Shown) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The lines that are looked at; one that is pressed tells more."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    opened, set_opened = ft.use_state(frozenset[str]())
    found = chosen(shown.lines, look.cloud, look.of)
    usd = sum(line.usd_of(look.of) for line in found)
    rows: list[ft.Control] = [_filters(session, look, shown), _sum(session, look, shown, found, usd)]
    if not found:
        rows.append(states.nothing(tr("No line fits"), icon=ft.Icons.SEARCH_OFF))
    else:
        rows.append(
            tables.table(
                _columns(session, look, opened),
                found,
                narrow=session.viewport.narrow,
                wide=session.viewport.wide,
                name=lambda line: f"{line.service}: {line.dimension}",
                opened=lambda line: set_opened(opened ^ {line.id}),
                label=tr("Bill"),
                detail=lambda line: _detail(session, line) if line.id in opened else None,
            )
        )
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _filters(session: Session, look: Look, shown: Shown) -> ft.Control:
    clouds = {
        "": tr("all clouds"),
        **{each.value: badges.CLOUDS[each] for each in dict.fromkeys(line.provider for line in shown.lines)},
    }
    owners = {"": tr("all slots and links"), **{each: owner_name(each) for each in owners_of(shown.lines)}}
    return ft.Row(
        [
            fields.choice(
                tr("Cloud"), look.cloud, clouds, lambda cloud: session.go(look.filtered(cloud=cloud).path), width=150
            ),
            fields.choice(
                tr("For"),
                look.of if look.of in owners else "",
                owners,
                lambda of: session.go(look.filtered(of=of).path),
                width=250,
            ),
        ],
        spacing=GAP,
        run_spacing=GAP,
        wrap=True,
    )


def _sum(session: Session, look: Look, shown: Shown, found: Sequence[Line], usd: float) -> ft.Control:
    amount = figures.per_month(usd, session.currency)
    said = trn("{count} line, {amount}", "{count} lines, {amount}", len(found), amount=amount)
    if look.cloud or look.of:
        said += " " + tr("of {total}", total=figures.per_month(shown.usd_per_month, session.currency))
    elif shown.transit_usd > HALF_A_CENT:
        transit = figures.money(shown.transit_usd, session.currency)
        said += " " + tr("and {usd} for traffic between regions of a cloud", usd=transit)
    return text.named("bill-sum", text.body(said))


def _columns(session: Session, look: Look, opened: frozenset[str]) -> list[tables.Column[Line]]:
    return [
        tables.Column(tr("What"), lambda line: _what(session, line, line.id in opened), share=6, main=True),
        tables.Column(tr("For"), lambda line: text.muted(_owners(line), max_lines=2), share=4, wide_only=True),
        tables.Column(
            tr("Quantity / month"),
            _quantity,
            share=3,
            number=True,
        ),
        tables.Column(
            tr("$ / month"),
            lambda line: text.figure(figures.money(line.usd_of(look.of), session.currency)),
            share=2,
            number=True,
        ),
    ]


def _quantity(line: Line) -> ft.Control:
    return ft.Column(
        [
            text.figure(figures.quantity(line.quantity), size=13),
            text.muted(line.unit, size=11.5, text_align=ft.TextAlign.RIGHT),
        ],
        spacing=0,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.END,
    )


def _what(session: Session, line: Line, opened: bool) -> ft.Control:
    sign = ft.Icons.EXPAND_LESS if opened else ft.Icons.EXPAND_MORE
    palette = session.appearance.palette
    below: list[ft.Control] = [
        badges.cloud(line.provider, palette, size=11),
        text.muted(line.region, size=11.5),
    ]
    if not line.verified:
        below.append(badges.pill(tr("unverified"), palette.warn, sign="▲", size=11))
    return ft.Row(
        [
            ft.Icon(sign, size=16, color=ft.Colors.ON_SURFACE_VARIANT),
            ft.Column(
                [
                    text.body(f"{line.service}: {line.dimension}", max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
                    ft.Row(below, spacing=6, wrap=True, run_spacing=2),
                ],
                spacing=2,
                tight=True,
                expand=True,
            ),
        ],
        spacing=6,
    )


def _owners(line: Line) -> str:
    owners = line.owners
    said = ", ".join(owner_name(owner) for owner in owners[:_OWNERS_SHOWN])
    return f"{said} +{len(owners) - _OWNERS_SHOWN}" if len(owners) > _OWNERS_SHOWN else said


def _detail(session: Session, line: Line) -> ft.Control:
    rows: list[ft.Control] = [text.body(line.formula, selectable=True)]
    if len(line.tariff) > 1:
        rows += [text.muted(_tier(session, tier, line)) for tier in line.tariff]
    if len(line.portions) > 1:
        rows += [
            text.muted(
                f"{owner_name(each.owner)} · {each.component}: {figures.quantity(each.quantity)} {line.unit}, "
                f"{figures.money(each.usd, session.currency)}"
            )
            for each in sorted(line.portions, key=lambda one: -one.usd)
        ]
    rows.append(_source(line))
    if line.note:
        rows.append(text.muted(line.note))
    return ft.Container(
        ft.Column(rows, spacing=3, tight=True),
        padding=12,
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
        border_radius=8,
    )


def _tier(session: Session, tier: Tier, line: Line) -> str:
    return tr(
        "from {start}: {quantity} {unit} at {price} = {usd}",
        start=figures.quantity(tier.from_quantity),
        quantity=figures.quantity(tier.quantity),
        unit=line.unit,
        price=figures.unit_price(tier.usd_per_unit),
        usd=figures.money(tier.usd, session.currency),
    )


def _source(line: Line) -> ft.Control:
    source = line.source
    said = tr(
        "Price of {date}, confidence {grade}: {title}",
        date=source.date,
        grade=line.confidence,
        title=source.title or source.key,
    )
    if source.url is None or not source.url.startswith("https://"):
        return text.muted(said)
    return ft.Row(
        [
            text.muted(said),
            ft.TextButton(tr("Open the source"), url=ft.Url(source.url, target=ft.UrlTarget.BLANK)),
        ],
        spacing=GAP,
        run_spacing=0,
        wrap=True,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
