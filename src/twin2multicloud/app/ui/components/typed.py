"""A field to look for something: what is typed is shown at once, and looked for when typing pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from twin2multicloud.app.ui.components import fields

PAUSE_S: Final = 0.3
"""So long somebody who types has to pause."""


@ft.component
def SearchField(  # noqa: N802  components are named as Flet's controls are
    label: str,
    value: str,
    search: Callable[[str], None],
    *,
    width: float | None = None,
    hint: str | None = None,
    plain: bool = False,
    exact: bool = False,
    done: Callable[[], None] | None = None,
    autofocus: bool = False,
) -> ft.Control:
    """`value` is what is looked for now; `search` is called with what is typed, without spaces around it unless it is
    `exact`. `plain`: it is a value that is typed, and nothing that is looked for. `done` is called when Enter is
    pressed.
    """
    typed, set_typed = ft.use_state(value)
    asked, set_asked = ft.use_state(value)
    waiting: MutableRef[asyncio.Task[None] | None] = ft.use_ref(None)
    if value != asked:
        # The address was changed otherwise: by going back, or by a button that shows all.
        set_asked(value)
        set_typed(value)

    def changed(given: str) -> None:
        set_typed(given)
        stop()
        waiting.current = asyncio.create_task(later(given))

    async def later(given: str) -> None:
        await asyncio.sleep(PAUSE_S)
        wanted = given if exact else given.strip()
        set_asked(wanted)
        search(wanted)

    def stop() -> None:
        if waiting.current is not None:
            waiting.current.cancel()

    ft.use_effect(lambda: None, [], stop)
    shown = typed if value == asked else value
    if plain:
        return fields.line(label, shown, changed, width=width, hint=hint)
    entered = None if done is None else lambda _: done()
    return fields.search(label, shown, changed, width=width, hint_text=hint, on_submit=entered, autofocus=autofocus)
