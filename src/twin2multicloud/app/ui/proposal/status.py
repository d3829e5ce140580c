"""How the placement stands: whether it is the cheapest, and what there is to do about it."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import HALF_A_CENT, Loaded
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Tint


def status(session: Session, look: Look, loaded: Loaded) -> ft.Control:
    """The line across the screen."""
    said, tint, sign, action = _said(session, look, loaded)
    parts: list[ft.Control] = [ft.Container(text.body(said, color=tint.strong), expand=True)]
    if action is not None:
        parts.append(action)
    row: ft.Control = ft.Row(parts, spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)
    if session.viewport.narrow:
        row = ft.Column([text.body(said, color=tint.strong), *parts[1:]], spacing=GAP, tight=True)
    return text.named("standing", cards.strip(row, tint_soft=tint.soft, tint=tint.strong, icon=sign), live=True)


def _said(session: Session, look: Look, loaded: Loaded) -> tuple[str, Tint, ft.IconData, ft.Control | None]:
    palette, standing = session.appearance.palette, loaded.standing
    if standing.problem is not None:
        return standing.problem, palette.warn, ft.Icons.WARNING_AMBER, None
    if look.considers and loaded.twin.current.placement is not None:
        said = tr("You look at a change that is considered, not kept. What is placed stays until you keep it.")
        return said, palette.accent, ft.Icons.VISIBILITY_OUTLINED, None
    if loaded.twin.current.placement is None:
        act = None
        if loaded.may_decide and look.rank != 1:
            act = buttons.main(tr("Review and place"), lambda: session.go(look.ranked(1).path))
        said = tr("Not placed yet. This is the cheapest placement at today's prices.")
        return said, palette.accent, ft.Icons.LIGHTBULB_OUTLINE, act
    if loaded.cheaper_usd:
        act = buttons.other(tr("Look at it"), lambda: session.go(look.ranked(1).path))
        saved = figures.per_month(loaded.cheaper_usd, session.currency)
        return (
            tr("A cheaper placement is there now: it saves {usd}.", usd=saved),
            palette.warn,
            ft.Icons.SAVINGS_OUTLINED,
            act,
        )
    extra = standing.extra_usd or 0.0
    if extra > HALF_A_CENT:
        said = tr(
            "Not the cheapest: the overrides add {extra}. Under them nothing is cheaper at today's prices.",
            extra=figures.per_month(extra, session.currency),
        )
        return said, palette.warn, ft.Icons.PUSH_PIN_OUTLINED, None
    return tr("The cheapest placement at today's prices."), palette.ok, ft.Icons.CHECK_CIRCLE_OUTLINE, None
