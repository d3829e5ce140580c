"""Samples follow the spreads they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from twin2multicloud.blueprint.volumes import FIELDS as COLUMNS
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.scenarios import scenario
from twin2multicloud.model.uncertain import uncertain
from twin2multicloud.model.uncertain_documents import parse_uncertain, spreads_of
from twin2multicloud.optimizer.pricing.tariffs import FloatArray
from twin2multicloud.optimizer.sampling.draw import draw

BASE = scenario("smart-building").workload
N = 4000


def drawn(spreads: dict[str, object], correlations: list[object] | None = None, seed: int = 1) -> dict[str, FloatArray]:
    given, findings = uncertain(BASE, spreads, correlations or [])
    assert not findings
    assert given is not None
    table = draw(given, N, seed)
    certain = [column for column, name in enumerate(COLUMNS) if name not in spreads]
    assert (table[:, certain] == [getattr(BASE, COLUMNS[column]) for column in certain]).all()
    return {name: table[:, COLUMNS.index(name)] for name in spreads}


@pytest.mark.parametrize(
    ("spread", "quantiles"),
    [
        ({"low": 2, "high": 12}, (2.5, 7.0, 11.5)),
        ({"low": 1, "high": 100, "shape": "log-uniform"}, (10**0.1, 10.0, 10**1.9)),
        # A triangle's quantiles: low + √(p·(high − low)·(mode − low)) left of the mode, mirrored right of it.
        ({"low": 0, "mode": 10, "high": 20}, (20 * (0.05 / 2) ** 0.5, 10.0, 20 - 20 * (0.05 / 2) ** 0.5)),
        ({"low": 0, "mode": 0, "high": 10}, (10 - 10 * 0.95**0.5, 10 - 10 * 0.5**0.5, 10 - 10 * 0.05**0.5)),
        ({"mean": 50, "sd": 10, "shape": "normal"}, (50 - 16.4485, 50.0, 50 + 16.4485)),
        # Mean 20, standard deviation 20: the logarithm has variance ln 2 and mean ln 20 − (ln 2) / 2.
        (
            {"mean": 20, "sd": 20},
            (14.1421 * np.exp(-1.64485 * 0.832555), 14.1421, 14.1421 * np.exp(1.64485 * 0.832555)),
        ),
        ({"mean": 50, "sd": 10, "shape": "normal", "low": 50}, (50.627, 56.745, 69.600)),
        ({"values": [5, 30, 7], "weights": [1, 2, 1]}, (5.0, 30.0, 30.0)),
    ],
)
def test_quantiles_are_the_distributions(spread: dict[str, object], quantiles: tuple[float, ...]) -> None:
    values = drawn({"dashboard_refreshes_per_hour": spread})["dashboard_refreshes_per_hour"]
    found = [float(np.sort(values)[round(p * N)]) for p in (0.05, 0.5, 0.95)]
    if "values" in spread:
        assert {value: int((values == value).sum()) for value in (5, 30, 7)} == {5: N // 4, 30: N // 2, 7: N // 4}
    else:
        np.testing.assert_allclose(found, quantiles, rtol=2e-3, atol=2e-2)


def test_each_part_of_a_range_is_drawn_once() -> None:
    values = drawn({"rules_per_message": {"low": 0, "high": 1}, "event_share": {"low": 0, "high": 1}})
    for each in values.values():
        assert (np.sort(np.floor(each * N)) == np.arange(N)).all()
    assert abs(np.corrcoef(values["rules_per_message"], values["event_share"])[0, 1]) < 0.05


def test_whole_numbers_stay_whole_and_within_their_range() -> None:
    devices = drawn({"devices": {"low": 1, "high": 3}})["devices"]
    assert set(devices) == {1.0, 2.0, 3.0}


def test_a_seed_draws_the_same_and_another_does_not() -> None:
    spread: dict[str, object] = {"devices": {"low": 10, "high": 10_000}}
    assert (drawn(spread)["devices"] == drawn(spread)["devices"]).all()
    assert (drawn(spread)["devices"] != drawn(spread, seed=2)["devices"]).any()


def test_correlated_numbers_keep_their_distributions() -> None:
    spreads: dict[str, object] = {
        "dashboard_hours_per_day": {"low": 0, "high": 24},
        "dashboard_refreshes_per_hour": {"mean": 50, "sd": 10, "shape": "normal"},
        "rules_per_message": {"low": 0, "high": 1},
    }
    pairs: list[object] = [{"between": ["dashboard_hours_per_day", "dashboard_refreshes_per_hour"], "r": 0.8}]
    found = drawn(spreads, pairs)
    hours, refreshes, rules = found.values()
    assert np.corrcoef(hours, refreshes)[0, 1] == pytest.approx(0.8 * 0.977, abs=0.03)
    assert abs(np.corrcoef(hours, rules)[0, 1]) < 0.05
    np.testing.assert_allclose(np.quantile(hours, [0.05, 0.5, 0.95]), [1.2, 12.0, 22.8], atol=0.4)
    np.testing.assert_allclose(refreshes.std(), 10.0, rtol=0.05)


def test_a_file_mixes_certain_and_uncertain_numbers() -> None:
    text = """
