"""Tables that become cards where there is no room: a column says how to sort by it and what a cell shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import flet as ft

from twin2multicloud.app.ui.components import buttons, text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP, RADIUS
from twin2multicloud.app.ui.trail import Trail

RowT = TypeVar("RowT")
_NEXT_PX: Final = 8
"""From what is pressed by itself to what the row's press is for."""


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """A column. `share` is how much of the width it takes; `key` what sorting by it is called (None: cannot be);
    `main`: heads the card that a row becomes; `wide_only`: left out of tables on a tablet. `aside_px`: what is in it is
    pressed by itself, so it stands beside what a press on the row opens, so wide.
    """

    title: str
    cell: Callable[[RowT], ft.Control]
    share: int = 2
    key: str | None = None
    number: bool = False
    main: bool = False
    wide_only: bool = False
    aside_px: int = 0


@dataclass(frozen=True)
class Sort:
    """By which column, and whether the largest comes first."""

    key: str
    down: bool = False

    @classmethod
    def read(cls, word: str) -> Sort:
        """As the API writes it: `-name` is downwards."""
        return cls(word.removeprefix("-"), word.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.key}" if self.down else self.key

    def by(self, key: str) -> Sort:
        """Sorted by a column; the other way round where it was already."""
        return Sort(key, not self.down if key == self.key else False)


def table(
    columns: Sequence[Column[RowT]],
    rows: Sequence[RowT],
    *,
    narrow: bool,
    wide: bool = True,
    name: Callable[[RowT], str] = lambda _: "",
    opened: Callable[[RowT], None] | None = None,
    sort: Sort | None = None,
    sorted_by: Callable[[Sort], None] | None = None,
    label: str = "",
    detail: Callable[[RowT], ft.Control | None] | None = None,
) -> ft.Control:
    """Rows below their headings, or as cards where it is narrow. `opened` is what a click on a row, or Enter, does, and
    `name` what such a row is called; `detail`: what stands below it, if anything.
    """
    if narrow:
        made: list[ft.Control] = []
        for row in rows:
            made += _detailed(_card(columns, row, name(row), opened), row, detail)
        return ft.Semantics(label=label, container=True, content=ft.Column(made, spacing=GAP, tight=True))
    used = [each for each in columns if wide or not each.wide_only]
    lines: list[ft.Control] = [_head(used, sort, sorted_by)]
    for row in rows:
        lines += _detailed(_line(used, row, name(row), opened), row, detail)
    return ft.Semantics(
        label=label,
        container=True,
        content=ft.Container(
            ft.Column(lines, spacing=0, tight=True),
            bgcolor=ft.Colors.SURFACE,
            border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
            border_radius=RADIUS,
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        ),
    )


def _detailed(line: ft.Control, row: RowT, detail: Callable[[RowT], ft.Control | None] | None) -> list[ft.Control]:
    below = None if detail is None else detail(row)
    if below is None:
        return [line]
    return [line, ft.Container(below, padding=ft.Padding.only(left=14, right=14, bottom=12))]


def _head(columns: Sequence[Column[RowT]], sort: Sort | None, sorted_by: Callable[[Sort], None] | None) -> ft.Control:
    cells: list[ft.Control] = []
    for each in columns:
        inner: ft.Control
        if each.key is not None and sort is not None and sorted_by is not None:
            inner = _sorter(each, each.key, sort, sorted_by)
        else:
            # Screen readers are told in each cell which column it is of.
            inner = text.muted(each.title, weight=ft.FontWeight.W_500, semantics_label="")
        cells.append(_cell(each, inner))
    return ft.Container(
        _laid(
            columns,
            cells,
            lambda inner, expand: ft.Container(
                inner, expand=expand, padding=_padding(0 if expand is None else _NEXT_PX)
            ),
        ),
        padding=ft.Padding.symmetric(horizontal=14, vertical=8),
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
    )


