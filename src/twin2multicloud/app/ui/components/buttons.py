"""Buttons: one main thing to do, others beside it, and those that are only an icon but still have a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

Act = Callable[[], None]


def main(label: str, act: Act | None, *, icon: ft.IconData | None = None, **more: Any) -> ft.Control:
    """The thing to do. Without `act` it cannot be done now."""
    return ft.FilledButton(label, icon=icon, on_click=_clicked(act), disabled=act is None, **more)


def other(label: str, act: Act | None, *, icon: ft.IconData | None = None, **more: Any) -> ft.Control:
    """Another thing to do."""
    return ft.OutlinedButton(label, icon=icon, on_click=_clicked(act), disabled=act is None, **more)


def quiet(label: str, act: Act | None, *, icon: ft.IconData | None = None, **more: Any) -> ft.Control:
    """Something that can be done, too."""
    return ft.TextButton(label, icon=icon, on_click=_clicked(act), disabled=act is None, **more)


def named(label: str, name: str, act: Act) -> ft.Control:
    """Something that can be done, too, whose name says more than what is written on it: one of many that read alike."""
    content = ft.Semantics(label=name, exclude_semantics=True, content=ft.Text(label))
    return ft.TextButton(content=content, on_click=_clicked(act))


def danger(label: str, act: Act | None, *, icon: ft.IconData | None = None, **more: Any) -> ft.Control:
    """Something that cannot be undone."""
    style = ft.ButtonStyle(bgcolor=ft.Colors.ERROR, color=ft.Colors.SURFACE)
    return ft.FilledButton(label, icon=icon, on_click=_clicked(act), disabled=act is None, style=style, **more)


def icon(sign: ft.IconData, label: str, act: Act | None, *, size: int = 20, **more: Any) -> ft.Control:
    """An icon to press; `label` is its name and its tooltip. The name is on the button itself, where Flutter would put
    it beside.
    """
    return ft.Semantics(
        label=label,
        button=True,
        exclude_semantics=True,
        container=True,
        on_tap=None if act is None else _clicked(act),
        content=ft.IconButton(
            sign, tooltip=label, icon_size=size, on_click=_clicked(act), disabled=act is None, **more
        ),
    )


def link(sign: ft.IconData, label: str, url: str, *, size: int = 20) -> ft.Control:
    """An icon that leads to an address of the same server. The browser opens it itself, beside the page: where that is
    a file it is saved.
    """
    return ft.IconButton(
        ft.Icon(sign, size=size, semantics_label=label), tooltip=label, url=ft.Url(url, target=ft.UrlTarget.BLANK)
    )


def copy(label: str, content: str, copied: Act) -> ft.Control:
    """Copies a text. The browser does it itself, as it lets nobody else; `copied` is called as well."""
    return ft.OutlinedButton(
        label,
        icon=ft.Icons.CONTENT_COPY,
        action=ft.CopyToClipboard(content),
        on_click=_clicked(copied),
    )


def _clicked(act: Act | None) -> Callable[[Any], None] | None:
    if act is None:
        return None
    chosen = act

    def clicked(_: Any) -> None:
        chosen()

    return clicked
