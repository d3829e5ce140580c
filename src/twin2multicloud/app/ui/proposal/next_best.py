"""Slot by slot the cheapest other offer, and what it would add: where deciding otherwise costs least."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.schemas.answers import Choice
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Loaded, Shown
from twin2multicloud.app.ui.proposal.words import choice_text, slot_name
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import SLOTS, Slot


def next_best(session: Session, look: Look, loaded: Loaded, shown: Shown) -> ft.Control:
    """The card of them."""
    said = tr("What the cheapest other offer for a slot adds, with the other slots where they are cheapest then.")
    rows: list[ft.Control] = [text.muted(said)]
    rows += [_row(session, look, loaded, shown, slot) for slot in SLOTS]
    return cards.card(ft.Column(rows, spacing=2, tight=True), title=tr("Next best"), id="next-best")


def _row(session: Session, look: Look, loaded: Loaded, shown: Shown, slot: Slot) -> ft.Control:
    proposal = loaded.standing.proposal
    others = ((proposal.alternatives if proposal is not None else None) or {}).get(slot.value, ())
    best = others[0] if others else None
    facts: list[ft.Control] = [text.strong(slot_name(slot), max_lines=1)]
    end: list[ft.Control] = []
    if best is None:
        facts.append(text.muted(tr("nothing else qualifies")))
    else:
        facts.append(text.muted(choice_text(Choice.model_validate(best), loaded.names)))
        extra = float(best["usd_per_month"]) - shown.usd_per_month
        end.append(text.figure(figures.money(extra, session.currency, signed=True), size=13))
    end.append(
        buttons.icon(
            ft.Icons.CHEVRON_RIGHT,
            tr("What else could be {slot}", slot=slot_name(slot)),
            partial(session.go, look.selecting(slot.value).path),
        )
    )
    return ft.Row(
        [ft.Container(ft.Column(facts, spacing=0, tight=True), expand=True), *end],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
