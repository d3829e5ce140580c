"""The kinds of devices and how many there are of each: what they send, what they understand."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards, states, text
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.new_twin import changes, fleet
from twin2multicloud.app.ui.new_twin.chooser import add, chooser, fresh, sides, stacked
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.fields_table import FieldsTable
from twin2multicloud.app.ui.new_twin.form import Form, Named, options_of
from twin2multicloud.app.ui.new_twin.sections import Section, items_wrong
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.editing.document import Document


@ft.component
def DevicesSection(desk: Desk, item: str) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section; `item` is the device type in view."""
    session = use_session()
    editor = desk.editor
    types = editor.mapping("device_types")

    def show(name: str) -> None:
        session.go(desk.address(Section.DEVICES, name))

    def another() -> None:
        name = fresh("sensor", types)
        group = {"type": name, "count": 10, "name": f"{name}-{{n:02}}"}

        def change(document: Document) -> Document:
            kind = {"fields": {"value": {"type": "double"}}}
            groups = [*editor.items("devices"), group]
            return document.set(("device_types", name), kind).set(("devices",), groups)

        editor.change(change)
        show(name)

    more = [add(tr("Device type"), another)]
    if not types:
        return states.nothing(
            tr("No kinds of devices yet"),
            hint=tr("A device type says what its messages have in them."),
            icon=ft.Icons.SENSORS,
            action=more[0],
        )
    name = item if item in types else next(iter(types))
    groups = editor.items("devices")
    counts = {each: sum(fleet.count_of(g) for g in groups if _is_of(g, each)) for each in types}
    options = {each: f"{each} ({counts[each]:,})" for each in types}
    wrong = items_wrong(desk.findings, Section.DEVICES, list(types))
    choose = chooser(tr("Device types"), options, name, show, wrong=wrong, more=more)
    return stacked(choose, TypeCard(desk, name), GroupsCard(desk, name), FieldsTable(desk, name), key=name)


def _is_of(group: object, name: str) -> bool:
    return isinstance(group, dict) and group.get("type") == name


@ft.component
def TypeCard(desk: Desk, name: str) -> ft.Control:  # noqa: N802
    """What a device type is called."""
    session = use_session()
    form = Form(desk)

    def rename(new: str) -> str | None:
        why = changes.rename_type(desk.editor, name, new)
        if why is None:
            session.go(desk.address(Section.DEVICES, new))
        return why

    def remove() -> None:
        changes.remove_type(desk.editor, name)
        session.notices.tell(tr("{name} is removed", name=name), label=tr("Undo"), act=desk.editor.undo)

    path = ("device_types", name)
    return cards.card(
        stacked(
            sides(
                session.viewport.narrow,
                Named(desk, tr("Name"), name, rename, desk.problem(*path)),
                form.line(tr("Description"), *path, "description"),
            ),
            form.words(
                tr("Last values kept by the twin"),
                *path,
                "twin_fields",
                helper=tr("Fields whose last value L4 shows, with commas between; left empty: all single values."),
            ),
        ),
        title=name,
        beside=[buttons.icon(ft.Icons.DELETE_OUTLINE, tr("Remove {name}", name=name), remove)],
        id="device-type",
    )


@ft.component
def GroupsCard(desk: Desk, name: str) -> ft.Control:  # noqa: N802
    """The devices of a type: counted, or by name."""
    session = use_session()
    editor = desk.editor
    groups = [(index, each) for index, each in enumerate(editor.items("devices")) if _is_of(each, name)]
    rows = [_group(session, desk, index, each) for index, each in groups]
    total = sum(fleet.count_of(each) for _, each in groups)

    def counted() -> None:
        editor.append(("devices",), {"type": name, "count": 10, "name": f"{name}-{len(groups) + 1}-{{n:02}}"})

    def listed() -> None:
        editor.append(("devices",), {"type": name, "names": [f"{name}-{len(groups) + 1}"]})

    more = ft.Row([add(tr("Counted devices"), counted), add(tr("Devices by name"), listed)], wrap=True, spacing=GAP)
    if not rows:
        rows = [text.muted(tr("There are no devices of this type yet."))]
    return cards.card(
        stacked(*rows, more),
        title=trn("{count} device of this type", "{count} devices of this type", total),
        id="device-groups",
    )


def _group(session: Session, desk: Desk, index: int, group: object) -> ft.Control:
    form, path = Form(desk), ("devices", index)
    listed = isinstance(group, dict) and "names" in group
    within = form.line(
        tr("Within"),
        *path,
        "within",
        hint=tr("an entity, or a pattern such as room-*"),
    )
    gone = buttons.icon(ft.Icons.DELETE_OUTLINE, tr("Remove these devices"), lambda: desk.editor.remove(path))
    if listed:
        parts: list[tuple[int, ft.Control]] = [(5, form.words(tr("Names"), *path, "names")), (3, within)]
    else:
        parts = [
            (2, form.number(tr("Count"), *path, "count", whole=True, needed=True, changed=_fleet_change(desk, index))),
            (3, form.line(tr("Name pattern"), *path, "name", keep_empty=True, hint="sensor-{n:02}")),
            (3, within),
            (2, form.number(tr("First number"), *path, "first", whole=True, default=1)),
        ]
    problem = desk.problem(*path)
    said: list[ft.Control] = [] if problem is None else [text.body(problem, color=ft.Colors.ERROR)]
    if session.viewport.narrow:
        return stacked(*[each for _, each in parts], ft.Row([gone], alignment=ft.MainAxisAlignment.END), *said)
    row = ft.Row(
        [*[ft.Container(each, expand=share) for share, each in parts], gone],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    return stacked(row, *said, spacing=2)


def _fleet_change(desk: Desk, index: int) -> changes.Write:
    def write(count: float | None) -> None:
        if count is not None:
            desk.count_group(index, int(count))

    return write


__all__ = ["DevicesSection", "options_of"]
