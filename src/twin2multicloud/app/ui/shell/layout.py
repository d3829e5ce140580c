"""The frame of every screen: rail or bar, what is wrong with the connection, and messages."""

from __future__ import annotations

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import buttons, cards, kept, text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.notices import Notice
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell import rail
from twin2multicloud.app.ui.theme import Palette

_SHOWN_MS = 6_000
_WIDE_PX = 620


@ft.component
def Layout() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """What is around the screen that the address names."""
    outlet = ft.use_route_outlet()
    session = use_session()
    path = Place.of(ft.context.page.route).path
    use_store(session.viewport)
    use_store(session.appearance)
    use_store(session.alerting)
    column = ft.Column(
        [Banner(), kept.within(ft.Container(expand=True), outlet), Converted(), Messages()], spacing=0, expand=True
    )
    if session.viewport.narrow:
        return ft.Column([column, rail.bar(session, path, session.alerting.open)], spacing=0, expand=True)
    return ft.Row(
        [rail.rail(session, path, session.alerting.open), ft.VerticalDivider(width=1), column],
        spacing=0,
        expand=True,
    )


@ft.component
def Banner() -> ft.Control:  # noqa: N802
    """What is wrong with the connection to the API, as long as it is."""
    session = use_session()
    live = use_store(session.live)
    palette = session.appearance.palette
    if live.problem is None:
        return ft.Container(height=0)
    message = live.failure.message if live.failure is not None else live.problem
    said = (
        tr("Live updates have ended: {why}", why=message)
        if live.failure is not None
        else tr("The server does not answer; trying again. What you see may be old.")
    )
    return ft.Semantics(
        identifier="connection",
        live_region=True,
        container=True,
        content=ft.Container(
            cards.strip(
                text.body(said), tint_soft=palette.warn.soft, tint=palette.warn.strong, icon=ft.Icons.CLOUD_OFF
            ),
            padding=8,
        ),
    )


@ft.component
def Converted() -> ft.Control:  # noqa: N802
    """That amounts are not what the clouds charge, but what somebody's rate makes of it."""
    session = use_session()
    currency = use_store(session.preferences).choices.currency
    if not currency.converted:
        return ft.Container(height=0)
    said = tr(
        "≈ amounts are converted from USD: 1 USD = {rate:g} {code}, as you entered it for {day}",
        rate=currency.per_usd,
        code=currency.code,
        day=currency.as_of or tr("an unknown day"),
    )
    return pressable(
        ft.Row([ft.Container(text.muted(said, size=12), expand=True)]),
        said,
        lambda: session.go(places.SETTINGS),
        id="converted",
        padding=ft.Padding.symmetric(horizontal=16, vertical=3),
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
    )


@ft.component
def Messages() -> ft.Control:  # noqa: N802
    """The newest message, for a while."""
    session = use_session()
    notices = use_store(session.notices)
    shown, set_shown = ft.use_state(0)
    last: MutableRef[ft.SnackBar | None] = ft.use_ref(None)
    palette = session.appearance.palette

    def show() -> None:
        notice = notices.newest
        if notice is not None and notices.version != shown:
            set_shown(notices.version)
            if last.current is not None and last.current.open:
                # One at a time: Flutter would show the new one when the one before has had its time.
                last.current.open = False
                last.current.update()
            last.current = _bar(session, notice, palette)
            session.page.show_dialog(last.current)

    ft.use_effect(show, [notices.version])
    return ft.Container(height=0)


def _bar(session: Session, notice: Notice, palette: Palette) -> ft.SnackBar:
    tints = {"done": palette.ok, "problem": palette.bad, "alert": palette.warn}
    tint = tints[notice.tone]
    parts: list[ft.Control] = [ft.Container(text.body(notice.text, color=tint.strong), expand=True)]
    if notice.label is not None:
        act = notice.act

        def pressed() -> None:
            bar.open = False
            bar.update()
            if act is not None:
                act()

        parts.append(buttons.quiet(notice.label, pressed))
    bar = ft.SnackBar(
        ft.Semantics(identifier="notice", live_region=True, container=True, content=ft.Row(parts, spacing=8)),
        bgcolor=tint.soft,
        duration=_SHOWN_MS if notice.tone == "done" else 2 * _SHOWN_MS,
        behavior=ft.SnackBarBehavior.FLOATING,
        width=None if session.viewport.narrow else _WIDE_PX,
        show_close_icon=True,
        close_icon_color=tint.strong,
    )
    return bar
