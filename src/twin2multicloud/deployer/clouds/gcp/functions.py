"""A planned function as the modules want it: resources of its instances, what it is told, and its rights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.blueprint.gcp.run import SERVICE_MIB, SERVICE_VCPUS, least_vcpus
from twin2multicloud.deployer.clouds.gcp.grants import Resources, rights_of
from twin2multicloud.deployer.clouds.gcp.names import SiteNames
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of, webhook_secrets
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.spec import SECONDS_PER_MONTH

MOST_INSTANCES: Final = 100
"""Of a function whose instances take one request at a time."""
MOST_SERVICES: Final = 10
"""Of a service whose instances take many."""
SHARED_REQUESTS: Final = 8
"""At once in an instance of a function that has a whole vCPU or more."""
GATEWAY_REQUESTS: Final = 40
"""At once in an instance of the gateway; each waits for Pub/Sub most of its time."""
_MANY: Final = 1 + 1e-9


@dataclass(frozen=True)
class Functions:
    """The functions of a slot: `arguments` by component for the modules, and the roles of their packages."""

    plans: tuple[FunctionPlan, ...]
    arguments: dict[str, dict[str, Any]]

    @property
    def roles(self) -> tuple[str, ...]:
        """Package roles, each once."""
        return tuple(dict.fromkeys(plan.package for plan in self.plans))

    def plan(self, component: str) -> FunctionPlan:
        """The plan of a component's function."""
        return next(plan for plan in self.plans if plan.component == component)

    def only(self, package: str) -> dict[str, dict[str, Any]]:
        """The arguments of functions of one package."""
        return {plan.component: self.arguments[plan.component] for plan in self.plans if plan.package == package}

    def without(self, package: str) -> dict[str, dict[str, Any]]:
        """The arguments of all functions of other packages."""
        return {plan.component: self.arguments[plan.component] for plan in self.plans if plan.package != package}


def functions_at(deployment: Deployment, slot: Slot) -> Functions:
    """The functions of a slot on Google Cloud."""
    plans = functions_of(deployment.blueprint, deployment.spec, slot)
    return Functions(plans, {plan.component: _arguments(deployment, plan) for plan in plans})


def _arguments(deployment: Deployment, plan: FunctionPlan) -> dict[str, Any]:
    site = deployment.site(plan.slot)
    names = SiteNames.of(deployment, site)
    generation = deployment.generation(plan.slot)
    config = _config(deployment, names, plan)
    return {
        "name": names.function(plan.component, generation),
        "account": names.account(plan.component, generation),
        "package": plan.package,
        **_instances(deployment, plan),
        "timeout_s": plan.timeout_s,
        "public": plan.starts is Starts.HTTP,
        "config": config,
        "function": _function(deployment, plan),
        "rights": [
            {"role": right.role, "on": right.on.value, "name": right.name}
            for right in rights_of(plan.grants, resources_of(deployment, plan, names))
        ],
    }


def gathers(deployment: Deployment, plan: FunctionPlan) -> bool:
    """Whether a sender gets messages one by one and often enough to form batches, as its price assumes."""
    component = deployment.blueprint.component(plan.slot, plan.component)
    link = deployment.blueprint.by_edge.get(plan.edge)
    if plan.package != "send" or component is None or link is None or component.service != "Cloud Run":
        return False
    return link.messages > link.batches * _MANY


def _instances(deployment: Deployment, plan: FunctionPlan) -> dict[str, Any]:
    """Size and number of instances, and how many requests each takes at once, on a thread for each."""
    if plan.package == "worker":
        return _worker(deployment, plan)
    if plan.package == "gateway" or gathers(deployment, plan):
        # Twice as many as a batch holds, so that the next one fills while one is being posted.
        requests = GATEWAY_REQUESTS if plan.package == "gateway" else 2 * plan.batch
        return _sized(SERVICE_MIB, SERVICE_VCPUS, requests, MOST_SERVICES)
    vcpus = max(deployment.blueprint.assumptions["handler_vcpus"], least_vcpus(plan.memory_mib))
    most = 1 if plan.starts is Starts.SCHEDULE else MOST_INSTANCES
    return _sized(plan.memory_mib, vcpus, 1 if vcpus < 1 else SHARED_REQUESTS, most)


def _sized(memory_mib: int, vcpus: float, requests: int, most_instances: int) -> dict[str, Any]:
    return {
        "memory_mib": memory_mib,
        "vcpus": vcpus,
        "requests": requests,
        "most_instances": most_instances,
        "environment": {"THREADS": str(requests)} if requests > 1 else {},
    }


def _worker(deployment: Deployment, plan: FunctionPlan) -> dict[str, Any]:
    """As many instances of the size that the blueprint counted."""
    component = deployment.blueprint.component(plan.slot, plan.component)
    assert component is not None
    used = {use.meter: use.amount for use in component.usage}
    memory_mib = max(SERVICE_MIB, plan.memory_mib)
    instances = used["gcp.run.instance-memory"] / (SECONDS_PER_MONTH * memory_mib * 2**20)
    vcpus = max(SERVICE_VCPUS, least_vcpus(memory_mib))
    return _sized(memory_mib, vcpus, 1, max(math.ceil(instances - 1e-6), 1))


def _function(deployment: Deployment, plan: FunctionPlan) -> dict[str, Any]:
    """`T2M_FUNCTION`."""
    shards = deployment.settings.shards if plan.package == "move" else plan.shards
    return {
        "component": plan.component,
        "edge": plan.edge,
        "local": list(plan.local),
        "receives": list(plan.receives),
        "shards": shards,
    }


