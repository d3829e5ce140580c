"""How far a run is in one line: each slot in the order of deploying, then what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import flet as ft

from twin2multicloud.app.ui.components.pressed import pressable, tip
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.plan import Plan
from twin2multicloud.app.ui.runs.progress import Progress, Row, State, Step
from twin2multicloud.app.ui.theme import FALLBACK, Palette, Tint

Press = Callable[[str], None]
SIGNS: Final[dict[State, str]] = {
    "waiting": "○",
    "planning": "◔",
    "planned": "◑",
    "unchanged": "·",
    "checking": "◔",
    "working": "◔",
    "done": "✔",
    "failed": "■",
    "not begun": "○",
}


@dataclass(frozen=True)
class Piece:
    """A part of the strip; `stack` is what the log is filtered by when it is pressed."""

    name: str
    state: State
    count: str = ""
    stack: str = ""


def state_word(state: State) -> str:
    """How far a stack is."""
    return {
        "waiting": tr("waits"),
        "planning": tr("is planned"),
        "planned": tr("planned"),
        "unchanged": tr("unchanged"),
        "checking": tr("is checked again"),
        "working": tr("under way"),
        "done": tr("done"),
        "failed": tr("failed"),
        "not begun": tr("not begun"),
    }[state]


def tint(state: State, palette: Palette) -> Tint:
    """Its colour."""
    found = {"done": palette.ok, "failed": palette.bad, "not begun": palette.warn}
    working = ("planning", "checking", "working")
    return palette.accent if state in working else found.get(state, palette.unknown)


def pieces(progress: Progress, plan: Plan | None) -> list[Piece]:
    """What the strip consists of. Foundations count together, since nobody chooses them."""
    labels = {stack.name: stack for stack in plan.stacks} if plan is not None else {}
    found: list[Piece] = []
    foundations: list[Row] = []
    for name, row in progress.rows.items():
        stack = labels.get(name)
        slot = stack.slot if stack is not None else None
        if slot is None and name.startswith("foundation"):
            foundations.append(row)
        else:
            found.append(Piece(words.stack_short(name, slot), row.state, _count(row), name))
    if foundations:
        found.insert(0, _together(foundations))
    return [*found, *(_following(step) for step in progress.steps.values())]


def _following(step: Step) -> Piece:
    counted = f"{step.done:,}/{step.total:,}" if step.total else ""
    return Piece(step.name, "done" if step.state == "done" else "working", counted)


def _together(rows: Sequence[Row]) -> Piece:
    order: tuple[State, ...] = ("failed", "working", "checking", "planning", "waiting", "not begun", "planned", "done")
    state: State = next((each for each in order if any(row.state == each for row in rows)), "unchanged")
    if state == "waiting" and any(row.state == "done" for row in rows):
        state = "working"
    made, planned, found = (sum(getattr(row, name) for row in rows) for name in ("made", "planned", "found"))
    return Piece(tr("Foundations"), state, _counted(state, made, planned, found))


def _count(row: Row) -> str:
    return _counted(row.state, row.made, row.planned, row.found)


def _counted(state: State, made: int, planned: int, found: int) -> str:
    if state in ("planning", "planned"):
        return f"{found:,}" if found else ""
    if state == "done":
        return f"{made:,}" if made else ""
    return f"{made:,}/{planned:,}" if planned else ""


def strip(given: Sequence[Piece], palette: Palette, chosen: str, pressed: Press | None = None) -> ft.Control:
    """The line. Pressing a slot shows its lines of the log alone."""
    return ft.Semantics(
        identifier="strip",
        label=tr("Progress")
        + ": "
        + ", ".join(f"{each.name} {state_word(each.state)} {each.count}".strip() for each in given),
        container=True,
        content=ft.Row(
            [_piece(each, palette, chosen == each.stack != "", pressed) for each in given],
            wrap=True,
            spacing=6,
            run_spacing=6,
        ),
    )


def _piece(piece: Piece, palette: Palette, chosen: bool, pressed: Press | None) -> ft.Control:
    color = tint(piece.state, palette)
    content = ft.Row(
        [
            ft.Text(
                f"{SIGNS[piece.state]} {piece.name}",
                size=13,
                weight=ft.FontWeight.W_500,
                color=color.strong,
                font_family_fallback=FALLBACK,
            ),
            *([ft.Text(piece.count, size=12.5, color=color.strong)] if piece.count else []),
        ],
        spacing=6,
        tight=True,
    )
    told = f"{piece.name}: {state_word(piece.state)} {piece.count}".strip()
    look: dict[str, Any] = {
        "bgcolor": color.soft,
        "border": ft.Border.all(1.5, color.strong if chosen else color.soft),
        "border_radius": 8,
        "padding": ft.Padding.symmetric(horizontal=9, vertical=4),
        "tooltip": tip(told),
    }
    if pressed is None or not piece.stack:
        return ft.Container(content, **look)
    return pressable(content, told, partial(pressed, piece.stack), selected=chosen, **look)
