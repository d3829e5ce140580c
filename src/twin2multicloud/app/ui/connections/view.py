"""Accounts at clouds, workspace by workspace."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.connections import Connection
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, fields, states, tables, text
from twin2multicloud.app.ui.connections.details import Details, state
from twin2multicloud.app.ui.connections.form import ConnectionForm, use_form
from twin2multicloud.app.ui.connections.state import Form, Look, Place, load
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place as Address
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, columns, screen
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import PROVIDERS, Provider

_NEWS: Final = Wanted(("connection.", "workspace."))


@ft.component
def ConnectionsScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list; beside it one of them, or the form for one."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    look = Look.read(Address.of(ft.context.page.route).query)
    place = use_remote(lambda: session.ask(lambda api: load(api, look.workspace)), look.workspace, refresh_on=_NEWS)
    return screen(
        session,
        _crumbs(look),
        states.shown(place, lambda found: _matter(session, look, found, place), rows=6),
        actions=_actions(session, look, place.value),
        id="connections",
    )


def _crumbs(look: Look) -> list[Crumb]:
    here = tr("Cloud connections")
    if look.add:
        return [Crumb(here, look.listed.path), Crumb(tr("New"))]
    if look.change:
        return [Crumb(here, look.listed.path), Crumb(tr("Change"))]
    return [Crumb(here)]


def _actions(session: Session, look: Look, place: Place | None) -> list[ft.Control]:
    if place is None or place.workspace is None or look.add or look.change:
        return []
    found: list[ft.Control] = []
    if len(place.workspaces) > 1:
        names = {each.id: each.name for each in place.workspaces}
        found.append(
            fields.choice(
                tr("Workspace"), place.workspace.id, names, lambda id: session.go(look.at(id).path), width=220
            )
        )
    if place.workspace.role == "owner" and "write" in session.me.scopes and place.connections:
        found += [
            buttons.other(each.label, partial(session.go, look.adding(each).path), icon=ft.Icons.ADD)
            for each in PROVIDERS
        ]
    return found


def _matter(session: Session, look: Look, place: Place, remote: Remote[Place]) -> ft.Control:
    if place.workspace is None:
        return states.nothing(
            tr("You are in no workspace") if not look.workspace else tr("You are not in this workspace"),
            hint=tr("Connections belong to workspaces. An owner of one lets you in, under People."),
            icon=ft.Icons.CLOUD_OFF,
        )
    if place.connections is None:
        return states.nothing(
            tr("Operators and owners of {workspace} see its connections", workspace=place.workspace.name),
            hint=tr("You are a viewer here. An owner can give you another role, under People."),
            icon=ft.Icons.LOCK_OUTLINE,
        )
    owner = place.workspace.role == "owner" and "write" in session.me.scopes
    there = next((each for each in place.connections if each.id == look.connection), None)
    if owner and (look.add or (look.change and there is not None)):
        return Filling(look, place.workspace.id, there)
    if not place.connections:
        return _empty(session, look, owner)
    table = _table(session, look, place.connections)
    if look.connection and there is None:
        return ft.Column(
            [states.nothing(tr("This connection is not there any more"), icon=ft.Icons.SEARCH_OFF), table],
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    if there is None:
        return table
    details = Details(look, there, owner, remote.refresh)
    return columns(session, [table], [details], ratio=52) if session.viewport.wide else details


@ft.component
def Filling(look: Look, workspace: str, there: Connection | None) -> ft.Control:  # noqa: N802
    """The form for what the address says is being added or changed."""
    session = use_session()
    key = look.path
    provider = Provider(look.add) if look.add else (there.provider if there is not None else Provider.AWS)
    form = use_form(lambda: Form(provider, look.change, None if look.add else there), key)

    def done(kept: Connection) -> None:
        session.notices.tell(tr("{name} is kept", name=kept.name))
        session.go(look.opened(kept.id).path)

    back = look.listed if there is None else look.opened(there.id)
    return ConnectionForm(form, workspace, done, lambda: session.go(back.path))


def _empty(session: Session, look: Look, owner: bool) -> ft.Control:
    hint = tr("Whatever runs in the sandbox needs none. Deploying to a cloud signs in there with a connection.")
    if not owner:
        return states.nothing(
            tr("No connections yet"),
            hint=hint + " " + tr("Owners of the workspace add them."),
            icon=ft.Icons.CLOUD_OUTLINED,
        )
    row = ft.Row(
        [
            buttons.main(
                tr("Connect {cloud}", cloud=each.label), partial(session.go, look.adding(each).path), icon=ft.Icons.ADD
            )
            for each in PROVIDERS
        ],
        wrap=True,
        spacing=GAP,
        run_spacing=GAP,
        alignment=ft.MainAxisAlignment.CENTER,
    )
    return cards.card(states.nothing(tr("No connections yet"), hint=hint, icon=ft.Icons.CLOUD_OUTLINED, action=row))


def _table(session: Session, look: Look, connections: Sequence[Connection]) -> ft.Control:
    palette, now = session.appearance.palette, session.now()
    shown: list[tables.Column[Connection]] = [
        tables.Column(tr("Connection"), _named, share=4, main=True),
        tables.Column(tr("Cloud"), lambda each: badges.cloud(each.provider, palette), share=2),
        tables.Column(tr("State"), lambda each: state(each.check, palette), share=3),
        tables.Column(
            tr("Checked"),
            lambda each: text.muted(figures.since(each.check.at, now) if each.check else figures.NONE),
            share=2,
            number=True,
            wide_only=True,
        ),
    ]
    return tables.table(
        shown,
        connections,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide and not look.connection,
        name=lambda each: each.name,
        opened=lambda each: session.go(look.opened(each.id).path),
        label=tr("Cloud connections"),
    )


def _named(connection: Connection) -> ft.Control:
    config = connection.config.model_dump(mode="json")
    account = config.get("account_id") or config.get("subscription_id") or config.get("project_id") or ""
    return ft.Column(
        [
            text.strong(connection.name, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            text.muted(account, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=1,
        tight=True,
    )
