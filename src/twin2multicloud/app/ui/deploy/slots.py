"""What is deployed: all slots, or a layer alone, with what there is of each and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, buttons, cards, menus, text
from twin2multicloud.app.ui.components.menus import Item
from twin2multicloud.app.ui.deploy.state import Facts, layer_state
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.runs import actions, words
from twin2multicloud.app.ui.runs.plan import Plan
from twin2multicloud.app.ui.runs.stacks_view import counts
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.slots import Slot

Deploy = Callable[[Sequence[Slot]], None]


def layers(session: Session, facts: Facts, deploy: Deploy | None) -> ft.Control:
    """Layer by layer; without `deploy` nothing can be deployed now."""
    rows: list[ft.Control] = []
    plan = facts.fresh_plan
    for layer in words.LAYERS:
        rows.append(_layer(session, facts, plan, layer, deploy))
    rows.append(text.muted(_one_by_one(facts)))
    return cards.card(
        ft.Column(rows, spacing=0, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        title=tr("Layers"),
        id="layers",
    )


def _one_by_one(facts: Facts) -> str:
    if facts.target == "sandbox":
        return tr(
            "One layer: beside those that are there, which run on. What it has for others waits until those are "
            "there, too."
        )
    return tr(
        "All: archive, cool, hot, L4, L2, L1, L5, then the links between clouds. One layer: with the "
        "foundations it stands on; its links are made as soon as both ends are there."
    )


def _layer(session: Session, facts: Facts, plan: Plan | None, layer: str, deploy: Deploy | None) -> ft.Control:
    slots = words.LAYERS[layer]
    there, whole = layer_state(facts, layer)
    palette = session.appearance.palette
    lines: list[ft.Control] = [_slot(session, facts, plan, slot) for slot in slots]
    act = None if deploy is None else lambda: deploy(slots)
    side: list[ft.Control] = []
    if deploy is not None and (more := _more(session, facts, slots)):
        side.append(menus.more(tr("More to do with {layer}", layer=layer), more))
    side.append(buttons.other(tr("Deploy {layer}", layer=layer), act))
    state = (
        badges.pill(tr("there"), palette.ok, sign="●")
        if there == whole
        else badges.pill(tr("in part"), palette.warn, sign="▲")
        if there or any(facts.of(slot) for slot in slots)
        else badges.pill(tr("not there"), palette.unknown, sign="○")
    )
    named = ft.Row(
        [text.strong(words.layer(layer)), state],
        wrap=True,
        spacing=GAP,
        run_spacing=2,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    head = ft.Row(
        [ft.Container(named, expand=True), *side],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    return ft.Container(
        ft.Column([head, *lines], spacing=4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        padding=ft.Padding.symmetric(vertical=8),
        border=ft.Border(top=ft.BorderSide(1, palette.line)),
    )


def _more(session: Session, facts: Facts, slots: Sequence[Slot]) -> list[Item]:
    """What can be done with those of a layer's slots that are there."""
    there = [slot for slot in slots if facts.of(slot)]
    twin, target = facts.twin, facts.target
    return [
        *(
            Item(
                tr("Redeploy {slot}", slot=words.slot(slot)),
                partial(actions.redeploy, session, twin, target, [slot]),
                ft.Icons.REPLAY,
            )
            for slot in there
        ),
        *(
            Item(
                tr("Destroy {slot}", slot=words.slot(slot)),
                partial(_destroy, session, facts, slot),
                ft.Icons.DELETE_OUTLINE,
                grave=True,
            )
            for slot in there
        ),
    ]


def _destroy(session: Session, facts: Facts, slot: Slot) -> None:
    actions.destroy(session, facts.twin, facts.target, slot)


def _slot(session: Session, facts: Facts, plan: Plan | None, slot: Slot) -> ft.Control:
    palette = session.appearance.palette
    place = facts.place(slot)
    left: list[ft.Control] = []
    if len(words.LAYERS[slot.layer]) > 1:
        left.append(text.body(words.slot_short(slot)))
    if place:
        left += [
            badges.cloud(place["provider"], palette),
            text.muted(str(place.get("offer", "")).partition(".")[2]),
            text.muted(str(place.get("region", ""))),
        ]
    else:
        left.append(text.muted(tr("no place yet")))
    right: list[ft.Control] = []
    planned = next((each for each in plan.stacks if each.slot == slot), None) if plan is not None else None
    number = sum(stack.resources or 0 for stack in facts.of(slot))
    if planned is not None and not planned.untouched:
        right.append(counts(planned, palette))
    elif number:
        right.append(text.muted(trn("{count} resource", "{count} resources", number)))
    cost = facts.slot_usd.get(slot.value)
    if cost is not None:
        said = text.figure(figures.per_month(cost, session.currency), size=13)
        right.append(ft.Container(said, width=112, alignment=ft.Alignment.CENTER_RIGHT))
    return ft.Row(
        [
            ft.Container(
                ft.Row(left, wrap=True, spacing=6, run_spacing=2, vertical_alignment=ft.CrossAxisAlignment.CENTER),
                expand=True,
            ),
            *right,
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
