"""What a list is filtered by: side by side, and two in a row where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


def filters(session: Session, given: Sequence[tuple[ft.Control, int]]) -> ft.Control:
    """Fields with how wide each is where there is room, in pixels. "/" leads to the first of them where there is none
    to search by (assets/keyboard.js).
    """
    return text.named("filters", _laid(session, given))


def _laid(session: Session, given: Sequence[tuple[ft.Control, int]]) -> ft.Control:
    if not session.viewport.narrow:
        return ft.Row(
            [ft.Container(field, width=width) for field, width in given],
            wrap=True,
            spacing=GAP + 4,
            run_spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )
    # One that is left over is the first, in which people write.
    odd = len(given) % 2
    pairs = [given[:odd], *(given[start : start + 2] for start in range(odd, len(given), 2))]
    return ft.Column(
        [ft.Row([ft.Container(field, expand=True) for field, _ in pair], spacing=GAP) for pair in pairs if pair],
        spacing=GAP,
        tight=True,
    )
