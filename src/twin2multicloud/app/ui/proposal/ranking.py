"""The cheapest placements in order, and in what each differs from the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.answers import Choice
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, states, tables, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Difference, Loaded, Placement, differences
from twin2multicloud.app.ui.proposal.words import moves_text
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Provider


@dataclass(frozen=True)
class Ranked:
    """A placement in the order of cost, USD per month, and in what it differs from the cheapest."""

    rank: int
    usd_per_month: float
    extra_usd: float
    placement: Placement
    differs: Sequence[Difference]
    placed: bool

    @property
    def clouds(self) -> list[Provider]:
        """The clouds it uses."""
        used = {choice.provider for choice in self.placement.values()}
        return [provider for provider in Provider if provider in used]


def ranked(loaded: Loaded) -> list[Ranked]:
    """All that the optimizer listed."""
    proposal = loaded.standing.proposal
    if proposal is None or not proposal.ranking:
        return []
    first = proposal.placement
    placed = None if loaded.placed is None else loaded.placed.placement
    found = []
    for number, each in enumerate(proposal.ranking, 1):
        placement = {slot: Choice.model_validate(choice) for slot, choice in each["placement"].items()}
        usd, extra = float(each["usd_per_month"]), float(each["extra_usd"])
        found.append(Ranked(number, usd, extra, placement, differences(first, placement), placement == placed))
    return found


def ranking(session: Session, look: Look, loaded: Loaded) -> ft.Control:
    """The tab of them."""
    found = ranked(loaded)
    if not found:
        return states.nothing(tr("Nothing satisfies the constraints"), hint=loaded.standing.problem or "")
    table = tables.table(
        _columns(session, look, loaded),
        found,
        narrow=session.viewport.narrow,
        wide=session.viewport.wide,
        label=tr("Runner-ups"),
    )
    said = tr("The cheapest placements under this twin's constraints and overrides; each differs in what it names.")
    return ft.Column(
        [text.muted(said), table], spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )


def _columns(session: Session, look: Look, loaded: Loaded) -> list[tables.Column[Ranked]]:
    currency, palette = session.currency, session.appearance.palette
    return [
        tables.Column(tr("Rank"), lambda each: _rank(session, each), share=2, main=True),
        tables.Column(tr("Clouds"), lambda each: badges.clouds(each.clouds, palette), share=3, wide_only=True),
        tables.Column(tr("What differs"), lambda each: _differs(loaded, each), share=8),
        tables.Column(
            tr("Total / month"),
            lambda each: text.figure(figures.money(each.usd_per_month, currency)),
            share=3,
            number=True,
        ),
        tables.Column(
            tr("More"),
            lambda each: text.figure(figures.money(each.extra_usd, currency, signed=True)),
            share=2,
            number=True,
        ),
        tables.Column("", lambda each: _look_at(session, look, each), share=2, number=True),
    ]


def _rank(session: Session, each: Ranked) -> ft.Control:
    parts: list[ft.Control] = [text.strong(f"{each.rank}")]
    if each.placed:
        parts.append(badges.pill(tr("placed"), session.appearance.palette.accent, size=11))
    return ft.Row(parts, spacing=6, wrap=True, run_spacing=2)


def _differs(loaded: Loaded, each: Ranked) -> ft.Control:
    if not each.differs:
        return text.body(tr("the cheapest"))
    return text.body(moves_text(each.differs, loaded.names), size=13)


def _look_at(session: Session, look: Look, each: Ranked) -> ft.Control:
    if each.placed:
        return ft.Container(height=0)
    name = tr("Consider placement {rank}", rank=each.rank)
    return buttons.named(tr("Look"), name, partial(session.go, look.ranked(each.rank).path))
