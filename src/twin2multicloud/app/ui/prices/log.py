"""What a refresh of prices tells while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.runs import Run
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, text
from twin2multicloud.app.ui.components.virtual import VirtualList
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.prices.refresh import LogLine
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_LINE_PX: Final = 20
_LOG_PX: Final = 220


def head(session: Session, run: Run | None) -> ft.Control:
    """How far it is; None: not known yet."""
    if run is None:
        return text.muted(tr("Looking for it …"))
    state = badges.run(run.status, session.appearance.palette)
    return text.named("refresh-state", ft.Row([text.strong(tr("Refresh")), state], spacing=GAP, tight=True), live=True)


def progress(session: Session, percent: int) -> ft.Control:
    """How much of the lists was read."""
    said = tr("{percent} % of the lists are read", percent=percent)
    bar = ft.ProgressBar(value=percent / 100, color=session.appearance.palette.accent.strong, bar_height=6, expand=True)
    return text.named("refresh-progress", ft.Row([bar, text.muted(said)], spacing=GAP))


def lines(given: Sequence[LogLine]) -> ft.Control:
    """What it told, the newest in view."""

    def line(index: int) -> ft.Control:
        each = given[index]
        color = {"warning": ft.Colors.ON_SURFACE, "error": ft.Colors.ERROR}.get(each.severity)
        said = f"{figures.clock(each.at, milliseconds=True)}  {each.text}"
        return text.mono(said, color=color, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)

    return ft.Container(
        VirtualList(len(given), _LINE_PX, line, follow=True, label=tr("Log of the refresh"), first_view=12),
        height=_LOG_PX,
        padding=10,
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
        border_radius=8,
    )
