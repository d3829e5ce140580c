"""How a twin does at a glance: its layers and links, what goes wrong, how much comes in, what one device measures."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import buttons, cards, states
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.shell.screen import columns
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.errors.alerts import AlertFeed
from twin2multicloud.app.ui.twin.overview.checks import ChecksCard
from twin2multicloud.app.ui.twin.overview.health import HealthStrip
from twin2multicloud.app.ui.twin.overview.quick import QuickCard
from twin2multicloud.app.ui.twin.overview.rates import RatesCard
from twin2multicloud.app.ui.twin.overview.values import ValuesCard
from twin2multicloud.app.ui.twin.parts import Parts

_FEED = 8


@ft.component
def OverviewTab(parts: Parts) -> ft.Control:  # noqa: N802
    """The first tab."""
    session = use_session()
    use_store(session.viewport)
    if not parts.seen.deployed:
        return _not_yet(parts)
    left: list[ft.Control] = (
        [RatesCard(parts), ValuesCard(parts)] if parts.seen.runs_in_sandbox else [_elsewhere(parts)]
    )
    right: list[ft.Control] = [
        cards.card(AlertFeed(parts, _FEED, waiting_only=True), title=tr("Errors and warnings"), id="feed"),
        *([QuickCard(parts)] if parts.seen.may_operate and parts.seen.runs_in_sandbox else []),
        *([ChecksCard(parts)] if parts.seen.runs_in_sandbox else []),
    ]
    return ft.Column(
        [HealthStrip(parts), columns(session, left, right, ratio=56)],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _elsewhere(parts: Parts) -> ft.Control:
    session = use_session()
    boards = parts.look.at("dashboards").path
    return cards.card(
        states.nothing(
            tr("What it measures is on its own dashboards"),
            hint=tr("Messages and values of twins in clouds are not read from here."),
            icon=ft.Icons.DASHBOARD_OUTLINED,
            action=buttons.main(tr("Dashboards"), lambda: session.go(boards)),
        ),
        id="elsewhere",
    )


def _not_yet(parts: Parts) -> ft.Control:
    session = use_session()
    twin = parts.seen.twin
    placed = bool(twin.current.placement)
    if not parts.seen.may_operate:
        action = None
    elif placed:
        action = buttons.main(
            tr("Deploy"), lambda: session.go(places.deploy(twin.id)), icon=ft.Icons.ROCKET_LAUNCH_OUTLINED
        )
    else:
        action = buttons.main(
            tr("Find its cheapest home"), lambda: session.go(places.proposal(twin.id)), icon=ft.Icons.SAVINGS_OUTLINED
        )
    hint = (
        tr("In a sandbox on this machine it runs in seconds and costs nothing; in the clouds it is built as proposed.")
        if placed
        else tr("First decide where its layers go: the optimizer proposes the cheapest placement.")
    )
    return cards.card(
        states.nothing(tr("It is not deployed"), hint=hint, icon=ft.Icons.ROCKET_LAUNCH_OUTLINED, action=action),
        id="not-deployed",
    )
