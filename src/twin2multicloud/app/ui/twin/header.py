"""What stands above all tabs of a twin: how it does, where it runs, what it costs, and what can be done with it."""

from __future__ import annotations

from functools import partial

import flet as ft

from twin2multicloud.app.ui import figures, layers, places
from twin2multicloud.app.ui.components import badges, buttons, fields, menus, text
from twin2multicloud.app.ui.components.menus import Item
from twin2multicloud.app.ui.hooks import use_session, use_store
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.runs import actions as runs
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin import doing
from twin2multicloud.app.ui.twin.parts import Parts
from twin2multicloud.app.ui.twin.state import Seen, target_name
from twin2multicloud.model.slots import SLOTS, Slot


@ft.component
def Doing(parts: Parts) -> ft.Control:  # noqa: N802
    """What there is of the twin, and how that does."""
    session = use_session()
    status = use_store(parts.status)
    palette = use_store(session.appearance).palette
    known = status.value
    shown = [badges.life(known.life if known is not None else parts.seen.life, palette)]
    if known is not None and parts.seen.deployed:
        tip = tr("The worst of all layers")
        shown.append(badges.health(known.health, palette, tooltip=tip))
        if known.moving:
            shown.append(badges.pill(tr("moving"), palette.accent, sign="◔", tooltip=known.moving))
    return text.named("twin-health", ft.Row(shown, spacing=6, tight=True, wrap=True), live=True)


