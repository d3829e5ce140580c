"""Optima under further masks, which share work with each other."""

import numpy as np
import pytest
from benchmarks.instances import twin
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.small import random_problem, random_request
from tests.thoroughness import often
from twin2multicloud.optimizer.search import subset
from twin2multicloud.optimizer.search.brute import enumerate_best
from twin2multicloud.optimizer.search.exact import Search, pinned_costs, solve


def check_every_pin(seed: int) -> None:
    """Pins of one option, of several at a slot, of several slots, and single providers; before or after the optimum."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    allowed, most = random_request(rng, problem)
    everything = np.ones(problem.options, dtype=bool) if allowed is None else allowed
    groups = []
    for option in range(problem.options):
        group = problem.slot != problem.slot[option]
        group[option] = True
        groups.append(group)
    groups += [problem.provider == p for p in range(3)]
    groups += [rng.random(problem.options) < 0.7 for _ in range(3)]
    groups += [(problem.slot != slot) | (rng.random(problem.options) < 0.5) for slot in range(problem.slots)]
    search = Search(problem)
    if rng.random() < 0.7:
        search.solve(allowed=allowed, max_providers=most)
    found = search.pinned(groups, allowed=allowed, max_providers=most)
    for group, solution in zip(groups, found, strict=True):
        expected = enumerate_best(problem, allowed=everything & group, max_providers=most)[1]
        np.testing.assert_allclose(solution.usd, expected, rtol=1e-9, atol=1e-9)
        assert group[solution.choices].all()
    # What pins learned must not mislead who asks next.
    after = search.solve(allowed=allowed, max_providers=most, k=2)
    expected = enumerate_best(problem, allowed=allowed, max_providers=most, k=2)[1]
    np.testing.assert_allclose(after.usd, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@settings(deadline=None, max_examples=often(100))
@given(st.integers(0, 2**32 - 1))
def test_every_pin_equals_brute_force(seed: int) -> None:
    check_every_pin(seed)


@pytest.mark.slow
@pytest.mark.parametrize("direct", [0, 4])
@settings(deadline=None, max_examples=often(60))
@given(seed=st.integers(0, 2**32 - 1))
def test_every_pin_equals_brute_force_when_little_is_enumerated(direct: int, seed: int) -> None:
    """Small sizes would be enumerated outright: here pins go through the bounds they share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subset, "DIRECT", direct)
        patch.setattr(subset, "FRONTIER", 3)
        check_every_pin(seed)


def test_pins_cost_no_less_than_the_optimum_and_equal_independent_solves() -> None:
    problem = twin(1)
    search = Search(problem)
    optimum = search.solve(problem)
    groups = []
    for option in range(0, problem.options, 3):
        group = problem.slot != problem.slot[option]
        group[option] = True
        groups.append(group)
    groups += [problem.provider == p for p in range(3)]
    for group, solution in zip(groups, search.pinned(groups, problem), strict=True):
        alone = solve(problem, allowed=group)
        np.testing.assert_allclose(solution.usd, alone.usd, rtol=1e-9)
        assert (solution.usd >= optimum.usd[0] * (1 - 1e-9)).all()


def test_the_order_of_questions_does_not_matter() -> None:
    problem = twin(2)
    groups = [problem.provider == p for p in range(3)] + [problem.provider != p for p in range(3)]
    forward = pinned_costs(problem, groups)
    backward = pinned_costs(problem, groups[::-1])[::-1]
    for a, b in zip(forward, backward, strict=True):
        np.testing.assert_allclose(a.usd, b.usd, rtol=1e-9)


def test_an_impossible_pin_has_no_placement() -> None:
    problem = twin(3)
    (solution,) = pinned_costs(problem, [problem.slot != 0])
    assert solution.usd.size == 0
    assert solution.choices.shape == (0, 7)
    assert solution.lower_bound == np.inf


def test_one_provider_alone_equals_solving_it_alone() -> None:
    """A single provider's optimum is not looked up in the table of bounds; what it finds must still serve the rest."""
    problem = twin(4)
    search = Search(problem)
    singles = search.pinned([problem.provider == p for p in range(3)])
    for p, single in enumerate(singles):
        alone = solve(problem, allowed=problem.provider == p)
        np.testing.assert_allclose(single.usd, alone.usd, rtol=1e-9)
        assert (problem.provider[single.choices] == p).all()
    np.testing.assert_allclose(search.solve().usd, solve(problem).usd, rtol=1e-9)


def test_a_provider_that_lacks_a_slot_has_no_placement() -> None:
    problem = twin(4)
    everything_but = (problem.provider != 1) | (problem.slot != 3)
    found = pinned_costs(problem, [problem.provider == p for p in range(3)], allowed=everything_but)
    assert [solution.usd.size for solution in found] == [1, 0, 1]
