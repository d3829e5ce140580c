"""The code that processes messages, and that rules call: Python files beside the definition."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

import flet as ft
import flet_code_editor as fce

from twin2multicloud.app.ui.components import buttons, cards, dialogs, fields, states, text
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.chooser import add, chooser, fresh, stacked
from twin2multicloud.app.ui.new_twin.code import Code
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import Form
from twin2multicloud.app.ui.new_twin.sections import Section
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_PROCESSOR: Final = '''\
def process(reading, device):
    """What is kept of a message: its fields, and what is worked out from them. None drops it."""
    return reading
'''
_FUNCTION: Final = '''\
def act(alert):
    """Called when a rule fires; alert has rule, severity, message, device, time, values."""
'''
_DIRECTORY: Final = "processors"


@ft.component
def ProcessorsSection(desk: Desk, item: str) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section; `item` is the file in view."""
    session = use_session()
    files = desk.editor.written.files

    def show(name: str) -> None:
        session.go(desk.address(Section.PROCESSORS, name))

    def another(stem: str, content: str) -> None:
        taken = {PurePosixPath(each).stem.replace("_", "-") for each in files}
        name = f"{_DIRECTORY}/{fresh(stem, taken).replace('-', '_')}.py"
        desk.editor.write_file(name, content)
        show(name)

    more = [
        add(tr("Processor"), lambda: another("process", _PROCESSOR)),
        add(tr("Function of rules"), lambda: another("act", _FUNCTION)),
    ]
    uses = UsesCard(desk)
    if not files:
        nothing = states.nothing(
            tr("No code yet"),
            hint=tr("A processor changes each message of a device type before it is kept; a rule may call a function."),
            icon=ft.Icons.CODE,
            action=ft.Row(more, alignment=ft.MainAxisAlignment.CENTER, wrap=True),
        )
        return stacked(nothing, uses)
    name = item if item in files else next(iter(files))
    wrong = frozenset(each for each in files if _problems(desk, each))
    choose = chooser(tr("Files"), {each: each for each in files}, name, show, wrong=wrong, more=more)
    return stacked(choose, FileCard(desk, name), uses)


def _users(desk: Desk, name: str) -> list[tuple[str, str]]:
    """Who uses a file: what it is called, and the field that says so."""
    editor = desk.editor
    found = [
        (kind, f"device_types.{kind}.{key}")
        for kind in editor.mapping("device_types")
        for key in ("processor", "dtdl")
        if editor.text_at("device_types", kind, key) == name
    ]
    for index in range(len(editor.items("rules"))):
        for number in range(len(editor.items("rules", index, "actions"))):
            if editor.text_at("rules", index, "actions", number, "function") == name:
                rule = editor.text_at("rules", index, "name")
                found.append((tr("rule {rule}", rule=rule), f"rules[{index}].actions[{number}].function"))
    return found


def _problems(desk: Desk, name: str) -> list[str]:
    fields_of_it = {field for _, field in _users(desk, name)}
    return [each.problem for each in desk.findings if each.field in fields_of_it]


@ft.component
def FileCard(desk: Desk, name: str) -> ft.Control:  # noqa: N802
    """A file's code."""
    session = use_session()
    users, wrong = [user for user, _ in _users(desk, name)], dict.fromkeys(_problems(desk, name))
    said = tr("used by {users}", users=", ".join(users)) if users else tr("not used yet: choose it for a type below")
    parts: list[ft.Control] = [text.muted(said)]
    parts += [text.body(each, color=ft.Colors.ERROR) for each in wrong]
    language = fce.CodeLanguage.PYTHON if name.endswith(".py") else fce.CodeLanguage.JSON
    parts.append(
        ft.Container(
            Code(
                desk,
                name,
                desk.editor.written.files[name],
                lambda given: desk.editor.write_file(name, given),
                language=language,
                issues={line: each for each in wrong if (line := _line(each))},
                height=380,
            ),
            key=name,  # another file is another editor, with undoing of its own
        )
    )
    beside = [
        buttons.icon(ft.Icons.DRIVE_FILE_RENAME_OUTLINE, tr("Rename the file"), lambda: _rename(session, desk, name)),
        buttons.icon(ft.Icons.DELETE_OUTLINE, tr("Remove the file"), lambda: _remove(session, desk, name)),
    ]
    return cards.card(stacked(*parts, spacing=GAP), title=name, beside=beside, id="file")


def _line(problem: str) -> int:
    """The line that a problem of code names (`…: line 3: …`); 0 without one."""
    _, found, rest = problem.partition("line ")
    number = rest[: next((place for place, sign in enumerate(rest) if not sign.isdigit()), len(rest))]
    return int(number) if found and number else 0


def _remove(session: Session, desk: Desk, name: str) -> None:
    desk.editor.remove_file(name)
    session.notices.tell(tr("{file} is removed", file=name), label=tr("Undo"), act=desk.editor.undo)


def _rename(session: Session, desk: Desk, name: str) -> None:
    given = [name]

    def typed(value: str) -> None:
        given[0] = value.strip()

    def done() -> None:
        dialogs.close(session)
        if given[0] and given[0] != name and given[0] not in desk.editor.written.files:
            desk.rename_file(name, given[0])
            session.go(desk.address(Section.PROCESSORS, given[0]))

    dialogs.show(
        session,
        tr("Rename {file}", file=name),
        fields.line(tr("Path"), name, typed, done=lambda _: done(), autofocus=True),
        [buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)), buttons.main(tr("Rename"), done)],
    )


@ft.component
def UsesCard(desk: Desk) -> ft.Control:  # noqa: N802
    """Which file processes the messages of which device type."""
    session = use_session()
    form, editor = Form(desk), desk.editor
    files = {"": tr("none: messages are kept as they are")} | {
        each: each for each in editor.written.files if each.endswith(".py")
    }
    rows: list[ft.Control] = [
        text.group(
            kind,
            ft.Row(
                [
                    ft.Container(text.body(kind, semantics_label=""), width=120 if session.viewport.narrow else 200),
                    ft.Container(form.choice(tr("Processor"), files, "device_types", kind, "processor"), expand=True),
                ],
                spacing=GAP,
            ),
        )
        for kind in editor.mapping("device_types")
    ]
    if not rows:
        return ft.Container(height=0)
    return cards.card(stacked(*rows, spacing=GAP), title=tr("Which code processes what"), id="processors")
