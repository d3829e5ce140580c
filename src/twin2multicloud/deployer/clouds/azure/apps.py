"""A slot's functions as arguments of the module `azure/function`: an app each, with an identity and rights of its own.

Apps cost nothing by themselves, so that one app per function is the least privilege at no price. All that needs
thinking is done here; the modules only write it down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.clouds.azure.dependencies import DIGEST
from twin2multicloud.deployer.clouds.azure.names import PACKAGES, SiteNames, SlotNames
from twin2multicloud.deployer.clouds.azure.schedules import ncrontab
from twin2multicloud.deployer.clouds.azure.scopes import HUB_READER, queues_of, replay_queue, rights
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of
from twin2multicloud.deployer.stacks import Upstream, foundation_name, slot_name
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.entry.azure_host import TIMEOUT_S

FLEX: Final = "azure.functions-flex"
"""The offer of L2 whose function runs on the Flex Consumption plan."""
_FLEX_MIB: Final = (512, 2048, 4096)
_ASIDE_S: Final = 60
"""What a mover leaves of the host's time for its last window."""
INSIGHTS: Final = "InstrumentationKey=00000000-0000-0000-0000-000000000000"


def plans_of(deployment: Deployment, slot: Slot) -> tuple[FunctionPlan, ...]:
    """A slot's functions."""
    return functions_of(deployment.blueprint, deployment.spec, slot)


def functions(deployment: Deployment, slot: Slot) -> dict[str, Any]:
    """The argument `functions`: what each app is, by component."""
    return {plan.component: _function(deployment, plan) for plan in plans_of(deployment, slot)}


def host(deployment: Deployment, slot: Slot) -> dict[str, Any] | None:
    """The argument `host`: the storage account of the slot's function host; None without functions."""
    plans = plans_of(deployment, slot)
    if not plans:
        return None
    return {
        "account": SlotNames(deployment, slot).host,
        "queues": sorted({queue for plan in plans for queue in queues_of(plan)}),
        "checkpoints": [
            component.name for component in deployment.blueprint.of(slot) if component.name.endswith("-checkpoints")
        ],
    }


def packages_of(plans: Sequence[FunctionPlan]) -> tuple[str, ...]:
    """The roles of the packages that functions run."""
    return tuple(sorted({plan.package for plan in plans}))


def shared(deployment: Deployment, slot: Slot) -> dict[str, Any]:
    """Arguments that every slot's module takes."""
    site = SlotNames(deployment, slot).site
    return {"location": site.site.region, "resource_group": site.resource_group, "tags": tags(deployment, slot.value)}


def running(deployment: Deployment, slot: Slot) -> dict[str, Any]:
    """Arguments of a slot's module that has functions, or may have some."""
    site = SlotNames(deployment, slot).site
    return {
        **shared(deployment, slot),
        "resource_group_id": site.group_id,
        "public": sorted(plan.component for plan in plans_of(deployment, slot) if plan.public),
        "functions": functions(deployment, slot),
        "host": host(deployment, slot),
        "dependencies": DIGEST,
        "plan_id": site.id("Microsoft.Web/serverFarms", site.plan),
        "code": {
            "account_id": site.id("Microsoft.Storage/storageAccounts", site.code),
            "endpoint": blob_url(site.code),
            "container_id": site.id(
                "Microsoft.Storage/storageAccounts/blobServices/containers", site.code, "default", PACKAGES
            ),
            "container": PACKAGES,
        },
    }


def upstream(deployment: Deployment, slot: Slot) -> dict[str, Upstream]:
    """What functions need that only Azure can tell: endpoints of topics, where logs go, the twin graph's address."""
    plans = plans_of(deployment, slot)
    if not plans:
        return {}
    site = deployment.site(slot)
    foundation = foundation_name(site)
    topic = f"https://offline.{site.region}-1.eventgrid.azure.net/api/events"
    found = {
        "topics": Upstream(foundation, ("topics",), {"alerts": topic, "errors": topic}),
        "insights": Upstream(foundation, ("insights",), INSIGHTS),
    }
    if slot is not Slot.MANAGEMENT and any(needs_twins(deployment, plan) for plan in plans):
        graph = slot_name(Slot.MANAGEMENT, deployment.generation(Slot.MANAGEMENT))
        placeholder = "https://offline.api.weu.digitaltwins.azure.net"
        found["digital_twins_url"] = Upstream(graph, ("stores", "digital_twins_url"), placeholder)
    return found


def needs_twins(deployment: Deployment, plan: FunctionPlan) -> bool:
    """Whether a function reaches Azure Digital Twins."""
    offer = deployment.blueprint.places[Slot.MANAGEMENT].offer
    return offer == "azure.digital-twins" and any(word.startswith("graph.") for word in plan.grants)


def tags(deployment: Deployment, slot: str) -> dict[str, str]:
    """Tags of a resource; each adds its component where it is one's."""
    return {
        "twin": deployment.settings.twin,
        "slot": slot,
        "run": deployment.settings.uid,
        "owner": deployment.settings.owner[:256],
        "managed-by": "twin2multicloud",
    }


def blob_url(account: str) -> str:
    """A storage account's blob endpoint."""
    return f"https://{account}.blob.core.windows.net"


