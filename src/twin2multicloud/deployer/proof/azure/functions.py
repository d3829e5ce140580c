"""Function apps: what they are told, what they are for, which package they run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan
from twin2multicloud.deployer.proof.azure.ids import APPS, COSMOS, Ids, host_account, settings_of, where
from twin2multicloud.deployer.proof.environments import readable
from twin2multicloud.deployer.proof.view import FunctionView, Reference
from twin2multicloud.deployer.proof.world import Resource
from twin2multicloud.deployer.resources import component_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.azure.build import PLACE, AzureConfig
from twin2multicloud.runtime.adapters.azure.build import VARIABLE as CONFIG
from twin2multicloud.runtime.entry.azure import HUB, STORAGE, AzureFunction, read_functions
from twin2multicloud.runtime.entry.azure import VARIABLE as FUNCTIONS
from twin2multicloud.runtime.entry.roles import FunctionConfig
from twin2multicloud.runtime.settings import read_setting

_HOST_SETTINGS: Final = re.compile(
    rf"{STORAGE}__(accountName|credential|clientId)|{HUB}(_NAME|_GROUP|__.*)?|AZURE_CLIENT_ID|T2M_PACKAGE|FUNCTIONS_.*"
    r"|WEBSITE_.*|APPLICATIONINSIGHTS_.*|APPINSIGHTS_.*|SCM_.*|ENABLE_.*|PYTHON_.*"
)
"""What the Functions host, its SDKs and its log read."""
_HASH: Final = re.compile(r"[0-9a-f]{64}|(?<=-)[0-9a-f]{16}(?=$|/)")
"""A package's hash in the name of its blob, or its beginning in that of its container."""
_CONTENTS: Final = ("cool", "archive")
_STATES: Final = {"dead-letters": "dead-letters", "rule-states": "rules", "nonces": "nonces"}


@dataclass(frozen=True)
class AppFunction:
    """A function of an app: the resource, what `T2M_FUNCTIONS` says of it, and its view."""

    app: Resource
    function: AzureFunction | None
    view: FunctionView


def functions(
    deployment: Deployment, ids: Ids, plans: Mapping[tuple[str, str], FunctionPlan]
) -> tuple[AppFunction, ...]:
    """The functions of all apps. An app whose settings cannot be read counts as one that is broken."""
    return tuple(each for app in ids.world.of(*APPS) for each in _of_app(deployment, ids, plans, app))


def _of_app(
    deployment: Deployment, ids: Ids, plans: Mapping[tuple[str, str], FunctionPlan], app: Resource
) -> Iterator[AppFunction]:
    environment = settings_of(app)
    broken: list[str] = []
    told = readable(lambda: read_functions(environment), broken) or []
    config = readable(lambda: read_setting(environment, CONFIG, AzureConfig, PLACE), broken)
    if config is not None and config.twin != deployment.spec.name:
        broken.append(f"T2M_CONFIG: 'twin' is {config.twin}; this is {deployment.spec.name}")
    by_address = component_of(app.address, {component for _, component in plans})
    for function in told or (None,):
        component = by_address if len(told) <= 1 and by_address else "" if function is None else function.component
        plan = plans.get((app.stack, component))
        wrong = [*broken, *_wrong(ids, app, plan, function)]
        yield AppFunction(app, function, _view(deployment, ids, app, component, plan, function, config, wrong))


def _view(
    deployment: Deployment,
    ids: Ids,
    app: Resource,
    component: str,
    plan: FunctionPlan | None,
    function: AzureFunction | None,
    config: AzureConfig | None,
    broken: list[str],
) -> FunctionView:
    environment = settings_of(app)
    fields = frozenset(_fields(config)) if config is not None else frozenset[str]()
    package = _package(ids, app)
    return FunctionView(
        where=app.where,
        name=app.text("name"),
        component=component,
        identity=_identity(app),
        told=None if function is None else _plain(function),
        broken=tuple(broken),
        fields=fields,
        needed=frozenset(_needed(deployment, plan)) if plan is not None else fields,
        references=tuple(_references(ids, app, plan, config)) if config is not None else (),
        others=tuple(
            sorted(
                name for name in environment if name not in (CONFIG, FUNCTIONS) and not _HOST_SETTINGS.fullmatch(name)
            )
        ),
        package=package,
        memory_mib=app.number("instance_memory_in_mb"),
        url=f"https://{app.text('default_hostname')}" if app.text("default_hostname") else "",
        public=bool(function is not None and function.role in ("receive", "read")),
    )


def _plain(function: AzureFunction) -> FunctionConfig:
    """What every cloud's functions are told."""
    return FunctionConfig(*(getattr(function, name) for name in FunctionConfig.__struct_fields__))


def _identity(app: Resource) -> str:
    """The id of the identity that the app's code signs in with: the one of `AZURE_CLIENT_ID`, if it has several."""
    ids = list(app.at("identity", "identity_ids") or ())
    return str(ids[0]) if len(ids) == 1 else ""


