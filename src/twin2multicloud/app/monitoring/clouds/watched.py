"""What is looked at of a twin in clouds: its functions and queues, and where its clouds put what they gave up on. Pure:
from what its stacks made and put out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from twin2multicloud.app.services.cloud_twins import CloudTwin
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.functions import Starts, functions_of
from twin2multicloud.deployer.resources import component_of
from twin2multicloud.deployer.stacks import foundation_name, slot_name
from twin2multicloud.model.slots import Provider, Slot

_SLOTS: Final = (Slot.ACQUISITION, Slot.PROCESSING)
"""Slots that have queues."""
_FUNCTIONS: Final = {
    Provider.AWS: (("aws_lambda_function", "function_name"),),
    Provider.AZURE: (("azurerm_linux_function_app", "name"), ("azurerm_function_app_flex_consumption", "name")),
    Provider.GCP: (("google_cloudfunctions2_function", "name"), ("google_cloud_run_v2_service", "name")),
}
"""Resources that are functions, and which attribute is their name at their cloud."""


class Kind(StrEnum):
    """What a queue is."""

    SQS = "SQS"
    KINESIS = "Kinesis"
    STORAGE = "Azure Storage"
    PUBSUB = "Pub/Sub"
    BLOBS = "blobs"


@dataclass(frozen=True)
class WatchedFunction:
    """A function: `name` is its component, `called` its name at its cloud. `through`: where it is told how it does, the
    id of Azure's Application Insights, or a project of Google Cloud.
    """

    site: Site
    slot: Slot
    name: str
    called: str
    through: str = ""


@dataclass(frozen=True)
class WatchedQueue:
    """A queue, or what its cloud put aside. `address`: a URL, a stream's name, a subscription's id; of blobs their
    container's URL.
    """

    site: Site
    name: str
    kind: Kind
    address: str
    slot: Slot | None = None

    @property
    def called(self) -> str:
        """Its name at its cloud."""
        return self.address.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Watched:
    """All of it. `aside`: where clouds put what they gave up on."""

    functions: tuple[WatchedFunction, ...]
    queues: tuple[WatchedQueue, ...]
    aside: tuple[WatchedQueue, ...]

    def at(self, site: Site) -> Watched:
        """What is at a site."""
        here = (tuple(each for each in some if each.site == site) for some in (self.queues, self.aside))
        return Watched(tuple(each for each in self.functions if each.site == site), *here)


def watched(twin: CloudTwin) -> Watched:
    """What there is to look at."""
    return Watched(tuple(_functions(twin)), tuple(_queues(twin)), tuple(_aside(twin)))


def _functions(twin: CloudTwin) -> Iterator[WatchedFunction]:
    deployment, project = twin.deployment, twin.deployment.settings.accounts.gcp_project
    for slot in deployment.blueprint.places:
        site = deployment.site(slot)
        plans = functions_of(deployment.blueprint, deployment.spec, slot)
        # What pulls is no request to anybody, so that nothing counts how often it fails.
        names = {plan.component for plan in plans if plan.starts is not Starts.ALWAYS}
        here = twin.world.at(slot_name(slot, deployment.generation(slot)))
        insights = twin.world.at(foundation_name(site)).one("azurerm_application_insights")
        for kind, attribute in _FUNCTIONS[site.provider]:
            for resource in here.of(kind):
                component = component_of(resource.address, names)
                if component and resource.text(attribute):
                    through = project if insights is None else insights.text("id")
                    yield WatchedFunction(site, slot, component, resource.text(attribute), through)


def _queues(twin: CloudTwin) -> Iterator[WatchedQueue]:
    for slot in _SLOTS:
        site, stack = twin.deployment.site(slot), slot_name(slot, twin.deployment.generation(slot))
        found = (twin.outputs.get(stack) or {}).get("queues") or {}
        for name, told in found.items():
            if site.provider is Provider.GCP:
                yield WatchedQueue(site, name, Kind.PUBSUB, str(told), slot)
            elif "url" in told:
                yield WatchedQueue(site, name, Kind.SQS, str(told["url"]), slot)
            elif "stream" in told:
                yield WatchedQueue(site, name, Kind.KINESIS, str(told["stream"]), slot)
        if site.provider is Provider.AZURE:
            for queue in twin.world.at(stack).of("azurerm_storage_queue"):
                account = queue.text("storage_account_id").rpartition("/")[2]
                address = f"https://{account}.queue.core.windows.net/{queue.text('name')}"
                yield WatchedQueue(site, queue.text("name"), Kind.STORAGE, address, slot)


def _aside(twin: CloudTwin) -> Iterator[WatchedQueue]:
    for site in twin.deployment.sites:
        told = twin.outputs.get(foundation_name(site)) or {}
        if site.provider is Provider.GCP and told.get("undelivered_queue"):
            yield WatchedQueue(site, "undelivered", Kind.PUBSUB, str(told["undelivered_queue"]))
        elif site.provider is Provider.AWS:
            queues = {"errors": told.get("errors_queue") or {}}
            for slot in _SLOTS:
                if twin.deployment.site(slot) == site:
                    stack = slot_name(slot, twin.deployment.generation(slot))
                    queues |= (twin.outputs.get(stack) or {}).get("queues") or {}
            for name, queue in queues.items():
                if queue.get("undelivered_url"):
                    yield WatchedQueue(site, name, Kind.SQS, str(queue["undelivered_url"]))
        elif site.provider is Provider.AZURE:
            for delivery in twin.world.at(foundation_name(site)).of("azurerm_eventgrid_event_subscription"):
                target = delivery.block("storage_blob_dead_letter_destination")
                account = str(target.get("storage_account_id") or "").rpartition("/")[2]
                container = str(target.get("storage_blob_container_name") or "")
                if account and container:
                    address = f"https://{account}.blob.core.windows.net/{container}"
                    yield WatchedQueue(site, delivery.text("name"), Kind.BLOBS, address)
                    break  # they share one container
