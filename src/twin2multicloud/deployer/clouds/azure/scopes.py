"""Where each right holds: the patterns of `grants` filled in with the names of one deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from twin2multicloud.deployer.clouds.azure.grants import HOST_RIGHTS, Right, rights_of
from twin2multicloud.deployer.clouds.azure.names import DATABASE, PACKAGES, SiteNames, SlotNames, cosmos_role_id
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts, webhook_secrets
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.azure.names import secret_name

HUB_READER: Final = "hub"
"""The secret with the connection string of the hub's Event Hubs-compatible endpoint, which takes keys only."""
WEBHOOKS: Final = "{secret:*webhooks}"


@dataclass(frozen=True)
class Assignment:
    """A role of Azure's on a resource. `guest` is one whose resource is built after the function: the stack of the
    resource assigns it.
    """

    scope: str
    role: str
    guest: bool = False


@dataclass(frozen=True)
class StoreAssignment:
    """A role of a Cosmos DB account, on one of its containers."""

    account: str
    scope: str
    role_id: str


@dataclass(frozen=True)
class Rights:
    """All rights of a function's identity, by the word that each serves; what two words share stands once."""

    roles: Mapping[str, Assignment]
    stores: Mapping[str, StoreAssignment]


def words_of(plan: FunctionPlan) -> tuple[str, ...]:
    """A function's grants, and the queue by which dead letters of a hub's reader are replayed."""
    queue = replay_queue(plan)
    return (*plan.grants, f"consume:{queue}") if queue else plan.grants


def replay_queue(plan: FunctionPlan) -> str:
    """The queue beside the hub's endpoint, "" for functions that the hub does not feed."""
    if plan.starts is not Starts.DEVICES:
        return ""
    return f"{plan.edge}-outbox" if plan.edge else "intake"


def queues_of(plan: FunctionPlan) -> tuple[str, ...]:
    """The queues of the own slot that a function reads or fills."""
    words = (word.partition(":") for word in words_of(plan))
    return tuple(
        name for verb, _, name in words if verb in ("publish", "consume") and name not in ("alerts", "devices")
    )


def rights(deployment: Deployment, plan: FunctionPlan) -> Rights:
    """The rights of a function's identity: those of its grants' words, and its host's."""
    offer = deployment.blueprint.places[Slot.MANAGEMENT].offer
    wanted = [(word, right) for word in words_of(plan) for right in rights_of(word, offer)]
    wanted += [("host", right) for right in HOST_RIGHTS]
    roles: dict[str, Assignment] = {}
    stores: dict[str, StoreAssignment] = {}
    for word, right in wanted:
        for number, scope in enumerate(_scopes(deployment, plan.slot, right)):
            key = f"{word} {right.role}" + (f" {number + 1}" if number else "")
            if right.store:
                account, _, container = scope.partition("/dbs/")
                name = account.rpartition("/")[2]
                stores[word] = StoreAssignment(name, f"/dbs/{container}", cosmos_role_id(name, right.store))
                continue
            found = Assignment(scope, right.role, guest=_later(plan.slot, right))
            if found not in roles.values():
                roles[key] = found
    return Rights(roles, stores)


def _later(slot: Slot, right: Right) -> bool:
    """Whether the resource belongs to a stack that is applied after the function's: the hub, for processing."""
    return right.scope == "{hub}" and slot is not Slot.ACQUISITION


def _scopes(deployment: Deployment, slot: Slot, right: Right) -> Iterator[str]:
    own = SlotNames(deployment, slot)
    site = own.site
    if right.scope == WEBHOOKS:
        for name in webhook_secrets(deployment.spec):
            yield _secret(site, name)
        return
    kind, _, name = right.scope.strip("{}").partition(":")
    if kind == "secret":
        yield _secret(site, name)
    elif kind == "queue":
        yield site.id("Microsoft.Storage/storageAccounts/queueServices/queues", own.host, "default", name)
    elif kind == "topic":
        yield site.id("Microsoft.EventGrid/topics", site.topic(name))
    else:
        place, slash, path = right.scope.partition("/")
        yield _resource(deployment, own, place.strip("{}")) + slash + path.replace("{database}", DATABASE)


def _secret(site: SiteNames, name: str) -> str:
    return site.id("Microsoft.KeyVault/vaults/secrets", site.vault, secret_name(name))


def _resource(deployment: Deployment, own: SlotNames, place: str) -> str:
    site = own.site
    accounts = "Microsoft.DocumentDB/databaseAccounts"
    containers = "Microsoft.Storage/storageAccounts/blobServices/containers"
    if place == "states":
        return site.id(accounts, site.states)
    if place == "insights":
        return site.id("Microsoft.Insights/components", site.insights)
    if place == "packages":
        return site.id(containers, site.code, "default", PACKAGES)
    if place == "host":
        return site.id("Microsoft.Storage/storageAccounts", own.host)
    slot = _SLOTS[place]
    other = SlotNames(deployment, slot)
    if place == "hot":
        return other.site.id(accounts, other.cosmos)
    if place in ("cool", "archive"):
        return other.site.id(containers, other.blobs, "default", place)
    if place == "hub":
        return other.site.id("Microsoft.Devices/iotHubs", other.hub)
    if deployment.blueprint.places[slot].offer == "azure.own-graph":
        return other.site.id(accounts, other.cosmos)
    return other.site.id("Microsoft.DigitalTwins/digitalTwinsInstances", other.twins)


_SLOTS: Final = {
    "hot": Slot.HOT,
    "cool": Slot.COOL,
    "archive": Slot.ARCHIVE,
    "hub": Slot.ACQUISITION,
    "graph": Slot.MANAGEMENT,
}
