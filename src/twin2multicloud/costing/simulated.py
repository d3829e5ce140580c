"""A billing export of what a sandbox metered, at prices and quantities that are changed on purpose.

It is a bill as a cloud would write it, so that whoever reads bills can be tested, and a validation be seen to find what
was changed: one FOCUS line for each meter and day that costs something, with the tags of the twin's resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from random import Random
from typing import Final

from twin2multicloud.costing.attribution import usd
from twin2multicloud.costing.lines import Category, CostLine
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import Month
from twin2multicloud.costing.selectors import selectors_of
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.slots import Provider

MOST_FACTOR: Final = 1_000.0
UNMODELLED: Final = "Support and premium features"


@dataclass(frozen=True)
class Changes:
    """What is changed: factors by meter, what is billed besides in USD by cloud, and how much each line's quantity may
    vary (`noise`, a standard deviation relative to it) by a generator that starts at `seed`.
    """

    prices: Mapping[str, float] = field(default_factory=dict)
    quantities: Mapping[str, float] = field(default_factory=dict)
    unmodelled: Mapping[Provider, Decimal] = field(default_factory=dict)
    noise: float = 0.0
    seed: int = 0

    def check(self, meters: Sequence[str]) -> None:
        """Raise `InvalidInputError` for meters that the bill has not, and factors that are none."""
        findings = [
            Finding(f"{what}.{meter}", f"is no meter of this bill; it has {', '.join(sorted(set(meters)))}")
            for what, factors in (("price", self.prices), ("quantity", self.quantities))
            for meter in factors
            if meter not in meters
        ]
        findings += [
            Finding(f"{what}.{meter}", f"is a factor from 0 to {MOST_FACTOR:,.0f}", str(factor))
            for what, factors in (("price", self.prices), ("quantity", self.quantities))
            for meter, factor in factors.items()
            if not (isfinite(factor) and 0 <= factor <= MOST_FACTOR)
        ]
        if not 0 <= self.noise <= 1:
            findings.append(Finding("noise", "is from 0 to 1", str(self.noise)))
        if findings:
            raise InvalidInputError("bill", findings)


def simulated_bill(
    metered: Mapping[MeterKey, float],
    priced: Callable[[Mapping[MeterKey, float]], Mapping[MeterKey, float]],
    changes: Changes,
    month: Month,
    tags: Mapping[str, str],
    account: str = "sandbox",
) -> Iterator[CostLine]:
    """The lines of a month's bill for metered quantities (by meter and region, in the meter's unit).

    A line's price is the tariff's at the billed quantity, times its factor. Days share a month's amounts evenly, the
    last takes what is left, so that they add up exactly. `Changes.check` has been called.
    """
    random = Random(changes.seed)  # noqa: S311  figures of a simulation
    billed = {
        key: quantity
        * changes.quantities.get(key[0], 1.0)
        * (max(random.gauss(1.0, changes.noise), 0.0) if changes.noise else 1.0)
        for key, quantity in sorted(metered.items())
    }
    amounts = priced(billed)
    for key, quantity in billed.items():
        meter, region = key
        provider = Provider(meter.partition(".")[0])
        selectors = selectors_of(provider)
        service, usage, unit = selectors.named(meter, region)
        cost = usd(amounts[key] * changes.prices.get(meter, 1.0))
        told = None if selectors.by_meter[meter].cost_only else usd(quantity)
        if not quantity:
            continue
        for begins, ends, part_cost, part_quantity in _daily(month, cost, told):
            yield CostLine(
                provider, month.begins, month.ends, begins, ends, Category.USAGE, service, usage, part_cost,
                quantity=part_quantity, unit=unit, region=region, account=account, tags=tags,
                description=usage,
            )  # fmt: skip
    for provider, amount in sorted(changes.unmodelled.items()):
        yield CostLine(
            provider, month.begins, month.ends, month.begins, month.ends, Category.USAGE, UNMODELLED, UNMODELLED,
            amount, account=account, tags=tags, description=UNMODELLED,
        )  # fmt: skip


def _daily(
    month: Month, cost: Decimal, quantity: Decimal | None
) -> Iterator[tuple[datetime, datetime, Decimal, Decimal | None]]:
    days = month.days
    day_cost = (cost / days).quantize(Decimal("1e-9"))
    day_quantity = None if quantity is None else (quantity / days).quantize(Decimal("1e-9"))
    for day in range(days):
        begins = month.begins + timedelta(days=day)
        last = day == days - 1
        yield (
            begins,
            month.ends if last else begins + timedelta(days=1),
            cost - day_cost * day if last else day_cost,
            None
            if quantity is None or day_quantity is None
            else (quantity - day_quantity * day if last else day_quantity),
        )
