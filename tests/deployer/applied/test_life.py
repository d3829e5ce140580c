"""Every deployment is made, is found as it was asked for, and goes without a trace."""

from __future__ import annotations

import pytest

from tests.deployer.applied.made import Worlds
from tests.deployer.applied.worlds import HELD, NAMES, OFFERS, named
from twin2multicloud.blueprint.catalog import OFFERS as CATALOG
from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.deployer.stacks import stacks_of
from twin2multicloud.model.slots import PROVIDERS, Provider

_SAME = (
    ("azure.iot-hub-s1", "azure.iot-hub-s2", "azure.iot-hub-s3"),
    ("azure.iot-hub-b1", "azure.iot-hub-b2", "azure.iot-hub-b3"),
)
"""Offers whose resources differ in an edition alone."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *HELD])
def test_a_deployment_is_built_found_unchanged_and_destroyed(worlds: Worlds, name: str) -> None:
    applied = worlds(name)

    assert {stack.name for stack in stacks_of(applied.deployment)} == applied.outputs.keys()
    assert applied.unsettled == {}
    assert applied.left == ()


def test_the_deployments_cover_every_offer() -> None:
    covered = {offer for offers in OFFERS.values() for offer in offers}
    covered |= {offer for group in _SAME if covered & set(group) for offer in group}

    assert {offer.id for offer in CATALOG if offer.deployable} <= covered
    assert len(OFFERS) == len(set(OFFERS.values()))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_link_of_a_cloud_stays_crosses_regions_and_crosses_clouds(provider: Provider) -> None:
    seen: dict[str, set[Relation]] = {}
    for blueprint in (named(name).blueprint for name in NAMES):
        for link in blueprint.links:
            if provider in {blueprint.places[slot].provider for slot in (link.source, link.target)}:
                seen.setdefault(link.edge, set()).add(link.relation)
    assert len(seen) > 5
    assert {edge: relations for edge, relations in seen.items() if relations != set(Relation)} == {}
