"""Where one is signed in, and signing out."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, dialogs, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.people import roles
from twin2multicloud.app.ui.people.state import Look
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell import leaving
from twin2multicloud.app.ui.theme import GAP


@ft.component
def SessionsPart(look: Look) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Who one is here, and the ways out."""
    del look
    session = use_session()
    me = session.me
    known: list[Fact] = [
        (tr("Name"), me.name),
        (tr("Address"), me.email or figures.NONE),
        (tr("Installation"), tr("you are an admin of it") if me.admin else tr("you use it")),
        (
            tr("Workspaces"),
            ", ".join(f"{each.name} ({roles.word(each.role)})" for each in me.workspaces) or tr("none yet"),
        ),
        (tr("Signed in"), tr("with this browser") if me.session else tr("with a key ({id})", id=me.key or "")),
    ]
    if me.key_expires_at is not None:
        known.append((tr("The key ends"), figures.day_and_time(me.key_expires_at)))
    return cards.card(
        ft.Column(
            [facts(known), _ways_out(session)],
            spacing=GAP + 8,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=tr("You"),
        id="signed-in",
    )


def _ways_out(session: Session) -> ft.Control:
    everywhere = partial(
        dialogs.confirm,
        session,
        tr("Sign out everywhere?"),
        tr("All browsers that you are signed in with are signed out, this one too. Your keys go on."),
        tr("Sign out everywhere"),
        partial(leaving.sign_out, session, everywhere=True),
    )
    with_keys = partial(
        dialogs.confirm,
        session,
        tr("Sign out everywhere and revoke all keys?"),
        tr(
            "All browsers are signed out and all your keys are revoked: command lines and pipelines that use them stop "
            "working. That cannot be undone."
        ),
        tr("Sign out and revoke"),
        partial(leaving.sign_out, session, everywhere=True, keys=True),
        dangerous=True,
    )
    acts: list[ft.Control] = []
    if session.access.as_browser:
        acts.append(buttons.main(tr("Sign out"), partial(leaving.sign_out, session), icon=ft.Icons.LOGOUT))
    acts += [
        buttons.other(tr("Sign out everywhere…"), everywhere),
        buttons.quiet(tr("Everywhere, with all keys…"), with_keys),
    ]
    return ft.Column(
        [
            ft.Row(acts, wrap=True, spacing=GAP, run_spacing=GAP),
            text.muted(tr("Was a machine of yours lost? Sign out everywhere, and revoke all keys.")),
        ],
        spacing=GAP,
        tight=True,
    )
