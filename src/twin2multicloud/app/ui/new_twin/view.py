"""The editor of a definition: its sections, what is wrong with it, what it costs; and how it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from twin2multicloud.app.schemas.drafts import Draft
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import states
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin import beginning
from twin2multicloud.app.ui.new_twin.bar import Actions, Conflict, SaveState
from twin2multicloud.app.ui.new_twin.body import SectionBody
from twin2multicloud.app.ui.new_twin.contents import Contents, Problems
from twin2multicloud.app.ui.new_twin.cost_bar import CostBar
from twin2multicloud.app.ui.new_twin.cost_panel import CostPanel
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.sections import Section
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, back_to, screen
from twin2multicloud.app.ui.theme import GAP

_COST_PX = 400
_CONTENTS_PX = 176


@ft.component
def EditScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Leads to the draft of a twin's next version, which it makes where there is none."""
    session = use_session()
    twin = str(ft.use_route_params()["twin"])

    async def lead() -> bool:
        draft = await session.ask(lambda api: beginning.next_version(api, twin))
        if draft is not None:
            session.go(places.draft(draft.id, draft.step))
        return draft is not None

    there = use_remote(lead, twin)
    content = states.waiting() if there.failure is None else states.failed(there.failure, there.refresh)
    if there.value is False:
        content = states.nothing(
            tr("You may look at this twin, but not change it"),
            hint=tr("Ask an owner of it to make you an operator."),
            icon=ft.Icons.LOCK_OUTLINE,
            action=back_to(session, places.twin(twin)),
        )
    return screen(session, [Crumb(tr("Twins"), places.TWINS), Crumb(tr("Next version"))], content, id="edit")


@ft.component
def DraftScreen() -> ft.Control:  # noqa: N802
    """A draft."""
    session = use_session()
    draft_id = str(ft.use_route_params()["draft"])
    draft = use_remote(lambda: session.ask(lambda api: api.drafts.get(draft_id)), draft_id)
    if draft.value is not None:
        return DraftEditor(draft.value)
    crumbs = [Crumb(tr("New twin"), places.NEW), Crumb(tr("Draft"))]
    if draft.failure is None:
        return screen(session, crumbs, states.waiting(8), id="draft")
    if draft.failure.gone:
        gone = states.nothing(
            tr("There is no such draft"),
            hint=tr("It became a twin, was deleted, or is somebody else’s."),
            icon=ft.Icons.SEARCH_OFF,
            action=back_to(session, places.NEW),
        )
        return screen(session, crumbs, gone, id="draft")
    return screen(session, crumbs, states.failed(draft.failure, draft.refresh), id="draft")


@ft.component
def DraftEditor(draft: Draft) -> ft.Control:  # noqa: N802
    """A draft that is there."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    place = Place.of(ft.context.page.route)
    section = Section.read(place.query.get("at", draft.step))
    item = place.query.get("item", "")
    desk: Desk = ft.use_memo(lambda: Desk(draft, session.ask, session.now), [draft.id])
    desk.saving.step = section.value
    name, set_name = ft.use_state(desk.editor.title)

    def begin() -> None:
        desk.begin(lambda: set_name(desk.editor.title))
        session.page.on_keyboard_event = _shortcuts(desk)

    def finish() -> None:
        desk.end()
        session.page.on_keyboard_event = None
        if desk.unsaved:
            session.act(_saved(desk))

    ft.use_effect(begin, [draft.id], finish)
    body = SectionBody(desk, section, item)
    title = name or tr("Without a name")
    crumbs = [Crumb(tr("New twin"), places.NEW), Crumb(title)]
    if draft.twin is not None:
        crumbs = [
            Crumb(tr("Twins"), places.TWINS),
            Crumb(title, places.twin(draft.twin)),
            Crumb(tr("Next version")),
        ]
    return screen(
        session,
        crumbs,
        _laid_out(session, desk, section, body),
        beside=[SaveState(desk)],
        actions=[Actions(desk)],
        fills=True,
        id="draft",
    )


def _laid_out(session: Session, desk: Desk, section: Section, body: ft.Control) -> ft.Control:
    column = ft.Column(
        [Conflict(desk), Problems(desk), body],
        spacing=0,
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    if session.viewport.wide:
        return ft.Row(
            [
                ft.Container(Contents(desk, section), width=_CONTENTS_PX),
                column,
                ft.Container(CostPanel(desk), width=_COST_PX),
            ],
            spacing=GAP + 6,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
            expand=True,
        )
    return ft.Column([Contents(desk, section), column, CostBar(desk)], spacing=GAP, expand=True)


async def _saved(desk: Desk) -> None:
    await desk.saving.save()


def _shortcuts(desk: Desk) -> Callable[[Any], None]:
    """Ctrl+Z and Ctrl+Shift+Z (or Ctrl+Y), unless somebody is in a text field, which undoes by itself."""

    def pressed(event: ft.KeyboardEvent) -> None:
        if not (event.ctrl or event.meta) or desk.in_text:
            return
        key = event.key.upper()
        if key == "Y" or (key == "Z" and event.shift):
            desk.editor.redo()
        elif key == "Z":
            desk.editor.undo()

    return pressed
