"""What is told below the picture, a part at a time."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.ui.components import cards
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.bill import Bill
from twin2multicloud.app.ui.proposal.break_even import BreakEven
from twin2multicloud.app.ui.proposal.frontier import Frontier
from twin2multicloud.app.ui.proposal.look import Look, Tab
from twin2multicloud.app.ui.proposal.prices import Prices
from twin2multicloud.app.ui.proposal.proof import proof
from twin2multicloud.app.ui.proposal.ranking import ranking
from twin2multicloud.app.ui.proposal.state import Loaded, Shown
from twin2multicloud.app.ui.proposal.uncertainty import Uncertainty
from twin2multicloud.app.ui.proposal.what_if import WhatIf
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


def names() -> dict[Tab, str]:
    """What the parts are called, in their order."""
    return {
        "bill": tr("Bill lines"),
        "ranking": tr("Runner-ups"),
        "what-if": tr("What if …"),
        "break-even": tr("Break-even"),
        "uncertainty": tr("Uncertainty"),
        "frontier": tr("Trade-offs"),
        "prices": tr("Prices"),
        "proof": tr("Proof"),
    }


def tabs(session: Session, look: Look, loaded: Loaded, shown: Shown) -> ft.Control:
    """The part that the address names, below the names of all."""
    heads: list[ft.Control] = [_head(session, look, tab, name) for tab, name in names().items()]
    return cards.card(
        ft.Column(
            [ft.Row(heads, spacing=4, run_spacing=4, wrap=True), _part(session, look, loaded, shown)],
            spacing=GAP + 4,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        id="proposal-tabs",
    )


def _head(session: Session, look: Look, tab: Tab, name: str) -> ft.Control:
    chosen = tab == look.tab
    palette = session.appearance.palette
    act = partial(session.go, look.showing(tab).path)
    button = ft.TextButton(
        name,
        on_click=lambda _: act(),
        style=ft.ButtonStyle(
            bgcolor=palette.accent.soft if chosen else None,
            color=palette.accent.strong if chosen else ft.Colors.ON_SURFACE_VARIANT,
            shape=ft.RoundedRectangleBorder(radius=8),
        ),
    )
    return ft.MergeSemantics(ft.Semantics(selected=chosen, content=button))


def _part(session: Session, look: Look, loaded: Loaded, shown: Shown) -> ft.Control:
    if look.tab == "ranking":
        return ranking(session, look, loaded)
    if look.tab == "what-if":
        return WhatIf(look, loaded)
    if look.tab == "break-even":
        return BreakEven(look, loaded)
    if look.tab == "uncertainty":
        return Uncertainty(look, loaded)
    if look.tab == "frontier":
        return Frontier(look, loaded)
    if look.tab == "prices":
        return Prices(look, loaded)
    if look.tab == "proof":
        return proof(session, loaded)
    return Bill(look, shown)
