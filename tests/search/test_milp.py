"""Against HiGHS, on linearisable instances too large to enumerate."""

import pytest
from benchmarks.instances import experiment
from benchmarks.milp import solve_milp

from twin2multicloud.optimizer.search.exact import solve


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["small", "mixed", "large"])
@pytest.mark.parametrize("seed", range(3))
def test_never_above_highs(scale: str, seed: int) -> None:
    problem = experiment(18, scale, seed)
    ours = solve(problem)
    theirs = solve_milp(problem, time_limit_s=20.0)
    assert ours.usd[0] <= theirs.usd * (1 + 1e-7)
    assert theirs.lower_bound <= ours.usd[0] * (1 + 1e-6)
    if theirs.optimal:
        assert theirs.usd == pytest.approx(ours.usd[0], rel=1e-6)
