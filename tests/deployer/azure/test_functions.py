"""What function apps are told: the runtime reads it, and the Functions host finds functions in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.deployer.azure.bench import (
    BASIC,
    FAR,
    MANAGED,
    SERVERLESS,
    SITUATIONS,
    deployed,
    offline,
    situation,
    slots,
    stack,
    stacks_at_azure,
)
from twin2multicloud.deployer.clouds.azure.dependencies import DIGEST
from twin2multicloud.deployer.clouds.azure.foundation import secrets
from twin2multicloud.deployer.clouds.azure.schedules import ncrontab
from twin2multicloud.deployer.clouds.azure.scopes import queues_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of
from twin2multicloud.deployer.hosts import roles_of
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.adapters.azure.build import AzureConfig
from twin2multicloud.runtime.entry.azure import AzureFunction, make_app, read_functions


def plans(deployment: Deployment, slot: Slot) -> dict[str, FunctionPlan]:
    return {plan.component: plan for plan in functions_of(deployment.blueprint, deployment.spec, slot)}


def told(deployment: Deployment, slot: Slot) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = stack(deployment, slot).arguments.get("functions", {})
    return found


def triggers(deployment: Deployment, slot: Slot, component: str) -> list[dict[str, Any]]:
    """The triggers of an app, as its host reads them."""
    app = make_app(told(deployment, slot)[component]["settings"], Path())
    found = [made.get_trigger() for made in app.get_functions()]
    return [trigger.get_dict_repr() for trigger in found if trigger is not None]


def function(deployment: Deployment, slot: Slot, component: str) -> AzureFunction:
    (read,) = read_functions(told(deployment, slot)[component]["settings"])
    return read


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_runtime_reads_what_apps_are_told(name: str) -> None:
    deployment = situation(name)
    for slot in slots(deployment):
        if slot is Slot.VISUALIZATION:
            continue
        assert told(deployment, slot).keys() == plans(deployment, slot).keys()
        for component, plan in plans(deployment, slot).items():
            arguments = told(deployment, slot)[component]
            assert arguments["package"] == plan.package
            assert plan.package in roles_of(Provider.AZURE)
            read = function(deployment, slot, component)
            assert (read.component, read.role) == (component, plan.package)
            assert (read.edge, read.local, read.receives) == (plan.edge, plan.local, plan.receives)
            assert msgspec.convert(arguments["config"], AzureConfig).twin == deployment.spec.name


@pytest.mark.parametrize("name", ["serverless, near", "serverless, far", "managed, near"])
def test_the_functions_host_finds_functions(name: str) -> None:
    """The library that describes an app to its host takes every app, and each trigger is what starts it."""
    started_by = {
        Starts.QUEUE: {"queueTrigger"},
        Starts.DEVICES: {"queueTrigger", "eventHubTrigger"},
        Starts.HTTP: {"httpTrigger"},
        Starts.SCHEDULE: {"timerTrigger"},
    }
    deployment = situation(name)
    for slot in slots(deployment):
        for component, plan in plans(deployment, slot).items():
            found = {trigger["type"] for trigger in triggers(deployment, slot, component)}
            assert found == started_by[plan.starts], component


def test_a_reader_answers_links_and_queries() -> None:
    deployment = deployed(SERVERLESS)
    routes = {trigger["route"] for trigger in triggers(deployment, Slot.HOT, "history")}
    assert routes == {"links/history", "query/history"}


def test_the_reader_of_a_hub_is_told_its_endpoint_by_reference() -> None:
    deployment = deployed(SERVERLESS)
    settings = told(deployment, Slot.PROCESSING)["process"]["settings"]
    assert settings["T2M_HUB"] == (
        "@Microsoft.KeyVault(SecretUri=https://smarthomek3x9fwesteurope.vault.azure.net/secrets/hub/)"
    )
    assert settings["T2M_HUB_GROUP"] == "process"
    assert stack(deployment, Slot.ACQUISITION).arguments["readers"] == ["process"]
    assert function(deployment, Slot.PROCESSING, "process").queue == "intake"  # for letters that are replayed


def test_telemetry_for_elsewhere_is_read_from_the_hub_by_its_sender() -> None:
    deployment = deployed(SERVERLESS, FAR)
    sender = function(deployment, Slot.ACQUISITION, "telemetry-sender")
    assert (sender.hub, sender.edge, sender.queue) == (True, "telemetry", "telemetry-outbox")
    assert stack(deployment, Slot.ACQUISITION).arguments["readers"] == ["telemetry-sender"]
    process = function(deployment, Slot.PROCESSING, "process")
    assert (process.hub, process.queue) == (False, "intake")


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_queue_is_built_where_its_functions_are(name: str) -> None:
    deployment = situation(name)
    for slot in slots(deployment):
        used = {queue for plan in plans(deployment, slot).values() for queue in queues_of(plan)}
        host = stack(deployment, slot).arguments.get("host")
        assert used == set(host["queues"] if host else ())
        for component, plan in plans(deployment, slot).items():
            config = told(deployment, slot)[component]["config"]
            assert ("queue_url" in config) == bool(queues_of(plan))


def test_only_the_users_own_code_runs_on_flex() -> None:
    for offers, flex in ((SERVERLESS, None), (MANAGED, 512)):
        apps = told(deployed(offers, FAR), Slot.PROCESSING)
        found = {component: app["flex"]["memory_mib"] for component, app in apps.items() if app["flex"]}
        assert found == ({} if flex is None else {"process": flex})


def test_a_held_slot_stops_what_writes_and_nothing_else() -> None:
    free = deployed(SERVERLESS, FAR)
    held = deployed(SERVERLESS, FAR, held=frozenset({Slot.ACQUISITION, Slot.PROCESSING, Slot.HOT}))
    stopped = {
        (slot.value, component)
        for slot in slots(held)
        for component, app in told(held, slot).items()
        if not app["running"]
    }
    assert stopped == {("L1", "telemetry-sender"), ("L2", "process"), ("L3.hot", "to-cool-mover")}
    for slot in slots(free):
        for component, app in told(free, slot).items():
            assert app["running"]
            assert {**told(held, slot)[component], "running": True} == app


@pytest.mark.parametrize(
    ("runs", "schedule"),
    [
        (1, "0 0 0 * * *"),
        (2, "0 0 */12 * * *"),
        (5, "0 0 */4 * * *"),
        (24, "0 0 * * * *"),
        (25, "0 */30 * * * *"),
        (96, "0 */15 * * * *"),
        (1440, "0 */1 * * * *"),
    ],
)
def test_movers_run_as_often_as_planned_or_a_little_more(runs: int, schedule: str) -> None:
    assert ncrontab(runs) == schedule


def test_a_mover_is_told_its_shards_and_ends_before_the_host_ends_it() -> None:
    deployment = deployed(SERVERLESS)
    mover = function(deployment, Slot.HOT, "to-cool-mover")
    assert mover.shards == deployment.settings.shards
    assert mover.schedule == "0 0 * * * *"
    assert mover.seconds == 240


def test_a_site_has_the_secrets_that_its_functions_read() -> None:
    near = deployed(SERVERLESS)
    (site,) = near.sites
    assert secrets(near, site) == {"links": "unset", "read-key": "unset", "hub": "unset", "grafana-admin": "random"}
    far = deployed(MANAGED, FAR)
    found = {site.region: set(secrets(far, site)) for site in far.sites}
    # L2, L3.cool and L5 are in the north: nobody there reads a hub or answers dashboards.
    assert found == {"northeurope": {"links"}, "westeurope": {"links", "hub", "read-key"}}


def test_what_stacks_are_told_depends_on_nothing_but_the_deployment() -> None:
    for offers in (SERVERLESS, MANAGED, BASIC):
        one, other = (
            [msgspec.json.encode(offline(each)) for each in stacks_at_azure(deployed(offers, FAR))] for _ in range(2)
        )
        assert one == other


def test_upstream_placeholders_have_the_form_of_values() -> None:
    arguments = offline(stack(deployed(MANAGED), Slot.PROCESSING))
    assert all(re.fullmatch(r"https://[^ ]+/api/events", url) for url in arguments["topics"].values())
    assert arguments["digital_twins_url"].startswith("https://")
    assert arguments["dependencies"] == DIGEST
