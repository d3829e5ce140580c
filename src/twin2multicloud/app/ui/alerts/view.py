"""Alerts across twins, as they come."""

from __future__ import annotations

from typing import Final

import flet as ft

from twin2multicloud.app.schemas.alerts import AlertSeverity
from twin2multicloud.app.ui import layers
from twin2multicloud.app.ui.alerts.details import Details
from twin2multicloud.app.ui.alerts.listing import listing
from twin2multicloud.app.ui.alerts.state import COUNTED_EVERY_S, Chosen, Look, State, load, twin_names
from twin2multicloud.app.ui.alerts.telling import Telling
from twin2multicloud.app.ui.components import badges, fields, states
from twin2multicloud.app.ui.components.filters import filters
from twin2multicloud.app.ui.components.tabs import Tab, tabs
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, columns, screen
from twin2multicloud.app.ui.theme import GAP

_NEWS: Final = Wanted(("alert",))


@ft.component
def AlertsScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The list, and the details of one beside it."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    use_store(session.alerting)
    look = Look.read(Place.of(ft.context.page.route).query)
    if look.telling:
        # A component of its own: what it asks for is not what lists ask for.
        parts = ft.Column(
            [_states(session, look), Telling(look)],
            spacing=GAP + 6,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
        return screen(session, [Crumb(tr("Alerts"), Look().path), Crumb(tr("Who is told"))], parts, id="alerts")
    return AlertsList(look)


@ft.component
def AlertsList(look: Look) -> ft.Control:  # noqa: N802  as above
    """The alerts that are looked at."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    use_store(session.alerting)
    part = use_remote(
        lambda: session.ask(lambda api: load(api, look)), look.listed, every_s=COUNTED_EVERY_S, refresh_on=_NEWS
    )
    twins = use_remote(lambda: session.ask(lambda api: twin_names(api, look.twin)), look.twin)
    chosen = use_made(Chosen, look.listed)
    above = [_states(session, look), _filters(session, look, twins.value or {})]
    matter = states.shown(part, lambda found: listing(session, look, found, chosen, part.refresh), rows=8)
    if look.alert and session.viewport.wide:
        matter = columns(session, [matter], [Details(look, part.refresh)])
    elif look.alert:
        # There is no room for both; the details are what somebody asked for.
        above, matter = [], Details(look, part.refresh)
    return screen(
        session,
        [Crumb(tr("Alerts"))]
        if not look.alert or session.viewport.wide
        else [Crumb(tr("Alerts"), look.listed.path), Crumb(tr("Details"))],
        ft.Column(
            [*above, matter],
            spacing=GAP + 6,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        id="alerts",
    )


def _states(session: Session, look: Look) -> ft.Control:
    words: dict[State, str] = {
        "open": tr("Open"),
        "acknowledged": tr("Acknowledged"),
        "muted": tr("Muted"),
        "all": tr("All"),
    }
    opened = session.alerting.open
    count = {"open": str(opened) if opened < 100 else "99+"} if opened else {}
    return tabs(
        session,
        [
            *(
                Tab(word, look.changed(state=state, telling=False, place="").path, count.get(state, ""))
                for state, word in words.items()
            ),
            Tab(tr("Who is told"), Look(telling=True).path),
        ],
        Look(telling=True).path if look.telling else look.changed(state=look.state).path,
        label=tr("Which alerts"),
    )


def _filters(session: Session, look: Look, twins: dict[str, str]) -> ft.Control:
    order: tuple[AlertSeverity, ...] = ("critical", "error", "warning", "info")
    severities = {"": tr("any severity")} | {each: badges.severity_word(each) for each in order}
    known = {"": tr("any twin"), **twins}
    if look.twin and look.twin not in twins:
        known[look.twin] = look.twin
    return filters(
        session,
        [
            (
                fields.choice(
                    tr("Severity"),
                    look.severity,
                    severities,
                    lambda severity: session.go(look.changed(severity=severity).path),
                ),
                150,
            ),
            (
                fields.choice(tr("Twin"), look.twin, known, lambda twin: session.go(look.changed(twin=twin).path)),
                210,
            ),
            (
                fields.choice(
                    tr("Layer"),
                    look.layer,
                    {"": tr("any layer"), **layers.names()},
                    lambda layer: session.go(look.changed(layer=layer).path),
                ),
                190,
            ),
            (
                fields.choice(
                    tr("Cloud"),
                    look.cloud,
                    {"": tr("any cloud"), **badges.CLOUDS},
                    lambda cloud: session.go(look.changed(cloud=cloud).path),
                ),
                140,
            ),
        ],
    )
