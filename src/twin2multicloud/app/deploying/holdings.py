"""Whether the stores of a deployed twin hold anything that nobody could bring back."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.finishing.places import DeployedPlaces
from twin2multicloud.deployer.stacks import slot_name
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.times import to_time

_STORES: Final = (Slot.HOT, Slot.COOL, Slot.ARCHIVE)
_DEVICES: Final = 100


def holdings(
    deployment: Deployment,
    outputs: Mapping[str, Any],
    slots: Sequence[Slot],
    environ: Mapping[str, str] = os.environ,
    *,
    places: DeployedPlaces | None = None,
) -> dict[Slot, str]:
    """What is held, in a few words, by slot; empty stores are left out. A store that cannot be asked is taken to hold
    something: nobody can say that it does not.
    """
    asked = places or DeployedPlaces(deployment, outputs, environ)
    found: dict[Slot, str] = {}
    try:
        for slot in _STORES:
            if slot in slots and slot_name(slot, deployment.generation(slot)) in outputs:
                told = _held(deployment, asked, slot)
                if told:
                    found[slot] = told
    finally:
        if places is None:
            asked.close()
    return found


def _held(deployment: Deployment, places: DeployedPlaces, slot: Slot) -> str:
    try:
        ports = places.slot(slot)
        if slot is Slot.HOT:
            names = deployment.spec.device_names
            now = to_time(time.time() + 86_400)
            for start in range(0, len(names), _DEVICES):
                earliest = ports.hot.earliest(names[start : start + _DEVICES], now)
                if earliest is not None:
                    return f"records since {earliest[:19]}Z"
            return ""
        store = ports.cool if slot is Slot.COOL else ports.archive
        return "objects" if store.list("", limit=1) else ""
    except (StoreError, RejectedError, Twin2MultiCloudError, KeyError) as error:
        return f"what cannot be seen ({error})"
