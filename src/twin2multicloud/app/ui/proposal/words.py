"""What is said in several parts of a proposal."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from twin2multicloud.app.schemas.answers import Choice
from twin2multicloud.app.ui.components import badges, text
from twin2multicloud.app.ui.components.badges import CLOUDS
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.lines import ROUTE
from twin2multicloud.app.ui.proposal.state import Difference, Names
from twin2multicloud.app.ui.theme import Palette
from twin2multicloud.model.slots import SLOTS, Provider, Slot

_KNOWN = {slot.value: slot for slot in SLOTS}


def slot_name(slot: Slot) -> str:
    """The layer's number and the slot's name: L3 Storage · hot."""
    return f"{slot.layer} {tr(slot.label)}"


def owner_name(owner: str) -> str:
    """A slot, or a link between two, as a bill's line names it."""
    if ROUTE in owner:
        source, _, target = owner.partition(ROUTE)
        return tr("link {source} → {target}", source=source, target=target)
    return slot_name(_KNOWN[owner]) if owner in _KNOWN else owner


def choice_text(choice: Choice, names: Names) -> str:
    """A choice on one line: Azure Cosmos DB · serverless, westeurope."""
    return f"{CLOUDS[choice.provider]} {names.title(choice.offer)}, {choice.region}"


def short_name(slot: Slot) -> str:
    """A slot in as few letters as tell it: L3 hot."""
    layer, _, kind = slot.value.partition(".")
    return f"{layer} {tr(kind)}" if kind else layer


def moves_text(given: Sequence[Difference], names: Names) -> str:
    """What is otherwise, short: offers that only move are named together, place by place."""
    moved: dict[str, list[str]] = {}
    others: list[str] = []
    for each in given:
        if each.before.offer == each.after.offer:
            moved.setdefault(f"{CLOUDS[each.after.provider]} {each.after.region}", []).append(short_name(each.slot))
        else:
            others.append(f"{short_name(each.slot)}: {choice_text(each.after, names)}")
    said = [tr("{slots} in {place}", slots=", ".join(slots), place=place) for place, slots in moved.items()]
    return "; ".join((*said, *others))


def placement(clouds: Sequence[Provider], said: str, palette: Palette, *, narrow: bool) -> ft.Control:
    """A placement in a table: its clouds, and below them what is to be said of it; to the right in a card."""
    return ft.Column(
        [badges.clouds(list(clouds), palette), text.body(said, size=13)],
        spacing=3,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.END if narrow else ft.CrossAxisAlignment.START,
    )


def difference_text(each: Difference, names: Names) -> str:
    """What is otherwise in a slot."""
    return tr(
        "{slot}: {after} instead of {before}",
        slot=slot_name(each.slot),
        after=choice_text(each.after, names),
        before=choice_text(each.before, names),
    )
