"""What the twin is called, and how much it does: each quantity by slider and as an exact number."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.components import cards, fields, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin import fleet, quantities
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import Form
from twin2multicloud.app.ui.new_twin.pace import Pace
from twin2multicloud.app.ui.new_twin.quantities import FIELDS, Group
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.fields import NumberField, number_text

_EXACT_PX = 260


@ft.component
def WorkloadSection(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section."""
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
        [about, *[_group(desk, each) for each in quantities.groups()]],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _group(desk: Desk, group: Group) -> ft.Control:
    rows: list[ft.Control] = [text.muted(group.hint)] if group.hint else []
    rows += [Quantity(desk, FIELDS[name]) for name in group.fields]
    return cards.card(
        ft.Column(rows, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=group.title,
    )


@ft.component
def Quantity(desk: Desk, field: NumberField) -> ft.Control:  # noqa: N802
    """A quantity. The number of devices is that of the device groups, where there are any, and moves them.

    While the slider is dragged only this is shown anew; what follows from it comes a few times a second.
    """
    session = use_session()
    narrow = use_store(session.viewport).narrow
    nowhere: float | None = None
    dragged, set_dragged = ft.use_state(nowhere)
    pace: Pace = ft.use_memo(Pace, [])
    ft.use_effect(lambda: None, [], pace.stop)
    form, editor = Form(desk), desk.editor
    groups = editor.items("devices") if field.name == "devices" else []
    path = ("workload", field.name)
    scale = quantities.scale(field)

    def current() -> object:
        if dragged is not None:
            return scale.value(dragged)
        return fleet.total(editor.items("devices")) if groups else editor.at(*path, default=field.default)

    given = current()
    value = given if isinstance(given, int | float) and not isinstance(given, bool) else None
    fixed = bool(groups) and not fleet.counted(groups)

    def change(number: float | None) -> None:
        if groups and number is not None:
            desk.resize_fleet(int(number))
        elif not groups:
            editor.put(path, number, typed=True)

    def drag(place: float) -> None:
        set_dragged(place)
        pace.soon(lambda: change(scale.value(place)))

    def let_go(_: object) -> None:
        pace.now()
        set_dragged(None)

    title = quantities.title(field.name)
    said = f"{number_text(value)} {field.unit}" if value is not None else tr("not given")
    slider = fields.slider(
        title,
        scale.position(value) if value is not None and dragged is None else dragged or 0.0,
        0.0,
        1.0,
        drag,
        said=said,
        disabled=fixed,
        on_change_end=let_go,
    )
    exact = form.quantity(
        title,
        current,
        change,
        whole=field.whole,
        needed=field.required,
        problem=desk.problem(*path),
        width=None if narrow else _EXACT_PX,
        unit=field.unit,
        disabled=fixed,
    )
    meaning = text.muted(_meaning(field, bool(groups), fixed))
    if narrow:
        return ft.Column(
            [exact, slider, meaning], spacing=0, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )
    return ft.Row(
        [ft.Container(ft.Column([slider, meaning], spacing=0, tight=True), expand=True), exact],
        spacing=GAP + 4,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _meaning(field: NumberField, from_groups: bool, fixed: bool) -> str:
    if fixed:
        return tr("As many as the section “Devices” names; there is no counted group that could grow.")
    if from_groups:
        return tr("As many as the section “Devices” has; moving this scales its counted groups.")
    parts = [field.meaning]
    if field.default is not None:
        parts.append(tr("Usually {default}.", default=number_text(field.default)))
    return " ".join(parts)
