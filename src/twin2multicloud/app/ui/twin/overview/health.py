"""How each layer does, and each link between clouds: what was looked at, when, since when, and what was found."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.schemas.operating import LayerHealth, TwinStatus
from twin2multicloud.app.ui import figures, layers, places
from twin2multicloud.app.ui.components import badges, buttons, cards, states, text
from twin2multicloud.app.ui.components.ages import Age
from twin2multicloud.app.ui.components.facts import facts
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import actions as runs
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin import surfaces
from twin2multicloud.app.ui.twin.moments import Since
from twin2multicloud.app.ui.twin.overview.links import links_row
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.model.slots import SLOTS, Slot

_SPAN = {"xs": 12, "sm": 6, "md": 3, "lg": 12 / 7}


@ft.component
def HealthStrip(parts: Parts) -> ft.Control:  # noqa: N802
    """All layers side by side; what is pressed is told in full below."""
    session = use_session()
    status = use_store(parts.status)
    palette = use_store(session.appearance).palette
    use_store(session.viewport)
    return cards.card(
        states.shown(status, lambda known: _layers(session, parts, known, palette), rows=2),
        title=tr("Health"),
        beside=[Age(status.value.at, pattern=tr("checked {age} ago"))] if status.value is not None else [],
        id="health",
    )


def _layers(session: Session, parts: Parts, status: TwinStatus, palette: Palette) -> ft.Control:
    by_slot = {layer.slot: layer for layer in status.layers}
    chosen = parts.look.get("slot")
    tiles: list[ft.Control] = []
    for slot in SLOTS:
        layer = by_slot.get(slot.value)
        if layer is not None:
            tiles.append(_tile(session, parts, slot, layer, slot.value == chosen, palette))
        elif status.life == "partial":
            tiles.append(_absent(session, parts, slot, palette))
    shown: list[ft.Control] = [
        ft.ResponsiveRow(
            tiles,
            columns=12,
            spacing=GAP,
            run_spacing=GAP,
            breakpoints={"xs": 0, "sm": 340, "md": 700, "lg": 1_180},
        )
    ]
    if chosen in by_slot:
        shown.append(_details(session, parts, status, by_slot[chosen], palette))
    if status.links:
        shown.append(links_row(session, parts, status.links, palette))
    return ft.Column(shown, spacing=GAP + 4, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _tile(session: Session, parts: Parts, slot: Slot, layer: LayerHealth, chosen: bool, palette: Palette) -> ft.Control:
    tint = badges.health_tint(layer.health, palette)
    word = badges.health_word(layer.health)
    problem = layer.problems[0] if layer.problems else ""
    layer_word, _, rest = layers.name(slot.value).partition(" ")
    name = tr("{slot}: {health}", slot=layers.name(slot.value), health=word)
    lines: list[ft.Control] = [
        ft.Row(
            [
                text.strong(layer_word, color=tint.strong),
                text.muted(rest, expand=True, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            ],
            spacing=6,
        ),
        ft.Row([badges.health(layer.health, palette), badges.cloud(layer.cloud, palette)], spacing=4, wrap=True),
    ]
    if problem:
        lines.append(text.muted(problem, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS, tooltip=tip(problem)))
    toggled = parts.look.asking(slot=None if chosen else slot.value, link=None)
    return surfaces.pressable(
        f"{name}{', ' + problem if problem else ''}",
        lambda: session.go(toggled.path),
        ft.Column(lines, spacing=5, tight=True),
        chosen=chosen,
        col=_SPAN,
    )


def _absent(session: Session, parts: Parts, slot: Slot, palette: Palette) -> ft.Control:
    """A layer that is not deployed yet leads to where it is."""
    layer_word, _, rest = layers.name(slot.value).partition(" ")
    lines: list[ft.Control] = [
        ft.Row(
            [
                text.strong(layer_word, color=palette.unknown.strong),
                text.muted(rest, expand=True, max_lines=1, overflow=ft.TextOverflow.ELLIPSIS),
            ],
            spacing=6,
        ),
        ft.Row([badges.pill(tr("not deployed"), palette.unknown, sign="○")], spacing=4, wrap=True),
    ]
    return surfaces.pressable(
        tr("{slot}: not deployed yet", slot=layers.name(slot.value)),
        lambda: session.go(places.deploy_to(parts.id, parts.seen.target)),
        ft.Column(lines, spacing=5, tight=True),
        col=_SPAN,
    )


def _details(session: Session, parts: Parts, status: TwinStatus, layer: LayerHealth, palette: Palette) -> ft.Control:
    slot = Slot(layer.slot)
    stack = next((each for each in status.stacks if each.slot == layer.slot), None)
    placed = (parts.seen.twin.current.placement or {}).get(layer.slot, {})
    rows = [
        (tr("Since"), Since(layer.since)),
        (tr("Last looked"), Age(layer.checked_at, pattern=tr("{age} ago"))),
        (tr("Where"), text.body(stack.site if stack is not None else layer.cloud)),
        (tr("Offer"), text.mono(str(placed.get("offer", figures.NONE)))),
    ]
    if stack is not None:
        rows.append((tr("Applied"), Since(stack.applied_at)))
        if stack.resources is not None:
            rows.append((tr("Resources"), text.figure(figures.count(stack.resources))))
        if stack.lock is not None:
            said = tr("{who}, {operation}", who=stack.lock.who, operation=stack.lock.operation)
            rows.append((tr("Locked by"), text.body(said)))
    rows += _cloud_facts(status, layer)
    found: list[ft.Control] = [badges.pill(each, palette.ok, sign="✔") for each in layer.checked]
    shown: list[ft.Control] = [
        ft.Row(
            [text.section(layers.name(slot.value)), badges.health(layer.health, palette)],
            wrap=True,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        ),
        *[
            ft.Row([badges.pill(tr("problem"), palette.warn, sign="▲"), text.body(each, expand=True, selectable=True)])
            for each in layer.problems
        ],
        ft.Row([text.muted(tr("Looked at")), *(_plain(found, layer))], wrap=True, spacing=6, run_spacing=4),
        facts(rows),
    ]
    if parts.seen.may_operate and parts.seen.deployed:
        shown.append(
            ft.Row(
                [
                    buttons.other(
                        tr("Move to another cloud"),
                        None
                        if status.life == "partial" and parts.seen.target == "sandbox"
                        else lambda: runs.move(session, parts.seen.twin, parts.seen.target, slot),
                        icon=ft.Icons.MOVE_DOWN,
                    ),
                    buttons.other(
                        tr("Redeploy"),
                        lambda: runs.redeploy(session, parts.seen.twin, parts.seen.target, [slot]),
                        icon=ft.Icons.REFRESH,
                    ),
                ],
                wrap=True,
            )
        )
    return text.named(
        "layer",
        surfaces.sunken(*shown),
    )


def _plain(found: list[ft.Control], layer: LayerHealth) -> list[ft.Control]:
    """What was looked at, ticked only where nothing was found."""
    return found if not layer.problems else [text.body(", ".join(layer.checked))]


def _cloud_facts(status: TwinStatus, layer: LayerHealth) -> list[tuple[str, ft.Control]]:
    """What a simulated cloud's process tells that belongs to the layer: its stores or queues."""
    cloud = next((each for each in status.clouds if each.cloud == layer.cloud), None)
    if cloud is None:
        return []
    rows: list[tuple[str, ft.Control]] = []
    for store in cloud.stores:
        if f"L3.{store.tier}" == layer.slot:
            said = tr("{count} records, {size}", count=figures.count(store.records), size=figures.size(store.bytes))
            rows.append((tr("Stored"), text.body(said)))
    if layer.slot == Slot.PROCESSING:
        for queue in cloud.queues:
            oldest = figures.age(queue.oldest_age_s) if queue.depth else figures.NONE
            said = tr("{depth} waiting, oldest {age}", depth=figures.count(queue.depth), age=oldest)
            rows.append((tr("Queue {name}", name=queue.name), text.body(said)))
    return rows
