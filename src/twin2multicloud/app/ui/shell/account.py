"""Who is signed in, at the end of the rail: initials, and behind them who that is and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.login import Me
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import buttons, dialogs, text
from twin2multicloud.app.ui.components.pressed import pressable, tip
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell import leaving
from twin2multicloud.app.ui.theme import GAP

_AVATAR_PX = 38


def initials(name: str) -> str:
    """The first letters of the first and last word of a name."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def avatar(me: Me, *, size: int = _AVATAR_PX) -> ft.Control:
    """A person's initials."""
    return ft.Container(
        ft.Text(initials(me.name), size=size * 0.36, weight=ft.FontWeight.W_600, color=ft.Colors.ON_PRIMARY_CONTAINER),
        width=size,
        height=size,
        border_radius=size / 2,
        bgcolor=ft.Colors.PRIMARY_CONTAINER,
        alignment=ft.Alignment.CENTER,
    )


def account(session: Session) -> ft.Control:
    """The initials, which open who that is."""
    label = tr("Signed in as {name}", name=session.me.name)
    show = partial(_show, session)
    return pressable(avatar(session.me), label, show, id="account", border_radius=_AVATAR_PX / 2, tooltip=tip(label))


def who(session: Session) -> ft.Control:
    """Who is signed in: name, address, and where they are."""
    me = session.me
    lines: list[ft.Control] = [text.strong(me.name)]
    if me.email:
        lines.append(text.muted(me.email))
    lines.append(text.muted(_where(me)))
    return ft.Row(
        [avatar(me, size=48), ft.Container(ft.Column(lines, spacing=2, tight=True), expand=True)], spacing=GAP + 4
    )


def ways_out(session: Session, left: Sequence[ft.Control] = ()) -> ft.Control:
    """What somebody who is signed in may want of that."""
    found: list[ft.Control] = [*left]
    if session.access.as_browser:
        found.append(buttons.other(tr("Sign out"), partial(leaving.sign_out, session), icon=ft.Icons.LOGOUT))
    return ft.Row(found, spacing=GAP, run_spacing=GAP, wrap=True)


def _where(me: Me) -> str:
    names = ", ".join(each.name for each in me.workspaces)
    if me.admin:
        return tr("admin · in {workspaces}", workspaces=names or tr("no workspace"))
    return tr("in {workspaces}", workspaces=names or tr("no workspace"))


def _show(session: Session) -> None:
    def go(path: str) -> None:
        dialogs.close(session)
        session.go(path)

    dialogs.show(
        session,
        tr("Signed in"),
        ft.Column(
            [
                who(session),
                ways_out(
                    session,
                    [
                        buttons.other(tr("Keys"), partial(go, places.people("keys")), icon=ft.Icons.KEY_OUTLINED),
                        buttons.other(tr("Settings"), partial(go, places.SETTINGS), icon=ft.Icons.TUNE),
                    ],
                ),
            ],
            spacing=GAP + 8,
            tight=True,
        ),
        [buttons.quiet(tr("Close"), lambda: dialogs.close(session))],
        width=400,
    )