workload:
  devices: {low: 100, mode: 200, high: 900}
  message_interval_s: 30
  message_size_bytes: 120
constraints: {max_clouds: 1}
correlations: []
"""
    document = parse_uncertain(text, "file", "yaml")
    found = document.uncertain()
    assert found.base.devices == 200
    assert document.document.constraints is not None
    assert document.document.constraints.max_clouds == 1
    assert document.uncertain({"devices": {"low": 1, "high": 3}}).base.devices == 2


@pytest.mark.parametrize(
    ("line", "field", "problem"),
    [
        ("viewers: {low: 9, high: 3}", "workload.viewers.high", "less than low"),
        ("viewers: {mean: 9}", "workload.viewers.mean", "not enough"),
        ("viewers: {mean: 9, sd: 3, mode: 4}", "workload.viewers.mean", "does not go with"),
        ("viewers: {low: 1, high: 9, shape: normal}", "workload.viewers.shape", "uniform or log-uniform"),
        ("viewers: {low: -4, high: 3}", "workload.viewers", "from 0 to 1,000,000"),
        ("viewers: {values: [1, 2], weights: [1]}", "workload.viewers.weights", "one weight per value"),
        ("viewers: {values: [1.5, 2]}", "workload.viewers", "not whole"),
        ("hot_months: {low: 1, high: 5}", "workload.hot_months", "cool_months only 3"),
    ],
)
def test_what_is_wrong_with_a_spread_is_said_with_its_line(line: str, field: str, problem: str) -> None:
    text = f"workload:\n  devices: 10\n  message_interval_s: 5\n  message_size_bytes: 9\n  {line}\n"
    with pytest.raises(InvalidInputError) as error:
        parse_uncertain(text, "file", "yaml").uncertain()
    (finding,) = error.value.findings
    assert (finding.field, finding.line) == (field, 5)
    assert problem in finding.problem


def test_correlations_that_contradict_each_other_are_refused() -> None:
    spreads = {name: {"low": 1, "high": 5} for name in ("devices", "viewers", "editors")}
    names = [("devices", "viewers"), ("viewers", "editors"), ("devices", "editors")]
    pairs = [{"between": list(pair), "r": r} for pair, r in zip(names, (0.9, 0.9, -0.9), strict=True)]
    found, findings = uncertain(BASE, spreads, pairs)
    assert found is None
    assert "contradict" in findings[0].problem
    assert uncertain(BASE, spreads, [{**pair, "r": 1.0} for pair in pairs])[0] is not None


def test_ranges_in_the_words_of_the_command_line() -> None:
    found = spreads_of(["devices=1,000..2000", "viewers=10%", "editors=1..2..9"], BASE)
    assert found["devices"] == {"low": 1000, "high": 2000}
    assert found["viewers"] == pytest.approx({"low": BASE.viewers * 0.9, "high": BASE.viewers * 1.1})
    assert found["editors"] == {"low": 1, "mode": 2, "high": 9}
