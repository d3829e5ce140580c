"""One site of Azure as the rules see it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.clouds.azure.dependencies import DIGEST
from twin2multicloud.deployer.clouds.azure.names import SiteNames
from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.proof.azure.flows import pulls, queues, routes, scope, triggers
from twin2multicloud.deployer.proof.azure.functions import AppFunction, functions
from twin2multicloud.deployer.proof.azure.ids import Ids, same, settings_of
from twin2multicloud.deployer.proof.azure.roles import function_needs, identities, right, strangers
from twin2multicloud.deployer.proof.azure.settings import settings
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.view import Ages, Identity, Log, Planned, Right, View
from twin2multicloud.deployer.proof.world import Resource, World
from twin2multicloud.runtime.adapters.azure.names import secret_name

_USER: Final = "Key Vault Secrets User"
_CONTRIBUTOR: Final = "Storage Blob Data Contributor"
_SENDER: Final = "Storage Queue Data Message Sender"
_FLEX: Final = "azurerm_function_app_flex_consumption"
_CODE: Final = ("azurerm_container_app", "azurerm_dashboard_grafana")
_FOREIGN: Final = (
    "azurerm_windows_function_app",
    "azurerm_linux_web_app",
    "azurerm_linux_virtual_machine",
    "azurerm_logic_app_workflow",
    "azurerm_container_group",
    "azurerm_container_app_job",
    "azurerm_stream_analytics_job",
)
"""What else runs code on Azure, and none of our modules makes."""


def look(deployment: Deployment, site: Site, world: World, planned: tuple[Planned, ...]) -> View:
    """See `view.Look`."""
    ids, names = Ids(world), SiteNames(deployment, site)
    found = functions(deployment, ids, {(each.stack, each.plan.component): each.plan for each in planned})
    return View(
        functions=tuple(each.view for each in found),
        code=dict(_code(world)),
        triggers=tuple(triggers(ids, found)),
        routes=tuple(routes(ids)),
        queues=tuple(queues(ids, found)),
        identities=tuple(_identities(deployment, ids, names, found, planned)),
        logs=tuple(_logs(ids, found)),
        ages=tuple(_ages(ids, found)),
        secrets=frozenset(_secrets(world)),
        stored_as=secret_name,
        packaged_as=_version,
        pulls=tuple(pulls(ids)),
        findings=(*settings(ids), *strangers(ids)),
    )


def _identities(
    deployment: Deployment, ids: Ids, names: SiteNames, found: tuple[AppFunction, ...], planned: tuple[Planned, ...]
) -> Iterator[Identity]:
    plans = {(each.stack, each.plan.component): each.plan for each in planned}
    needs: dict[str, set[Right]] = {}
    systems: dict[str, tuple[Where, frozenset[Right]]] = {}
    for each in found:
        plan = plans.get((each.app.stack, each.view.component))
        wanted = needs.setdefault(each.view.identity, set())
        if plan is not None:
            wanted |= function_needs(deployment, plan, names.group_id)
        if each.app.type == _FLEX:
            wanted |= _package(ids, each.app)
        own = str(each.app.at("identity", "principal_id") or "")
        if "SystemAssigned" in str(each.app.at("identity", "type") or ""):
            # The plan resolves references to the vault as the app itself.
            hub = {item for item in wanted if item.action == _USER and item.resource.endswith("/secrets/hub")}
            systems[own] = (each.app.where, frozenset(hub))
    for topic in ids.world.of("azurerm_eventgrid_event_subscription"):
        for block, target, role in (
            ("delivery_identity", _queue_of(ids, topic), _SENDER),
            ("dead_letter_identity", _container_of(ids, topic), _CONTRIBUTOR),
        ):
            if target is not None:
                identity = str(topic.block(block).get("user_assigned_identity") or "")
                needs.setdefault(identity, set()).add(right(role, scope(target)))
    for app in ids.world.of("azurerm_container_app"):
        for identity in app.at("identity", "identity_ids") or ():
            needs.setdefault(str(identity), set()).update(_shown_secrets(ids, app))
    yield from identities(ids, {id: frozenset(wanted) for id, wanted in needs.items()}, systems)


def _package(ids: Ids, app: Resource) -> set[Right]:
    """A Flex Consumption app writes into the container of its own package, too."""
    name = app.text("storage_container_endpoint").rpartition("/")[2]
    found = ids.world.one("azurerm_storage_container", name=name)
    return set() if found is None else {right(_CONTRIBUTOR, found.text("id"))}


def _queue_of(ids: Ids, subscription: Resource) -> Resource | None:
    target = subscription.block("storage_queue_endpoint")
    return ids.queue(ids.by_id(str(target.get("storage_account_id") or "")), str(target.get("queue_name") or ""))


def _container_of(ids: Ids, subscription: Resource) -> Resource | None:
    target = subscription.block("storage_blob_dead_letter_destination")
    account = ids.by_id(str(target.get("storage_account_id") or ""))
    return ids.blobs(account, str(target.get("storage_blob_container_name") or ""))


def _shown_secrets(ids: Ids, app: Resource) -> Iterator[Right]:
    """The secrets that a container is shown."""
    for secret in app.blocks("secret"):
        url = str(secret.get("key_vault_secret_id") or "")
        address, _, name = url.partition("secrets/")
        vault = ids.vault(address)
        if vault is not None:
            yield right(_USER, f"{vault.text('id')}/secrets/{name.strip('/').partition('/')[0]}")


def _code(world: World) -> Iterator[tuple[Where, str]]:
    for resource in world.of(*_CODE):
        yield resource.where, resource.address.rpartition(".")[2]
    for resource in world.of(*_FOREIGN):
        yield resource.where, ""


def _logs(ids: Ids, found: tuple[AppFunction, ...]) -> Iterator[Log]:
    """Each app writes through Application Insights into a workspace; the shorter retention of both counts."""
    for each in found:
        says = str(each.app.at("site_config", "application_insights_connection_string") or "")
        says = says or settings_of(each.app).get("APPLICATIONINSIGHTS_CONNECTION_STRING", "")
        for insights in ids.world.of("azurerm_application_insights"):
            workspace = ids.by_id(insights.text("workspace_id"))
            if says == insights.text("connection_string") and workspace is not None:
                yield Log(workspace.where, each.view.where, workspace.number("retention_in_days"))


def _ages(ids: Ids, found: tuple[AppFunction, ...]) -> Iterator[Ages]:
    for tier in ("cool", "archive"):
        targets = {each.target for view in found for each in view.view.references if each.field == tier}
        for container in ids.world.of("azurerm_storage_container"):
            if container.where not in targets:
                continue
            for policy in ids.world.of("azurerm_storage_management_policy"):
                if same(policy.text("storage_account_id"), container.text("storage_account_id")):
                    yield _age(policy, tier, container.text("name"))


def _age(policy: Resource, tier: str, container: str) -> Ages:
    archived: list[float] = []
    deleted: list[float] = []
    for rule in policy.blocks("rule"):
        view = Resource(policy.stack, policy.address, policy.type, rule)
        prefixes = view.at("filters", "prefix_match") or [""]
        if not view.flag("enabled") or not any(f"{container}/".startswith(str(prefix)) for prefix in prefixes):
            continue
        for name, days in (
            ("tier_to_archive_after_days_since_creation_greater_than", archived),
            ("delete_after_days_since_creation_greater_than", deleted),
        ):
            value = view.at("actions", "base_blob", name)
            if isinstance(value, int | float) and value >= 0:
                days.append(float(value))
    return Ages(policy.where, tier, min(archived, default=None), min(deleted, default=None))


def _version(package: str) -> str:
    """What blobs are called by: a package goes to Azure together with its dependencies."""
    return hashlib.sha256(f"{package} {DIGEST}".encode()).hexdigest()


def _secrets(world: World) -> Iterator[str]:
    for secret in world.of("azurerm_key_vault_secret"):
        yield secret.text("name")
