"""The page of a twin: what it is called and how it does, and a tab for everything that is to be known of it."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import fields, states, tabs
from twin2multicloud.app.ui.components.tabs import Tab
from twin2multicloud.app.ui.hooks import use_held, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, back_to, screen
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin import header
from twin2multicloud.app.ui.twin.cost.view import CostTab
from twin2multicloud.app.ui.twin.dashboards.view import DashboardsTab
from twin2multicloud.app.ui.twin.devices.view import DevicesTab
from twin2multicloud.app.ui.twin.errors.view import ErrorsTab
from twin2multicloud.app.ui.twin.graph.view import GraphTab
from twin2multicloud.app.ui.twin.letters.view import LettersTab
from twin2multicloud.app.ui.twin.overview.view import OverviewTab
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.app.ui.twin.rules.view import RulesTab
from twin2multicloud.app.ui.twin.runs_tab import RunsTab
from twin2multicloud.app.ui.twin.specification.view import SpecificationTab
from twin2multicloud.app.ui.twin.state import TABS, Look, Seen, TabKey, tab_name

_STATUS_EVERY_S = 4.0
_COSTS_EVERY_S = 20.0
_TABS: dict[TabKey, Callable[[Parts], ft.Control]] = {
    "overview": OverviewTab,
    "devices": DevicesTab,
    "rules": RulesTab,
    "graph": GraphTab,
    "cost": CostTab,
    "errors": ErrorsTab,
    "dead-letters": LettersTab,
    "dashboards": DashboardsTab,
    "specification": SpecificationTab,
    "runs": RunsTab,
}


@ft.component
def TwinScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The twin that the address names."""
    session = use_session()
    use_store(session.viewport)
    params = ft.use_route_params()
    query = Place.of(ft.context.page.route).query
    look = Look.read(str(params["twin"]), str(params.get("tab", places.OVERVIEW)), query)
    twin = use_remote(
        lambda: session.ask(lambda api: api.twins.get(look.twin)),
        look.twin,
        refresh_on=Wanted(("twin.", "run."), twin=look.twin),
    )
    home = Crumb(tr("Twins"), places.TWINS)
    if twin.value is None or twin.value.id != look.twin:  # the one before stays until the other has come
        gone = twin.failure is not None and twin.failure.gone
        missing = states.nothing(
            tr("There is no such twin"),
            hint=tr("It may have been deleted, or is not shared with you."),
            icon=ft.Icons.SEARCH_OFF,
            action=back_to(session, places.TWINS),
        )
        inner = (
            missing
            if gone
            else states.waiting(8)
            if twin.failure is None
            else states.failed(twin.failure, twin.refresh)
        )
        return screen(session, [home, Crumb(tr("Twin"))], inner, id="twin")
    return Known(Seen(twin.value, look, frozenset(session.me.scopes)))


@ft.component
def Known(seen: Seen) -> ft.Control:  # noqa: N802
    """A twin that is there."""
    session = use_session()
    use_store(session.viewport)
    twin, target = seen.twin, seen.target
    status = use_held(
        lambda: session.ask(lambda api: api.operating.status(twin.id, target)),
        twin.id,
        target,
        every_s=_STATUS_EVERY_S if seen.deployed else None,
        refresh_on=Wanted(("run.", "health."), twin=twin.id),
    )
    costs = use_held(
        lambda: session.ask(lambda api: api.watching.costs(twin.id, target)),
        twin.id,
        target,
        twin.number,
        seen.life,
        every_s=_COSTS_EVERY_S if seen.deployed else None,
        refresh_on=Wanted(("bill.",), twin=twin.id),
        keeps=True,
    )
    parts = Parts(seen, status, costs)
    content = ft.Column(
        [header.Facts(parts), _tabs(session, seen), _TABS[seen.look.tab](parts)],
        spacing=GAP + 6,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    return screen(
        session,
        [Crumb(tr("Twins"), places.TWINS), Crumb(twin.name)],
        content,
        beside=[header.Doing(parts)],
        actions=header.actions(session, parts),
        id="twin",
    )


def _tabs(session: Session, seen: Seen) -> ft.Control:
    if session.viewport.narrow:  # where ten tabs have no room
        names: dict[str, str] = {each: tab_name(each) for each in TABS}
        return fields.choice(tr("Show"), seen.look.tab, names, lambda tab: session.go(seen.look.tabbed(tab).path))
    every = [Tab(tab_name(each), seen.look.at(each).path) for each in TABS]
    return tabs.tabs(session, every, seen.look.at(seen.look.tab).path, label=tr("Parts of the twin"))
