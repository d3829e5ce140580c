"""What the clouds count, meter by meter, and what that costs in a region."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.catalogue import Region
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, fields, states, tables, text
from twin2multicloud.app.ui.components.filters import filters
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.prices.meter import MeterCard
from twin2multicloud.app.ui.prices.state import PAGE, InUse, Look, Meter, load_meters, matching
from twin2multicloud.app.ui.prices.words import price
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP


@ft.component
def MetersPart(look: Look, in_use: InUse) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list, and a meter beside it."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    meters = use_remote(
        lambda: session.ask(lambda api: load_meters(api, look.cloud, look.region)),
        look.cloud,
        look.region,
        in_use.prices.hash,
    )
    above = [_filters(session, look, in_use)]
    matter = states.use_shown(meters, lambda found: _list(session, look, matching(found, look.search)), look, rows=8)
    if look.meter and session.viewport.wide:
        matter = columns(session, [matter], [MeterCard(look, in_use)], ratio=48)
    elif look.meter:
        above, matter = [], MeterCard(look, in_use)
    return ft.Column([*above, matter], spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def regions_of(in_use: InUse, cloud: str) -> list[Region]:
    """The regions of a cloud, or of all."""
    return [region for region in in_use.regions if cloud in ("", region.provider.value)]


def _filters(session: Session, look: Look, in_use: InUse) -> ft.Control:
    regions = {region.code: f"{region.code} · {region.name}" for region in regions_of(in_use, look.cloud)}

    def cloud(chosen: str) -> None:
        kept = look.region in {region.code for region in regions_of(in_use, chosen)}
        session.go(look.changed(cloud=chosen, meter="", region=look.region if kept else "").path)

    return filters(
        session,
        [
            (
                SearchField(
                    tr("Search meters"),
                    look.search,
                    lambda given: session.go(look.changed(search=given).path),
                    hint=tr("service, what is counted"),
                ),
                280,
            ),
            (fields.choice(tr("Cloud"), look.cloud, {"": tr("any cloud"), **badges.CLOUDS}, cloud), 140),
            (
                fields.choice(
                    tr("Region"),
                    look.region,
                    {"": tr("no region: rules only"), **regions},
                    lambda region: session.go(look.changed(region=region).path),
                ),
                280,
            ),
        ],
    )


def _list(session: Session, look: Look, found: list[Meter]) -> ft.Control:
    if not found:
        return states.nothing(
            tr("No meter fits"),
            icon=ft.Icons.SEARCH_OFF,
            action=buttons.other(tr("Show all"), lambda: session.go(Look().path)),
        )
    part = found[look.start : look.start + PAGE]
    table = tables.table(
        _columns(session, look),
        part,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide and not look.meter,
        name=lambda meter: f"{meter.service}: {meter.dimension}",
        opened=lambda meter: session.go(look.opened(meter.id).path),
        label=tr("Meters"),
    )
    pager = tables.pager(
        look.start,
        len(part),
        len(found),
        (lambda: session.go(look.turned(-1).path)) if look.start else None,
        (lambda: session.go(look.turned(1).path)) if look.start + PAGE < len(found) else None,
    )
    return ft.Column([table, pager], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _columns(session: Session, look: Look) -> list[tables.Column[Meter]]:
    palette = session.appearance.palette
    shown: list[tables.Column[Meter]] = [
        tables.Column(tr("Meter"), lambda meter: _named(meter, meter.id == look.meter), share=6, main=True),
        tables.Column(tr("Cloud"), lambda meter: badges.cloud(meter.provider, palette), share=2),
        tables.Column(tr("Unit"), lambda meter: text.muted(meter.unit), share=3, wide_only=True),
        tables.Column(
            tr("Regions"), lambda meter: text.figure(figures.count(meter.regions)), share=2, number=True, wide_only=True
        ),
    ]
    if look.region:
        shown.append(tables.Column(tr("Price there"), _price, share=4, number=True))
    return shown


def _named(meter: Meter, chosen: bool) -> ft.Control:
    return ft.Column(
        [
            text.strong(
                meter.service,
                max_lines=1,
                overflow=ft.TextOverflow.ELLIPSIS,
                color=ft.Colors.PRIMARY if chosen else None,
            ),
            text.muted(meter.dimension, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=1,
        tight=True,
    )


def _price(meter: Meter) -> ft.Control:
    found = next((figure for figure in meter.figures if figure.policy == "list"), None)
    if found is None:
        return text.muted(tr("not known"))
    said = price(found.published[-1], found.per, found.unit)
    if len(found.published) > 1:
        said = tr("from {price}", price=said)
    return text.muted(said, text_align=ft.TextAlign.RIGHT)
