"""A workspace: who is in it with which role, its budget, letting people in, and what can be done with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.people import Member, Workspace
from twin2multicloud.app.ui import figures, may, places
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, states, text
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.people import roles
from twin2multicloud.app.ui.people.budget import WorkspaceBudgetPart
from twin2multicloud.app.ui.people.state import Inside, Look, load_inside
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

Changed = Callable[[], None]


@ft.component
def WorkspaceDetails(look: Look, changed: Changed) -> ft.Control:  # noqa: N802  named as Flet's controls are
    """The workspace that is chosen; `changed` is called when its name was, or it is gone."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    inside = use_remote(
        lambda: session.ask(lambda api: load_inside(api, look.chosen, admin=may.administer(session.me))),
        look.chosen,
        refresh_on=Wanted(("workspace.", "member.", "user.")),
    )

    def again() -> None:
        inside.refresh()
        changed()

    close = buttons.icon(ft.Icons.CLOSE, tr("Close the details"), lambda: session.go(look.listed.path))
    name = inside.value.workspace.name if inside.value is not None else tr("Workspace")
    return cards.card(
        states.shown(inside, lambda found: _shown(session, look, found, again), rows=5),
        title=name,
        beside=[close],
        id="workspace",
    )


def _shown(session: Session, look: Look, inside: Inside, changed: Changed) -> ft.Control:
    place = inside.workspace
    owner = place.role == "owner" and "write" in session.me.scopes
    parts: list[ft.Control] = []
    if inside.members is None:
        parts.append(
            text.muted(tr("You are not in it; its owners decide who is. An admin can give it an owner if it has none."))
        )
        if may.administer(session.me):
            parts.append(buttons.other(tr("Give it an owner…"), lambda: _adopt(session, place, changed)))
    else:
        parts += [_member(session, place, each, owner, changed) for each in inside.members]
    if inside.members is not None:
        parts.append(WorkspaceBudgetPart(place.id))
    if owner:
        parts.append(LetIn(place.id, changed))
        parts.append(_actions(session, look, place, changed))
    elif inside.members is not None:
        parts.append(text.muted(tr("Owners change who is in it.")))
    return ft.Column(parts, spacing=GAP + 2, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _member(session: Session, place: Workspace, member: Member, owner: bool, changed: Changed) -> ft.Control:
    palette = session.appearance.palette
    me = member.id == session.me.id
    marks: list[ft.Control] = [text.strong(member.name)]
    if me:
        marks.append(badges.pill(tr("you"), palette.unknown))
    if member.disabled:
        marks.append(badges.pill(tr("shut out"), palette.bad, sign="■"))
    who = ft.Column(
        [ft.Row(marks, spacing=6, wrap=True, run_spacing=2), text.muted(member.email)],
        spacing=1,
        tight=True,
        expand=True,
    )

    def role(chosen: str) -> None:
        async def given() -> None:
            made = await session.ask(lambda api: api.workspaces.let_in(place.id, member.id, roles.read(chosen)))
            await session.learn()
            session.notices.tell(tr("{name} is {role} now", name=made.name, role=roles.word(made.role)))

        session.act(_then(given(), changed))

    def out() -> None:
        async def taken() -> None:
            await session.ask(lambda api: api.workspaces.take_out(place.id, member.id))
            await session.learn()
            session.notices.tell(tr("{name} is in {workspace} no more", name=member.name, workspace=place.name))
            if me:
                session.go(places.people("workspaces"))

        session.act(_then(taken(), changed))

    ask = partial(
        dialogs.confirm,
        session,
        tr("Leave {workspace}?", workspace=place.name)
        if me
        else tr("Take {name} out of {workspace}?", name=member.name, workspace=place.name),
        tr("The roles for single twins of it end, too."),
        tr("Leave") if me else tr("Take out"),
        out,
        dangerous=True,
    )
    right: list[ft.Control] = []
    if owner:
        words = roles.words()
        right.append(fields.choice(tr("Role of {name}", name=member.name), member.role, words, role, width=130))
    else:
        right.append(text.body(roles.word(member.role)))
    if owner or me:
        label = tr("Leave {workspace}", workspace=place.name) if me else tr("Take {name} out", name=member.name)
        right.append(buttons.icon(ft.Icons.LOGOUT if me else ft.Icons.PERSON_REMOVE_OUTLINED, label, ask))
    return ft.Row([who, *right], spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)


@ft.component
def LetIn(workspace: str, changed: Changed) -> ft.Control:  # noqa: N802  named as Flet's controls are
    """Letting somebody in by their address."""
    session = use_session()
    use_store(session.appearance)
    address, set_address = ft.use_state("")
    role, set_role = ft.use_state("operator")
    problem, set_problem = ft.use_state("")
    busy, set_busy = ft.use_state(False)

    def let_in() -> None:
        wanted = address.strip()
        if not wanted or busy:
            set_problem("" if wanted else tr("is needed"))
            return

        async def done() -> None:
            set_busy(True)
            set_problem("")
            try:
                member = await session.ask(lambda api: api.workspaces.let_in(workspace, wanted, roles.read(role)))
            finally:
                set_busy(False)
            set_address("")
            session.notices.tell(tr("{name} is let in", name=member.name))
            changed()

        session.act(done(), failed=lambda failure: set_problem(failure.message))

    return ft.Column(
        [
            text.section(tr("Let somebody in")),
            fields.line(
                tr("E-mail address"),
                address,
                set_address,
                problem=problem or None,
                hint="ada@example.org",
                done=lambda _: let_in(),
            ),
            ft.Row(
                [
                    ft.Container(fields.choice(tr("Role"), role, roles.choices(), set_role), width=240),
                    buttons.main(
                        tr("Letting in…") if busy else tr("Let in"),
                        None if busy else let_in,
                        icon=ft.Icons.PERSON_ADD_ALT_OUTLINED,
                    ),
                ],
                wrap=True,
                spacing=GAP,
                run_spacing=GAP,
            ),
            text.muted(tr("Whoever is let in has signed in here once before.")),
        ],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _actions(session: Session, look: Look, place: Workspace, changed: Changed) -> ft.Control:
    def rename(name: str) -> None:
        async def renamed() -> None:
            await session.ask(lambda api: api.workspaces.rename(place, name))
            await session.learn()
            session.notices.tell(tr("It is called {name} now", name=name))

        session.act(_then(renamed(), changed))

    def delete() -> None:
        async def deleted() -> None:
            await session.ask(lambda api: api.workspaces.delete(place))
            await session.learn()
            session.notices.tell(tr("{name} is deleted", name=place.name))
            session.go(look.listed.path)

        session.act(_then(deleted(), changed))

    return ft.Row(
        [
            buttons.other(
                tr("Rename…"),
                lambda: dialogs.prompt(
                    session, tr("Rename {name}", name=place.name), tr("Name"), place.name, tr("Rename"), rename
                ),
                icon=ft.Icons.EDIT_OUTLINED,
            ),
            buttons.quiet(
                tr("Delete…"),
                lambda: dialogs.confirm_typed(
                    session,
                    tr("Delete {name}?", name=place.name),
                    tr("It must have no twins and no connections any more. Its keys, drafts and past runs go with it."),
                    place.name,
                    tr("Delete"),
                    delete,
                ),
                icon=ft.Icons.DELETE_OUTLINE,
            ),
            text.muted(tr("since {day}", day=figures.day_and_time(place.created_at)[:10])),
        ],
        wrap=True,
        spacing=GAP,
        run_spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def _adopt(session: Session, place: Workspace, changed: Changed) -> None:
    def adopt(person: str) -> None:
        async def adopted() -> None:
            await session.ask(lambda api: api.workspaces.adopt(place.id, person))
            await session.learn()
            session.notices.tell(tr("{workspace} has an owner again", workspace=place.name))

        session.act(_then(adopted(), changed))

    dialogs.prompt(
        session,
        tr("Give {workspace} an owner", workspace=place.name),
        tr("E-mail address"),
        session.me.email,
        tr("Make owner"),
        adopt,
        message=tr("Only where all its owners are shut out or gone."),
    )


async def _then(work: Awaitable[None], changed: Changed) -> None:
    """Do something, and show what there is afterwards, whether it worked or not."""
    try:
        await work
    finally:
        changed()
