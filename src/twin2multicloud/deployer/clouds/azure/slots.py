"""The stack of each slot on Azure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from twin2multicloud.deployer.clouds.azure import acquisition, storage, visualization
from twin2multicloud.deployer.clouds.azure.apps import packages_of, plans_of, running, shared, upstream
from twin2multicloud.deployer.clouds.azure.names import DATABASE, SlotNames
from twin2multicloud.deployer.clouds.azure.providers import azuread, azurerm
from twin2multicloud.deployer.clouds.azure.stores import container
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import Stack, slot_name
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider, Slot

_MODULES: Final[Mapping[str, str]] = {
    **{f"azure.iot-hub-{family}{size}": "l1" for family in "sb" for size in (1, 2, 3)},
    "azure.functions-consumption": "l2",
    "azure.functions-flex": "l2",
    "azure.cosmos-serverless": "l3_hot",
    "azure.cosmos-provisioned": "l3_hot",
    "azure.cosmos-autoscale": "l3_hot",
    "azure.blob-cool": "l3_cool",
    "azure.blob-cold": "l3_cool",
    "azure.blob-archive": "l3_archive",
    "azure.digital-twins": "l4/digital_twins",
    "azure.own-graph": "l4/own_graph",
    "azure.managed-grafana": "l5/managed_grafana",
    "azure.grafana-oss": "l5/grafana_oss",
}
"""The module of each offer."""


def slot(deployment: Deployment, slot: Slot) -> Stack:
    """The stack of a slot. `UsageError` for an offer that there is no module for."""
    place = deployment.blueprint.places[slot]
    if place.provider is not Provider.AZURE or place.offer not in _MODULES:
        raise UsageError(
            f"offer '{place.offer}' of {slot.value} cannot be deployed on Azure; use one of {_known(slot)}"
        )
    has_functions = slot is not Slot.VISUALIZATION
    arguments = running(deployment, slot) if has_functions else shared(deployment, slot)
    outside = upstream(deployment, slot) if has_functions else {}
    providers = azurerm(deployment)
    if slot is Slot.ACQUISITION:
        outside |= acquisition.guest_principals(deployment)
    if place.offer == "azure.managed-grafana":
        providers |= azuread()
    return Stack(
        slot_name(slot, deployment.generation(slot)),
        deployment.site(slot),
        slot,
        f"azure/{_MODULES[place.offer]}",
        arguments | _ARGUMENTS[slot](deployment),
        providers,
        outside,
        packages_of(plans_of(deployment, slot)) if has_functions else (),
    )


def _graph(deployment: Deployment) -> dict[str, Any]:
    names = SlotNames(deployment, Slot.MANAGEMENT)
    if deployment.blueprint.places[Slot.MANAGEMENT].offer == "azure.digital-twins":
        return {"instance": names.twins}
    graph = container(names.cosmos, "graph", "/key", indexed=("/key/?", "/model/?"))
    store = {"account": names.cosmos, "database": DATABASE, "serverless": True, "containers": {"graph": graph}}
    return {"store": store}


_ARGUMENTS: Final[Mapping[Slot, Callable[[Deployment], dict[str, Any]]]] = {
    Slot.ACQUISITION: acquisition.hub,
    Slot.PROCESSING: lambda _deployment: {},
    Slot.HOT: storage.hot,
    Slot.COOL: storage.cool,
    Slot.ARCHIVE: storage.archive,
    Slot.MANAGEMENT: _graph,
    Slot.VISUALIZATION: visualization.dashboards,
}


def _known(slot: Slot) -> str:
    from twin2multicloud.blueprint.azure import AZURE

    return ", ".join(offer.id for offer in AZURE.offers if offer.slot is slot and offer.id in _MODULES)
