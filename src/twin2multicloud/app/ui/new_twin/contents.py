"""The sections of the editor and how much is wrong in each; and what that is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.problems import FieldProblem
from twin2multicloud.app.ui.components import buttons, cards, fields, text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.sections import Section, item_of, section_of
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_FIRST = 3


@ft.component
def Contents(desk: Desk, section: Section) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Where one is, and where one can go."""
    session = use_session()
    use_store(session.appearance)
    use_store(desk.checks)
    use_store(desk.editor)
    troubled = desk.troubled()
    if not session.viewport.wide:
        options = {each.value: _told(each, desk, troubled[each]) for each in Section}
        return fields.choice(tr("Section"), section.value, options, lambda key: _go(session, desk, Section.read(key)))
    return ft.Semantics(
        label=tr("Sections"),
        container=True,
        content=ft.Column(
            [_entry(session, desk, each, each is section, troubled[each]) for each in Section], spacing=2, tight=True
        ),
    )


def _entry(session: Session, desk: Desk, section: Section, here: bool, wrong: int) -> ft.Control:
    counted = _count(section, desk)
    row: list[ft.Control] = [
        ft.Container(
            text.body(
                section.label,
                weight=ft.FontWeight.W_600 if here else ft.FontWeight.W_400,
                color=ft.Colors.PRIMARY if here else ft.Colors.ON_SURFACE,
            ),
            expand=True,
        )
    ]
    if wrong:
        row.append(ft.Icon(ft.Icons.ERROR, size=16, color=ft.Colors.ERROR))
        row.append(text.figure(str(wrong), size=12.5, color=ft.Colors.ERROR))
    elif counted:
        row.append(text.muted(str(counted)))
    go = partial(_go, session, desk, section)
    return pressable(
        ft.Row(row, spacing=4),
        _told(section, desk, wrong),
        go,
        selected=here,
        padding=ft.Padding.symmetric(horizontal=12, vertical=8),
        border_radius=8,
        bgcolor=ft.Colors.PRIMARY_CONTAINER if here else None,
    )


def _told(section: Section, desk: Desk, wrong: int) -> str:
    if wrong:
        return f"{section.label}: " + trn("{count} problem", "{count} problems", wrong)
    counted = _count(section, desk)
    return f"{section.label} ({counted})" if counted else section.label


def _count(section: Section, desk: Desk) -> int:
    editor = desk.editor
    return {
        Section.DEVICES: len(editor.mapping("device_types")),
        Section.RULES: len(editor.items("rules")),
        Section.PROCESSORS: sum(name.endswith(".py") for name in editor.written.files),
        Section.GRAPH: len(editor.items("graph", "entities")),
        Section.DASHBOARDS: len(editor.items("dashboards")),
        Section.CONSTRAINTS: len(editor.mapping("constraints")),
    }.get(section, 0)


def _go(session: Session, desk: Desk, section: Section, item: str = "") -> None:
    session.go(desk.address(section, item))


@ft.component
def Problems(desk: Desk) -> ft.Control:  # noqa: N802
    """What is wrong anywhere, each leading to where it is changed."""
    session = use_session()
    use_store(session.appearance)
    checks = use_store(desk.checks)
    use_store(desk.editor)
    every, set_every = ft.use_state(False)
    palette = session.appearance.palette
    if desk.editor.refused or checks.error is not None:
        why = desk.editor.refused or tr("It cannot be checked now: {why}", why=str(checks.error))
        strip = cards.strip(
            text.body(why),
            tint_soft=palette.warn.soft,
            tint=palette.warn.strong,
            icon=ft.Icons.HELP_OUTLINE,
        )
        return text.named("problems", ft.Container(strip, padding=ft.Padding.only(bottom=GAP + 4)), live=True)
    wrong = desk.findings
    warned = [] if checks.value is None else checks.value.warnings
    if not wrong and not warned:
        return ft.Container(height=0)
    tint, icon = (palette.bad, ft.Icons.ERROR_OUTLINE) if wrong else (palette.warn, ft.Icons.WARNING_AMBER)
    found = wrong or warned
    shown = found if every else found[:_FIRST]
    lines: list[ft.Control] = [_line(session, desk, each) for each in shown]
    if len(found) > _FIRST:
        label = tr("Show fewer") if every else tr("Show all {count}", count=len(found))
        lines.append(buttons.quiet(label, lambda: set_every(not every)))
    strip = cards.strip(
        ft.Column([text.strong(_head(wrong, warned)), *lines], spacing=2, tight=True),
        tint_soft=tint.soft,
        tint=tint.strong,
        icon=icon,
    )
    return text.named("problems", ft.Container(strip, padding=ft.Padding.only(bottom=GAP + 4)), live=True)


def _head(wrong: Sequence[FieldProblem], warned: Sequence[FieldProblem]) -> str:
    if wrong:
        return trn("{count} problem", "{count} problems", len(wrong))
    return trn("{count} thing is perhaps not meant so", "{count} things are perhaps not meant so", len(warned))


def _line(session: Session, desk: Desk, problem: FieldProblem) -> ft.Control:
    section = section_of(problem.field)
    field = problem.field.removeprefix(f"{section.value}.")
    where = f"{section.label} · {field}" if field else section.label
    if problem.line is not None and section is Section.TEXT:
        where = tr("{where}, line {line}", where=where, line=problem.line)
    item = problem.value or "" if section is Section.PROCESSORS else item_of(problem.field)
    go = partial(_go, session, desk, section, item)
    said = ft.Text(
        spans=[
            ft.TextSpan(f"{where}: ", ft.TextStyle(weight=ft.FontWeight.W_600)),
            ft.TextSpan(problem.problem),
        ],
        size=13,
    )
    return pressable(
        said,
        tr("Go to {where}: {problem}", where=where, problem=problem.problem),
        go,
        border_radius=4,
        padding=ft.Padding.symmetric(horizontal=4, vertical=2),
    )
