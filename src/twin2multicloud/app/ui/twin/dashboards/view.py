"""A twin's dashboards: the definition that Grafana gets, drawn here, and the way to Grafana where there is one."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft
import flet_webview as fwv

from twin2multicloud.app.schemas.dashboards import Dashboards
from twin2multicloud.app.ui.components import buttons, cards, fields, states, tabs, text
from twin2multicloud.app.ui.components.tabs import Tab
from twin2multicloud.app.ui.hooks import use_held, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.dashboards import panels
from twin2multicloud.app.ui.twin.dashboards.state import RANGES, Band, Showing, bands, load, refresh_s
from twin2multicloud.app.ui.twin.devices.state import range_name
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.dashboards.rendering import Choice, DashboardView, PanelView, dashboard_view

_FRAME_PX = 760


@ft.component
def DashboardsTab(parts: Parts) -> ft.Control:  # noqa: N802
    """All dashboards; the first, or the one that the address names, in view."""
    session = use_session()
    target = parts.seen.target
    told = use_remote(
        lambda: session.ask(lambda api: _told(api.watching.dashboards(parts.id, target))),
        parts.id,
        target,
        parts.seen.twin.number,
        refresh_on=Wanted(("run.",), twin=parts.id),
    )

    def shown(found: tuple[Dashboards, list[DashboardView]]) -> ft.Control:
        answer, boards = found
        if not boards:
            return cards.card(states.nothing(tr("It has no dashboards"), icon=ft.Icons.DASHBOARD_OUTLINED))
        return Boards(parts, answer, boards)

    return states.shown(told, shown, rows=8)


def _told(answer: Dashboards) -> tuple[Dashboards, list[DashboardView]]:
    return answer, [dashboard_view(each) for each in answer.dashboards]


@ft.component
def Boards(parts: Parts, answer: Dashboards, boards: list[DashboardView]) -> ft.Control:  # noqa: N802
    """Which there are, where Grafana is, and the one in view."""
    session = use_session()
    use_store(session.viewport)
    showing = Showing.of(parts.look)
    board = showing.among(boards)
    shown: list[ft.Control] = []
    if len(boards) > 1:
        every = [Tab(each.title, parts.look.at("dashboards", board=each.uid).path) for each in boards]
        chosen = parts.look.at("dashboards", board=board.uid).path
        shown.append(tabs.tabs(session, every, chosen, label=tr("Dashboards")))
    if answer.grafana_url is not None:
        shown.append(_grafana(session, parts, answer.grafana_url))
    elif not answer.live:
        why = answer.problem or tr("nothing runs there")
        shown.append(text.muted(tr("This is what the definition says. It shows no values: {why}.", why=why)))
    if parts.look.get("embed") == "yes" and answer.grafana_url is not None:
        shown.append(ft.Container(fwv.WebView(url=answer.grafana_url), height=_FRAME_PX))
    else:
        shown.append(Board(parts, board, answer.live, answer.page_url))
    return ft.Column(shown, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _grafana(session: Session, parts: Parts, url: str) -> ft.Control:
    embedded = parts.look.get("embed") == "yes"
    return cards.card(
        ft.Column(
            [
                text.muted(
                    tr(
                        "Grafana runs at {url}. A browser shows it in here only if Grafana allows embedding and this "
                        "server's settings name its origin (ui.frames); in a tab of its own it always opens.",
                        url=url,
                    )
                ),
                ft.Row(
                    [
                        ft.FilledButton(
                            tr("Open Grafana"),
                            icon=ft.Icons.OPEN_IN_NEW,
                            url=ft.Url(url, target=ft.UrlTarget.BLANK),
                        ),
                        buttons.other(
                            tr("Show our drawing") if embedded else tr("Show it here"),
                            lambda: session.go(parts.look.asking(embed=None if embedded else "yes").path),
                        ),
                    ],
                    wrap=True,
                    spacing=GAP,
                ),
            ],
            spacing=GAP,
            tight=True,
        ),
        title=tr("Grafana"),
        id="grafana",
    )


@ft.component
def Board(parts: Parts, board: DashboardView, live: bool, page_url: str | None) -> ft.Control:  # noqa: N802
    """A dashboard."""
    session = use_session()
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    showing = Showing.of(parts.look)
    data = use_store(
        use_held(
            lambda: session.ask(lambda api: load(api, parts.id, board, showing, session.now()) if live else None),
            parts.id,
            board.uid,
            showing,
            live,
            every_s=refresh_s(board) if live else None,
            keeps=True,
        )
    )
    shown: list[ft.Control] = [_top(session, parts, board, showing, page_url, live)]
    if data.failure is not None:
        shown.append(states.failed(data.failure, data.refresh))
    found = data.value
    chosen = showing.all_chosen(board)

    def drawn(view: PanelView) -> ft.Control:
        return panels.panel(view, view.title_for(chosen), found, palette)

    if live and found is None and data.failure is None:
        shown.append(states.waiting(8))
    else:
        shown += [_band(session, each, drawn) for each in bands(board.panels)]
    return ft.Column(shown, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _top(
    session: Session, parts: Parts, board: DashboardView, showing: Showing, page_url: str | None, live: bool
) -> ft.Control:
    look = parts.look
    ranges = {"": tr("as defined"), **{each: range_name(each) for each in RANGES}}
    shown: list[ft.Control] = [ft.Container(text.section(board.title), padding=ft.Padding.only(right=GAP))]
    if live:
        shown.append(
            fields.choice(
                tr("Range"), showing.range, ranges, lambda given: session.go(look.asking(range=given).path), width=150
            )
        )
    chosen = showing.all_chosen(board)
    shown += [_choice(session, parts, showing, each, chosen.get(each.name, "")) for each in board.choices]
    if live:
        every = tr("every {seconds:g} s", seconds=refresh_s(board))
        shown.append(text.muted(every, tooltip=tr("Looking at it is metered, too.")))
    if page_url is not None:
        shown.append(
            ft.TextButton(
                tr("Sandbox's own page"),
                icon=ft.Icons.OPEN_IN_NEW,
                url=ft.Url(page_url, target=ft.UrlTarget.BLANK),
            )
        )
    return ft.Row(shown, wrap=True, spacing=GAP, run_spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _choice(session: Session, parts: Parts, showing: Showing, choice: Choice, value: str) -> ft.Control:
    def choose(given: str) -> None:
        session.go(showing.choosing(parts.look, choice.name, given.strip()).path)

    if choice.typed:
        return ft.Container(
            fields.line(choice.label, value, lambda _: None, done=choose, hint=choice.description), width=200
        )
    return fields.choice(choice.label, value, {each: each for each in choice.options}, choose, width=200)


def _band(session: Session, band: Band, drawn: Callable[[PanelView], ft.Control]) -> ft.Control:
    every = [view for _, column in band.columns for view in column]
    if len(every) == 1 and every[0].kind == "row":
        return ft.Container(text.section(every[0].title), padding=ft.Padding.only(top=GAP))
    if session.viewport.narrow:
        return ft.Column(
            [drawn(view) for view in every],
            spacing=GAP + 4,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    return ft.Row(
        [
            ft.Column(
                [drawn(view) for view in column],
                spacing=GAP + 4,
                expand=width,
                tight=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            )
            for width, column in band.columns
        ],
        spacing=GAP + 4,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