@ft.component
def Facts(parts: Parts) -> ft.Control:  # noqa: N802
    """Where it runs, and its cost: predicted, and as metered so far."""
    session = use_session()
    palette = use_store(session.appearance).palette
    currency = use_store(session.preferences).choices.currency
    status, costs = use_store(parts.status).value, use_store(parts.costs).value
    twin = parts.seen.twin
    shown: list[ft.Control] = []
    if twin.clouds:
        shown.append(badges.clouds(twin.clouds, palette))
    if twin.usd_per_month is None:
        shown.append(text.muted(tr("not optimized yet")))
    else:
        shown.append(_cost(figures.per_month(twin.usd_per_month, currency), tr("predicted (estimate)")))
    if costs is not None and costs.usd_metered is not None:
        metered = figures.per_month(costs.usd_metered, currency)
        shown.append(_cost(metered, tr("metered (at the rate so far)")))
    if status is not None and status.twin_time is not None and status.speed not in (None, 1.0):
        moment = figures.day_and_time(status.twin_time)
        shown.append(text.muted(tr("twin time {moment}, {speed:g} × ours", moment=moment, speed=status.speed)))
    if len(parts.seen.targets) > 1:
        shown.append(_targets(session, parts.seen))
    elif parts.seen.deployed:
        shown.append(text.muted(tr("in the {target}", target=target_name(parts.seen.target).lower())))
    return ft.Row(shown, wrap=True, spacing=GAP + 8, run_spacing=6, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _cost(amount: str, what: str) -> ft.Control:
    return ft.Row([text.strong(amount), text.muted(what)], spacing=5, tight=True)


def _targets(session: Session, seen: Seen) -> ft.Control:
    return fields.choice(
        tr("Where"),
        seen.target,
        {each: target_name(each) for each in seen.targets},
        lambda chosen: session.go(seen.look.on(next(each for each in seen.targets if each == chosen)).path),
        width=170,
    )


def actions(session: Session, parts: Parts) -> list[ft.Control]:
    """What can be done with the twin, the most likely first. Who only views is offered what they may."""
    seen = parts.seen
    every: list[ft.Control] = []
    if seen.may_operate and not seen.deployed:
        every.append(
            buttons.main(
                tr("Deploy"), lambda: session.go(places.deploy(parts.id)), icon=ft.Icons.ROCKET_LAUNCH_OUTLINED
            )
        )
    if seen.may_operate and seen.life == "partial":
        every.append(
            buttons.main(
                tr("Deploy layers"),
                lambda: session.go(places.deploy_to(parts.id, seen.target)),
                icon=ft.Icons.ROCKET_LAUNCH_OUTLINED,
            )
        )
    if seen.may_operate and seen.deployed:
        every.append(menus.menu(tr("Move"), _moves(session, parts), icon=ft.Icons.MOVE_DOWN))
        every.append(menus.menu(tr("Redeploy"), _redeploys(session, parts), icon=ft.Icons.REFRESH))
    every.append(menus.more(tr("More to do"), _more(session, parts)))
    return every


def _where(parts: Parts, slot: Slot) -> str:
    placed = (parts.seen.twin.current.placement or {}).get(slot.value)
    if placed is None:
        return ""
    return tr("now at {cloud}, {region}", cloud=badges.CLOUDS[placed["provider"]], region=placed["region"])


def _moves(session: Session, parts: Parts) -> list[Item]:
    if parts.seen.target == "sandbox" and parts.seen.life == "partial":
        hint = tr("in a sandbox once every layer is deployed")
        return [Item(layers.name(each.value), None, hint=hint) for each in SLOTS]
    return [
        Item(
            layers.name(each.value),
            partial(runs.move, session, parts.seen.twin, parts.seen.target, each),
            hint=_where(parts, each),
        )
        for each in SLOTS
    ]


def _redeploys(session: Session, parts: Parts) -> list[Item]:
    whole = Item(tr("All layers"), lambda: runs.redeploy(session, parts.seen.twin, parts.seen.target), ft.Icons.REFRESH)
    return [whole] + [
        Item(
            layers.name(each.value),
            partial(runs.redeploy, session, parts.seen.twin, parts.seen.target, [each]),
            hint=_where(parts, each),
        )
        for each in SLOTS
        if _is_there(parts, each)
    ]


def _is_there(parts: Parts, slot: Slot) -> bool:
    """Whether a slot is deployed, as far as that is known by now."""
    status = parts.status.value
    return status is None or status.life != "partial" or any(stack.slot == slot.value for stack in status.stacks)


def _more(session: Session, parts: Parts) -> list[Item]:
    seen, look = parts.seen, parts.look
    items = [
        Item(tr("Proposal and prices"), lambda: session.go(places.proposal(parts.id)), ft.Icons.SAVINGS_OUTLINED),
        Item(
            tr("Definition and versions"),
            lambda: session.go(look.at("specification").path),
            ft.Icons.DESCRIPTION_OUTLINED,
        ),
        Item(tr("People"), lambda: session.go(look.at("specification", part="people").path), ft.Icons.GROUP_OUTLINED),
    ]
    if seen.may_operate:
        items.insert(0, Item(tr("Edit"), lambda: session.go(places.edit(parts.id)), ft.Icons.EDIT_OUTLINED))
    if seen.may_operate and seen.deployed:
        items.append(
            Item(tr("Deploy somewhere else"), lambda: session.go(places.deploy(parts.id)), ft.Icons.ADD_LOCATION_ALT)
        )
        if seen.runs_in_sandbox:
            items.append(
                Item(
                    tr("Verify"),
                    lambda: runs.look(session, seen.twin, seen.target, "verify"),
                    ft.Icons.VERIFIED_OUTLINED,
                )
            )
        else:
            items.append(
                Item(
                    tr("Look for drift"),
                    lambda: runs.look(session, seen.twin, seen.target, "drift"),
                    ft.Icons.DIFFERENCE_OUTLINED,
                )
            )
        items.append(
            Item(tr("New link keys"), lambda: runs.rotate_keys(session, seen.twin, seen.target), ft.Icons.KEY_OUTLINED)
        )
        items.append(
            Item(
                tr("Destroy"),
                lambda: runs.destroy(session, seen.twin, seen.target),
                ft.Icons.DELETE_FOREVER_OUTLINED,
                grave=True,
            )
        )
    if seen.owns:
        there = bool(seen.targets)
        items.append(
            Item(
                tr("Delete"),
                None if there else lambda: doing.delete(session, seen),
                ft.Icons.DELETE_OUTLINE,
                hint=tr("destroy what is deployed first") if there else "",
                grave=not there,
            )
        )
    return items
