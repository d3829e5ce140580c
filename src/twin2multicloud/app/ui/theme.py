"""What everything looks like: colours in light and dark, sizes of text, spaces. The one file that says so.

Colour carries meaning only: a cloud, a severity, and one accent for what can be done. Each of these also has a name or
an icon wherever it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import flet as ft

from twin2multicloud.app.ui.preferences import Brightness
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.slots import Provider

MONO: Final = "Mono"
"""Comes with the client's files (see `web.client_files`)."""
FALLBACK: Final = [MONO]
"""Has the signs that the main font has not: arrows, check marks, bars."""

GAP: Final = 8
PAD: Final = 16
RADIUS: Final = 10
MOST_WIDE_PX: Final = 1_440
FOCUS: Final = "#6D66EA"
"""Of the ring around what is focused, at either brightness (assets/start.css)."""
_FOCUSED: Final = 0.24
"""How much of the accent lies over what is focused."""


@dataclass(frozen=True)
class Tint:
    """A colour for text and marks, and a soft one to put behind them. Together they are readable (4.5 : 1)."""

    strong: str
    soft: str


@dataclass(frozen=True)
class Palette:
    """All colours at one brightness. A `line` parts things that are told apart without it, too; an `edge` is what shows
    where a field or a switch is.
    """

    page: str
    card: str
    sunken: str
    line: str
    edge: str
    text: str
    muted: str
    accent: Tint
    on_accent: str
    aws: Tint
    azure: Tint
    gcp: Tint
    ok: Tint
    warn: Tint
    bad: Tint
    unknown: Tint
    charted: tuple[str, ...]
    """Of lines in a chart, one after the other; which is which is written beside it."""

    def chart(self, number: int) -> str:
        """The colour of a chart's line; there are more lines than colours, sometimes."""
        return self.charted[number % len(self.charted)]

    def cloud(self, provider: Provider | str) -> Tint:
        """A cloud's colour."""
        found: dict[str, Tint] = {"aws": self.aws, "azure": self.azure, "gcp": self.gcp}
        return found[str(provider)]


LIGHT: Final = Palette(
    page="#F6F7F9",
    card="#FFFFFF",
    sunken="#EEF0F4",
    line="#DCE0E7",
    edge="#828B9B",
    text="#171A21",
    muted="#566070",
    accent=Tint("#4338CA", "#E9E8FC"),
    on_accent="#FFFFFF",
    aws=Tint("#9A4A05", "#FDF0DC"),
    azure=Tint("#0B5CB5", "#E1EEFC"),
    gcp=Tint("#146C36", "#DFF3E6"),
    ok=Tint("#0B6E5A", "#DDF4EE"),
    warn=Tint("#8A5B00", "#FCF1D4"),
    bad=Tint("#B3202A", "#FCE6E7"),
    unknown=Tint("#566070", "#E9ECF1"),
    charted=("#4338CA", "#0E7490", "#B45309", "#9D174D", "#4D7C0F", "#6D28D9", "#0F766E", "#B91C1C"),
)
DARK: Final = Palette(
    page="#0F1218",
    card="#171B23",
    sunken="#11151C",
    line="#2B323E",
    edge="#667182",
    text="#E7EAF0",
    muted="#9DA7B5",
    accent=Tint("#A9A4FF", "#26244A"),
    on_accent="#15123A",
    aws=Tint("#F5B14C", "#33260F"),
    azure=Tint("#7AB8FF", "#12263F"),
    gcp=Tint("#6ED69A", "#102C1C"),
    ok=Tint("#4CC9A7", "#0F2D27"),
    warn=Tint("#E7B549", "#312812"),
    bad=Tint("#FF8A8E", "#3A1A1D"),
    unknown=Tint("#9DA7B5", "#232933"),
    charted=("#A9A4FF", "#5CC8E8", "#F5B14C", "#F28CBB", "#A8D65C", "#C9A2FF", "#5BD6C0", "#FF8A8E"),
)


class Appearance(Store):
    """How bright a page is, as somebody chose or as their system is."""

    def __init__(self) -> None:
        super().__init__()
        self.dark = False

    @property
    def palette(self) -> Palette:
        """The colours now."""
        return DARK if self.dark else LIGHT

    def become(self, chosen: Brightness, system_dark: bool) -> None:
        """Follow a choice and the system."""
        dark = system_dark if chosen == "system" else chosen == "dark"
        if dark != self.dark:
            self.dark = dark
            self.changed()


def material(palette: Palette) -> ft.Theme:
    """Flutter's own controls in our colours."""
    shape = ft.RoundedRectangleBorder(radius=8)
    return ft.Theme(
        font_family="Roboto",
        use_material3=True,
        visual_density=ft.VisualDensity.COMPACT,
        color_scheme=ft.ColorScheme(
            primary=palette.accent.strong,
            on_primary=palette.on_accent,
            primary_container=palette.accent.soft,
            on_primary_container=palette.accent.strong,
            secondary=palette.accent.strong,
            on_secondary=palette.on_accent,
            secondary_container=palette.accent.soft,
            on_secondary_container=palette.accent.strong,
            tertiary=palette.ok.strong,
            error=palette.bad.strong,
            error_container=palette.bad.soft,
            on_error_container=palette.bad.strong,
            surface=palette.card,
            on_surface=palette.text,
            on_surface_variant=palette.muted,
            surface_container_lowest=palette.card,
            surface_container_low=palette.card,
            surface_container=palette.card,
            surface_container_high=palette.card,
            surface_container_highest=palette.sunken,
            outline=palette.edge,
            outline_variant=palette.line,
            surface_tint=palette.card,
            inverse_surface=palette.text,
            on_inverse_surface=palette.card,
        ),
        scaffold_bgcolor=palette.page,
        divider_color=palette.line,
        focus_color=ft.Colors.with_opacity(_FOCUSED, palette.accent.strong),
        filled_button_theme=ft.FilledButtonTheme(style=ft.ButtonStyle(shape=shape)),
        outlined_button_theme=ft.OutlinedButtonTheme(
            style=ft.ButtonStyle(shape=shape, side=ft.BorderSide(1, palette.line))
        ),
        text_button_theme=ft.TextButtonTheme(style=ft.ButtonStyle(shape=shape)),
        slider_theme=ft.SliderTheme(inactive_track_color=palette.edge),
        tooltip_theme=ft.TooltipTheme(wait_duration=ft.Duration(milliseconds=400)),
    )
