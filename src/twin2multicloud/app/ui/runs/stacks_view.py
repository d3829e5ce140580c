"""What a run does slot by slot: how many resources, which, what they cost a month, how far each is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, tables, text
from twin2multicloud.app.ui.components.pressed import pressable, tip
from twin2multicloud.app.ui.hooks import use_every, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.plan import COUNTED, SIGNS, Change, Plan, StackPlan, short
from twin2multicloud.app.ui.runs.progress import Deed, Progress, Row
from twin2multicloud.app.ui.runs.strip import SIGNS as STATES
from twin2multicloud.app.ui.runs.strip import state_word, tint
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import FALLBACK, GAP, Palette

_PAGE = 40
_DEEDS_SHOWN = 4


@ft.component
def Stacks(progress: Progress, plan: Plan, chosen: str, choose: Callable[[str], None]) -> ft.Control:  # noqa: N802
    """All stacks of a plan, below each other; `chosen` is the one whose resources are shown."""
    session = use_session()
    use_store(progress)
    use_store(session.appearance)
    use_store(session.viewport)
    use_store(session.preferences)
    _, tick = ft.use_state(0)
    under_way = progress.begun and progress.ended is None
    use_every(1.0, lambda: tick(lambda number: number + 1) if under_way else None, under_way)
    now = session.now()
    rows: list[ft.Control] = [
        _stack(
            session, each, progress.rows.get(each.name) if progress.begun else None, now, each.name == chosen, choose
        )
        for each in plan.stacks
    ]
    return cards.card(
        ft.Column(rows, spacing=0, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Slot by slot"),
        beside=[counts(plan, session.appearance.palette)],
        id="stacks",
    )


def counts(plan: Plan | StackPlan, palette: Palette) -> ft.Control:
    """How many resources would be added, changed, replaced, destroyed; what is lost stands out."""
    names = {
        "add": (tr("to add"), palette.ok),
        "change": (tr("to change"), palette.accent),
        "replace": (tr("to replace"), palette.bad),
        "destroy": (tr("to destroy"), palette.bad),
    }
    shown: list[ft.Control] = []
    for action in COUNTED:
        number = plan.count(action)
        if number:
            word, color = names[action]
            shown.append(badges.pill(f"{SIGNS[action]}{number:,}", color, tooltip=f"{number:,} {word}"))
    if not shown:
        shown.append(text.muted(tr("nothing to do")))
    return ft.Row(shown, spacing=4, tight=True)


def _stack(
    session: Session,
    plan: StackPlan,
    row: Row | None,
    now: datetime,
    opened: bool,
    choose: Callable[[str], None],
) -> ft.Control:
    palette = session.appearance.palette
    parts: list[ft.Control] = [_head(session, plan, row, now, opened, choose)]
    if row is not None and row.running and not opened:
        parts += [_running(deed, now) for deed in row.running[:_DEEDS_SHOWN]]
    if opened:
        parts.append(Resources(plan, row))
    return ft.Container(
        ft.Column(parts, spacing=4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        border=ft.Border(top=ft.BorderSide(1, palette.line)),
        padding=ft.Padding.symmetric(vertical=7),
    )


def _head(
    session: Session, plan: StackPlan, row: Row | None, now: datetime, opened: bool, choose: Callable[[str], None]
) -> ft.Control:
    palette, narrow = session.appearance.palette, session.viewport.narrow
    where: list[ft.Control] = [text.strong(plan.label if plan.slot is not None else tr("Foundation"))]
    if plan.provider:
        where += [badges.cloud(plan.provider, palette), text.muted(plan.region)]
    named = ft.Row(where, wrap=True, spacing=6, run_spacing=2, vertical_alignment=ft.CrossAxisAlignment.CENTER)
    name = ft.Row(
        [*([_state(row, palette)] if row is not None else []), ft.Container(named, expand=True)],
        spacing=6,
        vertical_alignment=ft.CrossAxisAlignment.START if narrow else ft.CrossAxisAlignment.CENTER,
    )
    told: list[ft.Control] = []
    if row is None:
        told.append(text.muted(tr("unchanged")) if plan.untouched else counts(plan, palette))
    else:
        seconds = row.seconds(now)
        told.append(_figure(f"{row.made:,} / {row.planned:,}" if row.planned else "", 62))
        told.append(_figure("" if seconds is None else figures.duration(seconds), 52, muted=True))
    if not (narrow and row is not None):
        cost = figures.per_month(plan.usd_per_month, session.currency) if plan.usd_per_month else ""
        told.append(_figure(cost, 122))
    arrow = ft.Icon(
        ft.Icons.EXPAND_LESS if opened else ft.Icons.EXPAND_MORE, size=18, color=ft.Colors.ON_SURFACE_VARIANT
    )
    line = ft.Row(
        [ft.Container(name, expand=True), *told, arrow],
        spacing=GAP + 2,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    label = f"{plan.label}, {state_word(row.state) if row is not None else tr('planned')}"
    press = partial(choose, "" if opened else plan.name)
    return pressable(
        line,
        label,
        press,
        reads=True,
        expanded=opened,
        padding=ft.Padding.symmetric(vertical=2),
        border_radius=6,
    )


def _figure(said: str, width: int, *, muted: bool = False) -> ft.Control:
    """A number in a column of its own, so that numbers stand below each other."""
    color = ft.Colors.ON_SURFACE_VARIANT if muted else None
    return ft.Container(text.figure(said, size=13, color=color), width=width, alignment=ft.Alignment.CENTER_RIGHT)


def _state(row: Row, palette: Palette) -> ft.Control:
    return ft.Text(
        STATES[row.state],
        size=14,
        color=tint(row.state, palette).strong,
        width=16,
        semantics_label="",  # as the line is called so
        tooltip=tip(state_word(row.state)),
        font_family_fallback=FALLBACK,
    )


def _running(deed: Deed, now: datetime) -> ft.Control:
    return ft.Row(
        [
            ft.ProgressRing(width=11, height=11, stroke_width=2),
            ft.Container(
                text.mono(short(deed.address), size=12, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS), expand=True
            ),
            text.muted(f"{words.doing(deed.action)} {figures.duration(deed.seconds(now))}"),
        ],
        spacing=GAP,
    )


@ft.component
def Resources(plan: StackPlan, row: Row | None) -> ft.Control:  # noqa: N802
    """A stack's resources, page by page."""
    session = use_session()
    start, set_start = ft.use_state(0)
    now = session.now()
    deeds = plan.deeds
    part = deeds[start : start + _PAGE]
    lines: list[ft.Control] = []
    if plan.pending:
        waits = tr("Known only once other slots are there: {what}", what=", ".join(plan.pending))
        lines.append(text.muted(waits))
    lines += [_resource(session, each, None if row is None else row.deeds.get(each.address), now) for each in part]
    if not deeds:
        lines.append(text.muted(tr("Nothing is to be done here.")))
    if len(deeds) > _PAGE:
        lines.append(
            tables.pager(
                start,
                len(part),
                len(deeds),
                (lambda: set_start(max(0, start - _PAGE))) if start else None,
                (lambda: set_start(start + _PAGE)) if start + _PAGE < len(deeds) else None,
            )
        )
    kept = sum(change.action == "keep" for change in plan.changes)
    if kept:
        lines.append(text.muted(trn("{count} resource stays as it is", "{count} resources stay as they are", kept)))
    return ft.Container(
        ft.Column(lines, spacing=3, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        padding=ft.Padding.only(left=10, top=2, bottom=4),
    )


def _resource(session: Session, change: Change, deed: Deed | None, now: datetime) -> ft.Control:
    palette = session.appearance.palette
    grave = change.action in ("destroy", "replace")
    color = palette.bad.strong if grave else palette.ok.strong if change.action == "add" else palette.accent.strong
    sign = SIGNS[change.action]
    if deed is not None:
        sign = {"running": "◔", "done": "✔", "failed": "■"}[deed.state]
        color = {"running": palette.accent, "done": palette.ok, "failed": palette.bad}[deed.state].strong
    name = change.name + (f"  ({', '.join(change.attributes)})" if change.attributes else "")
    told: list[ft.Control] = []
    if change.usd_per_month is not None:
        told.append(text.figure(figures.money(change.usd_per_month, session.currency), size=12.5))
    if deed is not None:
        word = words.done(deed.action) if deed.state == "done" else tr("failed") if deed.state == "failed" else ""
        seconds = deed.seconds(now)
        took = f" {figures.duration(seconds)}" if seconds >= 1 else ""
        told.append(text.muted(f"{word or words.doing(deed.action)}{took}"))
    return ft.Row(
        [
            text.mono(sign, size=13, color=color, width=14, semantics_label=change.action),
            ft.Container(
                text.mono(
                    name,
                    size=12,
                    no_wrap=True,
                    overflow=ft.TextOverflow.ELLIPSIS,
                    color=palette.bad.strong if grave and deed is None else None,
                    tooltip=tip(name),
                ),
                expand=True,
            ),
            *told,
        ],
        spacing=GAP,
    )


def going(stacks: Sequence[StackPlan]) -> list[str]:
    """What would be destroyed, as text: stack and resource."""
    return [
        f"{stack.label}: {change.name}"
        for stack in stacks
        for change in stack.deeds
        if change.action in ("destroy", "replace")
    ]


def more_than(lines: Sequence[str], most: int, show_all: Callable[[], None] | None = None) -> ft.Control:
    """Lines of machine text, of which the first are shown."""
    parts: list[ft.Control] = [
        text.mono(each, size=12, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS) for each in lines[:most]
    ]
    left = len(lines) - most
    if left > 0:
        said = trn("and {count} more", "and {count} more", left)
        parts.append(buttons.quiet(said, show_all) if show_all is not None else text.muted(said))
    return ft.Column(parts, spacing=2, tight=True)
