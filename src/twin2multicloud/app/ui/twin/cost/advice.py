"""Whether moving layers of a deployed twin pays: what it saves, what it costs once, and when that is back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import flet as ft

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.advice import Advice, AdvisedMove, Way
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, cards, states, tables, text
from twin2multicloud.app.ui.hooks import use_held, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.proposal.state import Names
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.model.payback import AT_ONCE_MONTHS

_NEWS: Final = ("advice", "prices.", "run.", "twin.")


@dataclass(frozen=True)
class Advised:
    """Advice, and what the offers in it are called."""

    advice: Advice
    names: Names


def use_advice(parts: Parts) -> Remote[Advised | None]:
    """The advice about a twin that is really somewhere, None about others. It is asked for at once, beside the costs:
    it takes longer than they do.
    """
    session = use_session()
    target = parts.seen.target
    there = parts.seen.deployed and target != "rehearsal"

    def advised(api: Client) -> Advised:
        advice = api.twins.advice(parts.id, target=target)
        return Advised(advice, Names.of(api.catalogue.offers(), api.catalogue.regions()))

    async def ask() -> Advised | None:
        return await session.ask(advised) if there else None

    return use_held(ask, parts.id, target, there, refresh_on=Wanted(_NEWS, twin=parts.id), keeps=True)


@ft.component
def AdviceCard(found: Remote[Advised | None]) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """A card with advice that was asked for."""
    session = use_session()
    use_store(session.appearance)
    use_store(session.preferences)
    use_store(session.viewport)
    use_store(found)

    def shown(advised: Advised | None) -> ft.Control:
        return text.muted(figures.NONE) if advised is None else _shown(session, advised.advice, advised.names)

    return cards.card(states.shown(found, shown, rows=2), title=tr("Moves that pay"), id="advice")


def _shown(session: Session, advice: Advice, names: Names) -> ft.Control:
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
        "It saves {saving} and costs {once} once, which is back {back}; after {horizon} months {left} are left of it.",
        saving=figures.per_month(way.saving_usd_per_month, currency),
        once=figures.money(way.usd_once, currency),
        back=_back(way.payback_months or 0.0),
        horizon=f"{advice.horizon_months:g}",
        left=figures.money(way.left_usd, currency),
    )
    table = tables.table(
        _columns(session, names),
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
    said = tr(
        "Moving {slots} would save {saving}, but cost {once} once, which is back {back}.",
        slots=", ".join(most.slots),
        saving=figures.per_month(most.saving_usd_per_month, session.currency),
        once=figures.money(most.usd_once, session.currency),
        back=tr("never") if most.payback_months is None else _back(most.payback_months),
    )
    return [text.muted(said)]


def _back(months: float) -> str:
    """As `model.payback`, in the session's language."""
    if months < AT_ONCE_MONTHS:
        return tr("at once")
    return tr("within a month") if months < 1 else tr("after {months} months", months=f"{months:.1f}")


def _columns(session: Session, names: Names) -> list[tables.Column[AdvisedMove]]:
    def place(choice: str) -> ft.Control:
        offer, _, region = choice.partition("@")
        return text.body(f"{names.title(offer)}, {region}", size=13)

    return [
        tables.Column(tr("Slot"), lambda move: text.strong(move.slot), share=2, main=True),
        tables.Column(tr("From"), lambda move: place(move.source), share=4, wide_only=True),
        tables.Column(tr("To"), lambda move: place(move.target), share=4),
        tables.Column(
            tr("Once"),
            lambda move: text.figure(figures.money(move.usd_once, session.currency)),
            share=2,
            number=True,
        ),
    ]
