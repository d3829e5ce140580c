"""What runs, targets and slots are called."""

from __future__ import annotations

from typing import Final

from twin2multicloud.app.schemas.runs import Kind
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.ui.components.badges import CLOUDS
from twin2multicloud.app.ui.language import tr
from twin2multicloud.model.slots import SLOTS, Slot

LAYERS: Final[dict[str, tuple[Slot, ...]]] = {
    layer: tuple(slot for slot in SLOTS if slot.layer == layer) for layer in dict.fromkeys(s.layer for s in SLOTS)
}
"""Layer → its slots."""
STORES: Final = frozenset(LAYERS["L3"])
"""Slots that hold the twin's data."""


def kind(kind: Kind | str) -> str:
    """What a run does."""
    return {
        "plan": tr("Plan"),
        "deploy": tr("Deployment"),
        "redeploy": tr("Redeployment"),
        "destroy": tr("Destruction"),
        "move": tr("Move"),
        "drift": tr("Drift check"),
        "verify": tr("Verification"),
        "rotate-keys": tr("New link keys"),
        "check-connection": tr("Connection check"),
        "refresh-prices": tr("Price refresh"),
        "bills": tr("Reading of a bill"),
    }.get(kind, kind)


def target(target: Target | str) -> str:
    """Where a twin is deployed."""
    return {"sandbox": tr("Sandbox"), "clouds": tr("Clouds"), "rehearsal": tr("Rehearsal")}.get(target, target)


def slot(slot: Slot | str) -> str:
    """A slot with its layer's number: L3 Storage · hot."""
    found = Slot(slot)
    return f"{found.layer} {found.label}"


def slot_short(slot: Slot | str) -> str:
    """The same where there is little room: L3 hot."""
    return Slot(slot).value.replace(".", " ")


def layer(layer: str) -> str:
    """A layer: L3 Storage."""
    first = LAYERS[layer][0]
    return f"{layer} {first.label.partition(' · ')[0]}"


def stack(name: str, slot_name: str | None, provider: str, region: str) -> str:
    """A stack: its slot, or the foundation that slots at a site stand on."""
    if slot_name is not None:
        return slot(slot_name)
    return (
        tr("Foundation · {cloud} {region}", cloud=CLOUDS.get(provider, provider), region=region) if provider else name
    )


def stack_short(name: str, slot_name: str | None, provider: str = "") -> str:
    """The same where there is little room, also where only the stack's name is known."""
    if slot_name is not None:
        return slot_short(slot_name)
    if provider:
        return tr("{cloud} base", cloud=CLOUDS.get(provider, provider))
    if name.startswith("foundation-"):
        return tr("{cloud} base", cloud=CLOUDS.get(name.split("-")[1], name))
    return name.replace("-", " ", 1) if name.startswith("L") else name


def doing(action: str) -> str:
    """What is being done with a resource."""
    return {
        "create": tr("creating"),
        "update": tr("changing"),
        "delete": tr("destroying"),
        "replace": tr("replacing"),
    }.get(action, action)


def done(action: str) -> str:
    """What was done with it."""
    return {
        "create": tr("created"),
        "update": tr("changed"),
        "delete": tr("destroyed"),
        "replace": tr("replaced"),
    }.get(action, action)
