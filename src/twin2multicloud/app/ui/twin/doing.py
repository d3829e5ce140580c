"""What is done with a twin itself, apart from what takes a run."""

from __future__ import annotations

from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import dialogs
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.twin.state import Seen


def delete(session: Session, seen: Seen) -> None:
    """Forget the twin, after its name was typed."""

    async def deleted() -> None:
        await session.ask(lambda api: api.twins.delete(seen.twin.id, seen.twin.version))
        session.notices.tell(tr("{name} is deleted", name=seen.twin.name))
        session.go(places.TWINS)

    dialogs.confirm_typed(
        session,
        tr("Delete {name}?", name=seen.twin.name),
        tr("Its definition, all versions and the record of its runs are forgotten. That cannot be undone."),
        seen.twin.name,
        tr("Delete"),
        lambda: session.act(deleted()),
    )
