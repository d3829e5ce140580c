"""How a line of a log looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.lines import Log
from twin2multicloud.app.ui.theme import Palette

_SIGNS: Final = {"debug": " ", "info": " ", "warning": "▲", "error": "■"}
_NAME: Final = 11
_MOST: Final = 300
"""Characters of a line that are shown; all of it is in its details."""


@dataclass(frozen=True)
class Style:
    """What lines are shown with; `short`: on a phone."""

    palette: Palette
    names: Mapping[str, str]
    short: bool


def line(log: Log, position: int, at: int | None, style: Style) -> ft.Control:
    """One line. Its severity has a sign beside its colour; what was looked for stands out."""
    found = log.at(position)
    palette = style.palette
    color = {"error": palette.bad.strong, "warning": palette.warn.strong, "debug": palette.muted}.get(found.severity)
    first, _, rest = found.text.partition("\n")
    more = "  ⏎" if rest else ""
    clock = figures.clock(found.at, milliseconds=not style.short)
    name = style.names.get(found.stack) or words.stack_short(found.stack, None)
    who = "" if style.short else f"{name[:_NAME]:<{_NAME}} "
    mark = None
    if at == found.number:
        mark = palette.accent.soft
    elif log.is_hit(found.number):
        mark = palette.warn.soft
    return text.mono(
        f"{clock} {_SIGNS[found.severity]} {who}{first[:_MOST]}{more}",
        size=12,
        color=color,
        bgcolor=mark,
        no_wrap=True,
        overflow=ft.TextOverflow.ELLIPSIS,
    )
