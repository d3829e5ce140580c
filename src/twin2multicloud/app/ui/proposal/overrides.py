"""The decisions that hold, what each costs, and dropping them."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.schemas.placements import Override
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Loaded
from twin2multicloud.app.ui.proposal.words import slot_name
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Slot


def overrides(session: Session, look: Look, loaded: Loaded) -> ft.Control:
    """The card of them."""
    rows = [_row(session, look, loaded, each) for each in loaded.standing.overrides]
    return cards.card(
        ft.Column(rows, spacing=GAP, tight=True),
        title=tr("Overrides"),
        id="overrides",
    )


def _row(session: Session, look: Look, loaded: Loaded, each: Override) -> ft.Control:
    name = slot_name(Slot(each.slot))
    facts: list[ft.Control] = [text.strong(name), text.muted(_what(loaded, each.choice))]
    parts: list[ft.Control] = [
        ft.Container(ft.Column(facts, spacing=0, tight=True), expand=True),
        text.figure(_cost(session, each), size=13),
    ]
    if loaded.may_decide:
        parts.append(
            buttons.icon(
                ft.Icons.UNDO,
                tr("Drop the override of {slot}", slot=name),
                partial(session.go, look.dropping(each.slot).path),
            )
        )
    return ft.Row(parts, spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _what(loaded: Loaded, choice: str) -> str:
    offer, _, region = choice.partition("@")
    if offer in badges.CLOUDS:
        title = tr("any offer of {cloud}", cloud=badges.CLOUDS[offer])
    else:
        title = loaded.names.title(offer)
    return f"{title}, {region}" if region else title


def _cost(session: Session, each: Override) -> str:
    if each.extra_usd is None:
        return figures.NONE
    if each.extra_usd <= HALF_A_CENT:
        return tr("costs nothing extra")
    return figures.per_month(each.extra_usd, session.currency, signed=True)
