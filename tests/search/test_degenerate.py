"""Problems at the edges: nothing to choose, nothing to pay, ties without end, huge numbers, broken structure."""

import numpy as np
import pytest
from benchmarks.instances import nothing, twin

from tests.search.small import plain_problem
from twin2multicloud.optimizer.pricing.tariffs import Tariff, TariffTable
from twin2multicloud.optimizer.search.brute import enumerate_best
from twin2multicloud.optimizer.search.exact import Search, solve
from twin2multicloud.optimizer.search.problem import Edge, Problem, Usage


def test_a_slot_without_options_has_no_placement() -> None:
    assert solve(plain_problem([[1.0], [], [2.0]])).usd.size == 0


def test_no_options_at_all() -> None:
    assert solve(plain_problem([[], []])).usd.size == 0


def test_options_of_infinite_price_do_not_count() -> None:
    solution = solve(plain_problem([[np.inf, 3.0], [2.0]]), k=5)
    assert solution.usd.tolist() == [5.0]
    assert solution.choices.tolist() == [[1, 2]]


def test_fewer_placements_than_asked_for() -> None:
    solution = solve(plain_problem([[1.0, 2.0], [10.0, 30.0]]), k=10)
    assert solution.usd.tolist() == [11.0, 12.0, 31.0, 32.0]


@pytest.mark.parametrize("k", [0, -1])
def test_k_is_at_least_one(k: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        solve(plain_problem([[1.0]]), k=k)


def test_free_of_charge_with_any_number_of_ties() -> None:
    """Everything ties at 0: enumerating the ties would never end."""
    problem = plain_problem([[0.0] * 20] * 7)
    solution = solve(problem, k=3)
    assert solution.usd.tolist() == [0.0, 0.0, 0.0]
    assert solution.lower_bound == 0.0


def test_ties_at_a_price_with_coupled_lanes() -> None:
    """20^7 placements of one price, on a lane that all of them share."""
    problem = plain_problem(
        [[1.0] * 20] * 7,
        own=Usage.of([[(0, 1.0 / 3.0)]] * 140),
        tariffs=TariffTable.of([Tariff((0.0, 1.0), (0.0, 2.0))]),
    )
    solution = solve(problem)
    assert solution.usd[0] == pytest.approx(7 + 2 * (7 / 3 - 1))


def test_a_workload_of_zero() -> None:
    base = twin(0)
    still = Problem(
        **{
            **vars(base),
            "own": Usage(base.own.indptr, base.own.lane, 0 * base.own.quantity),
            "edges": tuple(Edge(e.source, e.target, 0.0, _silent(e.usage)) for e in base.edges),
            "fixed_usd": 0 * base.fixed_usd,
        }
    )
    assert solve(still).usd.tolist() == [0.0]


def _silent(usages: tuple[Usage, Usage, Usage]) -> tuple[Usage, Usage, Usage]:
    same, region, cloud = (Usage(u.indptr, u.lane, 0 * u.quantity) for u in usages)
    return same, region, cloud


def test_quantities_of_1e15_stay_exact() -> None:
    problem = plain_problem(
        [[0.0, 1e9], [0.0, 5.0]],
        own=Usage.of([[(0, 1e15)], [(0, 5.0)], [(0, 2e15)], [(1, 1e15)]]),
        tariffs=TariffTable.of([Tariff((0.0, 100.0, 1e6), (0.0, 0.09, 0.05)), Tariff((0.0,), (0.01,), increment=7.0)]),
        lane_provider=np.zeros(2, dtype=np.int64),
    )
    np.testing.assert_allclose(solve(problem, k=4).usd, enumerate_best(problem, k=4)[1], rtol=1e-12)


def _two_places(price: float) -> Problem:
    """Two slots whose cheapest options sit at different locations of one provider, joined by 10 GB a month."""
    edge = Edge(0, 1, 10.0, (nothing(4), nothing(4), nothing(4)))
    return plain_problem(
        [[0.0, 3.0], [5.0, 0.0]],
        location=np.array([0, 1, 0, 1]),
        usd_per_gb=np.array([[0.0, price], [0.0, 0.0]]),
        edges=(edge,),
    )


def test_unpriced_traffic_keeps_slots_together() -> None:
    assert solve(_two_places(np.inf)).choices.tolist() == [[1, 3]]
    assert solve(_two_places(0.1)).choices.tolist() == [[0, 3]]
    assert solve(_two_places(np.inf), k=9).usd.tolist() == [3.0, 5.0, 8.0]


def test_a_fixed_charge_decides_how_many_providers_are_used() -> None:
    """One whole unit per provider in use: worth it for a saving of 4, not of 2."""
    for charge, expected in ((3.0, 2), (5.0, 1)):
        problem = plain_problem(
            [[0.0, 4.0], [4.0, 0.0]],
            provider=np.array([0, 1, 0, 1]),
            location=np.array([0, 1, 0, 1]),
            usd_per_gb=np.zeros((2, 2)),
            own=Usage.of([[(0, 1.0)], [(1, 1.0)], [(0, 1.0)], [(1, 1.0)]]),
            tariffs=TariffTable.of([Tariff((0.0,), (charge / 1e6,), increment=1e6)] * 2),
            lane_provider=np.array([0, 1]),
        )
        solution = solve(problem)
        assert np.unique(problem.provider[solution.choices]).size == expected
        assert solve(problem, max_providers=1).usd[0] == pytest.approx(4.0 + charge)


def test_parallel_edges_add_up() -> None:
    two = Edge(0, 1, 10.0, (nothing(4), nothing(4), nothing(4)))
    back = Edge(1, 0, 5.0, (nothing(4), Usage.of([[(0, 1.0)], [], [(0, 2.0)], []]), nothing(4)))
    problem = Problem(**{**vars(_two_places(0.1)), "edges": (two, two, back)})
    np.testing.assert_allclose(solve(problem, k=4).usd, enumerate_best(problem, k=4)[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"own": Usage.of([[(1, 1.0)], []])}, "another provider"),
        ({"tariffs": TariffTable.of([Tariff((0.0,), (1.0,))] * 2, [0, 0])}, "pool"),
        ({"location": np.array([0, 0])}, "location"),
        ({"edges": (Edge(0, 0, 1.0, (nothing(2), nothing(2), nothing(2))),)}, "two different slots"),
    ],
)
def test_what_breaks_the_structure_is_refused(changes: dict[str, object], message: str) -> None:
    fields: dict[str, object] = {
        "provider": np.array([0, 1]),
        "location": np.array([0, 1]),
        "usd_per_gb": np.zeros((2, 2)),
        "tariffs": TariffTable.of([Tariff((0.0,), (1.0,))] * 2),
        "lane_provider": np.array([0, 1]),
    }
    with pytest.raises(ValueError, match=message):
        Search(plain_problem([[1.0], [1.0]], **(fields | changes)))


def test_too_many_providers_and_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        Search(
            plain_problem([[1.0]] * 12, provider=np.arange(12), location=np.arange(12), usd_per_gb=np.zeros((12, 12)))
        )
