"""What is done with a whole twin, or one of its slots: each is a run, which is shown from there on."""

from __future__ import annotations

from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import dialogs
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.twin.state import Seen
from twin2multicloud.model.slots import Slot


def begin(session: Session, seen: Seen, wanted: RunInput) -> None:
    """Ask for a run, and show it."""

    async def asked() -> None:
        run = await session.ask(lambda api: api.runs.create(seen.twin.id, wanted))
        session.go(places.run(run.id))

    session.act(asked())


def move(session: Session, seen: Seen, slot: Slot) -> None:
    """Move a slot to another cloud."""
    begin(session, seen, RunInput(kind="move", target=seen.target, slot=slot, to=""))


def redeploy(session: Session, seen: Seen, slot: Slot | None) -> None:
    """Build what is there anew: all of it, or one slot."""
    slots = [] if slot is None else [slot]
    begin(session, seen, RunInput(kind="redeploy", target=seen.target, slots=slots))


def verify(session: Session, seen: Seen) -> None:
    """Send a probe through all layers."""
    begin(session, seen, RunInput(kind="verify", target=seen.target))


def drift(session: Session, seen: Seen) -> None:
    """Look for what was changed behind our back."""
    begin(session, seen, RunInput(kind="drift", target=seen.target))


def rotate_keys(session: Session, seen: Seen) -> None:
    """Give all links new keys. The old ones live on for a while."""
    begin(session, seen, RunInput(kind="rotate-keys", target=seen.target))


def destroy(session: Session, seen: Seen) -> None:
    """Take down what is at the target, after its name was typed."""
    dialogs.confirm_typed(
        session,
        tr("Destroy {name}?", name=seen.twin.name),
        tr("You see a plan of what goes, and agree to it, before anything is destroyed. The definition stays."),
        seen.twin.name,
        tr("Plan it"),
        lambda: begin(session, seen, RunInput(kind="destroy", target=seen.target)),
    )


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
