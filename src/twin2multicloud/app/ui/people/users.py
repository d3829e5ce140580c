"""People of the installation: an admin looks after them, others see whom they work with."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.people import User, UserPatch
from twin2multicloud.app.ui import figures, may, places
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, states, tables, text
from twin2multicloud.app.ui.components.facts import Fact, facts
from twin2multicloud.app.ui.components.typed import SearchField
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.people.state import PAGE, Look, load_users
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP


@ft.component
def UsersPart(look: Look) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list, and somebody beside it."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    people = use_remote(
        lambda: session.ask(lambda api: load_users(api, look)), look.listed, refresh_on=Wanted(("user.", "member."))
    )
    matter = states.shown(people, lambda found: _list(session, look, found, people.refresh), rows=6)
    search = SearchField(
        tr("Search by name or address"),
        look.search,
        lambda given: session.go(look.changed(search=given).path),
        width=320,
    )
    return ft.Column(
        [ft.Row([search]), matter],
        spacing=GAP + 6,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _list(session: Session, look: Look, found: Page[User], changed: Callable[[], None]) -> ft.Control:
    if not found.items:
        return states.nothing(
            tr("Nobody fits") if look.search else tr("Nobody is here"), icon=ft.Icons.PERSON_OFF_OUTLINED
        )
    admin = may.administer(session.me)
    now = session.now()
    shown: list[tables.Column[User]] = [tables.Column(tr("Person"), _named, share=4, main=True)]
    if admin:
        shown += [
            tables.Column(tr("State"), lambda user: _state(session, user), share=3),
            tables.Column(
                tr("Last seen"),
                lambda user: text.muted(figures.since(user.last_seen_at, now)),
                share=2,
                number=True,
                wide_only=True,
            ),
        ]
    table = tables.table(
        shown,
        found.items,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide and not look.chosen,
        name=lambda user: f"{user.name} {user.email}",
        opened=(lambda user: session.go(look.opened(user.id).path)) if admin else None,
        label=tr("People"),
    )
    parts: list[ft.Control] = [table]
    parts += tables.turner(look.trail, PAGE, found, lambda trail: session.go(look.turned(trail).path))
    if not admin:
        parts.append(text.muted(tr("These share a workspace or a twin with you. Admins see everybody.")))
    listed = ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
    chosen = next((user for user in found.items if user.id == look.chosen), None)
    if chosen is None or not admin:
        return listed
    details = _details(session, look, chosen, changed)
    return columns(session, [listed], [details], ratio=58) if session.viewport.wide else details


def _named(user: User) -> ft.Control:
    return ft.Column(
        [
            text.strong(user.name, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            text.muted(user.email, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=1,
        tight=True,
    )


def _state(session: Session, user: User) -> ft.Control:
    palette = session.appearance.palette
    marks: list[ft.Control] = []
    if user.disabled:
        marks.append(badges.pill(tr("shut out"), palette.bad, sign="■"))
    if user.admin:
        marks.append(badges.pill(tr("admin"), palette.accent))
    if user.id == session.me.id:
        marks.append(badges.pill(tr("you"), palette.unknown))
    return ft.Row(marks, spacing=4, tight=True, wrap=True) if marks else text.muted(figures.NONE)


def _details(session: Session, look: Look, user: User, changed: Callable[[], None]) -> ft.Control:
    now = session.now()
    known: list[Fact] = [
        (tr("Address"), user.email or figures.NONE),
        (tr("Id"), user.id),
        (tr("Since"), figures.day_and_time(user.created_at)),
        (tr("Last seen"), figures.since(user.last_seen_at, now)),
    ]

    def change(told: str, **fields: bool) -> None:
        async def carried_out() -> None:
            await session.ask(lambda api: api.users.change(user, UserPatch(**fields)))
            session.notices.tell(told)
            changed()

        session.act(carried_out())

    def shut_out() -> None:
        dialogs.confirm(
            session,
            tr("Shut {name} out?", name=user.name),
            tr("They are signed out at once and cannot sign in; their keys do not hold. You can let them in again."),
            tr("Shut out"),
            lambda: change(tr("{name} is shut out", name=user.name), disabled=True),
            dangerous=True,
        )

    def forget() -> None:
        async def forgotten() -> None:
            await session.ask(lambda api: api.users.delete(user))
            session.notices.tell(tr("{name} is deleted", name=user.name))
            session.go(look.listed.path)
            changed()

        dialogs.confirm_typed(
            session,
            tr("Delete {name}?", name=user.name),
            tr("Who they are is forgotten, with their roles, keys, sessions and drafts. What they made stays."),
            user.email or user.name,
            tr("Delete"),
            lambda: session.act(forgotten()),
        )

    acts: list[ft.Control] = [
        buttons.other(
            tr("Make no admin"), lambda: change(tr("{name} is no admin any more", name=user.name), admin=False)
        )
        if user.admin
        else buttons.other(tr("Make an admin"), lambda: change(tr("{name} is an admin", name=user.name), admin=True)),
        buttons.other(tr("Let in again"), lambda: change(tr("{name} is let in again", name=user.name), disabled=False))
        if user.disabled
        else buttons.other(tr("Shut out…"), shut_out, icon=ft.Icons.BLOCK),
        buttons.quiet(tr("Delete…"), forget, icon=ft.Icons.DELETE_OUTLINE),
    ]
    what = places.asked(places.AUDIT, actor=user.id)
    return cards.card(
        ft.Column(
            [
                facts(known, name_px=90),
                ft.Row(acts, wrap=True, spacing=GAP, run_spacing=GAP),
                buttons.quiet(tr("What they did"), lambda: session.go(what), icon=ft.Icons.HISTORY),
            ],
            spacing=GAP + 6,
            tight=True,
        ),
        title=user.name,
        beside=[
            _state(session, user),
            buttons.icon(ft.Icons.CLOSE, tr("Close the details"), lambda: session.go(look.listed.path)),
        ],
        id="person",
    )
