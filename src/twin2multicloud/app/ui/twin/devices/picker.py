"""Choosing a device of many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import flet as ft

from twin2multicloud.app.ui.components import buttons, dialogs, fields, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.parts import Parts

_MOST = 12
_TYPED_S = 0.2
_HEIGHT = 380


def pick(session: Session, parts: Parts, chosen: Callable[[str], None]) -> None:
    """Ask which device; nothing happens if the dialog is closed."""
    found = ft.Column([], spacing=2, scroll=ft.ScrollMode.AUTO, expand=True)
    typed: list[asyncio.Task[None]] = []

    def take(device: str) -> None:
        dialogs.close(session)
        chosen(device)

    async def look(search: str) -> None:
        page = await session.ask(
            lambda api: api.watching.devices(parts.id, target=parts.seen.target, search=search, limit=_MOST)
        )
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
        found.controls = shown
        found.update()

    async def later(given: str) -> None:
        await asyncio.sleep(_TYPED_S)
        await look(given.strip())

    def search(given: str) -> None:
        for task in typed:
            task.cancel()
        typed[:] = [asyncio.create_task(later(given))]

    dialogs.show(
        session,
        tr("Which device?"),
        ft.Column(
            [fields.search(tr("Search devices"), "", search, autofocus=True), found], height=_HEIGHT, spacing=GAP
        ),
        [buttons.quiet(tr("Cancel"), lambda: dialogs.close(session))],
        width=420,
    )
    session.act(look(""))
