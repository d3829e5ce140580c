"""Who is told of a workspace's alerts: routes, escalation, and what rules keep quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.alert_policy import AlertPolicy, MuteRule
from twin2multicloud.app.schemas.alert_routes import AlertRoute, NewAlertRoute, RoutePatch
from twin2multicloud.app.ui import figures, may
from twin2multicloud.app.ui.alerts.escalation import escalation
from twin2multicloud.app.ui.alerts.quiet import quiet_rules
from twin2multicloud.app.ui.alerts.route_form import RouteForm
from twin2multicloud.app.ui.alerts.state import Look, twin_names
from twin2multicloud.app.ui.components import badges, buttons, cards, dialogs, fields, states, tables, text
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

Changed = Callable[[], None]


@dataclass(frozen=True)
class Told:
    """What there is in a workspace. Routes are for operators to see."""

    routes: list[AlertRoute] | None
    policy: AlertPolicy
    rules: list[MuteRule]
    twins: dict[str, str]


def load_told(api: Client, workspace: str, *, routes: bool) -> Told:
    """All of it."""
    told = api.alert_routes
    return Told(
        list(told.list(workspace)) if routes else None,
        told.policy(workspace),
        list(told.mute_rules(workspace)),
        twin_names(api, ""),
    )


@ft.component
def Telling(look: Look) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """All of a workspace, side by side where there is room."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    there = session.me.workspaces
    place = next((each for each in there if each.id == look.place), there[0] if there else None)
    chosen = "" if place is None else place.id
    sees = may.have(session.me, "read", "operator", chosen)
    no_route: NewAlertRoute | None = None
    made, set_made = ft.use_state(no_route)
    told = use_remote(
        lambda: session.ask(lambda api: load_told(api, chosen, routes=sees)),
        chosen,
        refresh_on=Wanted(("alert-route.", "alert-policy.", "mute-rule.")),
    )
    if place is None:
        return states.nothing(tr("You are in no workspace"), icon=ft.Icons.NOTIFICATIONS_OUTLINED)

    def shown(found: Told) -> ft.Control:
        parts: list[ft.Control] = []
        if len(there) > 1:
            names = {each.id: each.name for each in there}
            go = fields.choice(
                tr("Workspace"), chosen, names, lambda id: session.go(look.changed(place=id).path), width=240
            )
            parts.append(ft.Row([go]))
        if made is not None:
            parts.append(_once(session, made, lambda: set_made(no_route)))
        if found.routes is not None:
            parts.append(RoutesCard(chosen, found.routes, set_made, told.refresh))
        parts.append(escalation(session, chosen, found.policy, found.routes, told.refresh))
        parts.append(quiet_rules(session, chosen, found.rules, found.twins, told.refresh))
        return ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    return states.shown(told, shown, rows=6)


