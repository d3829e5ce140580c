"""People, workspaces and keys: a part at a time."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import may, places
from twin2multicloud.app.ui.components.tabs import Tab, tabs
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.people.keys import KeysPart
from twin2multicloud.app.ui.people.sessions import SessionsPart
from twin2multicloud.app.ui.people.state import Look, Part
from twin2multicloud.app.ui.people.users import UsersPart
from twin2multicloud.app.ui.people.workspaces import WorkspacesPart
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.theme import GAP


@ft.component
def PeopleScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """All parts, one of them in view."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    look = Look.read(Place.of(ft.context.page.route))
    words: dict[Part, str] = {
        "workspaces": tr("Workspaces"),
        "users": tr("People") if may.administer(session.me) else tr("People you know"),
        "keys": tr("Keys"),
        "sessions": tr("Signed in"),
    }
    parts = {"workspaces": WorkspacesPart, "users": UsersPart, "keys": KeysPart, "sessions": SessionsPart}
    return screen(
        session,
        [Crumb(tr("People and keys"))],
        ft.Column(
            [
                tabs(
                    session,
                    [Tab(word, places.people(part)) for part, word in words.items()],
                    places.people(look.part),
                    label=tr("Parts"),
                ),
                parts[look.part](look),
            ],
            spacing=GAP + 6,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        id="people",
    )
