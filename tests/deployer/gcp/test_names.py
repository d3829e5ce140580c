"""Names are valid wherever they are used, and no two things have one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deployer.gcp.bench import SITUATIONS, situation
from twin2multicloud.deployer.clouds.gcp.functions import functions_at
from twin2multicloud.deployer.clouds.gcp.names import SiteNames, label, labels
from twin2multicloud.deployer.names import Names
from twin2multicloud.model.slots import SLOTS, Slot

TWINS = st.one_of(st.text(min_size=1, max_size=80), st.from_regex(r"[a-z][a-z0-9-]{0,62}", fullmatch=True))
UIDS = st.from_regex(r"[a-km-np-z][a-km-np-z2-9]{4}", fullmatch=True)
REGIONS = ("europe-west1", "us-central1", "northamerica-northeast2", "australia-southeast1")
COMPONENTS = ("process", "telemetry-receiver", "to-archive-mover", "twin-updates-receiver", "gateway", "actions")

RULES = {
    "account": r"[a-z][a-z0-9]{5,29}",
    "function": r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?",
    "bucket": r"(?!goog)(?!.*(google|g00gle))[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "topic": r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}",
    "secret": r"[A-Za-z0-9_-]{1,255}",
    "database": r"[a-z][a-z0-9-]{2,61}[a-z0-9]",
    "bigtable": r"[a-z][a-z0-9-]{4,31}[a-z0-9]",
    "pool": r"(?!gcp-)[a-z0-9-]{4,32}",
    "repository": r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
    "machine": r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
}


def _names(names: SiteNames) -> list[tuple[str, str]]:
    found = [
        (kind, getattr(names, kind)(component, g))
        for kind in ("account", "function", "topic")
        for component in COMPONENTS
        for g in (1, 2)
    ]
    found += [("bucket", names.bucket(tier, g)) for tier in ("cool", "archive", "dashboards") for g in (1, 2)]
    found += [("bucket", names.source_bucket), ("account", names.builder), ("account", names.caller)]
    found += [("secret", names.secret(name)) for name in ("links", "read-key", "device-keys")]
    found += [(kind, getattr(names, kind)(g)) for kind in ("bigtable", "pool", "machine") for g in (1, 2)]
    return [*found, ("database", names.database), ("repository", names.repository)]


@given(TWINS, UIDS, st.sampled_from(REGIONS))
def test_names_are_what_each_service_takes(twin: str, uid: str, region: str) -> None:
    for kind, name in _names(SiteNames(Names(twin, uid), "project", region)):
        assert re.fullmatch(RULES[kind], name), (kind, name)


@given(TWINS, UIDS, UIDS)
def test_no_two_things_of_a_project_have_one_name(twin: str, uid: str, other: str) -> None:
    tables = [SiteNames(Names(twin, u), "project", region) for u in {uid, other} for region in REGIONS[:2]]
    seen: set[tuple[str, str, str]] = set()
    for table in tables:
        for kind, name in _names(table):
            # What belongs to a region may be called the same in another; of hot stores a deployment has one at a time.
            where = table.region if kind in ("function", "repository", "bigtable") else ""
            assert (kind, name, where) not in seen
            seen.add((kind, name, where))


@given(TWINS, UIDS)
def test_a_services_name_leaves_room_for_the_projects_number_in_its_url(twin: str, uid: str) -> None:
    name = SiteNames(Names(twin, uid), "project", "europe-west1").function("twin-updates-receiver", 12)
    assert len(f"{name}-1234567890123") <= 63


@pytest.mark.parametrize("twin", ["google-home", "g00gle", "goog"])
def test_a_twin_with_googles_name_is_deployed_without_it(twin: str) -> None:
    names = SiteNames(Names(twin, "k3x9f"), "project", "europe-west1")
    assert names.bucket("cool") == "twin-k3x9f-cool-europe-west1"


def test_all_names_of_the_world_contain_the_deployments_uid() -> None:
    names = SiteNames(Names("smart-building", "k3x9f"), "project", "europe-west1")
    assert all("k3x9f" in name for _, name in _names(names) if len(name) < 30)


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_function_has_a_name_and_an_identity_of_its_own(name: str) -> None:
    deployment = situation(name)
    found = [
        (argument["name"], argument["account"], deployment.site(slot))
        for slot in SLOTS
        for argument in functions_at(deployment, slot).arguments.values()
    ]
    accounts = [account for _, account, _ in found]
    assert len(accounts) == len(set(accounts))
    assert len({(name, site) for name, _, site in found}) == len(found)


@given(st.text(max_size=100))
def test_labels_are_what_google_takes(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", label(text))


def test_labels_say_whose_it_is() -> None:
    assert labels(situation("serverless, near"), Slot.HOT) == {
        "twin": "smart-building",
        "slot": "l3-hot",
        "run": "k3x9f",
        "owner": "owner-example-com",
        "managed-by": "twin2multicloud",
    }
