"""What a view shows while it has nothing to show: it waits, it failed, there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import flet as ft

from twin2multicloud.app.ui.components import buttons, text
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.theme import GAP, RADIUS

T = TypeVar("T")
_MOST_FINDINGS = 8


def waiting(rows: int = 4) -> ft.Control:
    """Something is being loaded: its outline."""
    lines: list[ft.Control] = [
        ft.Container(height=18, border_radius=6, bgcolor=ft.Colors.OUTLINE_VARIANT, opacity=0.6 - 0.1 * min(each, 4))
        for each in range(rows)
    ]
    return ft.Semantics(
        label=tr("Loading"),
        live_region=True,
        container=True,
        content=ft.Column(lines, spacing=GAP + 4, tight=True),
    )


def working(said: str, *, id: str) -> ft.Control:
    """Something is being calculated that takes a while; `said` is what."""
    return text.named(
        id,
        ft.Column([ft.ProgressBar(), text.muted(said)], spacing=GAP, tight=True),
        live=True,
        label=tr("Calculating"),
    )


def nothing(
    message: str, *, hint: str = "", icon: ft.IconData = ft.Icons.INBOX_OUTLINED, action: ft.Control | None = None
) -> ft.Control:
    """There is nothing, and what to do about that."""
    parts: list[ft.Control] = [ft.Icon(icon, size=32, color=ft.Colors.ON_SURFACE_VARIANT), text.strong(message)]
    if hint:
        parts.append(text.muted(hint, text_align=ft.TextAlign.CENTER))
    if action is not None:
        parts.append(action)
    return ft.Container(
        ft.Column(parts, horizontal_alignment=ft.CrossAxisAlignment.CENTER, spacing=GAP, tight=True),
        padding=32,
        alignment=ft.Alignment.CENTER,
    )


def failed(failure: Failure, again: Callable[[], None] | None = None) -> ft.Control:
    """What went wrong, field by field, and a way on."""
    parts: list[ft.Control] = [
        text.strong(failure.title, color=ft.Colors.ON_ERROR_CONTAINER),
        text.body(failure.message, color=ft.Colors.ON_ERROR_CONTAINER, selectable=True),
    ]
    shown = [str(each) for each in failure.findings if str(each) not in failure.message]
    parts += [text.muted(f"• {each}") for each in shown[:_MOST_FINDINGS]]
    if again is not None and failure.retry:
        parts.append(buttons.other(tr("Try again"), again, icon=ft.Icons.REFRESH))
    return ft.Semantics(
        identifier="failure",
        live_region=True,
        container=True,
        content=ft.Container(
            ft.Column(parts, spacing=GAP, tight=True),
            padding=16,
            border_radius=RADIUS,
            bgcolor=ft.Colors.ERROR_CONTAINER,
        ),
    )


def shown(remote: Remote[T], show: Callable[[T], ft.Control], *, rows: int = 4) -> ft.Control:
    """What was loaded; until then that it is awaited; if that failed why, above what was there before."""
    if remote.value is None:
        return waiting(rows) if remote.failure is None else failed(remote.failure, remote.refresh)
    inner = show(remote.value)
    if remote.failure is None:
        return inner
    return ft.Column([failed(remote.failure, remote.refresh), inner], spacing=GAP + 4, tight=True)


def use_shown(remote: Remote[T], show: Callable[[T], ft.Control], *by: object, rows: int = 4) -> ft.Control:
    """As `shown`, but what was drawn stays until it becomes another: for long lists, whose rows take most of the time
    that showing a page takes. What `show` uses beside the value and the session's looks belongs into `by`.
    """
    session = use_session()
    again = remote if remote.failure is not None else None
    looks = (session.appearance.palette, session.preferences.choices, session.viewport.narrow, session.viewport.wide)
    return ft.use_memo(lambda: shown(remote, show, rows=rows), [remote.value, remote.failure, again, *looks, *by])
