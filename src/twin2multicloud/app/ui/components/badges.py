"""Marks: a cloud, how something does, how grave, what there is. Each with its name; colour only helps."""

from __future__ import annotations

from typing import Final

import flet as ft

from twin2multicloud.app.schemas.alerts import AlertSeverity
from twin2multicloud.app.schemas.runs import Status
from twin2multicloud.app.schemas.twins import Health, Life
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import FALLBACK, Palette, Tint
from twin2multicloud.model.slots import Provider

CLOUDS: Final = {"aws": "AWS", "azure": "Azure", "gcp": "GCP"}
_HEALTH_SIGNS: Final[dict[Health, str]] = {"ok": "●", "degraded": "▲", "down": "■", "unknown": "○"}
_RUN_SIGNS: Final[dict[Status, str]] = {
    "queued": "○",
    "planning": "◔",
    "awaiting-approval": "◆",
    "applying": "◔",
    "cancelling": "◔",
    "succeeded": "✔",
    "failed": "■",
    "cancelled": "○",
    "declined": "○",
}


def pill(text: str, tint: Tint, *, sign: str = "", size: float = 12, tooltip: str | None = None) -> ft.Control:
    """A word in a colour, read as one."""
    return ft.Container(
        bgcolor=tint.soft,
        border_radius=6,
        padding=ft.Padding.symmetric(horizontal=7, vertical=2),
        tooltip=tip(tooltip),
        content=ft.Text(
            f"{sign} {text}" if sign else text,
            size=size,
            weight=ft.FontWeight.W_500,
            color=tint.strong,
            no_wrap=True,
            semantics_label=text,
            font_family_fallback=FALLBACK,
        ),
    )


def cloud(provider: Provider | str, palette: Palette, *, size: float = 12) -> ft.Control:
    """A cloud."""
    return pill(CLOUDS[str(provider)], palette.cloud(provider), size=size)


def clouds(providers: list[Provider], palette: Palette) -> ft.Control:
    """Clouds side by side."""
    return ft.Row([cloud(each, palette) for each in providers], spacing=4, tight=True, wrap=True, run_spacing=4)


def health_tint(health: Health, palette: Palette) -> Tint:
    """The colour of how something does."""
    tints = {"ok": palette.ok, "degraded": palette.warn, "down": palette.bad, "unknown": palette.unknown}
    return tints[health]


def health_word(health: Health) -> str:
    """How something does."""
    return {"ok": tr("ok"), "degraded": tr("degraded"), "down": tr("down"), "unknown": tr("unknown")}[health]


def health_sign(health: Health) -> str:
    """A shape for it, which is told apart without colour."""
    return _HEALTH_SIGNS[health]


def health(state: Health, palette: Palette, *, text: str | None = None, tooltip: str | None = None) -> ft.Control:
    """How something does."""
    return pill(text or health_word(state), health_tint(state, palette), sign=_HEALTH_SIGNS[state], tooltip=tooltip)


def severity_word(grave: AlertSeverity | str) -> str:
    """How grave something is."""
    return {
        "debug": tr("debug"),
        "info": tr("info"),
        "warning": tr("warning"),
        "error": tr("error"),
        "critical": tr("critical"),
    }[grave]


def severity(grave: AlertSeverity | str, palette: Palette) -> ft.Control:
    """How grave something is."""
    signs = {
        "debug": ("·", palette.unknown),
        "info": ("●", palette.unknown),
        "warning": ("▲", palette.warn),
        "error": ("■", palette.bad),
        "critical": ("■", palette.bad),
    }
    sign, tint = signs[grave]
    return pill(severity_word(grave), tint, sign=sign)


def life_word(life: Life) -> str:
    """What there is of a twin."""
    return {
        "draft": tr("not deployed"),
        "deploying": tr("deploying"),
        "deployed": tr("running"),
        "partial": tr("partly deployed"),
        "moving": tr("moving"),
        "destroying": tr("being destroyed"),
    }[life]


def life(state: Life, palette: Palette) -> ft.Control:
    """What there is of a twin."""
    tints = {
        "draft": (palette.unknown, "○"),
        "deploying": (palette.accent, "◔"),
        "deployed": (palette.ok, "●"),
        "partial": (palette.warn, "▲"),
        "moving": (palette.accent, "◔"),
        "destroying": (palette.warn, "◔"),
    }
    tint, sign = tints[state]
    return pill(life_word(state), tint, sign=sign)


def run_word(status: Status) -> str:
    """How far a run is."""
    return {
        "queued": tr("queued"),
        "planning": tr("planning"),
        "awaiting-approval": tr("waits for agreement"),
        "applying": tr("under way"),
        "cancelling": tr("being cancelled"),
        "succeeded": tr("succeeded"),
        "failed": tr("failed"),
        "cancelled": tr("cancelled"),
        "declined": tr("declined"),
    }[status]


def run(status: Status, palette: Palette) -> ft.Control:
    """How far a run is."""
    tint = {"succeeded": palette.ok, "failed": palette.bad, "awaiting-approval": palette.warn}.get(
        status, palette.unknown if status in ("queued", "cancelled", "declined") else palette.accent
    )
    return pill(run_word(status), tint, sign=_RUN_SIGNS[status])
