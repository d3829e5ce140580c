"""The dialog before a destruction: what there is, and whether its data goes, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import flet as ft

from twin2multicloud.app.schemas.operating import TwinStatus
from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.app.schemas.twins import Target, Twin
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import buttons, cards, dialogs, fields, states, text
from twin2multicloud.app.ui.components.badges import CLOUDS
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.busy import Busy
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import SLOTS, Slot

Start = Callable[[Session, str, RunInput], Awaitable[None]]


@ft.component
def Destroying(twin: Twin, target: Target, slot: Slot | None, discard: bool, start: Start) -> ft.Control:  # noqa: N802
    """What is to be destroyed."""
    session = use_session()
    use_store(session.appearance)
    busy = use_made(Busy)
    status = use_remote(lambda: session.ask(lambda api: api.operating.status(twin.id, target)))
    discarding, set_discarding = ft.use_state(discard)
    chosen, set_chosen = ft.use_state(slot.value if slot is not None else "")
    typed, set_typed = ft.use_state("")
    palette = session.appearance.palette
    given = RunInput(
        kind="destroy",
        target=target,
        slots=[Slot(chosen)] if chosen else [],
        discard_data=discarding,
    )
    confirmed = not discarding or typed.strip() == twin.name

    async def go_on() -> None:
        await start(session, twin.id, given)
        dialogs.close(session)

    parts: list[ft.Control] = []
    if slot is None:
        options = {"": tr("all of it"), **{each.value: words.slot(each) for each in SLOTS}}
        parts.append(fields.choice(tr("What"), chosen, options, set_chosen))
    parts.append(states.shown(status, lambda found: _there(found, chosen), rows=3))
    parts.append(fields.switch(tr("Destroy stores with the data that they hold"), discarding, set_discarding))
    if discarding:
        parts.append(
            cards.strip(
                text.body(tr("Nobody can bring this data back.")),
                tint_soft=palette.bad.soft,
                tint=palette.bad.strong,
                icon=ft.Icons.WARNING_AMBER,
            )
        )
        parts.append(fields.line(tr("Type “{word}” to go on", word=twin.name), typed, set_typed))
    else:
        parts.append(
            text.muted(tr("A store that holds data stops the destruction, so that nothing is lost by mistake."))
        )
    parts.append(text.muted(tr("Next you see what goes, resource by resource. Nothing is destroyed before you agree.")))
    if busy.failure is not None:
        parts.append(states.failed(busy.failure))
    go = busy.free(lambda: busy.act(session, "go", go_on)) if confirmed else None
    parts.append(
        dialogs.choices(
            buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)),
            buttons.danger(tr("Asking …") if busy.doing else tr("Show what goes"), go),
        )
    )
    return ft.Column(parts, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _there(status: TwinStatus, chosen: str) -> ft.Control:
    """What exists now, as far as it is counted, and the data that a sandbox tells of."""
    stacks = [stack for stack in status.stacks if not chosen or stack.slot == chosen]
    lines: list[ft.Control] = []
    for stack in stacks:
        provider, _, region = stack.site.partition("/")
        name = words.stack(stack.name, stack.slot or None, provider, region)
        counted = "" if stack.resources is None else trn("{count} resource", "{count} resources", stack.resources)
        lines.append(
            ft.Row(
                [
                    ft.Container(text.body(name), expand=True),
                    text.muted(" · ".join(filter(None, (f"{CLOUDS.get(provider, provider)} {region}", counted)))),
                ]
            )
        )
    for cloud in status.clouds:
        lines += [
            ft.Row(
                [
                    ft.Container(text.body(tr("Data in {store}", store=f"{cloud.cloud}/{store.name}")), expand=True),
                    text.muted(
                        tr(
                            "{count} records, {size}",
                            count=figures.count(store.records),
                            size=figures.size(store.bytes),
                        )
                    ),
                ]
            )
            for store in cloud.stores
            if store.records and chosen in ("", f"L3.{store.tier}")
        ]
    if not lines:
        lines.append(text.muted(tr("Nothing exists there.")))
    return ft.Column(lines, spacing=3, tight=True)
