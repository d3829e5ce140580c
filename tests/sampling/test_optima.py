"""Workloads in a table are optimized as one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.processes import batch_file

from tests.thoroughness import often
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.errors import InfeasibleError
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of
from twin2multicloud.optimizer.sampling.optima import Sampler, table_of
from twin2multicloud.optimizer.sampling.study import merged


def workloads(folder: Path, count: int, seed: int) -> list[Workload]:
    lines = batch_file(folder, count, seed).read_text().splitlines()
    return [Workload.model_validate_json(line) for line in lines]


def check(sampler: Sampler, given: list[Workload]) -> None:
    found = sampler.optimize(table_of(given))
    outcomes = sampler.optimizer.outcomes(given)
    for w, outcome in enumerate(outcomes):
        if isinstance(outcome, InfeasibleError):
            assert found.usd[w] == np.inf
            assert found.placement[w] == -1
            continue
        assert found.usd[w] == pytest.approx(outcome.usd_per_month, rel=1e-9)
        placement = sampler.placement(found.choices[found.placement[w]])
        assert bill_of(sampler.optimizer, given[w], placement).usd == pytest.approx(outcome.usd_per_month, rel=1e-9)


def test_equals_the_optimizer_for_one(sampler: Sampler, tmp_path: Path) -> None:
    check(sampler, workloads(tmp_path, 30, 3))


@pytest.mark.slow
def test_equals_the_optimizer_for_one_on_many_more(sampler: Sampler, tmp_path: Path) -> None:
    check(sampler, workloads(tmp_path, often(300), 4))


@pytest.mark.slow
@pytest.mark.parametrize(
    "constraints",
    [
        Constraints(max_clouds=1),
        Constraints.model_validate({"residency": ["EU"], "max_clouds": 2}),
        Constraints.model_validate({"pins": {"L3.hot": "aws", "L5": "gcp"}}),
        Constraints.model_validate({"deny_providers": ["aws"]}),  # 3D scenes are impossible then
        Constraints.model_validate({"deployable_only": True, "egress_policy": "eu-data-act"}),
    ],
)
def test_equals_the_optimizer_for_one_under_constraints(
    sampler: Sampler, tmp_path: Path, constraints: Constraints
) -> None:
    check(Sampler(BillOptimizer(sampler.optimizer.book, constraints)), workloads(tmp_path, often(60), 5))


def test_parts_are_put_together_in_their_order(sampler: Sampler, tmp_path: Path) -> None:
    table = table_of(workloads(tmp_path, 60, 6))
    whole = sampler.optimize(table)
    parts = merged([sampler.optimize(table[:7]), sampler.optimize(table[7:])])
    np.testing.assert_allclose(parts.usd, whole.usd, rtol=1e-9)
    rows = np.arange(len(table))
    held = sampler.price(table, parts.choices)[parts.placement, rows]  # of equally cheap ones either may be named
    np.testing.assert_allclose(held, whole.usd, rtol=1e-9)


def test_a_placement_costs_what_its_bill_says(sampler: Sampler, tmp_path: Path) -> None:
    given = workloads(tmp_path, 12, 7)
    found = sampler.optimize(table_of(given))
    usd = sampler.price(table_of(given), found.choices)
    for number, choice in enumerate(found.choices):
        for w in range(len(given)):
            if np.isfinite(usd[number, w]):
                bill = bill_of(sampler.optimizer, given[w], sampler.placement(choice))
                assert usd[number, w] == pytest.approx(bill.usd, rel=1e-9)
    assert (usd.min(axis=0) >= found.usd * (1 - 1e-9)).all()
