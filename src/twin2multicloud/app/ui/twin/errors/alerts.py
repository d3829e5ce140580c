"""Alerts of a twin as they come: who looks after them, and which are kept quiet."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.schemas.alerts import Alert
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.alerts.state import COUNTED_EVERY_S, called, device_of
from twin2multicloud.app.ui.components import badges, buttons, menus, states, text
from twin2multicloud.app.ui.components.ages import Age
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.components.menus import Item
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.moments import Since
from twin2multicloud.app.ui.twin.parts import Parts

_MUTES_MINUTES = (60, 480, 1_440, 10_080)
_READ = 100


@ft.component
def AlertFeed(parts: Parts, most: int, waiting_only: bool = False) -> ft.Control:  # noqa: N802
    """The newest alerts. `waiting_only`: those that are not over, which nobody looks after and nobody muted."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    only = False if waiting_only else None
    alerts = use_store(
        use_held(
            lambda: session.ask(
                lambda api: list(api.alerts.list(twin=parts.id, acknowledged=only, muted=only, limit=_READ))
            ),
            parts.id,
            waiting_only,
            every_s=COUNTED_EVERY_S,
            refresh_on=Wanted(("alert",), twin=parts.id),
            keeps=True,
        )
    )

    def rows(every: list[Alert]) -> ft.Control:
        here = [alert for alert in every if not parts.seen.deployed or alert.target == parts.seen.target]
        found = [alert for alert in here if not (waiting_only and alert.over)]
        if not found:
            return states.nothing(
                tr("No errors and no warnings") if parts.seen.deployed else tr("Nothing runs yet"),
                hint=tr("Errors and warnings of all layers come here as they happen.") if parts.seen.deployed else "",
                icon=ft.Icons.CHECK_CIRCLE_OUTLINE,
            )
        shown: list[ft.Control] = [_row(session, parts, alerts, each, palette) for each in found[:most]]
        if len(found) > most:
            shown.append(
                buttons.quiet(tr("Show all"), lambda: session.go(parts.look.at("errors").path))
                if parts.look.tab != "errors"
                else text.muted(tr("There are more; acknowledge or mute what you have seen."))
            )
        return ft.Column(shown, spacing=0, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    return text.named("alerts", states.shown(alerts, rows), live=True, label=tr("Alerts"))


def _row(session: Session, parts: Parts, alerts: Remote[list[Alert]], alert: Alert, palette: Palette) -> ft.Control:
    opened = parts.look.get("alert") == alert.id
    toggled = parts.look.asking(alert=None if opened else alert.id)
    where = [alert.layer or tr("twin"), *([badges.CLOUDS.get(alert.cloud, alert.cloud)] if alert.cloud else [])]
    if device := device_of(alert):
        where.append(device)
    about: list[ft.Control] = [
        badges.severity(alert.severity, palette),
        text.muted(" · ".join(where)),
        Age(alert.last_at, pattern=tr("{age} ago")),
    ]
    if alert.count > 1:
        about.append(text.muted(f"× {figures.count(alert.count)}", weight=ft.FontWeight.W_600))
    if alert.over:
        about.append(badges.pill(tr("over"), palette.unknown, sign="✔"))
    if alert.acknowledged_at is not None:
        about.append(badges.pill(tr("looked after"), palette.ok, sign="✔"))
    if _muted(session, alert):
        about.append(badges.pill(tr("muted"), palette.unknown))
    head = ft.Column(
        [
            ft.Row(about, wrap=True, spacing=GAP, run_spacing=2, vertical_alignment=ft.CrossAxisAlignment.CENTER),
            text.body(
                alert.message,
                max_lines=None if opened else 2,
                overflow=ft.TextOverflow.ELLIPSIS,
                semantics_label="",  # as it is called so
            ),
        ],
        spacing=3,
        tight=True,
    )
    face = pressable(
        head,
        alert.message,
        lambda: session.go(toggled.path),
        reads=True,
        expand=True,
        expanded=opened,
        padding=6,
        border_radius=6,
    )
    line: ft.Control = ft.Row(
        [face, *_actions(session, parts, alerts, alert)], spacing=2, vertical_alignment=ft.CrossAxisAlignment.START
    )
    if opened:
        line = ft.Column([line, _details(session, parts, alert)], spacing=4, tight=True)
    return ft.Container(
        line,
        key=alert.id,
        border=ft.Border(bottom=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
        padding=ft.Padding.symmetric(vertical=4),
    )


def _muted(session: Session, alert: Alert) -> bool:
    return alert.muted_until is not None and alert.muted_until > session.now()


def _actions(session: Session, parts: Parts, alerts: Remote[list[Alert]], alert: Alert) -> list[ft.Control]:
    if not parts.seen.may_operate:
        return []

    async def acknowledged() -> None:
        await session.ask(lambda api: api.alerts.acknowledge(alert.id))
        alerts.refresh()

    async def muted(minutes: int) -> None:
        await session.ask(lambda api: api.alerts.mute(alert.id, minutes=minutes))
        alerts.refresh()

    def mute(minutes: int) -> None:
        session.act(muted(minutes))

    async def unmuted() -> None:
        await session.ask(lambda api: api.alerts.unmute(alert.id))
        alerts.refresh()

    made: list[ft.Control] = []
    if alert.acknowledged_at is None:
        made.append(
            buttons.icon(
                ft.Icons.CHECK,
                tr("Acknowledge: I look after it"),
                lambda: session.act(acknowledged()),
                name=tr("Acknowledge {alert}", alert=called(alert)),
            )
        )
    items = [
        Item(_mute_words(each), partial(mute, each), ft.Icons.NOTIFICATIONS_PAUSED_OUTLINED) for each in _MUTES_MINUTES
    ]
    if _muted(session, alert):
        items = [Item(tr("Tell me again"), lambda: session.act(unmuted()), ft.Icons.NOTIFICATIONS_ACTIVE_OUTLINED)]
    made.append(menus.more(tr("Mute"), items, name=tr("Mute {alert}", alert=called(alert))))
    return made


def _mute_words(minutes: int) -> str:
    if minutes < 1_440:
        return trn("Mute for {count} hour", "Mute for {count} hours", minutes // 60)
    return trn("Mute for {count} day", "Mute for {count} days", minutes // 1_440)


def _details(session: Session, parts: Parts, alert: Alert) -> ft.Control:
    rows: list[tuple[str, ft.Control]] = [
        (tr("Kind"), text.mono(alert.kind)),
        (tr("First"), Since(alert.first_at)),
        (tr("Last"), Since(alert.last_at)),
        (tr("How often"), text.body(figures.count(alert.count))),
    ]
    for name, value in alert.data.items():
        if value not in (None, "", [], {}):
            rows.append((name, text.mono(str(value), selectable=True)))
    if alert.acknowledged_at is not None:
        who = alert.acknowledged_by or tr("somebody")
        rows.append((tr("Looked after by"), text.body(f"{who}, {figures.day_and_time(alert.acknowledged_at)}")))
    if _muted(session, alert):
        rows.append((tr("Muted until"), text.body(figures.day_and_time(alert.muted_until))))
    shown: list[ft.Control] = [facts(rows)]
    device = alert.data.get("device")
    if isinstance(device, str) and device:
        path = parts.look.at("devices", device=device).path
        shown.append(
            ft.Row([buttons.quiet(tr("Show {device}", device=device), lambda: session.go(path), icon=ft.Icons.SENSORS)])
        )
    return surfaces.sunken(*shown)
