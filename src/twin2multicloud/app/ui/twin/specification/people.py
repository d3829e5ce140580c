"""Who may do what with a twin."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.people import RoleName, TwinMember
from twin2multicloud.app.ui.components import buttons, dialogs, fields, states, tables, text
from twin2multicloud.app.ui.components.tables import Column
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.parts import Parts

_ROLES: tuple[RoleName, ...] = ("viewer", "operator", "owner")


def role_name(role: RoleName) -> str:
    """What somebody may do, in a word."""
    return {"viewer": tr("viewer"), "operator": tr("operator"), "owner": tr("owner")}[role]


@ft.component
def PeoplePart(parts: Parts) -> ft.Control:  # noqa: N802
    """Everybody, with the role they have here and where it is from."""
    session = use_session()
    use_store(session.viewport)
    members = use_remote(
        lambda: session.ask(lambda api: list(api.twins.members(parts.id))),
        parts.id,
        refresh_on=Wanted(("twin.", "member", "workspace.")),
    )

    def shown(found: list[TwinMember]) -> ft.Control:
        table = tables.table(
            _columns(session, parts, members),
            found,
            narrow=session.viewport.narrow,
            wide=session.viewport.wide,
            label=tr("People"),
        )
        explained = text.muted(
            tr("Viewers see it. Operators deploy, operate and edit it. Owners also let others in, and delete it.")
        )
        head: list[ft.Control] = [ft.Container(explained, expand=True)]
        if parts.seen.owns:
            head.append(
                buttons.main(
                    tr("Let somebody in"), lambda: _let_in(session, parts, members), icon=ft.Icons.PERSON_ADD_OUTLINED
                )
            )
        return ft.Column(
            [ft.Row(head, wrap=session.viewport.narrow), table],
            spacing=GAP + 2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )

    return states.shown(members, shown)


def _columns(session: Session, parts: Parts, members: Remote[list[TwinMember]]) -> list[Column[TwinMember]]:
    def source(member: TwinMember) -> ft.Control:
        own = member.twin_role is not None and member.twin_role == member.role
        return text.muted(tr("of this twin") if own else tr("of the workspace"))

    columns: list[Column[TwinMember]] = [
        Column(tr("Person"), lambda each: text.strong(each.name), share=3, main=True),
        Column(tr("E-mail"), lambda each: text.body(each.email), share=4),
        Column(tr("Role"), lambda each: text.body(role_name(each.role)), share=2),
        Column(tr("From the role"), source, share=2, wide_only=True),
    ]
    if parts.seen.owns:
        columns.append(Column("", lambda each: _take_out(session, parts, members, each), share=1, number=True))
    return columns


def _take_out(session: Session, parts: Parts, members: Remote[list[TwinMember]], member: TwinMember) -> ft.Control:
    if member.twin_role is None:
        return ft.Container(width=0)

    async def taken_out() -> None:
        await session.ask(lambda api: api.twins.take_out(parts.id, member.id))
        members.refresh()

    return buttons.icon(
        ft.Icons.PERSON_REMOVE_OUTLINED,
        tr("Take {name}’s role for this twin away", name=member.name),
        lambda: dialogs.confirm(
            session,
            tr("Take the role away?"),
            tr("{name} keeps what their role in the workspace allows.", name=member.name),
            tr("Take away"),
            lambda: session.act(taken_out()),
            dangerous=True,
        ),
    )


def _let_in(session: Session, parts: Parts, members: Remote[list[TwinMember]]) -> None:
    given: dict[str, str] = {"person": "", "role": "viewer"}

    async def let_in() -> None:
        role = next(each for each in _ROLES if each == given["role"])
        member = await session.ask(lambda api: api.twins.let_in(parts.id, given["person"].strip(), role))
        dialogs.close(session)
        session.notices.tell(tr("{name} is {role} now", name=member.name, role=role_name(member.role)))
        members.refresh()

    dialogs.show(
        session,
        tr("Let somebody in"),
        ft.Column(
            [
                fields.line(tr("E-mail address"), "", lambda typed: given.__setitem__("person", typed), autofocus=True),
                fields.choice(
                    tr("Role"),
                    "viewer",
                    {each: role_name(each) for each in _ROLES},
                    lambda role: given.__setitem__("role", role),
                ),
            ],
            spacing=GAP + 6,
            tight=True,
        ),
        [
            buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)),
            buttons.main(tr("Let in"), lambda: session.act(let_in())),
        ],
    )
