"""What the twin is called, and how much it does: each quantity by slider and as an exact number."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import cards, fields, text
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin import fleet, quantities
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import Form
from twin2multicloud.app.ui.new_twin.quantities import FIELDS, Group
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.fields import NumberField, number_text

_EXACT_PX = 260


@ft.component
def WorkloadSection(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section."""
    narrow = use_session().viewport.narrow
    form = Form(desk)
    about = cards.card(
        ft.Column(
            [
                form.line(
                    tr("Name"),
                    "name",
                    keep_empty=True,
                    helper=tr("Lowercase letters, digits and “-”: the three clouds name things after it."),
                ),
                form.lines(tr("Description"), "description", rows=1),
            ],
            spacing=GAP + 4,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        id="about",
    )
    return ft.Column(
        [about, *[_group(desk, form, each, narrow) for each in quantities.groups()]],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _group(desk: Desk, form: Form, group: Group, narrow: bool) -> ft.Control:
    rows: list[ft.Control] = [text.muted(group.hint)] if group.hint else []
    rows += [_quantity(desk, form, FIELDS[name], narrow) for name in group.fields]
    return cards.card(
        ft.Column(rows, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=group.title,
    )


def _quantity(desk: Desk, form: Form, field: NumberField, narrow: bool) -> ft.Control:
    """A quantity. The number of devices is that of the device groups, where there are any, and moves them."""
    editor = desk.editor
    groups = editor.items("devices") if field.name == "devices" else []
    path = ("workload", field.name)
    given = fleet.total(groups) if groups else editor.at(*path)
    value = given if isinstance(given, int | float) and not isinstance(given, bool) else field.default
    fixed = bool(groups) and not fleet.counted(groups)

    def change(number: float | None) -> None:
        if groups and number is not None:
            desk.resize_fleet(int(number))
        elif not groups:
            editor.put(path, number, typed=True)

    scale = quantities.scale(field)
    title = quantities.title(field.name)
    said = f"{figures.count(value) if field.whole else number_text(value)} {field.unit}" if value is not None else ""
    slider = fields.slider(
        title,
        scale.position(float(value)) if value is not None else 0.0,
        0.0,
        1.0,
        lambda place: change(scale.value(place)),
        said=said or tr("not given"),
        disabled=fixed,
    )
    more = {"width": None if narrow else _EXACT_PX, "unit": field.unit, "disabled": fixed}
    exact = (
        form.number(
            title, *path, whole=field.whole, needed=field.required, default=field.default, changed=change, **more
        )
        if not groups
        else form.counted(title, int(value or 0), change, desk.problem(*path), **more)
    )
    meaning = text.muted(_meaning(field, bool(groups)))
    if narrow:
        return ft.Column([exact, slider, meaning], spacing=0, tight=True)
    return ft.Row(
        [
            ft.Container(ft.Column([slider, meaning], spacing=0, tight=True), expand=True),
            exact,
        ],
        spacing=GAP + 4,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _meaning(field: NumberField, from_groups: bool) -> str:
    if from_groups:
        return tr("As many as the section “Devices” has; moving this scales its counted groups.")
    parts = [field.meaning]
    if field.default is not None:
        parts.append(tr("Usually {default}.", default=number_text(field.default)))
    return " ".join(parts)
