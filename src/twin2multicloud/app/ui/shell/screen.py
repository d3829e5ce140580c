"""What every screen consists of: where one is, what can be done there, and the matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft

from twin2multicloud.app.ui.components import buttons, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, MOST_WIDE_PX


@dataclass(frozen=True)
class Crumb:
    """A step on the way to where one is; the last one is the screen itself and leads nowhere."""

    text: str
    path: str | None = None


def screen(
    session: Session,
    crumbs: Sequence[Crumb],
    content: ft.Control,
    *,
    beside: Sequence[ft.Control] = (),
    actions: Sequence[ft.Control] = (),
    fills: bool = False,
    id: str | None = None,
) -> ft.Control:
    """A screen. `beside` stands next to its name, `actions` at the other end; `fills`: the content scrolls itself and
    takes all height there is.
    """
    narrow = session.viewport.narrow
    pad = 12 if narrow else 24
    head = _head(session, crumbs, beside, actions)
    matter: ft.Control = (
        ft.Column([head, ft.Container(content, expand=True)], spacing=GAP + 6, expand=True)
        if fills
        else ft.Column(
            [head, content],
            spacing=GAP + 6,
            scroll=ft.ScrollMode.AUTO,
            expand=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    )
    boxed = ft.Container(
        ft.Container(matter, padding=ft.Padding.only(left=pad, right=pad, top=14, bottom=pad), width=MOST_WIDE_PX),
        alignment=ft.Alignment.TOP_CENTER,
        expand=True,
    )
    return boxed if id is None else ft.Semantics(identifier=id, container=True, expand=True, content=boxed)


def _head(
    session: Session, crumbs: Sequence[Crumb], beside: Sequence[ft.Control], actions: Sequence[ft.Control]
) -> ft.Control:
    *before, last = crumbs
    way: list[ft.Control] = []
    for crumb in before:
        path = crumb.path
        way.append(buttons.quiet(crumb.text, None if path is None else partial(session.go, path)))
        way.append(ft.Icon(ft.Icons.CHEVRON_RIGHT, size=16, color=ft.Colors.ON_SURFACE_VARIANT))
    name = [text.title(last.text, max_lines=2, overflow=ft.TextOverflow.ELLIPSIS), *beside]
    named = ft.Row(
        [*way, *name], wrap=True, spacing=GAP, run_spacing=4, vertical_alignment=ft.CrossAxisAlignment.CENTER
    )
    if not actions:
        return named
    row = ft.Row(list(actions), wrap=True, spacing=GAP, run_spacing=GAP, alignment=ft.MainAxisAlignment.END)
    if session.viewport.narrow:
        return ft.Column([named, row], spacing=GAP)
    return ft.Row([ft.Container(named, expand=True), row], vertical_alignment=ft.CrossAxisAlignment.CENTER)


def columns(
    session: Session, left: Sequence[ft.Control], right: Sequence[ft.Control], *, ratio: int = 60
) -> ft.Control:
    """Two columns on a desk, `ratio` percent of it the left one; one below the other otherwise."""
    if not session.viewport.wide:
        return ft.Column(
            [*left, *right], spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )
    return ft.Row(
        [_column(1, left, ratio), _column(2, right, 100 - ratio)],
        spacing=GAP + 4,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _column(number: int, controls: Sequence[ft.Control], share: int) -> ft.Control:
    column = ft.Column(list(controls), spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    # By itself what is at one height in both columns is read, and gone through by Tab, together (assets/keyboard.js).
    return ft.Semantics(identifier=f"column-{number}", container=True, expand=share, content=column)


def back_to(session: Session, path: str) -> ft.Control:
    """A way back, where something is not there."""
    return buttons.other(tr("Back"), lambda: session.go(path), icon=ft.Icons.ARROW_BACK)
