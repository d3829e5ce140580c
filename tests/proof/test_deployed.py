"""What the command deploys is wired as planned, and is found changed where somebody changed it since."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployer.applied.worlds import OFFERS
from tests.deployer.rehearsal import Rehearsal
from twin2multicloud.deployer.proof import Rule, as_text, prove, world_in
from twin2multicloud.deployer.stacks import stacks_of
from twin2multicloud.model.slots import Slot


@pytest.mark.slow
def test_a_twin_that_was_deployed_by_the_command_is_wired_as_planned(tmp_path: Path) -> None:
    twin = Rehearsal(tmp_path, OFFERS["spread-1"])
    wanted = twin.wanted()
    outcomes = twin.deploy()
    assert all(outcome.ok for outcome in outcomes.values())

    deployment = twin.home.deployment()
    packages = {(package.cloud, package.role): package.sha256 for package in wanted.packages}
    with twin.home.store() as store:
        world = world_in(store, [stack.name for stack in stacks_of(deployment)])

    found = prove(deployment, world, packages=packages)
    assert not found, as_text(found)

    # A slot that is destroyed is missing.
    twin.destroy([Slot.COOL])
    with twin.home.store() as store:
        left = world_in(store, [stack.name for stack in stacks_of(deployment)])
    missing = {each.where.stack for each in prove(deployment, left, packages=packages) if each.rule is Rule.FUNCTIONS}
    assert missing == {"L3-cool"}
