"""What all tabs of a twin's page share, so that it is asked for once."""

from __future__ import annotations

from dataclasses import dataclass

from twin2multicloud.app.schemas.costs import Costs
from twin2multicloud.app.schemas.operating import TwinStatus
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.app.ui.twin.state import Look, Seen


@dataclass(frozen=True, eq=False)
class Parts:
    """The twin that is looked at, how it does, and what it costs."""

    seen: Seen
    status: Remote[TwinStatus]
    costs: Remote[Costs]

    @property
    def look(self) -> Look:
        """How it is looked at."""
        return self.seen.look

    @property
    def id(self) -> str:
        """The twin's id."""
        return self.seen.twin.id
