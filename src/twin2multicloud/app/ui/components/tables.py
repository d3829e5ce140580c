"""Tables that become cards where there is no room: a column says how to sort by it and what a cell shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import flet as ft

from twin2multicloud.app.ui.components import buttons, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP, RADIUS
from twin2multicloud.app.ui.trail import Trail

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """A column. `share` is how much of the width it takes; `key` what sorting by it is called (None: cannot be);
    `main`: heads the card that a row becomes; `wide_only`: left out of tables on a tablet.
    """

    title: str
    cell: Callable[[RowT], ft.Control]
    share: int = 2
    key: str | None = None
    number: bool = False
    main: bool = False
    wide_only: bool = False


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
    name: Callable[[RowT], str],
    opened: Callable[[RowT], None] | None = None,
    sort: Sort | None = None,
    sorted_by: Callable[[Sort], None] | None = None,
    label: str = "",
    detail: Callable[[RowT], ft.Control | None] | None = None,
) -> ft.Control:
    """Rows below their headings, or as cards where it is narrow. `name` is what a row is called; `opened`: what a
    click, or Enter, on it does; `detail`: what stands below it, if anything.
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
            inner = text.muted(each.title, weight=ft.FontWeight.W_500)
        cells.append(_cell(each, inner))
    return ft.Container(
        ft.Row(cells, spacing=GAP),
        padding=ft.Padding.symmetric(horizontal=14, vertical=8),
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
    )


def _sorter(column: Column[RowT], key: str, sort: Sort, sorted_by: Callable[[Sort], None]) -> ft.Control:
    active = sort.key == key
    sign = ft.Icons.ARROW_DOWNWARD if sort.down else ft.Icons.ARROW_UPWARD
    label = tr("Sort by {column}", column=column.title)
    if active:
        label += ", " + (tr("now the largest first") if sort.down else tr("now the smallest first"))
    parts: list[ft.Control] = [text.muted(column.title, weight=ft.FontWeight.W_600 if active else ft.FontWeight.W_500)]
    if active:
        parts.append(ft.Icon(sign, size=14, color=ft.Colors.PRIMARY))
    return ft.Semantics(
        label=label,
        button=True,
        container=True,
        exclude_semantics=True,
        on_tap=lambda _: sorted_by(sort.by(key)),
        content=ft.TextButton(
            content=ft.Row(parts, spacing=3, tight=True),
            # Flush with what stands below it, also where the title is shorter than the least width of a button.
            style=ft.ButtonStyle(padding=ft.Padding.symmetric(vertical=2), alignment=_side(column)),
            on_click=lambda _: sorted_by(sort.by(key)),
        ),
    )


def _cell(column: Column[RowT], inner: ft.Control) -> ft.Control:
    if isinstance(inner, ft.Text):
        # A box around each text would be half of all widgets, and what a table takes goes by their number.
        inner.expand = column.share
        inner.text_align = ft.TextAlign.RIGHT if column.number else ft.TextAlign.LEFT
        return inner
    return ft.Container(inner, expand=column.share, alignment=_side(column))


def _side(column: Column[RowT]) -> ft.Alignment:
    return ft.Alignment.CENTER_RIGHT if column.number else ft.Alignment.CENTER_LEFT


def _line(columns: Sequence[Column[RowT]], row: RowT, name: str, opened: Callable[[RowT], None] | None) -> ft.Control:
    cells: list[ft.Control] = [_cell(each, each.cell(row)) for each in columns]
    return _pressable(
        ft.Row(cells, spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER),
        name,
        None if opened is None else lambda: opened(row),
        padding=ft.Padding.symmetric(horizontal=14, vertical=9),
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
        if not each.main
    ]
    return _pressable(
        ft.Column([*heads, *rest], spacing=6, tight=True),
        name,
        None if opened is None else lambda: opened(row),
        padding=14,
        bgcolor=ft.Colors.SURFACE,
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
        border_radius=RADIUS,
    )


def _pressable(content: ft.Control, name: str, act: Callable[[], None] | None, **more: object) -> ft.Control:
    """A row that can be pressed with mouse, finger or keyboard; its name is what it is found by."""
    if act is None:
        return ft.Container(content, **more)  # type: ignore[arg-type]  # what Container takes
    pressed = act
    return ft.Semantics(
        label=name,
        button=True,
        container=True,
        on_tap=lambda _: pressed(),
        content=ft.Container(content, ink=True, on_click=lambda _: pressed(), **more),  # type: ignore[arg-type]
    )


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
