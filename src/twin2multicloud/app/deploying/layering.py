"""Slots of a twin in the sandbox, one by one: what the same means for slots of a twin in the clouds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

from twin2multicloud.app.deploying.refusals import HoldsDataError
from twin2multicloud.app.deploying.sandboxed import in_sandbox
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.sandbox.create import check, running, same_but_places
from twin2multicloud.sandbox.launch import Launched, launch
from twin2multicloud.sandbox.layers import bring, discard, held, stuck, take_leave
from twin2multicloud.sandbox.locks import ProcessLock

if TYPE_CHECKING:
    from twin2multicloud.model.placement import Placement
    from twin2multicloud.model.twin.definition import TwinDefinition
    from twin2multicloud.sandbox.create import TwinInSandbox
    from twin2multicloud.sandbox.layout import Layout

_OTHER_S: Final = 60.0
"""So long another process may be bringing the same sandbox up or down."""

Follows = Callable[[str], None]


def twin_for(
    layout: Layout,
    definition: TwinDefinition,
    placement: Placement,
    slots: Collection[Slot],
    devices: int | None = None,
) -> TwinInSandbox:
    """What a sandbox is made of, or gains some slots of (none: all). Slots that are added have as many devices as those
    that are there, unless `devices` says otherwise. `UsageError` where that cannot be.
    """
    twin = in_sandbox(definition, placement, devices)
    if slots and layout.exists and layout.built():
        if devices is None and not same_but_places(layout, twin):
            twin = in_sandbox(definition, placement, len(layout.spec().device_names))
        check(layout, twin)
        if not same_but_places(layout, twin):
            raise UsageError(
                f"the twin is another one by now than what is deployed of it ({_names(layout.built())}), and in a "
                "sandbox all slots are of one definition; redeploy brings those to it, then deploy others"
            )
    check(layout, twin)
    return twin


def there(layout: Layout) -> tuple[Slot, ...]:
    """The slots that a sandbox has; none if there is no sandbox."""
    return layout.built() if layout.exists else ()


def held_text(layout: Layout, slots: Collection[Slot] = SLOTS) -> str:
    """What stores of slots hold, for people; "" if all are empty."""
    return _told(held(layout, slots))


def deploy_slots(
    layout: Layout,
    twin: TwinInSandbox,
    slots: Collection[Slot],
    *,
    speed: float | None = None,
    follows: Follows = lambda _cloud: None,
) -> Launched:
    """Bring a sandbox up with these slots (none: all) beside those that it has."""
    wanted = {*there(layout), *slots} if slots else SLOTS
    return launch(layout, twin, speed=speed, slots=wanted, progress=follows)


def redeploy_slots(
    layout: Layout,
    twin: TwinInSandbox,
    slots: Collection[Slot],
    *,
    follows: Follows = lambda _cloud: None,
) -> Launched:
    """Build slots anew, with the data that they have, while the others go on."""
    with ProcessLock(layout.setup_lock, _OTHER_S):
        if running(layout):
            bring(layout, [slot for slot in layout.built() if slot not in slots])
    return deploy_slots(layout, twin, slots, follows=follows)


def destroy_slots(
    layout: Layout,
    slots: Collection[Slot],
    *,
    discard_data: bool = False,
    follows: Follows = lambda _cloud: None,
) -> None:
    """Take slots away from a sandbox that has others, with their stores. What waits in their queues comes through
    first. `HoldsDataError` while stores hold anything, or if something cannot come through, unless `discard_data`; all
    is as it was then.
    """
    with ProcessLock(layout.setup_lock, _OTHER_S):
        before = {*layout.built(), *slots}  # a run that was killed may have let them go already
        if running(layout):
            take_leave(layout, slots)
        bring(layout, before - set(slots), follows=follows)
        # Only now nobody writes there any more.
        found = {} if discard_data else {**held(layout, slots), **stuck(layout, slots)}
        if found:
            bring(layout, before)
            raise HoldsDataError(f"they hold data ({_told(found)}); discard_data destroys them with it")
        discard(layout, slots)


def _told(found: Mapping[Slot, str]) -> str:
    return "; ".join(f"{slot.value}: {what}" for slot, what in found.items())


def _names(slots: Collection[Slot]) -> str:
    return ", ".join(slot.value for slot in slots)
