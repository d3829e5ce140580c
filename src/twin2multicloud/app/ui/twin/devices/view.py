"""The devices of a twin: which there are, when they were heard of last, what they told."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.watching import DevicePage, TwinDevice
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, fields, states, tables, text
from twin2multicloud.app.ui.components.filters import filters
from twin2multicloud.app.ui.components.tables import Column, Sort
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.devices.device import DevicePart
from twin2multicloud.app.ui.twin.devices.state import PAGE, Listed
from twin2multicloud.app.ui.twin.live_part import live_part, search
from twin2multicloud.app.ui.twin.parts import Parts

_MOST_VALUES = 3


@ft.component
def DevicesTab(parts: Parts) -> ft.Control:  # noqa: N802
    """All devices, or the one that the address names."""
    device = parts.look.get("device")
    return DevicePart(parts, device) if device else DeviceList(parts)


@ft.component
def DeviceList(parts: Parts) -> ft.Control:  # noqa: N802
    """All devices, part by part."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    listed = Listed.of(parts.look)
    head = _filters(session, parts, listed)
    return live_part(parts, listed, head, lambda found: _list(session, parts, listed, found, palette), rows=8)


def _filters(session: Session, parts: Parts, listed: Listed) -> ft.Control:
    look = parts.look
    orders = {
        "name": tr("by name"),
        "-last_seen": tr("heard of last first"),
        "last_seen": tr("silent for longest first"),
    }
    given: list[tuple[ft.Control, int]] = [
        (search(session, parts, tr("Search devices"), listed.search), 260),
        (
            fields.choice(
                tr("Order"),
                listed.sort,
                orders,
                lambda sort: session.go(look.asking(sort="" if sort == "name" else sort, at=None).path),
            ),
            230,
        ),
    ]
    if listed.type:
        whole = look.asking(type=None, at=None).path
        given.append((buttons.quiet(tr("Only {type} ×", type=listed.type), lambda: session.go(whole)), 220))
    return filters(session, given)


def _list(session: Session, parts: Parts, listed: Listed, page: DevicePage, palette: Palette) -> ft.Control:
    look = parts.look
    if not page.items:
        return states.nothing(
            tr("No device fits") if listed.search or listed.type else tr("It has no devices"),
            icon=ft.Icons.SEARCH_OFF,
            action=buttons.other(tr("Show all"), lambda: session.go(look.at("devices").path)),
        )
    table = tables.table(
        _columns(page, palette),
        page.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        name=lambda device: device.id,
        opened=lambda device: session.go(look.asking(device=device.id).path),
        sort=Sort.read(listed.sort),
        sorted_by=lambda sort: session.go(look.asking(sort="" if str(sort) == "name" else str(sort), at=None).path),
        label=tr("Devices"),
    )
    turner = tables.turner(
        listed.trail,
        PAGE,
        page,
        lambda trail: session.go(look.asking(at=str(trail)).path),
        total=None if listed.search else page.total,
        always=True,
    )
    told = (
        trn("{count} device", "{count} devices", page.total)
        if page.live
        else tr("Not live: {why}", why=page.problem or tr("nothing runs"))
    )
    return ft.Column(
        [text.muted(told), table, *turner],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _columns(page: DevicePage, palette: Palette) -> list[Column[TwinDevice]]:
    columns = [
        Column[TwinDevice](tr("Device"), _named, share=3, key="name", main=True),
        Column[TwinDevice](tr("Type"), lambda device: text.muted(device.type), share=3),
    ]
    if page.live:
        columns += [
            Column[TwinDevice](tr("Connection"), lambda device: _connection(device, palette), share=2),
            Column[TwinDevice](tr("Last values"), _values, share=6, wide_only=True),
            Column[TwinDevice](
                tr("Messages"), lambda device: text.figure(figures.count(device.messages)), number=True, wide_only=True
            ),
            Column[TwinDevice](tr("Last seen"), _seen, share=2, key="last_seen", number=True),
        ]
    return columns


def _named(device: TwinDevice) -> ft.Control:
    return text.strong(device.id, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)


def _seen(device: TwinDevice) -> ft.Control:
    if device.last_seen is None:
        return text.muted(tr("never"))
    return text.figure(tr("{age} ago", age=figures.age(device.age_s)))


def _connection(device: TwinDevice, palette: Palette) -> ft.Control:
    if device.connected is None:
        return text.muted(figures.NONE)
    if device.connected:
        return badges.pill(tr("connected"), palette.ok, sign="●")
    return badges.pill(tr("away"), palette.warn, sign="○")


def _values(device: TwinDevice) -> ft.Control:
    shown = [
        f"{name} {figures.measured(each.value, each.unit)}" for name, each in list(device.values.items())[:_MOST_VALUES]
    ]
    return text.muted("   ".join(shown), no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)
