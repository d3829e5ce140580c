"""Why a bill differs from what was predicted: an exact decomposition, the Shapley value of each cause.

Between the prediction of a line and its bill lie at most four steps. Each turns one thing from what was assumed into
what was found, and a line's cost is known for every set of steps that are taken:

    q(S) = q₀ · Π_{i ∈ S} q_i / q_{i−1}           the quantity with the steps S taken, where none of the q is (nearly) 0
    q(S) = max(q₀ + Σ_{i ∈ S} q_i − q_{i−1}, 0)   where one is
    v(S) = tariff(q(S))                           at the book's tariffs, of all lines together, pools included
    v(S) = tariff(q(S)) · billed / tariff(q_last) once the step "price" is taken, too

Where a bill tells amounts without quantities, what lies between our meters and an amount is one step: whether the
provider counted otherwise or a unit costs something else cannot be told apart.

A cause's effect is what its step adds to v, averaged over all orders in which the steps can be taken. So effects do not
depend on an order that somebody chose, they are 0 for a step that changes nothing, and they add up to the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from functools import cached_property
from itertools import combinations
from math import factorial, fsum, prod
from typing import Final

from twin2multicloud.costing.mapping import MeterKey


class Cause(StrEnum):
    """Why an amount differs.

    WORKLOAD: devices did something else than was assumed. FORMULA: at what they did, our formulas predict another usage
    than our meters counted. COUNTING: the provider counted otherwise than our meters. QUANTITY: those of the three
    together that nothing tells apart, where the workload is not known or nothing was metered. PRICE: a unit costs
    something else. PRICE_OR_QUANTITY: either, where the bill tells no quantity. NOT_MODELLED: no meter of the
    prediction is for it.
    """

    WORKLOAD = "workload"
    FORMULA = "formula"
    COUNTING = "counting"
    QUANTITY = "quantity"
    PRICE = "price"
    PRICE_OR_QUANTITY = "price-or-quantity"
    NOT_MODELLED = "not-modelled"


Quantities = Mapping[MeterKey, float]
Priced = Callable[[Quantities], Mapping[MeterKey, float]]
"""USD of each line for quantities of all lines, as one bill."""
_EXACT: Final = Decimal("1e-9")
_FEWER: Final = 1e-12
_NEARLY: Final = 1e-6
"""Factors of more than a million say nothing; summands do."""


@dataclass(frozen=True)
class Steps:
    """A line's way from the prediction to the bill: quantities in the meter's unit, and what was billed in USD.

    `observed` is the prediction at the workload that was; None where that is not known, so that workload and formula
    cannot be told apart. `metered` None: nothing was metered. `billed` None: there is no bill of it, or one in another
    unit; `untold`: one without quantities. `billed_usd` None: there is no bill at all.
    """

    predicted: float
    observed: float | None = None
    metered: float | None = None
    billed: float | None = None
    billed_usd: Decimal | None = None
    untold: bool = False

    @cached_property
    def steps(self) -> dict[Cause, tuple[float, float]]:
        """The quantity before and after each step that changes it."""
        found: dict[Cause, tuple[float, float]] = {}
        at = self.predicted
        if self.observed is not None and self._known:
            found[Cause.WORKLOAD] = (at, self.observed)
            at = self.observed
        if self.metered is not None:
            found[Cause.QUANTITY if self.observed is None else Cause.FORMULA] = (at, self.metered)
            at = self.metered
        if self.billed is not None:
            found[Cause.QUANTITY if self.metered is None else Cause.COUNTING] = (at, self.billed)
        return {cause: (before, after) for cause, (before, after) in found.items() if before != after}

    def quantity(self, taken: Collection[Cause]) -> float:
        """The quantity with these steps taken."""
        changes = [step for cause, step in self.steps.items() if cause in taken]
        all_of_them = [quantity for step in self.steps.values() for quantity in step]
        if all_of_them and min(all_of_them) > _NEARLY * max(all_of_them):
            return self.predicted * prod(after / before for before, after in changes)
        return max(self.predicted + fsum(after - before for before, after in changes), 0.0)

    @property
    def last(self) -> float:
        """The quantity after all steps."""
        observed = self.observed if self._known else None
        return next(q for q in (self.billed, self.metered, observed, self.predicted) if q is not None)

    @property
    def _known(self) -> bool:
        """Whether anything tells what it came to: without that there is no difference to explain."""
        return self.metered is not None or self.billed is not None or self.billed_usd is not None


def usd(amount: float) -> Decimal:
    """An amount as an exact decimal, to a billionth of a dollar."""
    return Decimal(repr(amount)).quantize(_EXACT, ROUND_HALF_EVEN)


def effects(lines: Mapping[MeterKey, Steps], priced: Priced) -> dict[MeterKey, dict[Cause, Decimal]]:
    """What each cause adds to each line, in USD. Of a line they add up exactly to its bill less its prediction;
    where there is no bill, to what was metered less the prediction.

    What rounding leaves, less than a millionth of a cent, is with the largest effect of a line.
    """
    causes: list[Cause] = [cause for cause in Cause if cause not in (Cause.PRICE_OR_QUANTITY, Cause.NOT_MODELLED)]
    taken: list[Cause] = [
        cause for cause in causes if cause is Cause.PRICE or any(cause in steps.steps for steps in lines.values())
    ]
    last = priced({key: max(steps.last, 0.0) for key, steps in lines.items()})
    values = {
        subset: _values(lines, subset, priced, last)
        for size in range(len(taken) + 1)
        for subset in map(frozenset, combinations(taken, size))
    }
    found = {}
    for key, steps in lines.items():
        exact = {cause: _shapley(key, cause, taken, values) for cause in taken}
        before = usd(values[frozenset()][key])
        after = usd(values[frozenset(taken)][key]) if steps.billed_usd is None else steps.billed_usd.quantize(_EXACT)
        caused = _adding_up(exact, after - before)
        if steps.untold and Cause.PRICE in caused:
            caused[Cause.PRICE_OR_QUANTITY] = caused.pop(Cause.PRICE)
        found[key] = caused
    return found


def _values(
    lines: Mapping[MeterKey, Steps],
    subset: frozenset[Cause],
    priced: Priced,
    last: Mapping[MeterKey, float],
) -> dict[MeterKey, float]:
    quantities = {key: steps.quantity(subset) for key, steps in lines.items()}
    at_list = dict(priced(quantities))
    if Cause.PRICE not in subset:
        return at_list
    for key, steps in lines.items():
        billed = 0.0 if steps.billed_usd is None else float(steps.billed_usd)
        if steps.billed_usd is None or (billed == 0 and last[key] == 0):
            continue
        if last[key] > 0:
            at_list[key] *= billed / last[key]
        elif steps.last > 0:
            # Free by the book, and yet billed: so much a unit.
            at_list[key] = billed * quantities[key] / steps.last
        else:
            at_list[key] += billed
    return at_list


def _shapley(
    key: MeterKey,
    cause: Cause,
    taken: Sequence[Cause],
    values: Mapping[frozenset[Cause], Mapping[MeterKey, float]],
) -> float:
    others = [other for other in taken if other is not cause]
    count = len(taken)
    return fsum(
        factorial(size)
        * factorial(count - size - 1)
        / factorial(count)
        * (values[frozenset({*subset, cause})][key] - values[frozenset(subset)][key])
        for size in range(count)
        for subset in combinations(others, size)
    )


def _adding_up(exact: Mapping[Cause, float], difference: Decimal) -> dict[Cause, Decimal]:
    rounded = {cause: usd(amount) for cause, amount in exact.items() if abs(amount) > _FEWER}
    rest = difference - sum(rounded.values(), Decimal(0))
    if rest:
        largest = max(rounded, key=lambda cause: abs(rounded[cause]), default=Cause.PRICE)
        rounded[largest] = rounded.get(largest, Decimal(0)) + rest
    return {cause: amount for cause, amount in rounded.items() if amount}
