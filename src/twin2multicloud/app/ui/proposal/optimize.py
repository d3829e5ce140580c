"""Asking for a proposal under other constraints, which is kept and then looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import flet as ft

from twin2multicloud.app.schemas.placements import ProposalInput
from twin2multicloud.app.schemas.questions import ConstraintOptions
from twin2multicloud.app.ui.components import badges, buttons, dialogs, fields, text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.proposal.state import Loaded
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_MOST_CLOUDS: Final = 3
_RANKED: Final = 20


@dataclass
class Wishes:
    """What somebody wishes: which clouds and how many of them, where, and at which prices traffic leaves a cloud."""

    clouds: set[str] = field(default_factory=lambda: set(badges.CLOUDS))
    most: int = _MOST_CLOUDS
    residency: str = ""
    managed: bool = False
    egress: str = ""

    def toggle(self, cloud: str, wanted: bool) -> None:
        """Have a cloud, or not."""
        (self.clouds.add if wanted else self.clouds.discard)(cloud)

    @property
    def options(self) -> ConstraintOptions:
        """As the API takes them: only what is wished for, on top of what the definition says itself."""
        return ConstraintOptions(
            providers=None if len(self.clouds) == len(badges.CLOUDS) else sorted(self.clouds),
            max_clouds=None if self.most == _MOST_CLOUDS else self.most,
            residency=[self.residency] if self.residency else None,
            managed_only=True if self.managed else None,
            egress=self.egress or None,
        )


def ask(session: Session, look: Look, loaded: Loaded) -> None:
    """Show the dialog."""
    wishes = Wishes()

    def go() -> None:
        dialogs.close(session)
        session.act(_propose(session, look, wishes))

    dialogs.show(
        session,
        tr("Optimize under other constraints"),
        _form(loaded, wishes),
        [buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)), buttons.main(tr("Optimize"), go)],
    )


async def _propose(session: Session, look: Look, wishes: Wishes) -> None:
    given = ProposalInput(constraints=wishes.options, top=_RANKED, alternatives=False)
    made = await session.ask(lambda api: api.twins.propose(look.twin, given))
    session.go(look.of_proposal(made.id).path)


def _form(loaded: Loaded, wishes: Wishes) -> ft.Control:
    places = sorted({region.country for region in loaded.names.regions.values() if region.complete})

    def clouds(cloud: str) -> ft.Control:
        return fields.checkbox(badges.CLOUDS[cloud], True, lambda wanted: wishes.toggle(cloud, wanted))

    def most(chosen: str) -> None:
        wishes.most = int(chosen)

    def residency(chosen: str) -> None:
        wishes.residency = chosen

    def managed(chosen: bool) -> None:
        wishes.managed = chosen

    def egress(chosen: str) -> None:
        wishes.egress = chosen

    return ft.Column(
        [
            text.muted(
                tr("On top of what the definition says. The proposal is kept and shown; the twin stays as it is.")
            ),
            ft.Row([clouds(cloud) for cloud in badges.CLOUDS], spacing=GAP, run_spacing=0, wrap=True),
            fields.choice(
                tr("At most so many clouds"),
                str(_MOST_CLOUDS),
                {str(number): str(number) for number in range(1, _MOST_CLOUDS + 1)},
                most,
            ),
            fields.choice(
                tr("Where data may be"), "", {"": tr("anywhere"), **{each: each for each in places}}, residency
            ),
            fields.choice(
                tr("Prices of traffic between clouds"),
                "",
                {
                    "": tr("as the definition says"),
                    "list": tr("list prices"),
                    "eu-data-act": tr("what the EU Data Act grants"),
                },
                egress,
            ),
            fields.switch(tr("Only services that the cloud manages"), False, managed),
        ],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