def cosmos_url(account: str) -> str:
    """A Cosmos DB account's endpoint."""
    return f"https://{account}.documents.azure.com:443/"


def vault_url(site: SiteNames) -> str:
    """The key vault's endpoint."""
    return f"https://{site.vault}.vault.azure.net/"


def hub_host(deployment: Deployment) -> str:
    """The IoT Hub's host."""
    return f"{SlotNames(deployment, Slot.ACQUISITION).hub}.azure-devices.net"


def cool_tier(deployment: Deployment) -> str:
    """The access tier of L3.cool."""
    return "Cold" if deployment.blueprint.places[Slot.COOL].offer == "azure.blob-cold" else "Cool"


def _function(deployment: Deployment, plan: FunctionPlan) -> dict[str, Any]:
    names = SlotNames(deployment, plan.slot)
    granted = rights(deployment, plan)
    flex = plan.package == "process" and deployment.blueprint.places[plan.slot].offer == FLEX
    return {
        "app": names.app(plan.component),
        "identity": names.identity(plan.component),
        "package": plan.package,
        "flex": {"plan": names.plan(plan.component), "memory_mib": _flex_mib(plan.memory_mib)} if flex else None,
        "running": not (plan.slot in deployment.held and waits(plan)),
        "settings": _settings(deployment, plan),
        "config": _config(deployment, plan),
        "topics": [name for word, name in (("errors", "errors"), ("publish:alerts", "alerts")) if word in plan.grants],
        "twins": needs_twins(deployment, plan),
        "roles": {
            key: {"scope": role.scope, "role": role.role} for key, role in granted.roles.items() if not role.guest
        },
        "stores": {key: asdict(store) for key, store in granted.stores.items()},
        "hub_secret": plan.starts is Starts.DEVICES,
    }


def waits(plan: FunctionPlan) -> bool:
    """Whether a function stops while its slot is held. Senders of what the slot itself put into an outbox go on, so
    that outboxes drain; so does what is called by HTTP, since nobody calls it who is not waiting himself.
    """
    return plan.package in ("process", "move") or plan.starts is Starts.DEVICES


def _settings(deployment: Deployment, plan: FunctionPlan) -> dict[str, str]:
    names = SlotNames(deployment, plan.slot)
    function: dict[str, Any] = {"role": plan.package, "component": plan.component}
    queue = plan.source or replay_queue(plan)
    if queue:
        function["queue"] = queue
    if plan.edge:
        function["edge"] = plan.edge
    if plan.local:
        function["local"] = list(plan.local)
    if plan.receives:
        function["receives"] = list(plan.receives)
    settings: dict[str, str] = {}
    if plan.starts is Starts.DEVICES:
        function["hub"] = True
        settings["T2M_HUB"] = f"@Microsoft.KeyVault(SecretUri={vault_url(names.site)}secrets/{HUB_READER}/)"
        settings["T2M_HUB_NAME"] = SlotNames(deployment, Slot.ACQUISITION).hub
        settings["T2M_HUB_GROUP"] = plan.component
    if plan.starts is Starts.SCHEDULE:
        function["shards"] = deployment.settings.shards
        function["schedule"] = ncrontab(plan.runs_per_day)
        function["seconds"] = float(min(plan.timeout_s, TIMEOUT_S) - _ASIDE_S)
    settings["T2M_FUNCTIONS"] = msgspec.json.encode([function]).decode()
    return settings


def _config(deployment: Deployment, plan: FunctionPlan) -> dict[str, Any]:
    """The fields of `AzureConfig` that the function needs and that are known by name."""
    names = SlotNames(deployment, plan.slot)
    site, words = names.site, {word.partition(":")[0] for word in plan.grants}
    config: dict[str, Any] = {"twin": deployment.spec.name}
    if words & {"dead-letters", "rule-states", "nonces"}:
        config["cosmos_url"] = cosmos_url(site.states)
    if any(word.startswith("hot.") for word in words):
        config["hot_url"] = cosmos_url(SlotNames(deployment, Slot.HOT).cosmos)
    if any(word.startswith("graph.") for word in words):
        config |= _graph(deployment)
    if "secret" in words:
        config["vault_url"] = vault_url(site)
    if "commands" in words:
        config["hub_host"] = hub_host(deployment)
    if queues_of(plan):
        config["queue_url"] = f"https://{names.host}.queue.core.windows.net"
        config["blob_url"] = blob_url(names.host)
        config["most_events"] = deployment.spec.batching.link_messages
    for slot, store in ((Slot.COOL, "cool"), (Slot.ARCHIVE, "archive")):
        if any(word.startswith(f"{store}.") for word in words):
            config["blob_url"] = blob_url(SlotNames(deployment, slot).blobs)
            config["cool_tier"] = cool_tier(deployment)
    return config


def _graph(deployment: Deployment) -> Mapping[str, str]:
    if deployment.blueprint.places[Slot.MANAGEMENT].offer == "azure.digital-twins":
        return {"graph": "digital_twins"}
    return {"graph": "own", "graph_url": cosmos_url(SlotNames(deployment, Slot.MANAGEMENT).cosmos)}


def _flex_mib(wanted: int) -> int:
    """The smallest instance of the Flex Consumption plan with so much memory."""
    return next((size for size in _FLEX_MIB if size >= wanted), _FLEX_MIB[-1])
