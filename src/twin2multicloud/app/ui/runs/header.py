"""What a run is, who wanted it, how long it takes; and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.schemas.runs import ENDED, Run
from twin2multicloud.app.schemas.twins import Target, Twin
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import badges, buttons, dialogs, text
from twin2multicloud.app.ui.hooks import use_every, use_made, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import access, actions, log_files, words
from twin2multicloud.app.ui.runs.busy import Busy
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Slot


def target_of(run: Run) -> Target:
    """Where a twin's run is."""
    return "clouds" if run.target == "clouds" else "rehearsal" if run.target == "rehearsal" else "sandbox"


@ft.component
def Facts(run: Run) -> ft.Control:  # noqa: N802
    """What a run is, in a line."""
    session = use_session()
    use_store(session.appearance)
    _, tick = ft.use_state(0)
    over = run.status in ENDED
    use_every(30.0 if over else 1.0, lambda: tick(lambda number: number + 1))
    now = session.now()
    told = [words.target(run.target)] if run.target else []
    if run.version is not None:
        told.append(tr("version {number}", number=run.version))
    slots = run.request.get("slots")
    if slots:
        told.append(", ".join(words.slot_short(each) for each in slots))
    told.append(tr("asked for by {who} {when}", who=run.created_by, when=figures.since(run.created_at, now)))
    if run.approved_by is not None:
        told.append(tr("agreed to by {who}", who=run.approved_by))
    took = figures.duration(((run.ended_at or now) - run.created_at).total_seconds())
    told.append(tr("took {time}", time=took) if over else tr("for {time} now", time=took))
    return text.named(
        "facts",
        ft.Row(
            [badges.run(run.status, session.appearance.palette), text.muted(" · ".join(told), size=13)],
            wrap=True,
            spacing=GAP,
            run_spacing=4,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )


@ft.component
def RunActions(run: Run, twin: Twin | None, changed: Callable[[], None]) -> ft.Control:  # noqa: N802
    """What can be done with a run now."""
    session = use_session()
    use_store(session.appearance)
    busy = use_made(Busy)
    use_store(session.notices)
    may = access.may_operate(session, twin, run.workspace)
    shown: list[ft.Control] = []
    if may and run.status not in ENDED:
        shown.append(_cancel(session, run, busy, changed))
    if may and run.reveals and access.asked_by(session, run):
        shown.append(_reveal(session, run, busy, changed))
    if may and run.kind == "plan" and run.status == "succeeded" and twin is not None:
        shown.append(
            buttons.main(
                tr("Deploy …"), lambda: session.go(places.deploy_to(twin.id, run.target)), icon=ft.Icons.ROCKET_LAUNCH
            )
        )
    if may and twin is not None and run.kind == "deploy" and run.status == "succeeded" and _is_partial(run, twin):
        shown.append(
            buttons.main(
                tr("Deploy more layers"),
                lambda: session.go(places.deploy_to(twin.id, run.target)),
                icon=ft.Icons.ROCKET_LAUNCH,
            )
        )
    if twin is not None:
        shown.append(
            buttons.other(tr("To the twin"), lambda: session.go(places.twin(twin.id)), icon=ft.Icons.HUB_OUTLINED)
        )
    return ft.Row(shown, wrap=True, spacing=GAP, run_spacing=GAP, tight=True)


def _is_partial(run: Run, twin: Twin) -> bool:
    """Whether not all of the twin is there where the run was."""
    return twin.life.get(target_of(run)) == "partial"


def repairs(session: Session, run: Run, twin: Twin | None, busy: Busy) -> list[ft.Control]:
    """What can be done after a run that did not do it."""
    if twin is None or not access.may_operate(session, twin, run.workspace):
        return []
    target = target_of(run)

    async def again() -> None:
        found = await session.ask(lambda api: api.runs.retry(run.id))
        session.go(places.run(found.id))

    if run.kind == "move" and run.plan is not None:
        return [
            buttons.main(
                tr("Go on with the move"), lambda: actions.resume_move(session, twin, target), icon=ft.Icons.PLAY_ARROW
            ),
            buttons.other(
                tr("Go back to the source"), lambda: actions.abort_move(session, twin, target), icon=ft.Icons.UNDO
            ),
        ]
    shown: list[ft.Control] = [
        buttons.main(
            tr("Asking …") if busy.doing else tr("Try again"),
            busy.free(lambda: busy.act(session, "again", again)),
            icon=ft.Icons.REFRESH,
        )
    ]
    slots = [Slot(each) for each in run.request.get("slots", ())]
    if run.kind == "destroy" and not run.request.get("discard_data") and len(slots) < 2:
        only = slots[0] if slots else None
        shown.append(
            buttons.other(
                tr("Destroy it with its data …"),
                lambda: actions.destroy(session, twin, target, only, discard=True),
                icon=ft.Icons.DELETE_OUTLINE,
            )
        )
    return shown


def _cancel(session: Session, run: Run, busy: Busy, changed: Callable[[], None]) -> ft.Control:
    async def cancel() -> None:
        await session.ask(lambda api: api.runs.cancel(run.id))
        changed()

    def ask() -> None:
        dialogs.confirm(
            session,
            tr("Cancel this run?"),
            tr("What is under way is ended in order. What was done stays, and is told; deploy again to finish it.")
            if run.status in ("applying", "planning")
            else tr("Nothing was done yet, and nothing will be."),
            tr("Cancel the run"),
            lambda: busy.act(session, "cancel", cancel),
            dangerous=True,
        )

    under_way = busy.doing == "cancel" or run.status == "cancelling"
    return buttons.other(
        tr("Cancelling …") if under_way else tr("Cancel"), None if under_way else ask, icon=ft.Icons.CLOSE
    )


def _reveal(session: Session, run: Run, busy: Busy, changed: Callable[[], None]) -> ft.Control:
    async def reveal() -> None:
        told = await session.ask(lambda api: api.runs.reveal(run.id))
        changed()
        content = "\n".join(told.lines)
        dialogs.show(
            session,
            tr("Shown once"),
            ft.Column(
                [
                    text.body(tr("These are kept nowhere: copy them now. Afterwards nobody can see them again.")),
                    text.named("revealed", text.mono(content, selectable=True)),
                ],
                spacing=GAP + 4,
                tight=True,
            ),
            [
                buttons.quiet(
                    tr("Copy"),
                    lambda: session.act(log_files.copy(session, content, tr("Copied"))),
                    icon=ft.Icons.COPY,
                ),
                buttons.main(tr("Close"), lambda: dialogs.close(session)),
            ],
            width=560,
        )

    def ask() -> None:
        dialogs.confirm(
            session,
            tr("Show passwords?"),
            tr("They are shown to you once, and are gone afterwards. Be ready to hand them on."),
            tr("Show them"),
            lambda: busy.act(session, "reveal", reveal),
        )

    return buttons.main(tr("Show passwords"), busy.free(ask), icon=ft.Icons.VISIBILITY)
