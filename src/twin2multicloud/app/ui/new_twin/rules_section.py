"""What happens when: conditions over the messages of a device type, and what is done then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards, states, text
from twin2multicloud.app.ui.components.pressed import pressable, tip
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin import changes
from twin2multicloud.app.ui.new_twin.actions import ActionsCard
from twin2multicloud.app.ui.new_twin.chooser import add, chooser, fresh, sides, stacked
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import Form, options_of
from twin2multicloud.app.ui.new_twin.sections import Section, items_wrong
from twin2multicloud.app.ui.theme import MONO
from twin2multicloud.model.parsing import Path

_RULES: Final[Path] = ("rules",)
_MOST_FIELDS: Final = 40


@ft.component
def RulesSection(desk: Desk, item: str) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section; `item` is the number of the rule in view."""
    session = use_session()
    editor = desk.editor
    rules = editor.items(*_RULES)

    def show(number: str) -> None:
        session.go(desk.address(Section.RULES, number))

    def another() -> None:
        kind = next(iter(editor.mapping("device_types")), "")
        names = {editor.text_at("rules", index, "name") for index in range(len(rules))}
        show(
            str(editor.append(_RULES, {"name": fresh("rule", names), "on": kind, "when": _first_condition(desk, kind)}))
        )

    more = [add(tr("Rule"), another)]
    if not rules:
        return states.nothing(
            tr("No rules yet"),
            hint=tr("A rule looks at messages and does something when its condition holds: an alert, a command."),
            icon=ft.Icons.RULE,
            action=more[0],
        )
    index = int(item) if item.isdigit() and int(item) < len(rules) else 0
    options = {
        str(number): editor.text_at("rules", number, "name") or tr("rule {number}", number=number + 1)
        for number in range(len(rules))
    }
    wrong = items_wrong(desk.findings, Section.RULES, list(options))
    choose = chooser(tr("Rules"), options, str(index), show, wrong=wrong, more=more)
    return stacked(choose, RuleCard(desk, index), ActionsCard(desk, index), key=str(index))


def _first_condition(desk: Desk, kind: str) -> str:
    """A condition that can be read, to begin with."""
    for name in desk.editor.mapping("device_types", kind, "fields"):
        if desk.editor.text_at("device_types", kind, "fields", name, "type") in ("double", "integer"):
            return f"{name} > 0"
    return "true"


@ft.component
def RuleCard(desk: Desk, index: int) -> ft.Control:  # noqa: N802
    """A rule's condition."""
    session = use_session()
    narrow = session.viewport.narrow
    editor, form, path = desk.editor, Form(desk), (*_RULES, index)

    def remove() -> None:
        editor.remove(path)
        session.notices.tell(tr("The rule is removed"), label=tr("Undo"), act=editor.undo)

    def shift(by: int) -> Callable[[], None]:
        def moved() -> None:
            changes.move(editor, _RULES, index, by)
            session.go(desk.address(Section.RULES, str(index + by)))

        return moved

    severities = {
        "info": tr("info"),
        "warning": tr("warning"),
        "error": tr("error"),
        "critical": tr("critical"),
    }
    triggers = {
        "edge": tr("when it begins to hold"),
        "each": tr("on every message for which it holds"),
    }
    each = editor.text_at(*path, "trigger") == "each"
    kind = editor.text_at(*path, "on")
    timing: list[ft.Control] = [form.choice(tr("It fires"), triggers, *path, "trigger", default="edge")]
    if not each or editor.at(*path, "for") is not None:
        timing.append(form.line(tr("After it held for"), *path, "for", hint="5m"))
    parts: list[ft.Control] = [
        sides(
            narrow,
            form.line(tr("Name"), *path, "name", keep_empty=True),
            form.choice(tr("Messages of"), options_of(list(editor.mapping("device_types"))), *path, "on"),
            form.choice(tr("Severity"), severities, *path, "severity", default="warning"),
        ),
        form.words(tr("Only of these devices"), *path, "devices", hint=tr("all of that type")),
        form.lines(tr("When"), *path, "when", rows=1, text_style=ft.TextStyle(font_family=MONO, size=14)),
        _Insert(desk, path, kind),
        sides(narrow, *timing),
    ]
    if not each or editor.at(*path, "clear") is not None:
        parts.append(
            form.line(
                tr("Fires again only after"),
                *path,
                "clear",
                text_style=ft.TextStyle(font_family=MONO, size=14),
                helper=tr("A condition too, such as co2 < 1000. Left empty: as soon as the first one does not hold."),
            )
        )
    problem = desk.problem(*path)
    if problem is not None:
        parts.append(text.body(problem, color=ft.Colors.ERROR))
    count = len(editor.items(*_RULES))
    beside = [
        buttons.icon(ft.Icons.ARROW_BACK, tr("Move before"), shift(-1) if index else None),
        buttons.icon(ft.Icons.ARROW_FORWARD, tr("Move after"), shift(1) if index + 1 < count else None),
        buttons.icon(ft.Icons.DELETE_OUTLINE, tr("Remove the rule"), remove),
    ]
    return cards.card(stacked(*parts), title=tr("Condition"), beside=beside, id="rule")


@ft.component
def _Insert(desk: Desk, path: Path, kind: str) -> ft.Control:  # noqa: N802
    """What a condition may name; pressed, it is added."""
    editor = desk.editor
    names = list(editor.mapping("device_types", kind, "fields"))[:_MOST_FIELDS]

    def insert(word: str) -> Callable[[], None]:
        def inserted() -> None:
            before = editor.text_at(*path, "when").rstrip()
            editor.set((*path, "when"), f"{before} {word}".strip())

        return inserted

    words: list[ft.Control] = [_word(desk, kind, name, insert(name)) for name in names]
    words += [_sign(sign, insert(sign)) for sign in (">", "<", "==", "and", "or", "not", "between")]
    return ft.Semantics(
        label=tr("Add to the condition"),
        container=True,
        content=ft.Row(words, wrap=True, spacing=4, run_spacing=4),
    )


def _word(desk: Desk, kind: str, name: str, act: Callable[[], None]) -> ft.Control:
    field = ("device_types", kind, "fields", name)
    unit = desk.editor.text_at(*field, "unit")
    what = desk.editor.text_at(*field, "type")
    return _sign(name, act, tooltip=f"{what}, {unit}" if unit else what)


def _sign(word: str, act: Callable[[], None], tooltip: str | None = None) -> ft.Control:
    return pressable(
        text.mono(word, size=12),
        word,
        act,
        padding=ft.Padding.symmetric(horizontal=8, vertical=4),
        border_radius=6,
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
        tooltip=tip(tooltip),
    )
