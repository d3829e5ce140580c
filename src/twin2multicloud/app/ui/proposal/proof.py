"""How it is known that nothing is cheaper."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import cards, states, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.state import Loaded
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP


def proof(session: Session, loaded: Loaded) -> ft.Control:
    """The part of it."""
    proposal = loaded.standing.proposal
    if proposal is None or proposal.proof is None:
        return states.nothing(tr("Nothing satisfies the constraints"), hint=loaded.standing.problem or "")
    found, palette = proposal.proof, session.appearance.palette
    proven = bool(found["proven"])
    said = (
        tr(
            "Proved optimal: of {count} possible placements none that satisfies the constraints costs less. "
            "The optimizer answered in {ms} ms.",
            count=figures.quantity(found["placements"]),
            ms=figures.count(loaded.seconds * 1000),
        )
        if proven
        else tr("Not proved: the search stopped early, so a cheaper placement may exist.")
    )
    tint = palette.ok if proven else palette.warn
    facts = (
        (tr("Method"), str(found["method"])),
        (tr("Nothing costs less than"), figures.per_month(float(found["lower_bound_usd"]), session.currency)),
        (tr("Options: an offer in a region"), figures.count(found["options"])),
        (tr("Placements they allow"), figures.quantity(found["placements"])),
        (tr("Combinations of clouds looked into"), figures.count(found["vectors_expanded"])),
        (tr("Subproblems solved"), figures.count(found["subproblems_solved"])),
        (tr("Rows priced"), figures.count(found["rows_priced"])),
    )
    rows: list[ft.Control] = [
        cards.strip(
            text.body(said, color=tint.strong),
            tint_soft=tint.soft,
            tint=tint.strong,
            icon=ft.Icons.VERIFIED_OUTLINED if proven else ft.Icons.WARNING_AMBER,
        )
    ]
    rows += [
        ft.Row(
            [ft.Container(text.muted(name), width=230), ft.Container(text.body(value, selectable=True), expand=True)],
            spacing=GAP,
        )
        for name, value in facts
    ]
    outgrown = proposal.over_capacity or []
    if outgrown:
        rows.append(text.strong(tr("Offers that this twin outgrows")))
        rows += [text.muted(f"• {each}") for each in outgrown]
    return ft.Column(rows, spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
