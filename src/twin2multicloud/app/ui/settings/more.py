"""The rest of where one can go, where the bar at the bottom has no room for it; and who is signed in."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.ui.components import cards, text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.account import ways_out, who
from twin2multicloud.app.ui.shell.rail import Destination, beyond
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.theme import GAP, RADIUS


@ft.component
def MoreScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Places and the person."""
    session = use_session()
    use_store(session.viewport)
    rows = [_place(session, each) for each in beyond()]
    return screen(
        session,
        [Crumb(tr("More"))],
        ft.Column(
            [
                ft.Column(rows, spacing=GAP, tight=True),
                cards.card(
                    ft.Column([who(session), ways_out(session)], spacing=GAP + 4, tight=True), title=tr("Signed in")
                ),
            ],
            spacing=GAP + 8,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        id="more",
    )


def _place(session: Session, destination: Destination) -> ft.Control:
    go = partial(session.go, destination.path)
    return pressable(
        ft.Row(
            [
                ft.Icon(destination.icon, color=ft.Colors.ON_SURFACE_VARIANT),
                ft.Container(text.strong(destination.label), expand=True),
                ft.Icon(ft.Icons.CHEVRON_RIGHT, color=ft.Colors.ON_SURFACE_VARIANT),
            ],
            spacing=GAP + 6,
        ),
        destination.label,
        go,
        padding=ft.Padding.symmetric(horizontal=16, vertical=14),
        bgcolor=ft.Colors.SURFACE,
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
        border_radius=RADIUS,
    )
