"""Long lists of equal lines, of which only those in view exist: a hundred thousand cost what a hundred do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from twin2multicloud.app.ui.store import Store

_AHEAD: Final = 40
"""Lines above and below what is in view that exist as well, so that scrolling a little shows no gap."""
_TOLD_EVERY_MS: Final = 40
_LAID_OUT_S: Final = 0.08


class Scroller(Store):
    """Where a list is to scroll to, and what of it is in view."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: int | None = None
        self.first = 0
        self.lines = 40

    def go_to(self, line: int) -> None:
        """Bring a line into view, a third below the top."""
        self.wanted = max(0, line - self.lines // 3)
        self.changed()

    def shift(self, lines: int) -> None:
        """So many lines came before those in view: keep these there."""
        self.wanted = max(0, self.first + lines)
        self.changed()


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
    identify: Callable[[int], int | str] = lambda index: index,
    tapped: Callable[[int], None] | None = None,
    scroller: Scroller | None = None,
) -> ft.Control:
    """`count` lines of `line_px` height; `show` makes the one at an index, `identify` tells it from others. With
    `follow` the last one stays in view; `scrolled_away` is called when somebody scrolls up from there. `tapped` is told
    which line was pressed.
    """
    first, set_first = ft.use_state(0)
    lines, set_lines = ft.use_state(first_view)
    column: MutableRef[ft.Column | None] = ft.use_ref(None)
    made_here = ft.use_memo(Scroller, [])
    here = scroller or made_here
    asked, set_asked = ft.use_state(here.version)
    end: MutableRef[Callable[[], None] | None] = ft.use_ref(None)

    def scrolled(event: ft.OnScrollEvent) -> None:
        top = max(0, int(event.pixels // line_px))
        here.first = top
        if abs(top - first) >= _AHEAD // 2 or event.at_edge:
            set_first(top)
        seen = int(event.viewport_dimension // line_px) + 1
        here.lines = seen
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
        if not follow or column.current is None:
            return
        await column.current.scroll_to(offset=-1, duration=0)
        # A line that has just come has no height yet when the browser is told to go to the end.
        await asyncio.sleep(_LAID_OUT_S)
        if column.current is not None:
            await column.current.scroll_to(offset=-1, duration=0)

    async def to_wanted() -> None:
        wanted, here.wanted = here.wanted, None
        if wanted is not None and column.current is not None:
            set_first(wanted)
            await column.current.scroll_to(offset=wanted * line_px, duration=0)

    def listen() -> None:
        end.current = here.watch(lambda: set_asked(here.version))

    def unlisten() -> None:
        if end.current is not None:
            end.current()

    def gone() -> None:
        column.current = None

    ft.use_effect(listen, [id(here)], unlisten)
    ft.use_effect(lambda: None, [], gone)
    ft.use_effect(to_end, [count, follow])
    ft.use_effect(to_wanted, [asked])
    top = max(0, count - lines) if follow else min(here.wanted if here.wanted is not None else first, max(0, count - 1))
    begin, stop = max(0, top - _AHEAD), min(count, top + lines + _AHEAD)
    matter: ft.Control = ft.Column(
        [
            ft.Container(height=begin * line_px, key="above"),
            *(ft.Container(show(index), height=line_px, key=identify(index)) for index in range(begin, stop)),
            ft.Container(height=(count - stop) * line_px, key="below"),
        ],
        spacing=0,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    if tapped is not None:
        # Who uses a screen reader would press the middle of the whole list.
        matter = ft.GestureDetector(
            matter, exclude_from_semantics=True, on_tap_up=lambda event: _tapped(event, line_px, count, tapped)
        )
    made = ft.Column(
        [matter],
        spacing=0,
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        on_scroll=scrolled,
        scroll_interval=_TOLD_EVERY_MS,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    column.current = made
    return ft.Semantics(label=label, container=True, expand=True, content=made)


def _tapped(event: ft.TapEvent[ft.GestureDetector], line_px: int, count: int, tapped: Callable[[int], None]) -> None:
    if event.local_position is not None:
        index = int(event.local_position.y // line_px)
        if 0 <= index < count:
            tapped(index)
