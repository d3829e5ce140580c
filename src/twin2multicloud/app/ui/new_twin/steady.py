"""Fields that keep what is being typed, however late it is heard of.

A browser tells what a field holds before it tells that somebody typed. What is shown anew between the two would have
the value of before, and put it back: letters would be lost. So a field is given another value only where that comes
from elsewhere (another field, undoing), and otherwise the one that it already has.

Windows of a browser hear both in one go (`ui/web/connection.py`) and would not need this. The apps of `ui/native.py`
have Flet's own connection, which tells one after the other, and this is the screen that shows itself anew while
somebody types: what was checked and priced comes in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft
import flet_code_editor as fce


class Steady:
    """What one field holds, and what it was last told to hold."""

    def __init__(self) -> None:
        self._field: ft.TextField | fce.CodeEditor | None = None
        self._told: str | None = None

    def value(self, wanted: str) -> str:
        """What the field is to be given, where it should hold `wanted`."""
        if self._field is not None and wanted == self._told:
            return self._field.value or ""
        self._told = wanted
        return wanted

    def typed(self, given: str) -> None:
        """Somebody typed that."""
        self._told = given

    def shown(self, field: ft.Control) -> ft.Control:
        """This is the field now."""
        assert isinstance(field, ft.TextField | fce.CodeEditor)
        self._field = field
        return field


@ft.component
def Line(  # noqa: N802  components are named as Flet's controls are
    make: Callable[..., ft.Control], label: str, value: str, changed: Callable[[str], None], **more: Any
) -> ft.Control:
    """A field that `make` makes, one of `components.fields`."""
    steady: Steady = ft.use_memo(Steady, [])

    def typed(given: str) -> None:
        steady.typed(given)
        changed(given)

    return steady.shown(make(label, steady.value(value), typed, **more))
