"""What is said of an uncertain workload is what its samples say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin2multicloud.model.scenarios import scenario
from twin2multicloud.model.uncertain import Uncertain, uncertain
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.optimize import bill_of
from twin2multicloud.optimizer.sampling.draw import draw
from twin2multicloud.optimizer.sampling.figures import Distribution, Share, first_order, rank_correlation
from twin2multicloud.optimizer.sampling.optima import Sampler
from twin2multicloud.optimizer.sampling.study import DEPLOYED, TYPICAL, Study, study

BASE = scenario("smart-building").workload


def given() -> Uncertain:
    spreads = {
        "devices": {"low": 500, "high": 9_000},
        "message_interval_s": {"mean": 10, "sd": 3},
        "viewers": {"values": [5, 300]},
    }
    found, _ = uncertain(BASE, spreads)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def found(sampler: Sampler) -> Study:
    table = draw(given(), 400, 2)
    deployed = sampler.optimizer.optimize(BASE, alternatives=False).placement
    return study(sampler, given(), table, sampler.optimize(table), deployed)


def test_placements_are_compared_on_the_same_samples(sampler: Sampler, found: Study) -> None:
    assert found.optimum is not None
    roles = [role for each in found.candidates for role in each.roles]
    assert {TYPICAL, DEPLOYED, "AWS alone"} <= set(roles)
    assert sum(each.best.value for each in found.candidates) == pytest.approx(1.0)
    assert found.least_mean is not None
    assert found.least_regret is not None
    table = draw(given(), 400, 2)
    usd = sampler.optimize(table).usd
    means, regrets = [], []
    for each in found.candidates:
        row = sampler.price(table, sampler.choice(each.placement)[None])[0]
        if each.fits == 1.0:
            assert each.usd is not None
            assert each.regret is not None
            assert each.usd.mean.value == pytest.approx(row.mean())
            assert each.regret.most == pytest.approx((row - usd).max(), abs=1e-9)
            means.append(each.usd.mean.value)
            regrets.append(each.regret.most)
    least, steadiest = found.candidates[found.least_mean], found.candidates[found.least_regret]
    assert least.usd is not None
    assert least.usd.mean.value == min(means)
    assert steadiest.regret is not None
    assert steadiest.regret.most == min(regrets)


def test_the_tornado_is_optimized_anew_at_each_end(sampler: Sampler, found: Study) -> None:
    for swing in found.swings:
        for end, value in enumerate((swing.low, swing.high)):
            number = int(value) if swing.field != "message_interval_s" else value
            workload: Workload = found.given.base.model_copy(update={swing.field: number})
            best = sampler.optimizer.optimize(workload, alternatives=False)
            assert swing.optimum[end] == pytest.approx(best.usd_per_month, rel=1e-9)
            kept = bill_of(sampler.optimizer, workload, found.typical.placement).usd
            assert swing.fixed[end] == pytest.approx(kept, rel=1e-9)
    widths = [abs((swing.optimum[1] or 0) - (swing.optimum[0] or 0)) for swing in found.swings]
    assert widths == sorted(widths, reverse=True)
    assert [swing.quantiles for swing in found.swings if swing.field == "message_interval_s"] == [True]


def test_standard_errors_tell_how_far_estimates_scatter() -> None:
    rng = np.random.default_rng(3)
    samples = rng.lognormal(0.0, 1.0, (400, 1000))
    each = [Distribution.of(row) for row in samples]
    for name in ("mean", "p5", "p50", "p95"):
        scatter = np.std([getattr(one, name).value for one in each])
        told = np.mean([getattr(one, name).se for one in each])
        assert told == pytest.approx(scatter, rel=0.15)


def test_wilsons_interval() -> None:
    # Agresti, Categorical Data Analysis (2002), 1.4.2: none of 25.
    assert (Share.of(0, 25).value, Share.of(0, 25).low) == (0.0, 0.0)
    assert Share.of(0, 25).high == pytest.approx(0.1332, abs=1e-4)
    assert Share.of(25, 25).low == pytest.approx(1 - 0.1332, abs=1e-4)


def test_what_a_number_explains_alone() -> None:
    """y = a + b·c with independent uniform numbers: Var y = 1/12 + 7/144, of which a explains 1/12 and b 1/48 alone."""
    rng = np.random.default_rng(4)
    a, b, c = rng.random((3, 20_000))
    y = a + b * c
    total = 1 / 12 + 7 / 144
    assert first_order(a, y) == pytest.approx(1 / 12 / total, abs=0.02)
    assert first_order(b, y) == pytest.approx(1 / 48 / total, abs=0.02)
    assert first_order(rng.random(20_000), y) < 0.005
    assert first_order(np.round(a), np.round(a) * 3) == pytest.approx(1.0)
    assert rank_correlation(a, np.exp(5 * a)) == pytest.approx(1.0)
    assert rank_correlation(a, -a) == pytest.approx(-1.0)
    assert rank_correlation(np.ones(9), np.arange(9.0)) == 0.0
    assert math.isfinite(first_order(a, np.zeros(20_000)))
