"""Taking up newer prices, followed from the first line to what it did to bills."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.ui import may, places
from twin2multicloud.app.ui.components import buttons, cards, states, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.prices import log
from twin2multicloud.app.ui.prices.refresh import Refresh
from twin2multicloud.app.ui.prices.state import Look
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


@ft.component
def RefreshButton(look: Look) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Begins a refresh, and goes to where it is followed."""
    session = use_session()
    asking, set_asking = ft.use_state(False)
    place = workspace_of(session)

    async def ask() -> None:
        set_asking(True)
        try:
            run = await session.ask(lambda api: api.prices.refresh(place))
            session.go(look.listed.changed(run=run.id).path)
        finally:
            set_asking(False)

    return buttons.main(
        tr("Asking…") if asking else tr("Refresh prices"),
        (lambda: session.act(ask())) if place is not None and not asking else None,
        icon=ft.Icons.REFRESH,
        tooltip=None if place is not None else tr("Takes an operator of a workspace"),
    )


def workspace_of(session: Session) -> str | None:
    """The workspace that a refresh is a run of: the first one where somebody may run things."""
    mine = (each.id for each in session.me.workspaces if may.have(session.me, "run", "operator", each.id))
    return next(mine, None)


@ft.component
def Followed(look: Look, ended: Callable[[], None]) -> ft.Control:  # noqa: N802
    """The refresh that the address names; `ended` is called when nothing more comes."""
    session = use_session()
    refresh = ft.use_memo(lambda: Refresh(session, look.run), [look.run])
    use_store(refresh)
    ft.use_effect(refresh.begin, [look.run], refresh.stop)

    def tell() -> None:
        if refresh.ended:
            ended()

    ft.use_effect(tell, [look.run, refresh.ended])
    rows: list[ft.Control] = [log.head(session, refresh.run)]
    if not refresh.ended and refresh.percent is not None:
        rows.append(log.progress(session, refresh.percent))
    rows.append(log.lines(refresh.lines))
    if refresh.failure is not None:
        rows.append(states.failed(refresh.failure))
    elif refresh.run is not None and refresh.run.problem:
        rows.append(text.body(refresh.run.problem, color=ft.Colors.ERROR, selectable=True))
    elif refresh.ended:
        rows.append(_outcome(session, refresh))
    if not refresh.ended and refresh.run is not None and may.have(session.me, "run", "operator", refresh.run.workspace):
        rows.append(_cancel(session, refresh))
    close = buttons.icon(ft.Icons.CLOSE, tr("Close the log"), lambda: session.go(look.changed(run="").path))
    return cards.card(
        ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Newer prices"),
        beside=[close],
        id="refresh",
    )


def _cancel(session: Session, refresh: Refresh) -> ft.Control:
    run = refresh.run
    assert run is not None

    async def cancel() -> None:
        await session.ask(lambda api: api.runs.cancel(run.id))
        await refresh.look()

    under_way = run.status == "cancelling"
    word = tr("Cancelling …") if under_way else tr("Cancel the refresh")
    act = None if under_way else lambda: session.act(cancel())
    return ft.Row([buttons.other(word, act, icon=ft.Icons.CLOSE)], wrap=True)


def _outcome(session: Session, refresh: Refresh) -> ft.Control:
    book = refresh.book
    if book is None:
        return text.body(tr("There are no newer prices: nothing changed."))
    show = places.asked(places.prices("books"), book=str(book.number))
    return ft.Row(
        [
            text.body(tr("Book {number} of {date} is in use now.", number=book.number, date=book.date)),
            buttons.other(tr("What it changed"), lambda: session.go(show)),
        ],
        spacing=GAP,
        wrap=True,
    )
