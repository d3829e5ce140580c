"""Deciding: what is considered is kept or discarded, never silently. It asks the API and tells what came of it."""

from __future__ import annotations

from twin2multicloud.app.schemas.placements import PlacementInput
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.store import Store


class Deciding(Store):
    """A decision on its way. `note` is what somebody writes about it, `failure` why it was not kept."""

    def __init__(self) -> None:
        super().__init__()
        self.note = ""
        self.busy = False
        self.failure: Failure | None = None

    def write(self, note: str) -> None:
        """What the decision is about. Nothing is shown anew by it."""
        self.note = note

    def keep(self, session: Session, look: Look, given: PlacementInput, seen: int) -> None:
        """Have the twin placed so."""
        if self.busy:
            return
        self.busy, self.failure = True, None
        self.changed()
        session.act(self._kept(session, look, given, seen), failed=self._failed)

    async def _kept(self, session: Session, look: Look, given: PlacementInput, seen: int) -> None:
        noted = given.model_copy(update={"note": self.note.strip()})
        answer = await session.ask(lambda api: api.twins.place(look.twin, noted, seen))
        self.busy, self.note = False, ""
        self.changed()
        session.go(look.plain.path)
        amount = figures.per_month(answer.usd_per_month, session.currency)
        if answer.optimal:
            session.notices.tell(tr("Placed for {amount}, the cheapest there is", amount=amount))
        else:
            extra = figures.per_month(answer.extra_usd, session.currency)
            session.notices.tell(tr("Placed for {amount}, {extra} more than the cheapest", amount=amount, extra=extra))

    def _failed(self, failure: Failure) -> None:
        self.busy, self.failure = False, failure
        self.changed()
