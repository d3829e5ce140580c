"""What a list is filtered by: side by side, and two in a row where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


def filters(session: Session, given: Sequence[tuple[ft.Control, int]]) -> ft.Control:
    """Fields with how wide each is where there is room, in pixels."""
    if not session.viewport.narrow:
        return ft.Row(
            [ft.Container(field, width=width) for field, width in given],
            wrap=True,
            spacing=GAP + 4,
            run_spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        )
    pairs = [given[start : start + 2] for start in range(0, len(given), 2)]
    return ft.Column(
        [ft.Row([ft.Container(field, expand=True) for field, _ in pair], spacing=GAP) for pair in pairs],
        spacing=GAP,
        tight=True,
    )
