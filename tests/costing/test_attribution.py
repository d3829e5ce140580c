"""Differences are decomposed exactly, and what was changed on purpose is what is found."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.costing.bills import FRANKFURT, METERED, bill, expected, mapped, priced
from twin2multicloud.costing.attribution import Cause, Steps, effects, usd
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.simulated import UNMODELLED, Changes
from twin2multicloud.costing.validation import Validation, validate
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.slots import Provider

WRITES = ("aws.dynamodb.write-units", FRANKFURT)
LAMBDA = ("aws.lambda.requests", FRANKFURT)
_KEYS = sorted(METERED)
_COUNTED = [key for key in _KEYS if key[0] != "azure.iot-hub.s1"]
# A meter whose lines the bill does not tell from another's changes with it.
_ALONE = [key for key in _COUNTED if "glacier-instant" not in key[0]]
_factor = st.floats(0.2, 5).filter(lambda factor: abs(factor - 1) > 0.01)


def found(changes: Changes, predicted: Mapping[MeterKey, float] = METERED, observed: float = 1.0) -> Validation:
    lines = expected(predicted, observed=lambda key: predicted[key] * observed, metered=METERED.__getitem__)
    return validate(lines, mapped(bill(changes)), priced)


@pytest.mark.slow
@settings(deadline=None, max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    predicted=st.fixed_dictionaries({key: st.floats(0, 5e8) for key in _KEYS}),
    observed=st.floats(0, 3),
    prices=st.dictionaries(st.sampled_from([meter for meter, _ in _KEYS]), st.floats(0, 10)),
    quantities=st.dictionaries(st.sampled_from([meter for meter, _ in _KEYS]), st.floats(0, 10)),
    unmodelled=st.dictionaries(st.sampled_from(Provider), st.decimals(0, 1000, places=6)),
    noise=st.floats(0, 1),
)
def test_effects_add_up_to_the_difference_exactly(
    predicted: dict[MeterKey, float],
    observed: float,
    prices: dict[str, float],
    quantities: dict[str, float],
    unmodelled: dict[Provider, Decimal],
    noise: float,
) -> None:
    changes = Changes(prices, quantities, unmodelled, noise, seed=7)
    whole = found(changes, predicted, observed)
    for line in whole.lines:
        assert sum(line.effects.values()) == line.difference
    assert sum(whole.effects.values()) == whole.difference
    assert whole.billed_usd == sum(line.cost for line in bill(changes))
    assert whole.effects.get(Cause.NOT_MODELLED, 0) == sum(unmodelled.values())


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(key=st.sampled_from(_KEYS), factor=_factor)
def test_a_changed_price_is_found_as_such(key: MeterKey, factor: float) -> None:
    whole = found(Changes(prices={key[0]: factor}))
    assert {cause: float(amount) for cause, amount in whole.effects.items()} == pytest.approx(
        {Cause.PRICE: priced(METERED)[key] * (factor - 1)}, abs=2e-6
    )


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(key=st.sampled_from(_ALONE), factor=_factor)
def test_a_changed_quantity_is_found_as_counted_otherwise(key: MeterKey, factor: float) -> None:
    whole = found(Changes(quantities={key[0]: factor}))
    changed = sum(priced({**METERED, key: METERED[key] * factor}).values()) - sum(priced(METERED).values())
    assert float(whole.effects[Cause.COUNTING]) == pytest.approx(changed, abs=2e-6)
    others = [amount for cause, amount in whole.effects.items() if cause is not Cause.COUNTING]
    assert all(abs(amount) < Decimal("2e-6") for amount in others)


@settings(deadline=None)
@given(price=_factor, quantity=_factor, workload=_factor, formula=_factor)
def test_four_changes_of_one_meter_are_told_apart_by_their_shapley_values(
    price: float, quantity: float, workload: float, formula: float
) -> None:
    """On a meter without tiers a line is a product, so that a cause's mean over all orders can be said outright."""
    key = ("aws.dynamodb.write-units", FRANKFURT)
    metered = METERED[key]
    observed = metered / formula
    predicted = observed / workload
    rate = priced({key: 1.0})[key]
    steps = Steps(predicted, observed, metered, metered * quantity, usd(metered * quantity * rate * price))
    (told,) = effects({key: steps}, priced).values()
    factors = {Cause.WORKLOAD: workload, Cause.FORMULA: formula, Cause.COUNTING: quantity, Cause.PRICE: price}
    exact = dict.fromkeys(factors, 0.0)
    for order in permutations(factors):
        at = predicted * rate
        for cause in order:
            exact[cause] += at * (factors[cause] - 1) / 24
            at *= factors[cause]
    assert {cause: float(amount) for cause, amount in told.items()} == pytest.approx(exact, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("observed", "cause"), [(2.0, Cause.WORKLOAD), (1.0, Cause.FORMULA)])
