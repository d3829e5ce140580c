"""Names on Azure: valid in every service, and never two alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deployer.azure.bench import FAR, NEAR, SERVERLESS, deployed
from twin2multicloud.deployer.clouds.azure.names import SiteNames, SlotNames, cosmos_role_id
from twin2multicloud.deployer.deployment import Deployment, Settings
from twin2multicloud.deployer.functions import functions_of
from twin2multicloud.model.slots import SLOTS, Slot

STORAGE = re.compile(r"[a-z0-9]{3,24}")
VAULT = re.compile(r"[a-z](-?[a-z0-9]){2,23}")
COSMOS = re.compile(r"[a-z0-9][a-z0-9-]{1,42}[a-z0-9]")
APP = re.compile(r"[a-z0-9][a-z0-9-]{0,30}[a-z0-9]")
DASHED = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")

TWINS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,60}", fullmatch=True)
LONGEST = ("germanywestcentral", "australiasoutheast")


def named(twin: str, uid: str = "k3x9f", regions: tuple[str, ...] = FAR, **more: object) -> Deployment:
    usual = deployed(SERVERLESS, regions)
    return Deployment(Settings(twin, uid, "owner@example.com", **more), usual.spec, usual.blueprint)  # type: ignore[arg-type]


def global_names(deployment: Deployment) -> Iterator[tuple[re.Pattern[str], str]]:
    """Names that nobody else in the world may have, and the form of each."""
    for site in deployment.sites:
        shared = SiteNames(deployment, site)
        yield VAULT, shared.vault
        yield STORAGE, shared.code
        yield COSMOS, shared.states
        yield DASHED, shared.topic("alerts")
        yield DASHED, shared.topic("errors")
    for slot in SLOTS:
        names = SlotNames(deployment, slot)
        yield STORAGE, names.host
        for plan in functions_of(deployment.blueprint, deployment.spec, slot):
            yield APP, names.app(plan.component)
    yield DASHED, SlotNames(deployment, Slot.ACQUISITION).hub
    yield COSMOS, SlotNames(deployment, Slot.HOT).cosmos
    yield COSMOS, SlotNames(deployment, Slot.MANAGEMENT).cosmos
    for slot in (Slot.COOL, Slot.ARCHIVE):
        yield STORAGE, SlotNames(deployment, slot).blobs
    yield STORAGE, SlotNames(deployment, Slot.VISUALIZATION).dashboards_storage
    yield re.compile(r"[a-z][a-z0-9]{1,22}"), SlotNames(deployment, Slot.VISUALIZATION).grafana


@given(TWINS)
def test_names_are_valid_and_distinct(twin: str) -> None:
    deployment = named(twin)
    found = list(global_names(deployment))
    for form, name in found:
        assert form.fullmatch(name), name
    # Kinds of different services may share a name; those of one service may not.
    for form in (STORAGE, COSMOS, APP):
        names = [name for own, name in found if own is form]
        assert len(set(names)) == len(names), names


@given(TWINS, TWINS)
def test_two_deployments_share_no_name(one: str, other: str) -> None:
    first = {name for _, name in global_names(named(one, "k3x9f"))}
    second = {name for _, name in global_names(named(other, "p7m2q"))}
    assert not first & second


@settings(max_examples=20)
@given(TWINS)
def test_a_moved_slot_has_other_names(twin: str) -> None:
    moved = named(twin, generations={"L3.hot": 2})
    before, after = SlotNames(named(twin), Slot.HOT), SlotNames(moved, Slot.HOT)
    assert before.cosmos != after.cosmos
    assert before.host != after.host
    assert before.app("history") != after.app("history")
    other = Slot.COOL
    assert SlotNames(named(twin), other).blobs == SlotNames(moved, other).blobs


@pytest.mark.parametrize("regions", [FAR, (LONGEST * 4)[:7]])
@given(twin=TWINS)
def test_sites_share_no_name(twin: str, regions: tuple[str, ...]) -> None:
    deployment = named(twin, regions=regions)
    one, other = (SiteNames(deployment, site) for site in deployment.sites)
    for names in (one, other):
        assert VAULT.fullmatch(names.vault)
        assert STORAGE.fullmatch(names.code)
    assert one.code != other.code
    assert one.vault != other.vault
    assert one.resource_group != other.resource_group
    assert one.states != other.states


def test_names_carry_the_deployment_and_are_readable() -> None:
    deployment = deployed(SERVERLESS, NEAR)
    (site,) = deployment.sites
    assert SiteNames(deployment, site).resource_group == "smart-home-k3x9f-westeurope"
    assert SiteNames(deployment, site).vault == "smarthomek3x9fwesteurope"
    assert SlotNames(deployment, Slot.HOT).app("history") == "smart-home-k3x9f-l3hot-history"
    assert SlotNames(deployment, Slot.HOT).cosmos == "smart-home-k3x9f-l3hot"


def test_a_role_of_a_store_has_one_id_wherever_it_is_told() -> None:
    assert cosmos_role_id("account", "read") == cosmos_role_id("account", "read")
    assert len({cosmos_role_id(account, word) for account in ("a", "b") for word in ("read", "write")}) == 4