def base_config(deployment: Deployment, names: SiteNames) -> dict[str, Any]:
    """What every user of the site's ports needs of `GcpConfig`."""
    return {
        "twin": deployment.spec.name,
        "project": names.project,
        "prefix": names.prefix,
        "database": names.database,
    }


def _config(deployment: Deployment, names: SiteNames, plan: FunctionPlan) -> dict[str, Any]:
    """`T2M_CONFIG`, but for the audience, which contains the project's number."""
    config = base_config(deployment, names)
    words = {word.partition(".")[0] for word in plan.grants} | {word.partition(":")[0] for word in plan.grants}
    if "hot" in words:
        config |= hot_config(deployment, names)
    if "cool" in words:
        config |= cool_config(deployment, names)
    if "archive" in words:
        config["archive_bucket"] = archive_bucket(deployment, names)
    if "commands" in words:
        config["commands"] = commands_by(deployment)
    topics = topics_of(deployment, names, plan.slot)
    if topics:
        config["topics"] = topics
    if "publish" in words:
        batching = deployment.spec.batching
        config["bundled"] = list(bundled(deployment))
        config["bundle_messages"] = batching.link_messages
        config["bundle_bytes"] = batching.link_bytes
    if plan.starts in (Starts.QUEUE, Starts.DEVICES, Starts.SCHEDULE):
        config["token_account"] = names.email(names.caller)
    if gathers(deployment, plan):
        config["gather"] = True
    if plan.starts is Starts.ALWAYS:
        config["subscription"] = intake_subscription(deployment, names)
    return config


def resources_of(deployment: Deployment, plan: FunctionPlan, names: SiteNames) -> Resources:
    """What a function's rights are about."""
    places = deployment.blueprint.places
    variants = {"consume": "push"}
    if places[Slot.HOT].offer == "gcp.bigtable":
        variants["hot"] = "bigtable"
    if places[Slot.ACQUISITION].provider is Provider.GCP:
        variants["commands"] = commands_by(deployment)
    if plan.starts is Starts.ALWAYS:
        variants["consume"] = "pull" if deployment.blueprint.by_edge["telemetry"].apart else "next-door"
    return Resources(
        prefix=names.prefix,
        database=names.database,
        bigtable=names.bigtable(deployment.generation(Slot.HOT)),
        cool=cool_bucket(deployment, names),
        archive=archive_bucket(deployment, names),
        subscription=intake_subscription(deployment, names) if plan.starts is Starts.ALWAYS else "",
        topics=topics_of(deployment, names, plan.slot),
        webhooks=webhook_secrets(deployment.spec),
        variants=variants,
    )


def hot_config(deployment: Deployment, names: SiteNames) -> dict[str, Any]:
    """The fields of `GcpConfig` that say where the hot store is."""
    if deployment.blueprint.places[Slot.HOT].offer == "gcp.bigtable":
        instance = names.bigtable(deployment.generation(Slot.HOT))
        return {"hot": "bigtable", "bigtable_instance": instance, "bigtable_table": "hot"}
    expires = last_tier_s(deployment)
    return {"hot": "firestore"} | ({} if expires is None else {"hot_expires_s": expires})


def last_tier_s(deployment: Deployment) -> float | None:
    """The age at which records end in the hot store, None where another tier takes them."""
    retention = deployment.spec.retention
    return retention.hot_s if retention.archive_s <= retention.hot_s else None


def cool_config(deployment: Deployment, names: SiteNames) -> dict[str, Any]:
    """The fields of `GcpConfig` that say where cool objects are, and in which class."""
    offer = deployment.blueprint.places[Slot.COOL].offer
    kind = "COLDLINE" if offer == "gcp.storage-coldline" else "NEARLINE"
    return {"cool_bucket": cool_bucket(deployment, names), "cool_class": kind}


def cool_bucket(deployment: Deployment, names: SiteNames) -> str:
    """The bucket of L3.cool, and of L3.archive at the same place."""
    return names.bucket("cool", deployment.generation(Slot.COOL))


def archive_bucket(deployment: Deployment, names: SiteNames) -> str:
    """The bucket in which archived objects lie."""
    if not deployment.blueprint.by_edge["to-archive"].apart:
        return cool_bucket(deployment, names)
    return names.bucket("archive", deployment.generation(Slot.ARCHIVE))


def commands_by(deployment: Deployment) -> str:
    """How commands reach devices (`GcpConfig.commands`)."""
    return "pending" if deployment.blueprint.places[Slot.ACQUISITION].offer == "gcp.run-gateway" else "topics"


def bundled(deployment: Deployment) -> tuple[str, ...]:
    """Topics whose messages are whole batches: where a link's batches arrive, and a worker's outboxes."""
    if deployment.blueprint.places[Slot.PROCESSING].offer != "gcp.run-worker":
        return ("intake",)
    return ("intake", "persist-outbox", "twin-updates-outbox", "commands-outbox")


def topics_of(deployment: Deployment, names: SiteNames, slot: Slot) -> Mapping[str, str]:
    """Topics of a moved slot, by the name that functions know them by: their ids say which generation they are of.
    Empty for a slot that was never moved, whose topics have no other names than the site's prefix gives them.
    """
    generation = deployment.generation(slot)
    if generation == 1:
        return {}
    queues = (c.name for c in deployment.blueprint.of(slot) if c.service == "Pub/Sub" and c.name != "errors")
    return {name: names.topic(name, generation) for name in (*queues, "actions")}


def intake_subscription(deployment: Deployment, names: SiteNames) -> str:
    """The subscription from which processing gets its telemetry: its own topic's, or one on the devices' topic, which
    then belongs to L1.
    """
    apart = deployment.blueprint.by_edge["telemetry"].apart
    return names.topic("intake", deployment.generation(Slot.PROCESSING if apart else Slot.ACQUISITION))
