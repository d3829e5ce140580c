"""Which screen is at which address."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.alerts.view import AlertsScreen
from twin2multicloud.app.ui.audit.view import AuditScreen
from twin2multicloud.app.ui.components import buttons, states
from twin2multicloud.app.ui.connections.view import ConnectionsScreen
from twin2multicloud.app.ui.deploy.view import DeployScreen
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.begin import NewScreen
from twin2multicloud.app.ui.new_twin.view import DraftScreen, EditScreen
from twin2multicloud.app.ui.people.view import PeopleScreen
from twin2multicloud.app.ui.prices.view import PricesScreen
from twin2multicloud.app.ui.proposal.view import ProposalScreen
from twin2multicloud.app.ui.runs.list_view import RunsScreen
from twin2multicloud.app.ui.runs.view import RunScreen
from twin2multicloud.app.ui.settings.more import MoreScreen
from twin2multicloud.app.ui.settings.view import SettingsScreen
from twin2multicloud.app.ui.shell.layout import Layout
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.twin.view import TwinScreen
from twin2multicloud.app.ui.twins.view import TwinsScreen


@ft.component
def Root() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """All of the front end."""
    return ft.Router(
        [
            ft.Route(
                component=Layout,
                children=[
                    ft.Route(index=True, component=TwinsScreen),
                    ft.Route(path="alerts", component=AlertsScreen),
                    ft.Route(path="connections", component=ConnectionsScreen),
                    ft.Route(path="runs", component=RunsScreen),
                    ft.Route(path="settings", component=SettingsScreen),
                    ft.Route(path="more", component=MoreScreen),
                    ft.Route(path="audit", component=AuditScreen),
                    ft.Route(path="prices", component=PricesScreen),
                    ft.Route(path="prices/:part", component=PricesScreen),
                    ft.Route(path="people", component=PeopleScreen),
                    ft.Route(path="people/:part", component=PeopleScreen),
                    ft.Route(path="runs/:run", component=RunScreen),
                    ft.Route(path="twins/:twin/deploy", component=DeployScreen),
                    ft.Route(path="new", component=NewScreen),
                    ft.Route(path="new/:draft", component=DraftScreen),
                    ft.Route(path="twins/:twin/edit", component=EditScreen),
                    ft.Route(path="twins/:twin/proposal", component=ProposalScreen),
                    ft.Route(path="twins/:twin", component=TwinScreen),
                    ft.Route(path="twins/:twin/:tab", component=TwinScreen),
                    ft.Route(path=":missing*", component=Missing),
                ],
            )
        ]
    )


@ft.component
def Missing() -> ft.Control:  # noqa: N802
    """An address that nothing is at."""
    session = use_session()
    home = buttons.main(tr("To the twins"), lambda: session.go(places.TWINS), icon=ft.Icons.HUB_OUTLINED)
    return screen(
        session,
        [Crumb(tr("Nothing is here"))],
        states.nothing(
            tr("There is no view at this address"),
            hint=tr("It may be from another version, or was cut short."),
            icon=ft.Icons.SEARCH_OFF,
            action=home,
        ),
        id="missing",
    )
