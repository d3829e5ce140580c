"""L1 on Azure: the IoT Hub, sized as it was priced."""

from __future__ import annotations

import math
from typing import Any, Final

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.deployer.clouds.azure.apps import plans_of
from twin2multicloud.deployer.clouds.azure.names import SlotNames
from twin2multicloud.deployer.clouds.azure.scopes import rights
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import Starts
from twin2multicloud.deployer.stacks import Upstream, slot_name
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot

MESSAGES_PER_UNIT_DAY: Final = {"1": 400_000, "2": 6_000_000, "3": 300_000_000}
"""By the edition's size; the same for Basic and Standard."""
MOST_UNITS: Final = {"1": 200, "2": 200, "3": 10}
_CHUNK_BYTES: Final = 4096
_PARTITIONS: Final = 4
_TLS_REGIONS: Final = frozenset({"eastus", "southcentralus", "westus2", "usgovarizona", "usgovvirginia"})
"""Where IoT Hub lets its least TLS version be set (Microsoft: "Transport Layer Security support in IoT Hub")."""
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"


def hub(deployment: Deployment) -> dict[str, Any]:
    """The arguments of the hub; the readers of its endpoint, and rights of functions that were built before it."""
    place = deployment.blueprint.places[Slot.ACQUISITION]
    edition = place.offer.rpartition("-")[2]
    readers = [plan for slot in (Slot.ACQUISITION, Slot.PROCESSING) for plan in _at_hub(deployment, slot)]
    return {
        "hub": {
            "name": SlotNames(deployment, Slot.ACQUISITION).hub,
            "sku": edition.upper(),
            "units": hub_units(deployment.blueprint),
            "partitions": _PARTITIONS,
            "min_tls": "1.2" if place.region in _TLS_REGIONS else None,
        },
        "readers": [plan.component for plan in readers if plan.starts is Starts.DEVICES],
        "guests": _guests(deployment),
        "device_ca_pem": deployment.settings.device_ca_pem,
    }


def guest_principals(deployment: Deployment) -> dict[str, Upstream]:
    """Whose rights on the hub those are: only Azure can tell, once processing is there."""
    components = {guest["component"] for guest in _guests(deployment).values()}
    if not components:
        return {}
    stack = slot_name(Slot.PROCESSING, deployment.generation(Slot.PROCESSING))
    return {"guest_principals": Upstream(stack, ("identities",), dict.fromkeys(sorted(components), _NOBODY))}


def hub_units(blueprint: Blueprint) -> int:
    """Units for the messages of the busiest day, counted in chunks of 4 KiB as the hub does.

    `UsageError` where one hub of the edition has not so many: the optimizer offers no such placement.
    """
    offer = blueprint.places[Slot.ACQUISITION].offer
    day = sum(
        use.amount * max(math.ceil((use.each_bytes or 0.0) / _CHUNK_BYTES), 1)
        for use in blueprint.by_id["L1/gateway"].usage
    )
    units = max(math.ceil(day / MESSAGES_PER_UNIT_DAY[offer[-1]] - 1e-9), 1)
    most = MOST_UNITS[offer[-1]]
    if units > most:
        raise UsageError(
            f"L1 on {offer} would need {units:,} units for {day:,.0f} messages a day, a hub has at most {most}: "
            "choose a larger edition for L1"
        )
    return units


def _guests(deployment: Deployment) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for plan in _at_hub(deployment, Slot.PROCESSING):
        for word, role in rights(deployment, plan).roles.items():
            if role.guest:
                found[f"{plan.component} {word}"] = {"component": plan.component, "role": role.role}
    return found


def _at_hub(deployment: Deployment, slot: Slot) -> tuple[Any, ...]:
    """A slot's functions, if the slot is where the hub is."""
    return plans_of(deployment, slot) if deployment.site(slot) == deployment.site(Slot.ACQUISITION) else ()