def _laid(
    columns: Sequence[Column[RowT]],
    cells: Sequence[ft.Control],
    pressed: Callable[[ft.Control, int | None], ft.Control],
) -> ft.Control:
    """Cells side by side, those together that a press on the row is for, which `pressed` makes of them and of their
    share of the width.
    """
    given = list(zip(columns, cells, strict=True))
    inner = ft.Row(
        [cell for each, cell in given if not each.aside_px],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    first = next((number for number, (each, _) in enumerate(given) if not each.aside_px), 0)
    before = [cell for each, cell in given[:first] if each.aside_px]
    after = [cell for each, cell in given[first:] if each.aside_px]
    if not before and not after:
        return pressed(inner, None)
    return ft.Row([*before, pressed(inner, 1), *after], spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _sorter(column: Column[RowT], key: str, sort: Sort, sorted_by: Callable[[Sort], None]) -> ft.Control:
    active = sort.key == key
    sign = ft.Icons.ARROW_DOWNWARD if sort.down else ft.Icons.ARROW_UPWARD
    label = tr("Sort by {column}", column=column.title)
    if active:
        label += ", " + (tr("now the largest first") if sort.down else tr("now the smallest first"))
    weight = ft.FontWeight.W_600 if active else ft.FontWeight.W_500
    parts: list[ft.Control] = [text.muted(column.title, weight=weight, semantics_label=label)]
    if active:
        parts.append(ft.Icon(sign, size=14, color=ft.Colors.PRIMARY))
    return ft.TextButton(
        content=ft.Row(parts, spacing=3, tight=True),
        # Flush with what stands below it, also where the title is shorter than the least width of a button.
        style=ft.ButtonStyle(padding=ft.Padding.symmetric(vertical=2), alignment=_side(column)),
        on_click=lambda _: sorted_by(sort.by(key)),
    )


def _cell(column: Column[RowT], inner: ft.Control) -> ft.Control:
    if column.aside_px:
        return ft.Container(inner, width=column.aside_px, alignment=_side(column))
    if isinstance(inner, ft.Text):
        # A box around each text would be half of all widgets, and what a table takes goes by their number.
        inner.expand = column.share
        inner.text_align = ft.TextAlign.RIGHT if column.number else ft.TextAlign.LEFT
        return inner
    return ft.Container(inner, expand=column.share, alignment=_side(column))


def _said(column: Column[RowT], inner: ft.Control) -> ft.Control:
    """A cell that tells screen readers of which column it is, unless it is what the row is called by."""
    if column.main or not column.title or column.aside_px:
        return inner
    first = next(_texts(inner), None)
    if first is None:
        return ft.Semantics(label=column.title, content=inner)
    said = first.value if first.semantics_label is None else first.semantics_label
    first.semantics_label = f"{column.title}: {said}"
    return inner


def _unsaid(control: ft.Control, name: str) -> None:
    """Has screen readers pass over a text that they are told already, as the name of what it is in."""
    for each in _texts(control):
        if each.value == name:
            each.semantics_label = ""


def _texts(control: ft.Control) -> Iterator[ft.Text]:
    """The texts of a cell that are known before it is shown."""
    if isinstance(control, ft.Text):
        yield control
        return
    for each in (getattr(control, "content", None), *getattr(control, "controls", ())):
        if isinstance(each, ft.Control):
            yield from _texts(each)


def _padding(horizontal: int, vertical: int = 0) -> ft.Padding:
    return ft.Padding.symmetric(horizontal=horizontal, vertical=vertical)


def _side(column: Column[RowT]) -> ft.Alignment:
    return ft.Alignment.CENTER_RIGHT if column.number else ft.Alignment.CENTER_LEFT


def _line(columns: Sequence[Column[RowT]], row: RowT, name: str, opened: Callable[[RowT], None] | None) -> ft.Control:
    cells = [_cell(each, _said(each, each.cell(row))) for each in columns]
    act = None if opened is None else lambda: opened(row)
    alone = not any(each.aside_px for each in columns)
    padding = _padding(14 if alone else _NEXT_PX, 9)
    line = _laid(columns, cells, lambda inner, expand: _pressable(inner, name, act, expand, padding=padding))
    return ft.Container(
        line,
        padding=None if alone else ft.Padding.symmetric(horizontal=14),
        border=ft.Border(top=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
    )


def _card(columns: Sequence[Column[RowT]], row: RowT, name: str, opened: Callable[[RowT], None] | None) -> ft.Control:
    heads: list[ft.Control] = [each.cell(row) for each in columns if each.main]
    rest: list[ft.Control] = [
        ft.Row(
            [text.muted(each.title), ft.Container(each.cell(row), expand=True, alignment=ft.Alignment.CENTER_RIGHT)],
            spacing=GAP,
        )
        for each in columns
        if not each.main and not each.aside_px
    ]
    act = None if opened is None else lambda: opened(row)
    matter: ft.Control = ft.Column([*heads, *rest], spacing=6, tight=True)
    asides = [each for each in columns if each.aside_px]
    matter = _pressable(matter, name, act, 1 if asides else None, padding=14, border_radius=RADIUS)
    if asides:
        first = columns[0].aside_px > 0
        others: list[ft.Control] = [each.cell(row) for each in asides]
        matter = ft.Row([*others, matter] if first else [matter, *others], spacing=0)
    return ft.Container(
        matter,
        bgcolor=ft.Colors.SURFACE,
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
        border_radius=RADIUS,
    )


def _pressable(
    content: ft.Control, name: str, act: Callable[[], None] | None, expand: int | None, **more: Any
) -> ft.Control:
    """A row that can be pressed, or only read."""
    if act is None:
        return ft.Semantics(container=True, expand=expand, content=ft.Container(content, **more))
    _unsaid(content, name)
    return pressable(content, name, act, reads=True, expand=expand, **more)


class Part(Protocol):
    """A part of a list. `next` is where the one that follows begins, None at the end."""

    @property
    def items(self) -> Sequence[Any]: ...  # noqa: D102

    @property
    def next(self) -> str | None: ...  # noqa: D102


def turner(
    trail: Trail, size: int, part: Part, go: Callable[[Trail], None], *, total: int | None = None, always: bool = False
) -> list[ft.Control]:
    """What leads to the parts before and after the one in view, of which each has `size` items; nothing where there is
    only one, unless it is to say how much that is, too (`always`).
    """
    following = part.next
    if not trail and following is None and not always:
        return []
    on = None if following is None else lambda: go(trail.on(following))
    return [pager(trail.start(size), len(part.items), total, (lambda: go(trail.back())) if trail else None, on)]


def pager(
    start: int, shown: int, total: int | None, back: Callable[[], None] | None, on: Callable[[], None] | None
) -> ft.Control:
    """Where one is in a list, and the parts before and after."""
    where = tr("{first:,}–{last:,}", first=start + 1 if shown else 0, last=start + shown)
    if total is not None:
        where = tr("{where} of {total:,}", where=where, total=total)
    return ft.Row(
        [
            text.muted(where),
            buttons.icon(ft.Icons.CHEVRON_LEFT, tr("Previous page"), back),
            buttons.icon(ft.Icons.CHEVRON_RIGHT, tr("Next page"), on),
        ],
        alignment=ft.MainAxisAlignment.END,
        spacing=4,
    )
