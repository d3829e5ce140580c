"""Whether moving layers of a deployed twin pays: what it saves, what it costs once, and when that is back."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.advice import Advice, AdvisedMove, Way
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, cards, states, tables, text
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.parts import Parts


@ft.component
def AdviceCard(parts: Parts) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """A card; for a twin that is really somewhere."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.preferences)
    use_store(session.viewport)
    target = parts.seen.target

    async def ask() -> Advice:
        return await session.ask(lambda api: api.twins.advice(parts.id, target=target))

    found = use_remote(ask, parts.id, target, refresh_on=Wanted(("advice", "prices.", "run.", "twin."), twin=parts.id))
    return cards.card(
        states.shown(found, lambda advice: _shown(session, advice), rows=2), title=tr("Moves that pay"), id="advice"
    )


def _shown(session: Session, advice: Advice) -> ft.Control:
    palette, currency = session.appearance.palette, session.currency
    way = advice.proposed
    if way is None:
        return text.body(_none(session, advice))
    mark = (
        badges.pill(tr("moving pays"), palette.accent)
        if advice.worth
        else badges.pill(tr("hardly worth it"), palette.unknown)
    )
    said = tr(
        "It saves {saving} and costs {once} once, which is back after {months} months; after {horizon} months {left} "
        "are left of it.",
        saving=figures.per_month(way.saving_usd_per_month, currency),
        once=figures.money(way.usd_once, currency),
        months=_months(way.payback_months),
        horizon=f"{advice.horizon_months:g}",
        left=figures.money(way.left_usd, currency),
    )
    table = tables.table(
        _columns(session),
        way.moves,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=tr("Moves that pay"),
    )
    told: list[ft.Control] = [ft.Row([mark]), text.body(said), table, *_otherwise(session, advice, way)]
    if advice.observed is not None:
        factor = f"{advice.observed:.2g}"
        told.append(text.muted(tr("For the messages that come: {factor} times as many as defined.", factor=factor)))
    return ft.Column(told, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _none(session: Session, advice: Advice) -> str:
    if advice.cheapest is None:
        return tr("It is placed as cheaply as its constraints and overrides allow.")
    return tr(
        "No move pays within {months} months. Placed anew it would cost {saving} less, but getting there {once}.",
        months=f"{advice.horizon_months:g}",
        saving=figures.per_month(advice.cheapest.saving_usd_per_month, session.currency),
        once=figures.money(advice.cheapest.usd_once, session.currency),
    )


def _otherwise(session: Session, advice: Advice, way: Way) -> list[ft.Control]:
    """What the most saving way comes to, where it is another one."""
    most = advice.cheapest
    if most is None or most.slots == way.slots:
        return []
    months = _months(most.payback_months)
    said = tr(
        "Moving {slots} would save {saving}, but cost {once} once, which is back after {months} months.",
        slots=", ".join(most.slots),
        saving=figures.per_month(most.saving_usd_per_month, session.currency),
        once=figures.money(most.usd_once, session.currency),
        months=months,
    )
    return [text.muted(said)]


def _months(payback: float | None) -> str:
    """So many months, to a tenth; what is less than that is not nothing."""
    if payback is None:
        return figures.NONE
    return tr("less than 0.1") if payback < 0.1 else f"{payback:.1f}"


def _columns(session: Session) -> list[tables.Column[AdvisedMove]]:
    return [
        tables.Column(tr("Slot"), lambda move: text.strong(move.slot), share=2, main=True),
        tables.Column(tr("From"), lambda move: text.body(move.source, size=13), share=4, wide_only=True),
        tables.Column(tr("To"), lambda move: text.body(move.target, size=13), share=4),
        tables.Column(
            tr("Once"),
            lambda move: text.figure(figures.money(move.usd_once, session.currency)),
            share=2,
            number=True,
        ),
    ]
