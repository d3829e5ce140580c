"""Workspaces: which there are, and one of them with who is in it."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.people import Workspace, WorkspaceInput
from twin2multicloud.app.ui import figures, may
from twin2multicloud.app.ui.components import buttons, dialogs, fields, states, tables, text
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.people import roles
from twin2multicloud.app.ui.people.members import WorkspaceDetails
from twin2multicloud.app.ui.people.state import PAGE, Look, load_workspaces
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP


@ft.component
def WorkspacesPart(look: Look) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list, and one of them beside it."""
    session = use_session()
    use_store(session.viewport)
    found = use_remote(
        lambda: session.ask(lambda api: load_workspaces(api, look)),
        look.listed,
        refresh_on=Wanted(("workspace.", "member.")),
    )
    head: list[ft.Control] = []
    if may.administer(session.me):
        head.append(
            fields.switch(
                tr("All of the installation"),
                look.everything,
                lambda everything: session.go(look.changed(everything=everything).path),
            )
        )
        head.append(buttons.main(tr("New workspace"), lambda: _create(session, found.refresh), icon=ft.Icons.ADD))
    matter = states.shown(found, lambda some: _list(session, look, some), rows=4)
    if look.chosen:
        details = WorkspaceDetails(look, found.refresh)
        matter = columns(session, [matter], [details], ratio=45) if session.viewport.wide else details
    parts = [matter]
    if head and (not look.chosen or session.viewport.wide):
        parts.insert(0, ft.Row(head, wrap=True, spacing=GAP + 4, run_spacing=GAP))
    return ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _create(session: Session, changed: Callable[[], None]) -> None:
    def create(name: str) -> None:
        async def created() -> None:
            made = await session.ask(lambda api: api.workspaces.create(WorkspaceInput(name=name)))
            await session.learn()
            session.notices.tell(tr("{name} is there", name=made.name))
            changed()
            session.go(Look(chosen=made.id).path)

        session.act(created())

    dialogs.prompt(
        session,
        tr("New workspace"),
        tr("Name"),
        "",
        tr("Create"),
        create,
        message=tr("Twins, connections and people that belong together. You own it, and let others in."),
    )


def _list(session: Session, look: Look, some: Page[Workspace]) -> ft.Control:
    if not some.items:
        return states.nothing(
            tr("You are in no workspace yet"),
            hint=tr(
                "An owner of one lets you in. Tell them the address that you signed in with: {address}",
                address=session.me.email,
            ),
            icon=ft.Icons.GROUPS_OUTLINED,
        )
    now = session.now()
    shown: list[tables.Column[Workspace]] = [
        tables.Column(tr("Workspace"), lambda each: text.strong(each.name), share=4, main=True),
        tables.Column(
            tr("Your role"),
            lambda each: text.body(roles.word(each.role)) if each.role else text.muted(tr("not in it")),
            share=2,
        ),
        tables.Column(
            tr("Since"),
            lambda each: text.muted(figures.since(each.created_at, now)),
            share=2,
            number=True,
            wide_only=True,
        ),
    ]
    table = tables.table(
        shown,
        some.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide and not look.chosen,
        name=lambda each: each.name,
        opened=lambda each: session.go(look.opened(each.id).path),
        label=tr("Workspaces"),
    )
    turner = tables.turner(look.trail, PAGE, some, lambda trail: session.go(look.turned(trail).path))
    return ft.Column([table, *turner], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
