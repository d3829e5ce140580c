"""The price book: which one is in use, what is in it, which there were, and a check for one's own."""

from __future__ import annotations

from dataclasses import replace

import flet as ft

from twin2multicloud.app.ui.components import cards, states
from twin2multicloud.app.ui.components.tabs import Tab, tabs
from twin2multicloud.app.ui.hooks import use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Wanted
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.prices import identity
from twin2multicloud.app.ui.prices.books import BooksPart
from twin2multicloud.app.ui.prices.checking import CheckingPart
from twin2multicloud.app.ui.prices.findings import FindingsPart
from twin2multicloud.app.ui.prices.following import Followed, RefreshButton
from twin2multicloud.app.ui.prices.meters import MetersPart
from twin2multicloud.app.ui.prices.state import InUse, Look, Part, load_in_use
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.shell.screen import Crumb, screen
from twin2multicloud.app.ui.theme import GAP


@ft.component
def PricesScreen() -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The book in use above, one of its parts below."""
    session = use_session()
    use_store(session.viewport)
    use_store(session.appearance)
    look = Look.read(Place.of(ft.context.page.route))
    in_use = use_remote(lambda: session.ask(load_in_use), refresh_on=Wanted(("prices.",)))
    parts: list[ft.Control] = []
    # On a phone, the details of a meter or book are the whole view.
    if session.viewport.wide or not (look.meter or look.book):
        parts.append(
            cards.card(
                states.shown(in_use, lambda found: identity.card(session, found.prices), rows=4),
                beside=[],
                id="book-in-use",
            )
        )
    if look.run:
        parts.append(Followed(look, in_use.refresh))
    parts.append(_tabs(session, look))
    if look.part == "check":
        parts.append(CheckingPart())
    elif look.part == "findings":
        parts.append(FindingsPart())
    else:
        parts.append(states.shown(in_use, lambda found: _part(look, found), rows=6))
    return screen(
        session,
        [Crumb(tr("Prices"))],
        ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        actions=[RefreshButton(look)],
        id="prices",
    )


def _tabs(session: Session, look: Look) -> ft.Control:
    words: dict[Part, str] = {
        "meters": tr("Meters"),
        "books": tr("Books"),
        "findings": tr("Findings"),
        "check": tr("Check a book"),
    }
    kept = Look(run=look.run)
    return tabs(
        session,
        [Tab(word, replace(kept, part=part).path) for part, word in words.items()],
        replace(kept, part=look.part).path,
        label=tr("Parts"),
    )


def _part(look: Look, in_use: InUse) -> ft.Control:
    if look.part == "books":
        return BooksPart(look, in_use)
    return MetersPart(look, in_use)
