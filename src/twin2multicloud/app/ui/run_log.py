"""What a run tells, line by line as it happens, for runs that are part of another screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.schemas.runs import ENDED, Run
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, states, text
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_MOST_LINES: Final = 200
Told = tuple[Run, list[Event]]


@ft.component
def RunLog(run: str, ended: Callable[[Run], None], lines: int = 12) -> ft.Control:  # noqa: N802  named as Flet's are
    """How a run goes, its newest lines last; `ended` is called once, with the run as it ended."""
    session = use_session()
    use_store(session.appearance)
    told = use_remote(lambda: session.ask(lambda api: _load(api, run, lines)), run, refresh_on=Wanted(run=run))
    known = told.value[0] if told.value is not None else None
    over = known is not None and known.status in ENDED

    def tell() -> None:
        if known is not None and over:
            ended(known)

    ft.use_effect(tell, [run, over])
    return states.shown(told, lambda found: _shown(session, *found), rows=3)


def _load(api: Client, run: str, lines: int) -> Told:
    found = api.runs.get(run)
    events = list(api.events.list(run=run, severity="info", newest=True, limit=min(lines, _MOST_LINES)))
    return found, sorted(events, key=lambda event: event.id)


def _shown(session: Session, run: Run, events: list[Event]) -> ft.Control:
    palette = session.appearance.palette
    head = ft.Row(
        [
            badges.run(run.status, palette),
            text.muted(tr("run {number}", number=run.number)),
            buttons.quiet(tr("Show the run"), lambda: session.go(places.run(run.id))),
        ],
        spacing=GAP,
        wrap=True,
    )
    tints = {"warning": palette.warn.strong, "error": palette.bad.strong}
    rows: list[ft.Control] = [
        text.mono(f"{figures.clock(each.at)}  {each.message}", color=tints.get(each.severity), selectable=True)
        for each in events
    ]
    if run.problem and run.status == "failed":
        rows.append(text.mono(run.problem, color=palette.bad.strong, selectable=True))
    return ft.Column(
        [
            head,
            ft.Semantics(
                label=tr("What the run tells"),
                live_region=True,
                container=True,
                content=ft.Container(
                    ft.Column(rows, spacing=2, tight=True),
                    bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
                    border_radius=8,
                    padding=10,
                ),
            ),
        ],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
