"""Frontiers are the whole frontier, nothing else: against every placement tried, ties and all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.small import plain_problem, random_problem, random_request
from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray
from twin2multicloud.optimizer.search import bounded, subset
from twin2multicloud.optimizer.search.bounded import Paths, quickest
from twin2multicloud.optimizer.search.brute import enumerate_best
from twin2multicloud.optimizer.search.exact import Search
from twin2multicloud.optimizer.search.frontier import SAME, Front, frontier
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.subset import undominated
from twin2multicloud.optimizer.search.weights import Weighed, Weights

SEEDS = st.integers(0, 2**32 - 1)
EVERYTHING = 10**9


def random_weights(rng: np.random.Generator, problem: Problem) -> Weights:
    """Weights of which many are equal or nothing, or hardly any."""
    ties = rng.random() < 0.5

    def draw(count: int) -> FloatArray:
        if ties:
            return rng.choice([0.0, 0.0, 1.0, 2.0, 5.0], count)
        return rng.exponential(3.0, count) * (rng.random(count) < 0.8)

    ends = np.zeros((len(problem.edges), 3, problem.options))
    for number, edge in enumerate(problem.edges):
        concerned = np.flatnonzero((problem.slot == edge.source) | (problem.slot == edge.target))
        for kind in range(3):
            ends[number, kind, concerned] = draw(concerned.size)
    return Weights(draw(problem.options), ends)


def random_paths(rng: np.random.Generator, problem: Problem) -> Paths:
    """A tree over some of the slots, with hops that are often equal and sometimes impossible."""
    places = problem.usd_per_gb.shape[0]
    slots = rng.permutation(problem.slots)[: int(rng.integers(1, problem.slots + 1))].tolist()
    hops = {}
    for number, slot in enumerate(slots[1:], 1):
        few = rng.choice([0.0, 1.0, 2.0, 5.0, np.inf], (places, places), p=[0.3, 0.3, 0.2, 0.15, 0.05])
        many = rng.exponential(5.0, (places, places))
        hops[slot] = (slots[int(rng.integers(number))], few if rng.random() < 0.5 else many)
    return Paths(slots[0], rng.choice([0.0, 1.0, 3.0], places), hops)


def tried(
    problem: Problem, allowed: BoolArray | None, most: int | None, criterion: Weights | Paths
) -> tuple[FloatArray, FloatArray]:
    """The frontier by trying every placement."""
    choices, usd = enumerate_best(problem, allowed=allowed, max_providers=most, k=EVERYTHING)
    other = criterion.of(problem, choices)
    finite = np.isfinite(other)
    usd, other = usd[finite], other[finite]
    kept = undominated(usd, other, SAME)
    return usd[kept], other[kept]


def check(found: Front, problem: Problem, criterion: Weights | Paths, expected: tuple[FloatArray, FloatArray]) -> None:
    np.testing.assert_allclose(found.usd, expected[0], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found.weight, expected[1], rtol=1e-8, atol=1e-9)
    np.testing.assert_array_equal(found.usd, problem.evaluate(found.choices))
    np.testing.assert_array_equal(found.weight, criterion.of(problem, found.choices))
    assert (np.diff(found.usd) > 0).all()
    assert (np.diff(found.weight) < 0).all()


def weigh(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    allowed, most = random_request(rng, problem)
    weights = random_weights(rng, problem)
    found = frontier(problem, weights, allowed=allowed, max_providers=most)
    check(found, problem, weights, tried(problem, allowed, most, weights))


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_cost_against_weight(seed: int) -> None:
    weigh(seed)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_cost_against_weight_with_the_enumeration_forced(seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subset, "DIRECT", 1)
        patch.setattr(subset, "FRONTIER", 3)
        weigh(seed)


@settings(max_examples=250, deadline=None)
@given(SEEDS, st.sampled_from([1, 8]))
def test_cost_against_the_slowest_path(seed: int, at_once: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    allowed, most = random_request(rng, problem)
    ways = random_paths(rng, problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded, "_AT_ONCE", at_once)
        found = quickest(Search(problem).bind(problem), ways, allowed=allowed, max_providers=most)
    check(found, problem, ways, tried(problem, allowed, most, ways))


def test_points_within_the_hull_belong_to_it() -> None:
    """Three options on a bent line: the middle one is above the line between the others, and not beaten."""
    problem = plain_problem([[1.0, 2.9, 4.0], [0.0]])
    weights = Weights(np.array([10.0, 8.0, 1.0, 0.0]), np.zeros((0, 3, 4)))
    found = frontier(problem, weights)
    assert found.usd.tolist() == [1.0, 2.9, 4.0]
    assert found.weight.tolist() == [10.0, 8.0, 1.0]
    assert found.hull == 1


def test_what_cannot_be_weighed_is_not_chosen() -> None:
    problem = plain_problem([[1.0, 2.0, 4.0], [0.0]])
    weights = Weights(np.array([np.inf, 8.0, 1.0, 0.0]), np.zeros((0, 3, 4)))
    found = frontier(problem, weights)
    assert (found.usd.tolist(), found.weight.tolist()) == ([2.0, 4.0], [8.0, 1.0])
    nothing = frontier(problem, Weights(np.array([1.0, 1.0, 1.0, np.inf]), np.zeros((0, 3, 4))))
    assert (nothing.usd.size, nothing.choices.shape) == (0, (0, 2))


def test_thousands_of_equal_placements_are_one_point() -> None:
    problem = plain_problem([[1.0] * 4] * 7)
    weights = Weights(np.ones(28), np.zeros((0, 3, 28)))
    assert frontier(problem, weights).usd.size == 1
    one = Weights(np.where(np.arange(28) == 5, 0.5, 1.0), np.zeros((0, 3, 28)))
    found = frontier(problem, one)
    assert (found.usd.tolist(), found.weight.tolist()) == ([7.0], [6.5])


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.25, 3.0]))
def test_a_weighed_problem_costs_both(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    weights = random_weights(rng, problem)
    choices, usd = enumerate_best(problem, k=200)
    weighed = Weighed(problem, weights)
    weight = weights.of(problem, choices)
    np.testing.assert_allclose(weighed.priced(factor).evaluate(choices), usd + factor * weight, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weighed.weight_alone().evaluate(choices), weight, rtol=1e-9, atol=1e-9)


def test_hops_that_are_no_tree_are_refused() -> None:
    problem = plain_problem([[1.0], [1.0], [1.0]])
    hop = np.zeros((1, 1))
    with pytest.raises(ValueError, match="no tree"):
        quickest(Search(problem).bind(problem), Paths(0, np.zeros(1), {1: (2, hop), 2: (1, hop)}))
