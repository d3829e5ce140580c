"""The dialog before a move: which slot, to which cloud, region and offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import flet as ft

from twin2multicloud.app.schemas.catalogue import Offer
from twin2multicloud.app.schemas.runs import RunInput
from twin2multicloud.app.schemas.twins import Target, Twin
from twin2multicloud.app.ui.components import badges, buttons, dialogs, fields, states, text
from twin2multicloud.app.ui.hooks import use_made, use_remote, use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import words
from twin2multicloud.app.ui.runs.busy import Busy
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Slot

Start = Callable[[Session, str, RunInput], Awaitable[None]]


@ft.component
def Moving(twin: Twin, target: Target, slot: Slot | None, start: Start) -> ft.Control:  # noqa: N802
    """Which slot goes where."""
    session = use_session()
    use_store(session.appearance)
    busy = use_made(Busy)
    moved, set_moved = ft.use_state((slot or Slot.HOT).value)
    there = _there(twin, moved)
    elsewhere = [each.value for each in PROVIDERS if each.value != there[0]]
    cloud, set_cloud = ft.use_state(elsewhere[0])
    offer, set_offer = ft.use_state("")
    region, set_region = ft.use_state("")
    offers = use_remote(lambda: session.ask(lambda api: api.catalogue.offers(slot=moved, deployable=True)), moved)

    def choose_slot(value: str) -> None:
        set_moved(value)
        set_offer("")
        set_region("")

    def choose_cloud(value: str) -> None:
        set_cloud(value)
        set_offer("")
        set_region("")

    async def go_on() -> None:
        to = (offer or cloud) + (f"@{region}" if region else "")
        await start(session, twin.id, RunInput(kind="move", target=target, slot=Slot(moved), to=to))
        dialogs.close(session)

    palette = session.appearance.palette
    now = ft.Row(
        [text.muted(tr("Now at")), badges.cloud(there[0], palette), text.body(there[1]), text.muted(there[2])],
        wrap=True,
        spacing=6,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    parts: list[ft.Control] = [
        fields.choice(tr("Slot"), moved, {each.value: words.slot(each) for each in SLOTS}, choose_slot),
        *([now] if there[0] else []),
        fields.choice(
            tr("To"),
            cloud,
            {each.value: each.label for each in PROVIDERS},
            choose_cloud,
        ),
        states.shown(offers, lambda found: _offers(found, cloud, offer, set_offer, region, set_region), rows=2),
        text.muted(
            tr(
                "Next you see how long it takes, what it costs once, and what it changes a month. Devices' messages "
                "are accepted all the time; nothing moves before you agree."
            )
        ),
    ]
    if busy.failure is not None:
        parts.append(states.failed(busy.failure))
    parts.append(
        dialogs.choices(
            buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)),
            buttons.main(
                tr("Asking …") if busy.doing else tr("Show what it takes"),
                busy.free(lambda: busy.act(session, "go", go_on)),
            ),
        )
    )
    return ft.Column(parts, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _there(twin: Twin, slot: str) -> tuple[str, str, str]:
    """Where a slot is by the twin's placement: cloud, offer, region; empty where it has none."""
    found = (twin.current.placement or {}).get(slot, {})
    return str(found.get("provider", "")), str(found.get("offer", "")), str(found.get("region", ""))


def _offers(
    offers: Sequence[Offer],
    cloud: str,
    offer: str,
    set_offer: Callable[[str], None],
    region: str,
    set_region: Callable[[str], None],
) -> ft.Control:
    """What the cloud has for the slot, and where."""
    mine = [each for each in offers if each.provider.value == cloud]
    named = {each.id: f"{each.service} · {each.variant}" if each.variant else each.service for each in mine}
    wanted = [each for each in mine if not offer or each.id == offer]
    regions = sorted({region for each in wanted for region in each.regions})
    if not mine:
        return text.body(tr("This cloud has nothing for the slot that can be deployed."))
    return ft.Column(
        [
            fields.choice(tr("Offer"), offer, {"": tr("the cheapest"), **named}, set_offer),
            fields.choice(
                tr("Region"),
                region,
                {"": tr("where the twin is in that cloud, or the cheapest"), **{each: each for each in regions}},
                set_region,
            ),
        ],
        spacing=GAP + 4,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
