"""Where one can go: a rail at the left, or a bar at the bottom where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import flet as ft

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell import keys
from twin2multicloud.app.ui.shell.account import account

_IN_BAR: Final = 3


@dataclass(frozen=True)
class Destination:
    """A place to go to; `begins`: which addresses belong to it."""

    label: str
    path: str
    icon: ft.IconData
    begins: tuple[str, ...]

    def holds(self, path: str) -> bool:
        """Whether an address belongs to it."""
        return path == self.path or (path.startswith(self.begins) if self.begins else False)


def destinations() -> Sequence[Destination]:
    """All of them."""
    return (
        Destination(tr("Twins"), places.TWINS, ft.Icons.HUB_OUTLINED, ("/twins", "/runs")),
        Destination(tr("New"), places.NEW, ft.Icons.ADD_CIRCLE_OUTLINE, (f"{places.NEW}/",)),
        Destination(tr("Alerts"), places.ALERTS, ft.Icons.NOTIFICATIONS_OUTLINED, (places.ALERTS,)),
        Destination(tr("Connections"), places.CONNECTIONS, ft.Icons.CLOUD_OUTLINED, (places.CONNECTIONS,)),
        Destination(tr("Prices"), places.PRICES, ft.Icons.SELL_OUTLINED, (places.PRICES,)),
        Destination(tr("People"), places.PEOPLE, ft.Icons.GROUP_OUTLINED, (places.PEOPLE,)),
        Destination(tr("Audit"), places.AUDIT, ft.Icons.HISTORY, (places.AUDIT,)),
        Destination(tr("Settings"), places.SETTINGS, ft.Icons.TUNE, (places.SETTINGS,)),
    )


def beyond() -> Sequence[Destination]:
    """Those that the bar at the bottom has no room for."""
    return destinations()[_IN_BAR:]


def _bottom() -> Sequence[Destination]:
    rest = tuple(begin for each in beyond() for begin in each.begins)
    return (*destinations()[:_IN_BAR], Destination(tr("More"), places.MORE, ft.Icons.MORE_HORIZ, rest))


def rail(session: Session, path: str, alerts: int) -> ft.Control:
    """At the left of the screen."""
    every = destinations()
    return ft.NavigationRail(
        selected_index=_chosen(every, path),
        label_type=ft.NavigationRailLabelType.ALL,
        min_width=86,
        bgcolor=ft.Colors.SURFACE,
        scrollable=True,
        trailing=ft.Container(
            ft.Column(
                [keys.button(session), account(session)],
                spacing=6,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
            padding=ft.Padding.symmetric(vertical=10),
        ),
        pin_trailing_to_bottom=True,
        destinations=[
            ft.NavigationRailDestination(icon=_sign(each, alerts), label=_label(each, alerts)) for each in every
        ],
        on_change=lambda event: session.go(every[event.control.selected_index or 0].path),
    )


def bar(session: Session, path: str, alerts: int) -> ft.Control:
    """At the bottom of it."""
    every = _bottom()
    return ft.NavigationBar(
        selected_index=_chosen(every, path) or 0,
        bgcolor=ft.Colors.SURFACE,
        destinations=[
            ft.NavigationBarDestination(icon=_sign(each, alerts), label=_label(each, alerts)) for each in every
        ],
        on_change=lambda event: session.go(every[event.control.selected_index or 0].path),
    )


def _chosen(every: Sequence[Destination], path: str) -> int | None:
    return next((number for number, each in enumerate(every) if each.holds(path)), None)


def _label(destination: Destination, alerts: int) -> str:
    if destination.path == places.ALERTS and alerts:
        return f"{destination.label} ({alerts if alerts < 100 else '99+'})"
    return destination.label


def _sign(destination: Destination, alerts: int) -> ft.Control:
    if destination.path == places.ALERTS and alerts:
        return ft.Icon(ft.Icons.NOTIFICATIONS_ACTIVE, color=ft.Colors.ERROR)
    return ft.Icon(destination.icon)
