"""Text as machines write it, line by line: read, not edited. Only lines in view exist, so that it may be long."""

from __future__ import annotations

import re
from typing import Final, Literal

import flet as ft

from twin2multicloud.app.ui.components.virtual import VirtualList
from twin2multicloud.app.ui.theme import MONO, Palette

Kind = Literal["plain", "yaml", "diff", "python"]
_LINE_PX: Final = 20
_CHARACTER_PX: Final = 7.6
_SIZE: Final = 12.5
_MOST_PX: Final = 560
_YAML_KEY: Final = re.compile(r"^(\s*(?:- )?)([A-Za-z0-9_.-]+|\"[^\"]*\")(:)(?=\s|$)")
_COMMENT: Final = re.compile(r"(^|\s)#.*$")


def code(text: str, palette: Palette, *, kind: Kind, label: str, most_px: int = _MOST_PX) -> ft.Control:
    """Lines with their numbers; scrolled in both directions where there is no room."""
    lines = text.splitlines() or [""]
    digits = len(str(len(lines)))
    gutter_px = digits * _CHARACTER_PX + 22
    width = max(600.0, max(len(each) for each in lines) * _CHARACTER_PX + gutter_px + 24)
    height = min(most_px, len(lines) * _LINE_PX + 16)

    def show(index: int) -> ft.Control:
        return _line(index, lines[index], palette, kind, gutter_px)

    return ft.Container(
        ft.Row(
            [
                ft.Container(
                    VirtualList(len(lines), _LINE_PX, show, label=label, first_view=most_px // _LINE_PX),
                    width=width,
                    height=height,
                )
            ],
            scroll=ft.ScrollMode.AUTO,
            height=height,
        ),
        bgcolor=palette.sunken,
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
        border_radius=8,
        padding=ft.Padding.symmetric(vertical=6),
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
    )


def _line(index: int, text: str, palette: Palette, kind: Kind, gutter_px: float) -> ft.Control:
    strong, soft = _tints(text, palette, kind)
    spans = _yaml(text, palette) if kind in ("yaml", "python") else [ft.TextSpan(text, ft.TextStyle(color=strong))]
    return ft.Container(
        ft.Row(
            [
                ft.Container(
                    ft.Text(f"{index + 1}", size=_SIZE, font_family=MONO, color=palette.muted),
                    width=gutter_px,
                    alignment=ft.Alignment.CENTER_RIGHT,
                    padding=ft.Padding.only(right=12),
                ),
                ft.Text(spans=spans, size=_SIZE, font_family=MONO, no_wrap=True, color=palette.text),
            ],
            spacing=0,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        ),
        bgcolor=soft,
    )


def _tints(text: str, palette: Palette, kind: Kind) -> tuple[str, str | None]:
    if kind != "diff" or text.startswith(("+++", "---")):
        return palette.muted if kind == "diff" else palette.text, None
    if text.startswith("+"):
        return palette.ok.strong, palette.ok.soft
    if text.startswith("-"):
        return palette.bad.strong, palette.bad.soft
    if text.startswith("@@"):
        return palette.accent.strong, palette.accent.soft
    return palette.text, None


def _yaml(text: str, palette: Palette) -> list[ft.TextSpan]:
    """Keys stand out, comments stand back. What a comment sign in a quoted text does is no more than a colour."""
    comment = _COMMENT.search(text)
    matter, rest = (text[: comment.start()], text[comment.start() :]) if comment is not None else (text, "")
    spans: list[ft.TextSpan] = []
    key = _YAML_KEY.match(matter)
    if key is not None:
        spans.append(ft.TextSpan(key[1]))
        spans.append(ft.TextSpan(key[2], ft.TextStyle(color=palette.accent.strong, weight=ft.FontWeight.W_500)))
        matter = matter[key.end(2) :]
    spans.append(ft.TextSpan(matter))
    if rest:
        spans.append(ft.TextSpan(rest, ft.TextStyle(color=palette.muted)))
    return spans


def kind_of(path: str) -> Kind:
    """How a file is coloured."""
    if path.endswith((".yaml", ".yml", ".toml", "yaml", "toml")):
        return "yaml"
    return "python" if path.endswith(".py") else "plain"
