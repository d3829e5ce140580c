"""What starts functions on Azure, and the queues, hub and topics between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.functions import Starts
from twin2multicloud.deployer.proof.azure.functions import AppFunction
from twin2multicloud.deployer.proof.azure.ids import QUEUE, STORAGE, Ids, host_account, same, settings_of, where
from twin2multicloud.deployer.proof.azure.roles import granted
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.schedules import runs_per_day
from twin2multicloud.deployer.proof.view import Pull, Queue, Route, Trigger
from twin2multicloud.deployer.proof.world import Resource
from twin2multicloud.runtime.entry.azure import HUB

_DEAD_LETTERS: Final = "cosmos_url/dead-letters"
_SEND: Final = "Storage Queue Data Message Sender"
_SECRET: Final = re.compile(r"@Microsoft\.KeyVault\(SecretUri=(?P<vault>https://[^/]+/)secrets/(?P<name>[^/)]+)/?.*\)")
_EVENTS: Final = "events"


def triggers(ids: Ids, functions: tuple[AppFunction, ...]) -> Iterator[Trigger]:
    """The triggers that each function's own settings declare; the host makes them at start."""
    for each in functions:
        function, app = each.function, each.app
        if function is None:
            continue
        on = app.attributes.get("enabled") is not False
        if function.hub:
            yield _hub(ids, app, on)
        if function.queue:
            account = ids.world.one(STORAGE, name=host_account(app))
            source = where(ids.queue(account, function.queue))
            # Beside the hub's endpoint, a queue replays dead letters: devices start it either way.
            kind = Starts.DEVICES if function.hub else Starts.QUEUE
            if not function.hub or source is None:
                yield Trigger(app.where, kind, function.queue, app.where, source, on)
        if function.role == "move":
            yield Trigger(
                app.where,
                Starts.SCHEDULE,
                function.schedule,
                app.where,
                None,
                on,
                runs_per_day=per_day(function.schedule),
            )


def _hub(ids: Ids, app: Resource, on: bool) -> Trigger:
    """The Event Hub trigger: on a hub that exists, with a consumer group of its own, and a connection that it has."""
    settings = settings_of(app)
    name, group = settings.get(f"{HUB}_NAME", ""), settings.get(f"{HUB}_GROUP", "")
    hub = ids.hub(name)
    lacks = ""
    if (
        hub is not None
        and ids.world.one("azurerm_iothub_consumer_group", name=group, iothub_name=hub.text("name")) is None
    ):
        lacks = f"read as the consumer group {group or 'that is not set'}, which the hub does not have"
    elif not settings.get(HUB) and not settings.get(f"{HUB}__fullyQualifiedNamespace"):
        lacks = f"connect: {HUB} is not set"
    elif settings.get(HUB) and not _connects(ids, settings[HUB]):
        lacks = f"connect: {HUB} refers to no secret of this deployment"
    return Trigger(app.where, Starts.DEVICES, name, app.where, where(hub), on, lacks)


def _connects(ids: Ids, setting: str) -> bool:
    found = _SECRET.fullmatch(setting)
    vault = ids.vault(found["vault"]) if found else None
    return (
        found is not None
        and vault is not None
        and any(
            secret.text("name") == found["name"] and same(secret.text("key_vault_id"), vault.text("id"))
            for secret in ids.world.of("azurerm_key_vault_secret")
        )
    )


def per_day(schedule: str) -> float | None:
    """How often an NCRONTAB of ours (a step of minutes or hours) comes in a day; None for another."""
    fields = schedule.split()
    if len(fields) != 6 or fields[0] != "0" or fields[3:] != ["*", "*", "*"]:
        return None
    return runs_per_day(fields[1], fields[2])


def routes(ids: Ids) -> Iterator[Route]:
    """What hubs take: everything that devices send reaches the built-in endpoint, unless a route takes it away."""
    for hub in ids.world.of("azurerm_iothub"):
        fallback = hub.block("fallback_route")
        goes = list(fallback.get("endpoint_names") or ()) == [_EVENTS] and fallback.get("enabled") is True
        for carries in ("telemetry", "results", "state"):
            lacks = "" if goes or not fallback else "reach the hub's own endpoint: its fallback route leads elsewhere"
            yield Route(hub.where, carries, hub.where, hub.text("name"), lacks)


def queues(ids: Ids, functions: tuple[AppFunction, ...]) -> Iterator[Queue]:
    """Queues, whose ends are dead-letter stores of the functions that they start, and topics' deliveries."""
    consumers: dict[Where, AppFunction] = {}
    for each in functions:
        if each.function is not None and each.function.queue:
            found = ids.queue(ids.world.one(STORAGE, name=host_account(each.app)), each.function.queue)
            if found is not None:
                consumers[found.where] = each
    for queue in ids.world.of(QUEUE):
        consumer = consumers.get(queue.where)
        if consumer is not None and not consumer.view.broken:
            ends = (each.target for each in consumer.view.references if each.field == _DEAD_LETTERS)
            yield Queue(queue.where, queue.text("name"), next(ends, None))
    for delivery in ids.world.of("azurerm_eventgrid_event_subscription"):
        target = delivery.block("storage_blob_dead_letter_destination")
        account = ids.by_id(str(target.get("storage_account_id") or ""))
        container = ids.blobs(account, str(target.get("storage_blob_container_name") or ""))
        lacks = "" if _may(ids, delivery, "dead_letter_identity", container) else "its identity may not write there"
        yield Queue(delivery.where, delivery.text("name"), where(container), lacks=lacks)


def pulls(ids: Ids) -> Iterator[Pull]:
    """Deliveries of topics into queues."""
    for each in ids.world.of("azurerm_eventgrid_event_subscription"):
        topic = ids.by_id(each.text("scope"))
        target = each.block("storage_queue_endpoint")
        account = ids.by_id(str(target.get("storage_account_id") or ""))
        queue = ids.queue(account, str(target.get("queue_name") or ""))
        lacks = "" if queue is None or _may(ids, each, "delivery_identity", queue) else f"send to {queue.text('name')}"
        yield Pull(each.where, where(topic), where(queue), lacks)


def _may(ids: Ids, subscription: Resource, block: str, target: Resource | None) -> bool:
    """Whether the identity of a delivery has a role on its target."""
    identity = ids.by_id(str(subscription.block(block).get("user_assigned_identity") or ""))
    if identity is None or target is None:
        return False
    rights = granted(ids, identity.text("principal_id"))
    return any(_within(scope(target), right.resource) for right in rights)


def scope(resource: Resource) -> str:
    """The id by which roles name a queue or container: below its account's service."""
    id = resource.text("id")
    if resource.type == QUEUE:
        account = resource.text("storage_account_id")
        return f"{account}/queueServices/default/queues/{resource.text('name')}".lower()
    return id.lower()


def _within(target: str, granted_on: str) -> bool:
    return target == granted_on or target.startswith(f"{granted_on}/")