def _wrong(ids: Ids, app: Resource, plan: FunctionPlan | None, function: AzureFunction | None) -> Iterator[str]:
    """What does not fit together in an app's own settings."""
    environment = settings_of(app)
    identity = ids.by_id(_identity(app))
    client = environment.get("AZURE_CLIENT_ID", "")
    if identity is not None and client != identity.text("client_id"):
        yield f"AZURE_CLIENT_ID is {client or 'not set'}; its identity is {identity.text('client_id')}"
    host = environment.get(f"{STORAGE}__clientId", "")
    if identity is not None and host != identity.text("client_id"):
        yield f"{STORAGE}__clientId is {host or 'not set'}; its identity is {identity.text('client_id')}"
    if STORAGE in environment or any(name.startswith("AccountKey") for name in environment.values()):
        yield f"{STORAGE} is a connection string, which holds a key; identities need none"
    if function is not None and plan is not None and function.role != plan.package:
        yield f"{FUNCTIONS}: {plan.component} has the role {function.role}; {plan.package} was planned"


def _package(ids: Ids, app: Resource) -> str:
    """The hash in the name of what the app runs, if that exists."""
    runs = settings_of(app).get("WEBSITE_RUN_FROM_PACKAGE", "")
    if runs:
        for blob in ids.world.of("azurerm_storage_blob"):
            if blob.text("name") and runs.endswith(f"/{blob.text('name')}"):
                found = _HASH.search(blob.text("name"))
                return found[0] if found else ""
        return ""
    container = app.text("storage_container_endpoint").rpartition("/")[2]
    there = any(each.text("name") == container for each in ids.world.of("azurerm_storage_container"))
    found = _HASH.search(container) if there else None
    return found[0] if found else ""


def _fields(config: AzureConfig) -> Iterator[str]:
    """The fields that are set, topics one by one; those that only choose a way are left to `_choices`."""
    for name in AzureConfig.__struct_fields__:
        if name == "topics":
            yield from (f"topics.{topic}" for topic in config.topics)
        elif name not in _CHOICES and getattr(config, name) not in ("", None):
            yield name


_CHOICES: Final = frozenset({"cosmos_database", "graph", "cool_tier", "most_events"})
"""Fields with a default that say how, not where; whether they are right is asked where it matters."""


def _needed(deployment: Deployment, plan: FunctionPlan) -> Iterator[str]:
    """The fields that a function's ports ask for (`adapters.azure.build`), by its grants."""
    yield "twin"
    twins = deployment.blueprint.places[Slot.MANAGEMENT].offer == "azure.digital-twins"
    for word in plan.grants:
        verb, _, thing = word.partition(":")
        if word == "publish:alerts" or word == "errors":
            yield f"topics.{thing or word}"
        elif verb in ("publish", "consume"):
            # Beside the hub's endpoint a queue replays dead letters; both need large events.
            yield from ("queue_url", "blob_url")
        elif verb == "secret":
            yield "vault_url"
        elif word in _STATES:
            yield "cosmos_url"
        elif word.startswith("hot."):
            yield "hot_url"
        elif word.startswith("graph."):
            yield "digital_twins_url" if twins else "graph_url"
        elif word.partition(".")[0] in _CONTENTS:
            yield "blob_url"
        elif word == "commands":
            yield "hub_host"


def _references(ids: Ids, app: Resource, plan: FunctionPlan | None, config: AzureConfig) -> Iterator[Reference]:
    """What addresses in the configuration stand for."""
    grants = plan.grants if plan is not None else ()
    states = ids.account(config.cosmos_url, COSMOS)
    if config.cosmos_url:
        yield Reference("cosmos_url", config.cosmos_url, where(states))
    for word, name in _STATES.items():
        if word in grants and states is not None:
            yield Reference(f"cosmos_url/{name}", name, where(ids.store(states, name)))
    for field, container in (("hot_url", "hot"), ("graph_url", "graph")):
        if url := getattr(config, field, ""):
            yield Reference(field, url, where(ids.store(ids.account(url, COSMOS), container)))
    for topic, endpoint in config.topics.items():
        yield Reference(f"topics.{topic}", endpoint, where(ids.topic(endpoint)))
    if config.queue_url:
        account = ids.account(config.queue_url)
        yield Reference("queue_url", config.queue_url, where(account))
        for word in grants:
            verb, _, name = word.partition(":")
            if verb == "publish" and name != "alerts" and account is not None:
                yield Reference(f"topics.{name}", name, where(ids.queue(account, name)))
    if config.blob_url:
        account = ids.account(config.blob_url)
        yield Reference("blob_url", config.blob_url, where(account))
        for tier in _CONTENTS:
            if account is not None and any(word.startswith(f"{tier}.") for word in grants):
                yield Reference(tier, tier, where(ids.blobs(account, tier)))
        if account is not None and config.queue_url:
            yield Reference("overflow", "overflow", where(ids.blobs(account, "overflow")))
    if config.hub_host:
        yield Reference("hub_host", config.hub_host, where(ids.hub(config.hub_host)))
    if config.vault_url:
        yield Reference("vault_url", config.vault_url, where(ids.vault(config.vault_url)))
    if config.digital_twins_url:
        yield Reference("digital_twins_url", config.digital_twins_url, where(ids.twins(config.digital_twins_url)))
    if host_account(app):
        account = ids.world.one("azurerm_storage_account", name=host_account(app))
        yield Reference(STORAGE, host_account(app), where(account))
