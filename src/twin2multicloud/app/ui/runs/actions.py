"""What can be done with a twin that takes a run: asked here, shown and agreed to on the run's screen."""

from __future__ import annotations

from collections.abc import Sequence

from twin2multicloud.app.schemas.runs import RunInput, TwinKind
from twin2multicloud.app.schemas.twins import Target, Twin
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.components import dialogs
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.destroying import Destroying
from twin2multicloud.app.ui.runs.moving import Moving
from twin2multicloud.app.ui.session import Session
from twin2multicloud.model.slots import Slot


async def start(session: Session, twin: str, given: RunInput) -> None:
    """Ask for a run, and show it."""
    run = await session.ask(lambda api: api.runs.create(twin, given))
    session.go(places.run(run.id))


def destroy(session: Session, twin: Twin, target: Target, slot: Slot | None = None, *, discard: bool = False) -> None:
    """Ask what of a twin is to be destroyed, all of it or a slot, and whether with its data. What goes is shown before
    anything does.
    """
    dialogs.show_live(
        session,
        tr("Destroy {twin}", twin=twin.name) if slot is None else tr("Destroy {slot}", slot=words.slot(slot)),
        lambda: Destroying(twin, target, slot, discard, start),
        width=560,
    )


def move(session: Session, twin: Twin, target: Target, slot: Slot | None = None) -> None:
    """Ask which slot moves, and where to. What it takes is shown before anything moves."""
    dialogs.show_live(session, tr("Move a slot"), lambda: Moving(twin, target, slot, start), width=560)


def redeploy(session: Session, twin: Twin, target: Target, slots: Sequence[Slot] = ()) -> None:
    """Bring what is deployed back to what was planned."""
    what = ", ".join(words.slot(each) for each in slots) if slots else twin.name
    if target != "sandbox":
        said = tr("What others changed is looked for and put right. You see the plan before anything is done.")
    elif slots:
        said = tr("It is built anew, with the data that it has, while the others run on.")
    else:
        said = tr("The sandbox stops and starts anew, with the data that it has.")
    _confirm(
        session,
        tr("Redeploy {what}", what=what),
        said,
        tr("Plan it"),
        twin,
        RunInput(kind="redeploy", target=target, slots=list(slots)),
    )


def resume_move(session: Session, twin: Twin, target: Target) -> None:
    """Go on with a move that stopped."""
    _confirm(
        session,
        tr("Go on with the move"),
        tr("It goes on where it stopped. What was copied already is not copied again."),
        tr("Go on"),
        twin,
        RunInput(kind="move", target=target, resume=True, approve=True),
    )


def abort_move(session: Session, twin: Twin, target: Target) -> None:
    """Go back from a move that stopped."""
    _confirm(
        session,
        tr("Go back to the source"),
        tr("What was built at the target is taken away, and what came in there meanwhile is brought back first."),
        tr("Go back"),
        twin,
        RunInput(kind="move", target=target, abort=True, approve=True),
    )


def rotate_keys(session: Session, twin: Twin, target: Target) -> None:
    """New keys for all links."""
    _confirm(
        session,
        tr("New keys for all links"),
        tr("Every link between clouds gets a new key. The old ones hold for a while longer, so that nothing is lost."),
        tr("Replace keys"),
        twin,
        RunInput(kind="rotate-keys", target=target),
    )


def look(session: Session, twin: Twin, target: Target, kind: TwinKind) -> None:
    """A run that only looks: `verify` or `drift`."""
    session.act(start(session, twin.id, RunInput(kind=kind, target=target)))


def _confirm(session: Session, title: str, message: str, label: str, twin: Twin, given: RunInput) -> None:
    dialogs.confirm(session, title, message, label, lambda: session.act(start(session, twin.id, given)))
