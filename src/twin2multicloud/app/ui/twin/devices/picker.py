"""Choosing a device of many."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.schemas.watching import DevicePage
from twin2multicloud.app.ui.components import buttons, dialogs, states, text
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.hooks import use_remote, use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.parts import Parts

_MOST = 12
_HEIGHT = 380


def pick(session: Session, parts: Parts, chosen: Callable[[str], None]) -> None:
    """Ask which device; nothing happens if the dialog is closed."""

    def take(device: str) -> None:
        dialogs.close(session)
        chosen(device)

    dialogs.show_live(session, tr("Which device?"), lambda: Picker(parts, take), width=420)


@ft.component
def Picker(parts: Parts, take: Callable[[str], None]) -> ft.Control:  # noqa: N802
    """The devices that fit what is typed."""
    session = use_session()
    search, look = ft.use_state("")
    target = parts.seen.target
    found = use_remote(
        lambda: session.ask(lambda api: api.watching.devices(parts.id, target=target, search=search, limit=_MOST)),
        parts.id,
        target,
        search,
    )
    shown = ft.Column(
        [states.shown(found, lambda page: _listed(page, take), rows=6)],
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    return ft.Column(
        [
            SearchField(tr("Search devices"), search, look, autofocus=True),
            shown,
            dialogs.choices(buttons.quiet(tr("Cancel"), lambda: dialogs.close(session))),
        ],
        height=_HEIGHT,
        spacing=GAP,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _listed(page: DevicePage, take: Callable[[str], None]) -> ft.Control:
    shown: list[ft.Control] = [
        ft.ListTile(
            title=text.body(each.id),
            subtitle=text.muted(each.type),
            dense=True,
            on_click=lambda _, device=each.id: take(device),
        )
        for each in page.items
    ]
    if page.next is not None:
        shown.append(text.muted(tr("There are more; write a part of the name.")))
    if not page.items:
        shown.append(text.muted(tr("No device fits")))
    return ft.Column(shown, spacing=2, tight=True)
