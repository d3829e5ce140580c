"""The fields of a device type's messages, and its commands with theirs."""

from __future__ import annotations

from typing import Final, get_args

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards, fields, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin import changes
from twin2multicloud.app.ui.new_twin.chooser import add, fresh, sides, stacked
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import Form, Named, options_of
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.spec import FieldType

_TYPES: Final = options_of(get_args(FieldType))
_NUMBERS: Final = ("double", "integer")
_ICON_PX: Final = 76


@ft.component
def FieldsTable(desk: Desk, name: str) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """What a device type's messages have in them, and what it understands."""
    editor = desk.editor
    path: Path = ("device_types", name, "fields")
    known = editor.mapping(*path)
    fields_card = cards.card(
        FieldRows(desk, path, tr("Field")),
        title=tr("Fields of a message ({count})", count=len(known)),
        id="fields",
    )
    commands: Path = ("device_types", name, "commands")
    listed = editor.mapping(*commands)

    def another() -> None:
        editor.set((*commands, fresh("command", listed)), {})

    rows: list[ft.Control] = [CommandRow(desk, (*commands, each)) for each in listed]
    if not rows:
        rows = [text.muted(tr("Devices of this type understand no commands."))]
    commands_card = cards.card(
        stacked(*rows, ft.Row([add(tr("Command"), another)])),
        title=tr("Commands ({count})", count=len(listed)),
        id="commands",
    )
    return stacked(fields_card, commands_card)


@ft.component
def CommandRow(desk: Desk, path: Path) -> ft.Control:  # noqa: N802
    """A command with the fields of its request."""
    name = str(path[-1])
    gone = buttons.icon(ft.Icons.DELETE_OUTLINE, tr("Remove {name}", name=name), lambda: desk.editor.remove(path))
    form = Form(desk)
    head = ft.Row(
        [
            ft.Container(
                Named(
                    desk,
                    tr("Command"),
                    name,
                    lambda new: changes.rename_member(desk.editor, path, new),
                    desk.problem(*path),
                ),
                expand=2,
            ),
            ft.Container(form.line(tr("Description"), *path, "description"), expand=3),
            gone,
        ],
        spacing=GAP,
    )
    inner = ft.Container(
        FieldRows(desk, (*path, "fields"), tr("Field of the request")), padding=ft.Padding.only(left=16)
    )
    return text.group(tr("Command {name}", name=name), stacked(head, inner, spacing=GAP))


@ft.component
def FieldRows(desk: Desk, path: Path, label: str) -> ft.Control:  # noqa: N802
    """Fields, a row each, and making another."""
    known = desk.editor.mapping(*path)

    def another() -> None:
        desk.editor.set((*path, fresh("field", known).replace("-", "_")), {"type": "double"})

    # Shown anew only when it is another: a device type may have two hundred.
    row = ft.memo(FieldRow)
    rows = [row(desk, (*path, name), raw, desk.wrong_in(*path, name)) for name, raw in known.items()]
    return stacked(*rows, ft.Row([add(label, another)]), spacing=GAP)


@ft.component
def FieldRow(desk: Desk, path: Path, raw: object, wrong: tuple[str, ...]) -> ft.Control:  # noqa: N802
    """A field: its name, type, unit and range; opened, all that can be said of it. `raw` and what is `wrong` with it
    are given so that it is shown anew when they change.
    """
    del raw, wrong
    narrow = use_store(use_session().viewport).narrow
    opened, set_opened = ft.use_state(False)
    form, editor, name = Form(desk), desk.editor, str(path[-1])
    kind = editor.text_at(*path, "type")
    named = Named(desk, tr("Field"), name, lambda new: changes.rename_member(editor, path, new), desk.problem(*path))
    type_choice = form.choice(tr("Type"), _TYPES, *path, "type")
    unit = form.line(tr("Unit"), *path, "unit")
    numeric = kind in _NUMBERS
    low = form.number(tr("Least"), *path, "min", disabled=not numeric)
    high = form.number(tr("Most"), *path, "max", disabled=not numeric)
    icons = ft.Row(
        [
            buttons.icon(
                ft.Icons.EXPAND_LESS if opened else ft.Icons.EXPAND_MORE,
                tr("Less of {name}", name=name) if opened else tr("More of {name}", name=name),
                lambda: set_opened(not opened),
            ),
            buttons.icon(ft.Icons.CLOSE, tr("Remove {name}", name=name), lambda: editor.remove(path)),
        ],
        spacing=0,
        tight=True,
    )
    if narrow:
        said = text.muted(kind, width=56, text_align=ft.TextAlign.RIGHT)
        line: ft.Control = ft.Row([ft.Container(named, expand=True), said, icons], spacing=4)
        more = [sides(False, type_choice, unit), sides(False, low, high)]
    else:
        shares: list[tuple[int, ft.Control]] = [(6, named), (5, type_choice), (3, unit), (3, low), (3, high)]
        line = ft.Row(
            [*[ft.Container(each, expand=share) for share, each in shares], ft.Container(icons, width=_ICON_PX)],
            spacing=6,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
        more = []
    if opened:
        line = ft.Container(
            stacked(line, *more, *_details(desk, form, path, kind)),
            padding=ft.Padding.symmetric(vertical=GAP),
            border=ft.Border(bottom=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
        )
    return text.group(tr("Field {name}", name=name), line)


def _details(desk: Desk, form: Form, path: Path, kind: str) -> list[ft.Control]:
    narrow = False
    needed = desk.editor.at(*path, "required", default=True)
    parts: list[ft.Control] = [
        ft.Row(
            [
                fields.switch(
                    tr("Every message has it"),
                    bool(needed),
                    lambda yes: (
                        desk.editor.remove((*path, "required")) if yes else desk.editor.set((*path, "required"), False)
                    ),
                ),
            ]
        ),
        form.line(tr("Description"), *path, "description"),
    ]
    if kind == "string":
        parts.append(form.words(tr("Texts that are allowed"), *path, "allowed"))
    if kind == "array":
        items = options_of(("double", "integer", "boolean", "string"))
        parts.append(form.choice(tr("Of what"), items, *path, "items", default="double"))
    parts.append(text.muted(tr("How the device simulator makes it up:")))
    wave: Path = (*path, "simulate")
    if kind in _NUMBERS:
        parts.append(
            sides(
                narrow,
                form.number(tr("Around"), *wave, "base"),
                form.number(tr("Daily, ±"), *wave, "daily_amplitude"),
                form.number(tr("Noise"), *wave, "noise"),
                form.number(tr("Spike to"), *wave, "spike"),
                form.line(tr("Spike every"), *wave, "spike_every", hint="6h"),
            )
        )
    else:
        parts.append(
            form.words(
                tr("One of these, drawn by chance"), *wave, "values", read=_booleans if kind == "boolean" else None
            )
        )
    problem = desk.problem_within(*wave) or desk.problem(*wave)
    if problem is not None:
        parts.append(text.body(problem, color=ft.Colors.ERROR))
    return parts


def _booleans(words: list[str]) -> list[bool | str]:
    return [{"true": True, "false": False}.get(word, word) for word in words]
