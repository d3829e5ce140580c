"""What people look at: dashboards and their panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards, states, text
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin import changes
from twin2multicloud.app.ui.new_twin.chooser import add, chooser, sides, stacked
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.form import Form, options_of
from twin2multicloud.app.ui.new_twin.sections import Section, items_wrong
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.twin.dashboard_definition import OF_NO_TYPE

_DASHBOARDS: Final[Path] = ("dashboards",)


@ft.component
def DashboardsSection(desk: Desk, item: str) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section; `item` is the number of the dashboard in view."""
    session = use_session()
    editor = desk.editor
    boards = editor.items(*_DASHBOARDS)

    def show(number: str) -> None:
        session.go(desk.address(Section.DASHBOARDS, number))

    def another() -> None:
        panels = [_first_panel(desk), {"kind": "alarms"}]
        title = tr("Dashboard {number}", number=len(boards) + 1)
        show(str(editor.append(_DASHBOARDS, {"title": title, "panels": panels})))

    more = [add(tr("Dashboard"), another)]
    if not boards:
        return states.nothing(
            tr("One dashboard is made from the device types"),
            hint=tr(
                "It has a panel for each number of each type, and the alerts. Make your own to decide what it has."
            ),
            icon=ft.Icons.DASHBOARD_OUTLINED,
            action=more[0],
        )
    index = int(item) if item.isdigit() and int(item) < len(boards) else 0
    options = {
        str(number): editor.text_at("dashboards", number, "title") or tr("dashboard {number}", number=number + 1)
        for number in range(len(boards))
    }
    wrong = items_wrong(desk.findings, Section.DASHBOARDS, list(options))
    choose = chooser(tr("Dashboards"), options, str(index), show, wrong=wrong, more=more)
    return stacked(choose, DashboardCard(desk, index), PanelsCard(desk, index), key=str(index))


def _first_panel(desk: Desk) -> dict[str, Any]:
    for kind in desk.editor.mapping("device_types"):
        for name in desk.editor.mapping("device_types", kind, "fields"):
            if desk.editor.text_at("device_types", kind, "fields", name, "type") in ("double", "integer"):
                return {"kind": "timeseries", "on": kind, "fields": [name]}
    return {"kind": "rates"}


@ft.component
def DashboardCard(desk: Desk, index: int) -> ft.Control:  # noqa: N802
    """A dashboard's title and times."""
    session = use_session()
    form, path = Form(desk), (*_DASHBOARDS, index)

    def remove() -> None:
        desk.editor.remove(path)
        session.notices.tell(tr("The dashboard is removed"), label=tr("Undo"), act=desk.editor.undo)

    return cards.card(
        sides(
            session.viewport.narrow,
            form.line(tr("Title"), *path, "title", keep_empty=True),
            form.line(tr("Shows the last (15m)"), *path, "range", hint="15m"),
            form.line(tr("Looks for news every (5s)"), *path, "refresh", hint="5s"),
        ),
        title=tr("Dashboard"),
        beside=[buttons.icon(ft.Icons.DELETE_OUTLINE, tr("Remove the dashboard"), remove)],
        id="dashboard",
    )


@ft.component
def PanelsCard(desk: Desk, index: int) -> ft.Control:  # noqa: N802
    """A dashboard's panels, in order."""
    editor, path = desk.editor, (*_DASHBOARDS, index, "panels")
    count = len(editor.items(*path))
    rows: list[ft.Control] = []
    for number in range(count):
        if number:
            rows.append(ft.Divider(height=1))
        rows.append(PanelRow(desk, path, number, count))

    def another() -> None:
        editor.append(path, _first_panel(desk))

    return cards.card(
        stacked(*rows, ft.Row([add(tr("Panel"), another)]), spacing=GAP + 2),
        title=tr("Panels ({count})", count=count),
        id="panels",
    )


def kinds() -> dict[str, str]:
    """What panels show."""
    return {
        "timeseries": tr("numbers over time"),
        "stat": tr("last values"),
        "gauge": tr("a gauge"),
        "table": tr("a table of devices"),
        "alarms": tr("alerts"),
        "rates": tr("messages and errors per second"),
        "text": tr("a text"),
        "row": tr("a heading"),
    }


@ft.component
def PanelRow(desk: Desk, panels: Path, number: int, count: int) -> ft.Control:  # noqa: N802
    """A panel: what it shows, of which devices."""
    narrow = use_session().viewport.narrow
    form, editor, path = Form(desk), desk.editor, (*panels, number)
    kind = editor.text_at(*path, "kind")

    def become(other: str) -> None:
        kept = editor.mapping(*path)
        gone = ("on", "devices", "fields") if other in OF_NO_TYPE else ()
        panel = {key: value for key, value in kept.items() if key not in (*gone, "text")} | {"kind": other}
        if other not in OF_NO_TYPE and not panel.get("on"):
            panel["on"] = next(iter(editor.mapping("device_types")), "")
        if other == "text":
            panel["text"] = kept.get("text", tr("Write **Markdown** here."))
        editor.set(path, panel)

    def shift(by: int) -> Callable[[], None]:
        return lambda: changes.move(editor, panels, number, by)

    icons = ft.Row(
        [
            buttons.icon(ft.Icons.ARROW_UPWARD, tr("Move up"), shift(-1) if number else None),
            buttons.icon(ft.Icons.ARROW_DOWNWARD, tr("Move down"), shift(1) if number + 1 < count else None),
            buttons.icon(ft.Icons.CLOSE, tr("Remove the panel"), lambda: editor.remove(path)),
        ],
        spacing=0,
        tight=True,
    )
    head = [
        form.choice(tr("Shows"), kinds(), *path, "kind", chosen=become),
        form.line(tr("Title"), *path, "title"),
    ]
    if kind not in OF_NO_TYPE or kind == "alarms":
        types = options_of(list(editor.mapping("device_types")), tr("all types") if kind == "alarms" else None)
        head.append(form.choice(tr("Of"), types, *path, "on"))
    rest: list[ft.Control] = []
    if kind not in OF_NO_TYPE:
        on = editor.text_at(*path, "on")
        known = ", ".join(list(editor.mapping("device_types", on, "fields"))[:4])
        rest.append(form.words(tr("Fields"), *path, "fields", hint=known))
        rest.append(form.words(tr("Only these devices"), *path, "devices", hint=tr("as somebody picks")))
    if kind not in ("row", "text"):
        rest.append(form.number(tr("Width (of 24)"), *path, "width", whole=True))
    parts: list[ft.Control] = (
        [*head, *([sides(False, *rest)] if rest else []), ft.Row([icons], alignment=ft.MainAxisAlignment.END)]
        if narrow
        else [
            ft.Row([ft.Container(sides(False, *head), expand=True), icons], spacing=GAP),
            *([sides(False, *rest)] if rest else []),
        ]
    )
    if kind == "text":
        parts.append(form.lines(tr("Markdown"), *path, "text", rows=2))
    problem = desk.problem(*path)
    if problem is not None:
        parts.append(text.body(problem, color=ft.Colors.ERROR))
    return text.group(tr("Panel {number}", number=number + 1), stacked(*parts, spacing=GAP))
