"""Resources that exist at clouds and that nobody keeps track of any more, because the states that did were discarded.

An alert of the twin marks them. Whoever acknowledges it has looked after them; until then nothing that could be taken
for them is made, and the twin is not forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.services import alerts

KIND: Final = "resources-untracked"
CLOUDS: Final = "clouds"


@dataclass(frozen=True)
class LostStack:
    """A stack whose state is gone. `site` is "" where that was not known, `resources` None where nobody counted."""

    name: str
    site: str
    resources: int | None

    def __str__(self) -> str:
        count = "" if self.resources is None else f"{self.resources:,} resources"
        told = ", ".join(each for each in (self.site, count) if each)
        return f"{self.name} ({told})" if told else self.name


def where_to_look(twin: str) -> str:
    """How the resources of a twin are found at a cloud."""
    return f"by their tags managed-by=twin2multicloud and twin={twin} (at Google Cloud: labels)"


def mark(backend: Backend, session: Session, twin: Twin, stacks: Sequence[LostStack]) -> None:
    """Raise the alert."""
    now = backend.now()
    told = ", ".join(map(str, stacks))
    message = (
        f"nobody keeps track of what '{twin.name}' has at its clouds: the keys of its states were lost. Find it "
        f"{where_to_look(twin.name)}, remove it by hand, then acknowledge this. It is: {told}"
    )
    facts = {"stacks": [{"name": each.name, "site": each.site, "resources": each.resources} for each in stacks]}
    problem = alerts.Problem(f"{KIND}|{now.isoformat()}", KIND, "error", message, now, data=facts)
    alerts.fold_in(backend, session, twin, CLOUDS, [problem])


def check_looked_after(session: Session, twin: Twin) -> None:
    """`ConflictError` while resources of a twin are marked that nobody has looked after."""
    found = session.scalar(
        select(Alert)
        .where(Alert.twin_id == twin.id, Alert.kind == KIND, Alert.acknowledged_at.is_(None))
        .order_by(Alert.first_at)
        .limit(1)
    )
    if found is not None:
        raise ConflictError(
            f"resources of '{twin.name}' may exist at its clouds that nobody keeps track of, since the keys of their "
            f"states were lost ({found.first_at:%Y-%m-%d}). Find them {where_to_look(twin.name)} and remove them, then "
            f"`twin2multicloud alerts ack {found.id}`",
            details={"alert": found.id},
        )
