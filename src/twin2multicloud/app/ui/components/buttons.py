"""Buttons: one main thing to do, others beside it, and those that are only an icon but still have a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from twin2multicloud.app.ui.components.pressed import tip

Act = Callable[[], None]


def main(
    label: str, act: Act | None, *, icon: ft.IconData | None = None, name: str | None = None, **more: Any
) -> ft.Control:
    """The thing to do. Without `act` it cannot be done now. `name` says more than the label where many read alike."""
    return ft.FilledButton(_said(label, name), icon=icon, on_click=_clicked(act), disabled=act is None, **more)


def busy(label: str) -> ft.Control:
    """The thing to do, while it is being done: it cannot be asked for again."""
    return ft.FilledButton(label, icon=ft.ProgressRing(width=16, height=16, stroke_width=2), disabled=True)


def other(label: str, act: Act | None, *, icon: ft.IconData | None = None, **more: Any) -> ft.Control:
    """Another thing to do."""
    return ft.OutlinedButton(label, icon=icon, on_click=_clicked(act), disabled=act is None, **more)


def quiet(label: str, act: Act | None, *, icon: ft.IconData | None = None, **more: Any) -> ft.Control:
    """Something that can be done, too."""
    return ft.TextButton(label, icon=icon, on_click=_clicked(act), disabled=act is None, **more)


def named(label: str, name: str, act: Act) -> ft.Control:
    """Something that can be done, too, whose name says more than what is written on it: one of many that read alike."""
    return ft.TextButton(_said(label, name), on_click=_clicked(act))


def danger(label: str, act: Act | None, *, icon: ft.IconData | None = None, **more: Any) -> ft.Control:
    """Something that cannot be undone."""
    style = ft.ButtonStyle(bgcolor=ft.Colors.ERROR, color=ft.Colors.SURFACE)
    return ft.FilledButton(label, icon=icon, on_click=_clicked(act), disabled=act is None, style=style, **more)


def icon(
    sign: ft.IconData, label: str, act: Act | None, *, size: int = 20, name: str | None = None, **more: Any
) -> ft.Control:
    """An icon to press; `label` is its name and its tooltip. `name` says more where many read alike. The name is the
    icon's, and so the button's; Flutter would put that of the tooltip beside it.
    """
    return ft.IconButton(
        ft.Icon(sign, semantics_label=name or label),
        tooltip=tip(label),
        icon_size=size,
        on_click=_clicked(act),
        disabled=act is None,
        **more,
    )


def link(sign: ft.IconData, label: str, url: str, *, size: int = 20) -> ft.Control:
    """An icon that leads to an address of the same server. The browser opens it itself, beside the page: where that is
    a file it is saved.
    """
    return ft.IconButton(
        ft.Icon(sign, size=size, semantics_label=label), tooltip=tip(label), url=ft.Url(url, target=ft.UrlTarget.BLANK)
    )


def copy(label: str, content: str, copied: Act) -> ft.Control:
    """Copies a text. The browser does it itself, as it lets nobody else; `copied` is called as well."""
    return ft.OutlinedButton(
        label,
        icon=ft.Icons.CONTENT_COPY,
        action=ft.CopyToClipboard(content),
        on_click=_clicked(copied),
    )


def _said(label: str, name: str | None) -> str | ft.Text:
    return label if name is None else ft.Text(label, semantics_label=name)


def _clicked(act: Act | None) -> Callable[[Any], None] | None:
    if act is None:
        return None
    chosen = act

    def clicked(_: Any) -> None:
        chosen()

    return clicked
