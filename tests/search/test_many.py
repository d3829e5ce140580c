"""Many problems at once: each one's optimum against every placement tried, and against the search for one."""

import numpy as np
import pytest
from benchmarks.instances import experiment
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.small import random_problem, random_request
from tests.thoroughness import often
from twin2multicloud.optimizer.search.brute import enumerate_best
from twin2multicloud.optimizer.search.exact import Search
from twin2multicloud.optimizer.search.many import solve as many
from twin2multicloud.optimizer.search.many.batch import Batch
from twin2multicloud.optimizer.search.many.solve import Many
from twin2multicloud.optimizer.search.problem import Problem

SEEDS = st.integers(0, 2**32 - 1)


def random_batch(rng: np.random.Generator, problem: Problem, size: int) -> Batch:
    """Variants of a problem: quantities and traffic scaled one by one or together, some 0, with masks of their own."""
    entries = problem.usage.quantity
    factor = rng.lognormal(0.0, 1.0, (size, entries.size if rng.random() < 0.5 else 1))
    usage = entries * factor * (rng.random((size, entries.size)) < 0.9)
    gb = np.array([edge.gb_per_month for edge in problem.edges]) * rng.choice([0.0, 0.5, 1.0, 4.0], (size, 1))
    allowed, most = random_request(rng, problem)
    masks = np.ones((size, problem.options), dtype=bool) if allowed is None else np.repeat(allowed[None], size, axis=0)
    return Batch(problem, usage.T, gb.T, (masks & (rng.random(masks.shape) < 0.9)).T, most)


def check(batch: Batch, pool: int, rng: np.random.Generator) -> int:
    problem = batch.structure
    options = [problem.options_of(slot) for slot in range(problem.slots)]
    known = np.array([[rng.choice(held) for held in options] for _ in range(pool)], dtype=np.int64)
    found = Many(Search(problem)).solve(batch, known.reshape(pool, problem.slots))
    for w in range(batch.size):
        one = batch.problem(w)
        expected = enumerate_best(one, allowed=batch.allowed[:, w], max_providers=batch.max_providers)[1]
        if not expected.size:
            assert found.usd[w] == np.inf
            assert (found.choices[w] == -1).all()
            continue
        choice = found.choices[w]
        assert (problem.slot[choice] == np.arange(problem.slots)).all()
        assert batch.allowed[choice, w].all()
        if batch.max_providers is not None:
            assert np.unique(problem.provider[choice]).size <= batch.max_providers
        np.testing.assert_allclose(found.usd[w], expected[0], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(one.evaluate(choice[None])[0], found.usd[w], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(batch.price(choice)[w], found.usd[w], rtol=1e-9, atol=1e-12)
    return found.alone


def check_seed(seed: int, pool: int) -> int:
    rng = np.random.default_rng(seed)
    return check(random_batch(rng, random_problem(rng), 6), pool, rng)


@settings(deadline=None, max_examples=25)
@given(SEEDS, st.sampled_from([0, 1, 8]))
def test_equals_brute_force(seed: int, pool: int) -> None:
    check_seed(seed, pool)


@pytest.mark.slow
@settings(deadline=None, max_examples=often(250))
@given(SEEDS, st.sampled_from([0, 1, 8, 30]))
def test_equals_brute_force_on_many_more(seed: int, pool: int) -> None:
    check_seed(seed, pool)


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.sampled_from([1, 3]), st.sampled_from([0, 3]))
def test_equals_brute_force_whatever_is_left_to_the_search_for_one(seed: int, aims: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "AIMS", aims)
        patch.setattr(many, "MOST_CHOICES", most)
        patch.setattr(many, "AT_ONCE", 2)
        check_seed(seed, 4)


@settings(deadline=None, max_examples=4)
@given(SEEDS, st.sampled_from(["small", "mixed", "large"]))
def test_equals_the_search_for_one_on_the_experiments_shape(seed: int, scale: str) -> None:
    rng = np.random.default_rng(seed)
    problem = experiment(12, scale, seed % 1000)
    batch = Batch(
        problem,
        problem.usage.quantity[:, None] * rng.lognormal(0.0, 0.5, 8),
        np.array([edge.gb_per_month for edge in problem.edges])[:, None] * rng.lognormal(0.0, 0.5, 8),
        np.ones((problem.options, 8), dtype=bool),
    )
    search = Search(problem)
    good = np.array([search.solve(batch.problem(w)).choices[0] for w in range(2)])
    found = Many(search).solve(batch, good)
    for w in range(batch.size):
        np.testing.assert_allclose(found.usd[w], search.solve(batch.problem(w)).usd[0], rtol=1e-9)


def test_what_one_problem_may_use_another_may_not() -> None:
    """Masks are each problem's own: the cheapest of one is closed in the other."""
    rng = np.random.default_rng(4)
    problem = random_problem(rng)
    usage = np.repeat(problem.usage.quantity[:, None], 2, axis=1)
    gb = np.repeat(np.array([edge.gb_per_month for edge in problem.edges])[:, None], 2, axis=1)
    allowed = np.ones((problem.options, 2), dtype=bool)
    best = enumerate_best(problem)[0][0]
    allowed[best[0], 1] = False
    check(Batch(problem, usage, gb, allowed), 5, rng)
