"""The prices that it all rests on: of when they are, refreshing them with a live log, and what that changes."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import buttons, states, text
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.prices import changes, identity, log
from twin2multicloud.app.ui.prices.refresh import Refresh
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Loaded
from twin2multicloud.app.ui.proposal.words import slot_name
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Slot


@ft.component
def Prices(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The part of them."""
    session = use_session()
    asking, set_asking = ft.use_state(False)

    async def ask() -> None:
        set_asking(True)
        try:
            run = await session.ask(lambda api: api.prices.refresh(loaded.twin.workspace))
            session.go(look.refreshing(run.id).path)
        finally:
            set_asking(False)

    role = next((each.role for each in session.me.workspaces if each.id == loaded.twin.workspace), None)
    may = role in ("operator", "owner")
    button = buttons.main(
        tr("Refreshing …") if asking else tr("Refresh prices"),
        (lambda: session.act(ask())) if may and not asking else None,
        icon=ft.Icons.REFRESH,
        tooltip=None if may else tr("Takes an operator of the workspace"),
    )
    rows: list[ft.Control] = [
        identity.card(session, loaded.prices),
        ft.Row([button, _all_prices(session)], spacing=GAP),
    ]
    if look.run:
        rows.append(Followed(look, loaded))
    return ft.Column(rows, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _all_prices(session: Session) -> ft.Control:
    return buttons.quiet(tr("All prices"), lambda: session.go(places.PRICES))


@ft.component
def Followed(look: Look, loaded: Loaded) -> ft.Control:  # noqa: N802
    """A refresh that somebody follows: its log, and what came of it."""
    session = use_session()
    refresh = ft.use_memo(lambda: Refresh(session, look.run), [look.run])
    use_store(refresh)
    ft.use_effect(refresh.begin, [look.run], refresh.stop)
    rows: list[ft.Control] = [log.head(session, refresh.run), log.lines(refresh.lines)]
    if refresh.failure is not None:
        rows.append(states.failed(refresh.failure))
    elif refresh.run is not None and refresh.run.problem:
        rows.append(text.body(refresh.run.problem, color=ft.Colors.ERROR, selectable=True))
    elif refresh.ended:
        rows += _outcome(session, loaded, refresh)
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _outcome(session: Session, loaded: Loaded, refresh: Refresh) -> list[ft.Control]:
    book = refresh.book
    if book is None:
        return [text.body(tr("No newer prices: nothing changed."))]
    return [_effect(session, loaded, refresh), changes.table(session, book.diff)]


def _effect(session: Session, loaded: Loaded, refresh: Refresh) -> ft.Control:
    """What newer prices did to this twin: its bill, and the cheapest placement."""
    currency, rows = session.currency, list[ft.Control]()
    effect = refresh.effect(loaded.twin.id)
    if effect is None:
        if loaded.placed is not None:
            amount = figures.per_month(loaded.placed.usd_per_month, currency)
            rows.append(text.body(tr("This twin's bill stays at {amount}.", amount=amount)))
    else:
        said = effect.problem or _before_after(session, effect.before_usd, effect.after_usd)
        rows.append(text.body(tr("This twin's bill: {said}", said=said)))
        said = _before_after(session, effect.optimum_before_usd, effect.optimum_after_usd)
        rows.append(text.body(tr("The cheapest placement: {said}", said=said)))
        if effect.optimum_slots:
            slots = ", ".join(slot_name(Slot(slot)) for slot in effect.optimum_slots)
            rows.append(text.body(tr("It fills otherwise: {slots}", slots=slots)))
    return text.named("price-effect", ft.Column(rows, spacing=4, tight=True))


def _before_after(session: Session, before: float | None, after: float | None) -> str:
    currency = session.currency
    if before is None or after is None or abs(after - before) <= HALF_A_CENT:
        return figures.per_month(after, currency)
    return tr(
        "{after} instead of {before} ({change})",
        after=figures.per_month(after, currency),
        before=figures.money(before, currency),
        change=figures.money(after - before, currency, signed=True),
    )
