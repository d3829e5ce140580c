"""Long lists of equal lines, of which only those in view exist: a hundred thousand cost what a hundred do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import flet as ft
from flet.components.hooks.use_ref import MutableRef

_AHEAD: Final = 30
"""Lines above and below what is in view that exist as well, so that scrolling a little shows no gap."""
_TOLD_EVERY_MS: Final = 40


@ft.component
def VirtualList(  # noqa: N802  components are named as Flet's controls are
    count: int,
    line_px: int,
    show: Callable[[int], ft.Control],
    *,
    follow: bool = False,
    scrolled_away: Callable[[], None] | None = None,
    label: str = "",
    first_view: int = 40,
) -> ft.Control:
    """`count` lines of `line_px` height; `show` makes the one at an index. With `follow` the last one stays in view;
    `scrolled_away` is called when somebody scrolls up from there.
    """
    first, set_first = ft.use_state(0)
    lines, set_lines = ft.use_state(first_view)
    column: MutableRef[ft.Column | None] = ft.use_ref(None)

    def scrolled(event: ft.OnScrollEvent) -> None:
        top = max(0, int(event.pixels // line_px))
        if abs(top - first) >= _AHEAD // 2 or event.at_edge:
            set_first(top)
        seen = int(event.viewport_dimension // line_px) + 1
        if abs(seen - lines) > 2:
            set_lines(seen)
        if (
            follow
            and scrolled_away is not None
            and event.event_type is ft.ScrollType.USER
            and event.direction is ft.ScrollDirection.FORWARD
        ):
            scrolled_away()

    async def to_end() -> None:
        if follow and column.current is not None:
            await column.current.scroll_to(offset=-1, duration=0)

    ft.use_effect(to_end, [count, follow])
    top = max(0, count - lines) if follow else min(first, max(0, count - 1))
    begin, end = max(0, top - _AHEAD), min(count, top + lines + _AHEAD)
    made = ft.Column(
        [
            ft.Container(height=begin * line_px, key="above"),
            *(ft.Container(show(index), height=line_px, key=index) for index in range(begin, end)),
            ft.Container(height=(count - end) * line_px, key="below"),
        ],
        spacing=0,
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        on_scroll=scrolled,
        scroll_interval=_TOLD_EVERY_MS,
    )
    column.current = made
    return ft.Semantics(label=label, container=True, expand=True, content=made)
