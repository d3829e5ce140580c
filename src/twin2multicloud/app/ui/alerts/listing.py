"""The list of alerts, and what is done with several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flet as ft

from twin2multicloud.app.schemas.alerts import Alert
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.ui import figures, layers, may
from twin2multicloud.app.ui.alerts import acting
from twin2multicloud.app.ui.alerts.state import PAGE, Chosen, Look, called, device_of, is_muted, whose
from twin2multicloud.app.ui.components import badges, buttons, fields, states, tables, text
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


def listing(session: Session, look: Look, part: Page[Alert], chosen: Chosen, done: Callable[[], None]) -> ft.Control:
    """The alerts in view; above them what can be done with those that are ticked."""
    if not part.items:
        return _nothing(session, look)
    mine = [each.id for each in part.items if _may_act(session, each)]
    ticked = [each for each in mine if each in chosen.ids]
    table = tables.table(
        _columns(session, part.items, chosen, look),
        part.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide and not look.alert,
        name=lambda alert: alert.message,
        opened=lambda alert: session.go(look.opened(alert.id).path),
        label=tr("Alerts"),
    )
    parts: list[ft.Control] = [_bulk(session, part, mine, ticked, chosen, done)] if mine else []
    parts.append(table)
    parts += tables.turner(look.trail, PAGE, part, lambda trail: session.go(look.turned(trail).path))
    return ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _nothing(session: Session, look: Look) -> ft.Control:
    if look.filtered or look.trail:
        return states.nothing(
            tr("No alert fits"),
            icon=ft.Icons.SEARCH_OFF,
            action=buttons.other(tr("Show all of these"), lambda: session.go(Look(state=look.state).path)),
        )
    said = {
        "open": (
            tr("No open alerts"),
            tr("What goes wrong in a twin, or a rule raises, comes up here and as a message, as it happens."),
        ),
        "acknowledged": (tr("Nobody looks after an alert"), tr("Whoever acknowledges one is named here.")),
        "muted": (tr("No alert is muted"), tr("Muted alerts are told to nobody until their time is over.")),
        "all": (tr("No alerts yet"), tr("What goes wrong in a twin, or a rule raises, comes up here.")),
    }[look.state]
    return states.nothing(said[0], hint=said[1], icon=ft.Icons.NOTIFICATIONS_NONE)


def _may_act(session: Session, alert: Alert) -> bool:
    return may.have(session.me, "run", "operator", alert.workspace)


def _bulk(
    session: Session, part: Page[Alert], mine: list[str], ticked: list[str], chosen: Chosen, done: Callable[[], None]
) -> ft.Control:
    def after() -> None:
        chosen.put(frozenset())
        done()

    every = len(ticked) == len(mine)
    box = fields.checkbox(
        tr("All {count} in view", count=len(mine))
        if not ticked
        else trn("{count} chosen", "{count} chosen", len(ticked)),
        every,
        lambda yes: chosen.put(frozenset(mine) if yes else frozenset()),
    )
    parts: list[ft.Control] = []
    if ticked:
        free = not chosen.busy
        parts += [
            buttons.main(
                tr("Acknowledge") if free else tr("Working…"),
                (lambda: acting.acknowledge(session, ticked, chosen, after)) if free else None,
                icon=ft.Icons.CHECK,
            ),
            buttons.other(
                tr("Mute…"),
                (lambda: acting.mute(session, ticked, chosen, after)) if free else None,
                icon=ft.Icons.NOTIFICATIONS_OFF_OUTLINED,
            ),
        ]
        muted = [each.id for each in part.items if each.id in ticked and is_muted(each, session.now())]
        if muted:
            parts.append(
                buttons.other(tr("Unmute"), (lambda: acting.unmute(session, muted, chosen, after)) if free else None)
            )
    return ft.Container(
        fields.ticked_for(box, parts, narrow=session.viewport.narrow),
        padding=ft.Padding.only(left=15),  # so that the box stands above those of the rows
        height=None if session.viewport.narrow else 40,
    )


def _columns(session: Session, given: Sequence[Alert], chosen: Chosen, look: Look) -> list[tables.Column[Alert]]:
    palette, now = session.appearance.palette, session.now()
    beside = bool(look.alert) and session.viewport.wide
    ticks = tables.Column[Alert]("", lambda alert: _tick(session, alert, chosen), aside_px=40)
    return [
        *([ticks] if any(_may_act(session, each) for each in given) else []),
        tables.Column(tr("Alert"), lambda alert: _what(session, alert, look), share=9 if beside else 7, main=True),
        tables.Column(tr("Severity"), lambda alert: badges.severity(alert.severity, palette), share=2),
        tables.Column(
            tr("Cloud"),
            lambda alert: badges.cloud(alert.cloud, palette) if alert.cloud else text.muted(figures.NONE),
            share=2,
            wide_only=True,
        ),
        tables.Column(tr("Times"), lambda alert: text.figure(figures.count(alert.count)), share=1, number=True),
        tables.Column(tr("Last"), lambda alert: text.muted(figures.since(alert.last_at, now)), share=2, number=True),
    ]


def _what(session: Session, alert: Alert, look: Look) -> ft.Control:
    where = [whose(alert)]
    if alert.layer:
        where.append(layers.name(alert.layer))
    if device := device_of(alert):
        where.append(device)
    if is_muted(alert, session.now()):
        where.append(tr("muted until {moment}", moment=figures.day_and_time(alert.muted_until)))
    if alert.acknowledged_at is not None:
        where.append(tr("{who} looks after it", who=alert.acknowledged_by or tr("somebody who left")))
    return ft.Column(
        [
            text.strong(
                alert.message,
                max_lines=2,
                overflow=ft.TextOverflow.ELLIPSIS,
                color=ft.Colors.PRIMARY if alert.id == look.alert else None,
            ),
            text.muted(" · ".join(where), max_lines=2, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=1,
        tight=True,
    )


def _tick(session: Session, alert: Alert, chosen: Chosen) -> ft.Control:
    if not _may_act(session, alert):
        return ft.Container(height=0)
    return ft.Checkbox(
        value=alert.id in chosen.ids,
        semantics_label=tr("Choose: {alert}", alert=called(alert)),
        on_change=lambda _: chosen.toggle(alert.id),
    )