@ft.component
def RoutesCard(  # noqa: N802  as above
    workspace: str, routes: list[AlertRoute], made: Callable[[NewAlertRoute], None], changed: Changed
) -> ft.Control:
    """The routes, and a form for a new one."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.viewport)
    adding, set_adding = ft.use_state("")
    owner = may.have(session.me, "write", "owner", workspace)

    def done(route: NewAlertRoute) -> None:
        set_adding("")
        made(route)
        changed()

    add: list[ft.Control] = []
    if owner and not adding:
        add = [
            buttons.other(tr("Add a webhook"), lambda: set_adding("webhook"), icon=ft.Icons.WEBHOOK),
            buttons.other(tr("Add e-mail"), lambda: set_adding("email"), icon=ft.Icons.MAIL_OUTLINED),
        ]
    parts: list[ft.Control] = []
    if adding:
        parts.append(RouteForm(workspace, adding, done, lambda: set_adding("")))
    if routes:
        parts.append(_table(session, routes, owner, changed))
    elif not adding:
        parts.append(
            text.muted(tr("Alerts are told here and on the command line only. Owners add webhooks and e-mail."))
        )
    return cards.card(
        ft.Column(parts, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Routes"),
        beside=add,
        id="routes",
    )


def _table(session: Session, routes: list[AlertRoute], owner: bool, changed: Changed) -> ft.Control:
    columns: list[tables.Column[AlertRoute]] = [
        tables.Column(tr("Route"), _named, share=4, main=True),
        tables.Column(tr("From"), lambda each: text.body(badges.severity_word(each.min_severity)), share=2),
        tables.Column(tr("Of"), lambda each: text.muted(_of(each)), share=2, wide_only=True),
        tables.Column(tr("Told"), lambda each: _state(session, each), share=4),
        tables.Column("", lambda each: _acts(session, each, owner, changed), share=3, number=True),
    ]
    return tables.table(columns, routes, narrow=session.viewport.narrow, wide=session.viewport.wide, label=tr("Routes"))


def _named(route: AlertRoute) -> ft.Control:
    return ft.Column(
        [
            text.strong(route.name, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            text.muted(route.address, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
        ],
        spacing=1,
        tight=True,
    )


def _of(route: AlertRoute) -> str:
    parts = [trn("{count} twin", "{count} twins", len(route.twins))] if route.twins else []
    said = ", ".join([*parts, *route.layers]) or tr("everything")
    return tr("{what}, escalated only", what=said) if route.only_escalated else said


def _state(session: Session, route: AlertRoute) -> ft.Control:
    palette = session.appearance.palette
    if not route.enabled:
        return badges.pill(tr("off"), palette.unknown, sign="○")
    if route.problem:
        return ft.Column(
            [
                badges.pill(trn("{count} waits", "{count} wait", route.waiting), palette.bad, sign="■"),
                text.muted(route.problem),
            ],
            spacing=2,
            tight=True,
        )
    return text.muted(figures.since(route.told_at, session.now()))


def _acts(session: Session, route: AlertRoute, owner: bool, changed: Changed) -> ft.Control:
    acts: list[ft.Control] = []
    if may.have(session.me, "run", "operator", route.workspace):
        acts.append(
            buttons.icon(ft.Icons.SEND_OUTLINED, tr("Test {name}", name=route.name), partial(_test, session, route))
        )
    if owner:
        off = tr("Switch {name} off", name=route.name) if route.enabled else tr("Switch {name} on", name=route.name)
        sign = ft.Icons.NOTIFICATIONS_OFF_OUTLINED if route.enabled else ft.Icons.NOTIFICATIONS_ACTIVE_OUTLINED
        acts.append(buttons.icon(sign, off, partial(_switch, session, route, changed)))
        acts.append(
            buttons.icon(
                ft.Icons.DELETE_OUTLINE,
                tr("Delete {name}", name=route.name),
                partial(
                    dialogs.confirm,
                    session,
                    tr("Delete the route “{name}”?", name=route.name),
                    tr("What waits to be told by it is not told any more."),
                    tr("Delete"),
                    partial(_delete, session, route, changed),
                    dangerous=True,
                ),
            )
        )
    return ft.Row(acts, spacing=0, alignment=ft.MainAxisAlignment.END, tight=True)


def _test(session: Session, route: AlertRoute) -> None:
    async def tested() -> None:
        found = await session.ask(lambda api: api.alert_routes.test(route))
        if found.told:
            session.notices.tell(tr("{name} was told", name=route.name))
        else:
            session.notices.tell(tr("{name} could not be told: {problem}", name=route.name, problem=found.problem))

    session.act(tested())


def _switch(session: Session, route: AlertRoute, changed: Changed) -> None:
    async def switched() -> None:
        await session.ask(lambda api: api.alert_routes.change(route, RoutePatch(enabled=not route.enabled)))
        changed()

    session.act(switched())


def _delete(session: Session, route: AlertRoute, changed: Changed) -> None:
    async def deleted() -> None:
        await session.ask(lambda api: api.alert_routes.delete(route))
        session.notices.tell(tr("{name} is gone", name=route.name))
        changed()

    session.act(deleted())


def _once(session: Session, route: NewAlertRoute, close: Callable[[], None]) -> ft.Control:
    """What a webhook is signed with, or for e-mail that it is there."""
    palette = session.appearance.palette
    if route.secret is None:
        return cards.strip(
            text.body(tr("“{name}” tells of alerts from now on. Test it.", name=route.name)),
            tint_soft=palette.ok.soft,
            tint=palette.ok.strong,
        )
    return cards.card(
        ft.Column(
            [
                text.body(tr("It is signed with this, which is shown once: the receiver needs it to verify.")),
                ft.Container(
                    text.mono(route.secret, selectable=True, size=14),
                    bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
                    border_radius=8,
                    padding=12,
                ),
                ft.Row(
                    [
                        buttons.copy(
                            tr("Copy"), route.secret, lambda: session.notices.tell(tr("The secret is copied"))
                        ),
                        buttons.quiet(tr("I have it"), close),
                    ],
                    spacing=GAP,
                    wrap=True,
                ),
            ],
            spacing=GAP + 2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        title=tr("The webhook “{name}”", name=route.name),
        beside=[badges.pill(tr("shown once"), palette.warn, sign="▲")],
        id="new-route",
    )
