"""How long ago something was, growing as one looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.hooks import use_session


@ft.component
def Age(moment: datetime | None, *, pattern: str = "{age}", size: float = 12.5) -> ft.Control:  # noqa: N802
    """The age of a moment of our time, such as "4 s"; `pattern` stands around it. Only what reads otherwise than a
    second ago is shown anew.
    """
    session = use_session()
    told, tell = ft.use_state("")
    end: MutableRef[Callable[[], None] | None] = ft.use_ref(None)

    def words() -> str:
        if moment is None:
            return figures.NONE
        return pattern.format(age=figures.age((session.now() - moment).total_seconds()))

    def begin() -> None:
        end.current = session.ticking.watch(lambda: tell(words()))

    def finish() -> None:
        if end.current is not None:
            end.current()

    del told
    ft.use_effect(begin, [moment, pattern], finish)
    return text.muted(words(), size=size, no_wrap=True, tooltip=tip(figures.day_and_time(moment)))
