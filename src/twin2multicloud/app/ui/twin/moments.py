"""Moments, with how long ago they were."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.ages import Age
from twin2multicloud.app.ui.language import tr


@ft.component
def Since(moment: datetime | None) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """A moment of our time, and how long ago that was."""
    if moment is None:
        return text.body(figures.NONE)
    return ft.Row(
        [text.body(figures.day_and_time(moment)), Age(moment, pattern=tr("({age} ago)"))],
        spacing=5,
        tight=True,
        wrap=True,
    )
