"""Fields of the form, each bound to a value of the definition: shown, written, and said to be wrong where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import flet as ft

from twin2multicloud.app.ui.components import fields
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.spelling import grouped, listed, number_of, spelled_list
from twin2multicloud.app.ui.new_twin.steady import Line
from twin2multicloud.model.parsing import Path

NOTHING: Final = ""
_LOOK: Final[dict[str, Any]] = {
    "text_size": 14,
    "label_style": ft.TextStyle(size=14),
    "content_padding": ft.Padding.symmetric(horizontal=12, vertical=14),
}
"""As the text around: a form has many fields."""
CHOICE: Final[dict[str, Any]] = {
    "text_size": 14,
    "label_style": ft.TextStyle(size=14),
    "content_padding": ft.Padding.symmetric(horizontal=12, vertical=12),
}
"""As tall as those."""


@dataclass(frozen=True)
class _Typing:
    """What somebody typed, and the value that was there then: as long as that is there, what they typed is shown."""

    text: str
    value: Any
    problem: str | None = None


@ft.component
def Typed(  # noqa: N802  components are named as Flet's controls are
    desk: Desk,
    label: str,
    current: Callable[[], Any],
    spell: Callable[[Any], str],
    read: Callable[[str], Any],
    changed: Callable[[Any], None],
    problem: str | None = None,
    **more: Any,
) -> ft.Control:
    """A line whose text stands for a value: `read` makes the value (`ValueError` says why it cannot), `spell` the text.
    What cannot be read yet stays as it was typed.

    `current` tells the value when this is shown: one that was handed in would be of before a letter that was just
    typed, and put back the text of before it.
    """
    value = current()
    nothing: _Typing | None = None
    typing, set_typing = ft.use_state(nothing)

    def typed(text: str) -> None:
        try:
            found = read(text)
        except ValueError as error:
            set_typing(_Typing(text, value, str(error)))
            return
        changed(found)
        # It may have come to another value: a fleet has at least one device of each group.
        set_typing(_Typing(text, current()))

    def left(_: object) -> None:
        desk.typing(False)
        if typing is not None and typing.problem is None:
            set_typing(None)  # spelled as numbers and lists are, from now on

    mine = typing if typing is not None and typing.value == value else None
    return Line(
        fields.line,
        label,
        spell(value) if mine is None else mine.text,
        typed,
        problem=(mine.problem if mine is not None else None) or problem,
        on_focus=lambda _: desk.typing(True),
        on_blur=left,
        **(_LOOK | more),
    )


@ft.component
def Named(  # noqa: N802
    desk: Desk, label: str, name: str, renamed: Callable[[str], str | None], problem: str | None = None, **more: Any
) -> ft.Control:
    """A name that others refer to: it changes when the field is left, or by Enter. `renamed` says why it cannot."""
    typed, set_typed = ft.use_state(_Typing(name, name))
    shown = typed.text if typed.value == name else name

    def done(_: object = None) -> None:
        desk.typing(False)
        given = shown.strip()
        if given == name:
            set_typed(_Typing(name, name))
            return
        why = renamed(given)
        set_typed(_Typing(shown, name, why))

    return Line(
        fields.line,
        label,
        shown,
        lambda text: set_typed(_Typing(text, name)),
        problem=(typed.problem if typed.value == name else None) or problem,
        done=done,
        on_focus=lambda _: desk.typing(True),
        on_blur=done,
        **(_LOOK | more),
    )


class Form:
    """Makes fields for a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.editor = desk.editor

    def line(self, label: str, *path: str | int, keep_empty: bool = False, **more: Any) -> ft.Control:
        """A line of text. Empty, it is not written down, unless `keep_empty`."""
        write = self.editor.set if keep_empty else self.editor.put
        return Line(
            fields.line,
            label,
            self.editor.text_at(*path),
            lambda text: write(path, text, typed=True),
            problem=self.desk.problem(*path),
            **self._focus(),
            **(_LOOK | more),
        )

    def lines(self, label: str, *path: str | int, rows: int = 2, **more: Any) -> ft.Control:
        """Several lines of text."""
        return Line(
            fields.lines,
            label,
            self.editor.text_at(*path),
            lambda text: self.editor.set(path, text, typed=True),
            rows=rows,
            problem=self.desk.problem(*path),
            **self._focus(),
            **(_LOOK | more),
        )

    def number(
        self,
        label: str,
        *path: str | int,
        whole: bool = False,
        needed: bool = False,
        default: float | None = None,
        changed: Callable[[float | None], None] | None = None,
        **more: Any,
    ) -> ft.Control:
        """A number. Left empty, it is not written down; where it is `needed` that is a problem."""

        def write(number: float | None) -> None:
            self.editor.put(path, number, typed=True)

        return Typed(
            self.desk,
            label,
            lambda: self.editor.at(*path, default=default),
            grouped,
            lambda text: number_of(text, whole=whole, needed=needed),
            changed or write,
            self.desk.problem(*path),
            text_align=ft.TextAlign.RIGHT,
            keyboard_type=ft.KeyboardType.NUMBER,
            **more,
        )

    def quantity(
        self,
        label: str,
        current: Callable[[], Any],
        changed: Callable[[float | None], None],
        *,
        whole: bool,
        needed: bool,
        problem: str | None,
        **more: Any,
    ) -> ft.Control:
        """A number that is not at one path of the definition, or moved by something else as well."""
        return Typed(
            self.desk,
            label,
            current,
            grouped,
            lambda text: number_of(text, whole=whole, needed=needed),
            changed,
            problem,
            text_align=ft.TextAlign.RIGHT,
            keyboard_type=ft.KeyboardType.NUMBER,
            **more,
        )

    def words(
        self, label: str, *path: str | int, read: Callable[[list[str]], list[Any]] | None = None, **more: Any
    ) -> ft.Control:
        """Several words with commas between them. `read` makes other values of the words."""
        return Typed(
            self.desk,
            label,
            lambda: self.editor.at(*path),
            spelled_list,
            listed if read is None else lambda text: read(listed(text)),
            lambda words: self.editor.put(path, words, typed=True),
            self.desk.problem(*path) or self.desk.problem_within(*path),
            **more,
        )

    def choice(
        self,
        label: str,
        options: Mapping[str, str],
        *path: str | int,
        default: str = NOTHING,
        chosen: Callable[[str], None] | None = None,
        **more: Any,
    ) -> ft.Control:
        """One of several; the `default` is not written down."""
        given = self.editor.text_at(*path) or default
        shown = options if given in options else {**options, given: tr("{value} (not known)", value=given)}

        def write(key: str) -> None:
            self.editor.put(path, None if key == default else key)

        return fields.choice(label, given, shown, chosen or write, error=self.desk.problem(*path), **(CHOICE | more))

    def switch(self, label: str, *path: str | int, default: bool = False) -> ft.Control:
        """Yes or no; the `default` is not written down."""
        value = self.editor.at(*path, default=default)

        def write(yes: bool) -> None:
            self.editor.put(path, None if yes == default else yes) if yes == default else self.editor.set(path, yes)

        return fields.switch(label, bool(value), write)

    def _focus(self) -> dict[str, Any]:
        return {"on_focus": lambda _: self.desk.typing(True), "on_blur": lambda _: self.desk.typing(False)}


def options_of(names: Sequence[str], nothing: str | None = None) -> dict[str, str]:
    """Options that are called as they are, perhaps after one for nothing in particular."""
    return ({} if nothing is None else {NOTHING: nothing}) | {each: each for each in names}


__all__ = ["Form", "Named", "Path", "Typed", "options_of"]
