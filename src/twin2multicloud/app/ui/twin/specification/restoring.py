"""Taking an earlier version of a twin up again, with or without where its layers were placed then."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.twins import RestoreInput, TwinDiff
from twin2multicloud.app.ui import figures, layers
from twin2multicloud.app.ui.components import buttons, dialogs, fields, states, text
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.model.slots import SLOTS


def restore(session: Session, parts: Parts, number: int) -> None:
    """Show what would change, and take the version up again once that was confirmed."""
    twin = parts.seen.twin

    async def opened() -> None:
        diff = await session.ask(lambda api: api.twins.diff(twin.id, twin.number, number))
        dialogs.show_live(
            session, tr("Restore version {number}?", number=number), lambda: Restoring(parts, diff), width=560
        )

    session.act(opened())


@ft.component
def Restoring(parts: Parts, diff: TwinDiff) -> ft.Control:  # noqa: N802
    """What becomes of the twin; `diff` is from what it is now to what it was."""
    session = use_session()
    placed, place = ft.use_state(True)
    busy, begin = ft.use_state(False)
    nothing_failed: Failure | None = None
    failure, fail = ft.use_state(nothing_failed)
    twin, number = parts.seen.twin, diff.after

    async def taken_up() -> None:
        fail(None)
        begin(True)
        given = RestoreInput(placement=placed, note=tr("Version {number} again", number=number))
        newer = await session.ask(lambda api: api.twins.restore(twin.id, number, given, twin.version))
        dialogs.close(session)
        session.notices.tell(tr("Version {number} is now version {newer}", number=number, newer=newer.number))

    def failed(found: Failure) -> None:
        begin(False)
        fail(found)

    shown: list[ft.Control] = [
        text.body(
            tr(
                "Its definition and files become version {newer}. Nothing that runs changes until you deploy again.",
                newer=twin.number + 1,
            )
        )
    ]
    if diff.slots:
        shown.append(fields.switch(tr("Its placement, too"), placed, place))
        shown.append(_placement(session, diff) if placed else text.muted(tr("They stay where they are placed now.")))
    else:
        shown.append(text.muted(tr("The layers were placed then as they are now.")))
    if failure is not None:
        shown.append(states.failed(failure))
    shown.append(
        dialogs.choices(
            buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)),
            buttons.main(
                tr("Restoring…") if busy else tr("Restore"),
                None if busy else lambda: session.act(taken_up(), failed=failed),
            ),
        )
    )
    return ft.Column(shown, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _placement(session: Session, diff: TwinDiff) -> ft.Control:
    if all(then is None for _, then in diff.slots.values()):
        return text.body(tr("It had no placement then, so this twin has none until you optimize it again."))
    now, then = (figures.per_month(usd, session.currency) for usd in diff.usd_per_month)
    told = text.muted(tr("Predicted: {now} now, {then} at the prices of then.", now=now, then=then))
    return ft.Column([slots_moved(diff, narrow=session.viewport.narrow), told], spacing=GAP, tight=True)


def slots_moved(diff: TwinDiff, *, narrow: bool) -> ft.Control:
    """Where layers are placed before and after."""
    moved: list[tuple[str, ft.Control]] = [
        (
            layers.name(slot.value),
            text.mono(f"{diff.slots[slot.value][0] or figures.NONE} → {diff.slots[slot.value][1] or figures.NONE}"),
        )
        for slot in SLOTS
        if slot.value in diff.slots
    ]
    if narrow:
        return ft.Column([ft.Column([text.muted(name), where], spacing=0) for name, where in moved], spacing=GAP)
    return facts(moved, name_px=150)