def test_half_as_much_was_predicted(observed: float, cause: Cause) -> None:
    half = {key: quantity / 2 for key, quantity in METERED.items()}
    whole = found(Changes(), half, observed)
    told = {each: amount for each, amount in whole.effects.items() if abs(amount) > Decimal("1e-5")}
    assert told.keys() == {cause}
    assert float(told[cause]) == pytest.approx(sum(priced(METERED).values()) - sum(priced(half).values()), abs=1e-5)


def test_what_is_billed_beyond_the_plan_is_not_modelled() -> None:
    plan = {key: quantity for key, quantity in METERED.items() if key != LAMBDA}
    lines = expected(plan, observed=plan.__getitem__, metered=plan.__getitem__)
    whole = validate(lines, mapped(bill(), plan), priced)
    line = next(line for line in whole.lines if line.expected.key == LAMBDA)
    assert line.effects == {Cause.NOT_MODELLED: line.billed_usd}
    assert line.note == "the twin's plan has no such meter here"


def test_what_is_planned_and_used_but_never_billed() -> None:
    rows = [row for row in bill() if "Request" not in row.usage or row.service != "AWS Lambda"]
    lines = expected(METERED, observed=METERED.__getitem__, metered=METERED.__getitem__)
    whole = validate(lines, mapped(rows), priced)
    line = next(line for line in whole.lines if line.expected.key == LAMBDA)
    assert line.billed_usd == 0
    assert line.note == "no line of the bill is for it"
    assert line.effects == {Cause.COUNTING: -line.predicted_usd}
    assert whole.measures[1].left_out == (LAMBDA,)


def test_without_meters_a_bill_tells_quantity_from_price() -> None:
    half = {key: quantity / 2 for key, quantity in METERED.items()}
    whole = validate(expected(half), mapped(bill(Changes(prices={"aws.iot-core.messages": 2.0}))), priced)
    assert whole.metered_usd is None
    assert whole.effects.keys() == {Cause.QUANTITY, Cause.PRICE}
    assert [(each.estimate, each.actual) for each in whole.measures] == [("predicted", "billed")]


def test_without_a_bill_what_was_metered_is_the_truth() -> None:
    half = {key: quantity / 2 for key, quantity in METERED.items()}
    lines = expected(half, observed=half.__getitem__, metered=METERED.__getitem__)
    whole = validate(lines, None, priced)
    assert whole.billed_usd is None
    assert set(whole.effects) == {Cause.FORMULA}
    assert whole.metered_usd
    assert whole.difference == whole.metered_usd - whole.predicted_usd


def test_measures() -> None:
    whole = found(Changes(prices={"aws.iot-core.messages": 2.0, "aws.lambda.requests": 0.0}))
    (_, measure, again) = whole.measures
    assert (measure.estimate, measure.actual, again.estimate) == ("predicted", "billed", "metered")
    assert measure.lines == len(METERED) - 1
    assert measure.mape == pytest.approx(0.5 / measure.lines)
    amounts = priced(METERED)
    messages, requests = amounts["aws.iot-core.messages", FRANKFURT], amounts[LAMBDA]
    billed = sum(amounts.values()) + messages - requests
    assert measure.wape == pytest.approx((messages + requests) / billed)
    assert measure.total_relative == pytest.approx((requests - messages) / billed)
    assert measure.left_out == (LAMBDA,)
    first = whole.lines[0]
    assert first.expected.meter == "aws.iot-core.messages"
    assert first.relative == pytest.approx(-0.5)


def test_noise_is_the_same_from_the_same_seed() -> None:
    assert bill(Changes(noise=0.1, seed=3)) == bill(Changes(noise=0.1, seed=3))
    assert bill(Changes(noise=0.1, seed=3)) != bill(Changes(noise=0.1, seed=4))


def test_only_what_is_on_the_bill_can_be_changed() -> None:
    with pytest.raises(InvalidInputError) as refused:
        Changes({"aws.lambda.request": 2}, {"aws.lambda.requests": -1}, noise=2).check([meter for meter, _ in METERED])
    assert [finding.field for finding in refused.value.findings] == [
        "price.aws.lambda.request",
        "quantity.aws.lambda.requests",
        "noise",
    ]
    Changes({"aws.lambda.requests": 1.2}).check([meter for meter, _ in METERED])
    extra = bill(Changes(unmodelled={Provider.AWS: Decimal("12.5")}))[-1]
    assert (extra.service, extra.cost) == (UNMODELLED, Decimal("12.5"))


@pytest.mark.parametrize("billed", [130.0, None])
def test_a_workload_that_is_known_counts_without_a_meter(billed: float | None) -> None:
    """Nothing metered it: what the workload explains is told, and the rest is quantity, or price without one."""
    rate = priced({WRITES: 1.0})[WRITES]
    steps = Steps(100.0, 120.0, None, billed, usd(130.0 * rate))
    (told,) = effects({WRITES: steps}, priced).values()
    assert told.keys() == {Cause.WORKLOAD, Cause.QUANTITY if billed else Cause.PRICE}
    assert float(sum(told.values())) == pytest.approx(30 * rate, abs=1e-8)
    (alone,) = effects({WRITES: Steps(100.0, 120.0)}, priced).values()
    assert not alone, "without a bill or a meter there is no difference to explain"
