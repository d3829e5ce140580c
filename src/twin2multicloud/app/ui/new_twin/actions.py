"""What a rule does when it fires."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards, fields, text
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.chooser import add, sides, stacked
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import CHOICE, Form, Typed, options_of
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.parsing import Path

KINDS: Final = ("alert", "command", "webhook", "function")


def kind_of(action: Any) -> str:
    """What an action does: its short form `alert` is one, too."""
    if isinstance(action, str):
        return action if action in KINDS else ""
    return next((each for each in KINDS if isinstance(action, dict) and each in action), "")


@ft.component
def ActionsCard(desk: Desk, rule: int) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """A rule's actions."""
    editor, path = desk.editor, ("rules", rule, "actions")
    actions = editor.items(*path)
    rows: list[ft.Control] = [ActionRow(desk, (*path, index)) for index in range(len(actions))]
    if not rows:
        rows = [text.muted(tr("An alert without a text is published, as no action is named."))]

    def another() -> None:
        editor.append(path, {"alert": "{device}"})

    return cards.card(
        stacked(*rows, ft.Row([add(tr("Action"), another)])),
        title=tr("What it does ({count})", count=len(actions)),
        id="actions",
    )


@ft.component
def ActionRow(desk: Desk, path: Path) -> ft.Control:  # noqa: N802
    """An action: of which kind, and what belongs to that."""
    narrow = use_session().viewport.narrow
    editor = desk.editor
    kind = kind_of(editor.at(*path))
    words = {
        "alert": tr("publish an alert"),
        "command": tr("send a command"),
        "webhook": tr("call a web address"),
        "function": tr("call a function"),
    }

    def become(other: str) -> None:
        editor.set(path, {other: _first(desk, other)})

    choice = fields.choice(tr("Do"), kind, words, become, error=desk.problem(*path), **CHOICE)
    gone = buttons.icon(ft.Icons.CLOSE, tr("Remove the action"), lambda: editor.remove(path))
    inner = _inner(desk, path, kind, narrow)
    row: ft.Control = (
        stacked(ft.Row([ft.Container(choice, expand=True), gone]), inner, spacing=GAP)
        if narrow
        else ft.Row(
            [ft.Container(choice, width=190), ft.Container(inner, expand=True), gone],
            spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    )
    return text.group(tr("Action {number}", number=int(path[-1]) + 1), row)


def _first(desk: Desk, kind: str) -> Any:
    """What an action of a kind has to begin with."""
    if kind == "command":
        return {"name": next(iter(_commands(desk)), "")}
    if kind == "webhook":
        return {"url": "https://example.com/hook"}
    if kind == "function":
        return next((name for name in desk.editor.written.files if name.endswith(".py")), "processors/act.py")
    return "{device}"


def _inner(desk: Desk, path: Path, kind: str, narrow: bool) -> ft.Control:
    form, editor = Form(desk), desk.editor
    if kind == "alert":
        if not isinstance(editor.at(*path), dict):
            return text.muted(tr("without a text"))
        return form.line(tr("Text"), *path, "alert", keep_empty=True, hint=tr("{co2} ppm at {device}"))
    if kind == "command":
        where = (*path, "command")
        known = options_of(list(_commands(desk)))
        return stacked(
            sides(
                narrow,
                form.choice(tr("Command"), known, *where, "name"),
                form.line(tr("To"), *where, "device", hint=tr("the device itself")),
            ),
            Typed(
                desk,
                tr("With"),
                lambda: editor.at(*where, "payload"),
                as_json,
                from_json,
                lambda payload: editor.put((*where, "payload"), payload, typed=True),
                desk.problem(*where, "payload") or desk.problem_within(*where, "payload"),
                hint='{"celsius": 18}',
            ),
            spacing=GAP,
        )
    if kind == "webhook":
        where = (*path, "webhook")
        return sides(
            narrow,
            form.line(tr("Address (https)"), *where, "url", keep_empty=True),
            form.line(tr("Signed with the secret"), *where, "secret"),
        )
    files = options_of([name for name in editor.written.files if name.endswith(".py")])
    return form.choice(tr("File with act(alert)"), files, *path, "function")


def _commands(desk: Desk) -> Mapping[str, None]:
    """All commands of all device types."""
    types = desk.editor.mapping("device_types")
    return dict.fromkeys(name for kind in types for name in desk.editor.mapping("device_types", kind, "commands"))


def as_json(value: Any) -> str:
    """A mapping as JSON; nothing for an empty one."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) and value else ""


def from_json(given: str) -> dict[str, Any] | None:
    """The mapping that JSON stands for; `ValueError` says how to write one."""
    if not given.strip():
        return None
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        raise ValueError(tr("write a JSON object, such as {example}", example='{"celsius": 18}')) from None
    if not isinstance(value, dict):
        raise ValueError(tr("write names and values in braces"))
    return value
