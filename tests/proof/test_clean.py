"""What is deployed is wired as planned: every offer, every link near and far, and slots that are held."""

from __future__ import annotations

import time
from importlib import import_module

import pytest

from tests.deployer.applied.made import Worlds
from tests.deployer.applied.worlds import HELD, NAMES
from tests.proof.editing import Mutant
from twin2multicloud.deployer.proof import Rule, as_text, prove


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *HELD])
def test_nothing_is_wrong_with_what_the_modules_make(worlds: Worlds, name: str) -> None:
    applied = worlds(name)

    found = prove(applied.deployment, applied.world, applied.documents, applied.packages)

    assert not found, as_text(found)
    assert len(applied.world.resources) > 70


@pytest.mark.slow
def test_a_twin_of_seven_slots_over_three_clouds_is_proved_within_a_second(worlds: Worlds) -> None:
    applied = worlds("spread-1")

    begun = time.perf_counter()
    prove(applied.deployment, applied.world, applied.documents, applied.packages)

    assert time.perf_counter() - begun < 1.0


def test_every_rule_is_broken_by_something_in_every_cloud_that_has_it() -> None:
    modules = {
        cloud: (f"test_broken_{cloud}_functions", f"test_broken_{cloud}_rights") for cloud in ("aws", "azure", "gcp")
    }
    broken = {
        cloud: {rule for name in names for mutant in _mutants(name) for rule in mutant.rules}
        for cloud, names in modules.items()
    }

    between = {rule for mutant in _mutants("test_broken_links") for rule in mutant.rules}
    for cloud, rules in broken.items():
        assert set(Rule) - rules - between == _NOT_ITS_OWN[cloud], cloud


def _mutants(name: str) -> tuple[Mutant, ...]:
    found: tuple[Mutant, ...] = import_module(f"tests.proof.{name}").MUTANTS
    return found


_NOT_ITS_OWN = {
    "aws": set(),
    # Google encrypts everything, in transit, too.
    "gcp": {Rule.ENCRYPTION, Rule.TLS},
    # What starts a function on Azure is in its own settings, so that it cannot start another.
    "azure": {Rule.TRIGGER_TARGET},
}
