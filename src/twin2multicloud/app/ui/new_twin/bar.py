"""Above the editor: whether what is written is kept, undo and redo, and making a twin of it."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.twins import Twin
from twin2multicloud.app.ui import figures, places
from twin2multicloud.app.ui.components import buttons, cards, dialogs, text
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_every, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP

_AGE_EVERY_S = 5.0


@ft.component
def SaveState(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """Whether what is written is kept."""
    session = use_session()
    use_store(session.appearance)
    saving = use_store(desk.saving)
    _, set_tick = ft.use_state(0)
    use_every(_AGE_EVERY_S, lambda: set_tick(lambda tick: tick + 1))
    now = session.now()
    said, icon = {
        "saved": (tr("saved {age}", age=figures.since(saving.saved_at, now)), ft.Icons.CLOUD_DONE_OUTLINED),
        "unsaved": (tr("not saved yet"), ft.Icons.CLOUD_OUTLINED),
        "saving": (tr("saving …"), ft.Icons.CLOUD_UPLOAD_OUTLINED),
        "failed": (tr("not saved"), ft.Icons.CLOUD_OFF_OUTLINED),
        "conflict": (tr("saved elsewhere, too"), ft.Icons.SYNC_PROBLEM),
    }[saving.state]
    bad = saving.state in ("failed", "conflict")
    color = ft.Colors.ERROR if bad else ft.Colors.ON_SURFACE_VARIANT
    tooltip = None
    if saving.failure is not None and bad:
        tooltip = saving.failure.message
        if saving.state == "failed":
            said = tr("not saved: {why}", why=saving.failure.title)
    return text.named(
        "save-state",
        ft.Row(
            [ft.Icon(icon, size=16, color=color), text.muted(said, color=color, tooltip=tooltip)],
            spacing=4,
            tight=True,
        ),
    )


@ft.component
def Actions(desk: Desk) -> ft.Control:  # noqa: N802
    """What can be done with all of it."""
    session = use_session()
    use_store(session.appearance)
    editor = use_store(desk.editor)
    checks = use_store(desk.checks)
    busy, set_busy = ft.use_state(False)
    draft = desk.saving.draft
    number = draft.twin_number
    label = tr("Create twin") if number is None else tr("Save as version {number}", number=number + 1)
    sound = checks.value is not None and checks.value.ok and checks.value.kind == "twin"
    why_not = None if sound else tr("Something in the definition is not right yet")

    def done(made: Twin) -> None:
        session.notices.tell(
            tr("{twin} is kept. This is where it would go.", twin=made.name)
            if made.number == 1
            else tr("{twin} is at version {number} now.", twin=made.name, number=made.number)
        )
        session.go(places.proposal(made.id))

    def create(over: int | None = None) -> None:
        async def created() -> None:
            made = await desk.make_twin(over)
            if isinstance(made, int):
                set_busy(False)
                _ask_over(session, made, number or 0, lambda: create(made))
            else:
                done(made)

        def failed(failure: Failure) -> None:
            set_busy(False)
            session.notices.fail(failure)

        set_busy(True)
        session.act(created(), failed=failed)

    go = None if busy or not sound else create
    main = buttons.main(tr("Saving …") if busy else label, go, icon=ft.Icons.CHECK, tooltip=why_not)
    return ft.Row(
        [
            buttons.icon(ft.Icons.UNDO, tr("Undo (Ctrl+Z)"), editor.undo if editor.can_undo else None),
            buttons.icon(ft.Icons.REDO, tr("Redo (Ctrl+Shift+Z)"), editor.redo if editor.can_redo else None),
            main,
        ],
        spacing=GAP,
        tight=True,
    )


def _ask_over(session: Session, now: int, began: int, agreed: object) -> None:
    assert callable(agreed)
    dialogs.confirm(
        session,
        tr("The twin has changed meanwhile"),
        tr(
            "You began with version {began}, and it is at version {now}. Saving makes version {next} of what you "
            "wrote; version {now} stays in its history.",
            began=began,
            now=now,
            next=now + 1,
        ),
        tr("Save as version {number}", number=now + 1),
        agreed,
    )


@ft.component
def Conflict(desk: Desk) -> ft.Control:  # noqa: N802
    """The draft was saved in another tab or browser: which one goes on."""
    session = use_session()
    use_store(session.appearance)
    saving = use_store(desk.saving)
    palette = session.appearance.palette
    if saving.state != "conflict":
        return ft.Container(height=0)

    async def both() -> None:
        title = tr("{title} (copy)", title=saving.draft.title or tr("Without a name"))
        copy = await saving.keep_both(title[:100])
        session.go(places.draft(copy.id))

    choices = ft.Row(
        [
            buttons.other(tr("Keep both"), lambda: session.act(both())),
            buttons.other(tr("Keep what is here"), lambda: session.act(saving.keep_mine())),
            buttons.other(tr("Take the other"), lambda: session.act(saving.take_theirs())),
        ],
        wrap=True,
        spacing=GAP,
        run_spacing=GAP,
    )
    message = ft.Column(
        [
            text.strong(tr("This draft was saved elsewhere meanwhile: in another tab or browser of yours")),
            text.body(tr("Nothing is lost. What should be in this draft?")),
            choices,
        ],
        spacing=GAP,
        tight=True,
    )
    shown = cards.strip(message, tint_soft=palette.warn.soft, tint=palette.warn.strong, icon=ft.Icons.SYNC_PROBLEM)
    return text.named("conflict", ft.Container(shown, padding=ft.Padding.only(bottom=GAP + 4)), live=True)
