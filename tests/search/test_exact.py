"""The exact search against every placement tried, and what must hold without trying them."""

import numpy as np
import pytest
from benchmarks.instances import experiment, twin
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.small import random_problem, random_request
from tests.thoroughness import often
from twin2multicloud.optimizer.search import subset
from twin2multicloud.optimizer.search.brute import enumerate_best
from twin2multicloud.optimizer.search.exact import Search, solve

SEEDS = st.integers(0, 2**32 - 1)


def check_against_brute(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    allowed, most = random_request(rng, problem)
    k = int(rng.choice([1, 1, 2, 5, 20]))
    expected = enumerate_best(problem, allowed=allowed, max_providers=most, k=k)[1]
    found = solve(problem, allowed=allowed, max_providers=most, k=k)
    np.testing.assert_allclose(found.usd, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(problem.evaluate(found.choices), found.usd, rtol=1e-12)
    assert len({tuple(row) for row in found.choices.tolist()}) == found.usd.size
    assert (problem.slot[found.choices] == np.arange(problem.slots)).all()
    if allowed is not None:
        assert allowed[found.choices].all()
    if most is not None:
        assert all(len(set(row)) <= most for row in problem.provider[found.choices].tolist())
    assert found.proven
    if expected.size:
        assert found.lower_bound <= expected[0] <= found.lower_bound * (1 + 1e-9) + 1e-9
    else:
        assert found.lower_bound == np.inf


@pytest.mark.slow
@settings(deadline=None, max_examples=often(300))
@given(SEEDS)
def test_equals_brute_force(seed: int) -> None:
    check_against_brute(seed)


@pytest.mark.slow
@settings(deadline=None, max_examples=often(150))
@given(SEEDS)
def test_equals_brute_force_when_everything_is_branched(seed: int) -> None:
    """Small sizes would be enumerated outright: here every subproblem is branched, with a tiny frontier."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subset, "DIRECT", 0)
        patch.setattr(subset, "FRONTIER", 3)
        patch.setattr(subset, "AIMS", 2)
        check_against_brute(seed)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.sampled_from(["small", "mixed", "large"]))
def test_equals_brute_force_on_the_experiments_shape(seed: int, scale: str) -> None:
    problem = experiment(6, scale, seed)
    expected = enumerate_best(problem, k=3)[1]
    np.testing.assert_allclose(solve(problem, k=3).usd, expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_no_single_change_is_cheaper(seed: int) -> None:
    """On instances too large to enumerate: no neighbour of the optimum, and no better single-cloud placement."""
    problem = twin(seed, offers=4)
    found = solve(problem)
    options = np.arange(problem.options)
    near = np.repeat(found.choices, options.size, axis=0)
    near[options, problem.slot] = options
    assert problem.evaluate(near).min() >= found.usd[0] * (1 - 1e-9)


def test_ranking_is_distinct_and_a_prefix_of_a_longer_one() -> None:
    problem = twin(5)
    ten, three = solve(problem, k=10), solve(problem, k=3)
    assert len({tuple(row) for row in ten.choices.tolist()}) == 10
    assert (np.diff(ten.usd) >= 0).all()
    np.testing.assert_allclose(three.usd, ten.usd[:3], rtol=1e-9)


def test_adding_options_never_raises_the_optimum() -> None:
    problem = twin(6)
    allowed = np.random.default_rng(1).random(problem.options) < 0.6
    some, more = solve(problem, allowed=allowed), solve(problem)
    assert some.usd.size == 1
    assert more.usd[0] <= some.usd[0] * (1 + 1e-9)


def test_more_providers_never_cost_more() -> None:
    problem = twin(7)
    usd = [float(solve(problem, max_providers=most).usd[0]) for most in (1, 2, 3)]
    assert usd[0] >= usd[1] * (1 - 1e-9)
    assert usd[1] >= usd[2] * (1 - 1e-9)


def test_one_search_serves_all_problems_of_a_structure() -> None:
    search = Search(twin(0))
    for seed in range(1, 5):
        problem = twin(seed)
        np.testing.assert_allclose(search.solve(problem).usd, solve(problem).usd, rtol=1e-9)


def test_same_call_same_answer() -> None:
    first, second = (solve(twin(8), k=5) for _ in range(2))
    assert (first.choices == second.choices).all()
    assert (first.usd == second.usd).all()


def test_a_problem_of_another_structure_is_refused() -> None:
    with pytest.raises(ValueError, match="structure"):
        Search(twin(0)).solve(experiment(9, "small", 0))
