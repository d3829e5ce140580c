"""Predicted, metered and billed side by side, meter by meter, with errors and what explains them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import fsum
from typing import Final

from twin2multicloud.costing.attribution import Cause, Priced, Steps, effects, usd
from twin2multicloud.costing.mapping import MappedBill, MeterKey, Unmapped
from twin2multicloud.model.slots import Provider

_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Expected:
    """A line as it was predicted and metered: a month's quantities in the meter's unit.

    `observed` is the prediction at the workload that was; None where that is not known. `metered` is None where nothing
    was metered.
    `projected`: the metered quantity follows from what was written rather than from what was kept.
    """

    meter: str
    provider: Provider
    region: str
    service: str
    dimension: str
    unit: str
    predicted: float
    observed: float | None = None
    metered: float | None = None
    projected: bool = False

    @property
    def key(self) -> MeterKey:
        """Meter and region."""
        return self.meter, self.region


@dataclass(frozen=True)
class ValidatedLine:
    """A meter in a region. Amounts in USD, quantities in `expected.unit`; `effects` add up to `difference`."""

    expected: Expected
    predicted_usd: Decimal
    metered_usd: Decimal | None
    billed_usd: Decimal | None
    billed: float | None
    effects: Mapping[Cause, Decimal]
    note: str = ""

    @property
    def actual_usd(self) -> Decimal:
        """What was billed, or metered where there is no bill."""
        found = self.metered_usd if self.billed_usd is None else self.billed_usd
        return self.predicted_usd if found is None else found

    @property
    def difference(self) -> Decimal:
        """What it was more than predicted."""
        return self.actual_usd - self.predicted_usd

    @property
    def relative(self) -> float | None:
        """The prediction's error over what it was; None where it was nothing."""
        return float(-self.difference / abs(self.actual_usd)) if self.actual_usd else None


@dataclass(frozen=True)
class Measure:
    """How well one estimate agrees with what it estimates, over lines, in USD.

    `mape` is the mean of |estimate − actual| / |actual| over the `lines` with an actual amount; None without any.
    `wape` (weighted MAPE) is Σ|estimate − actual| / Σ|actual| over all lines. `left_out` are those with
    an estimate but no actual amount, of which no relative error exists.
    """

    estimate: str
    actual: str
    lines: int
    mape: float | None
    wape: float | None
    estimate_usd: Decimal
    actual_usd: Decimal
    left_out: tuple[MeterKey, ...]

    @property
    def total_relative(self) -> float | None:
        """The error of the total over the actual total."""
        if not self.actual_usd:
            return None
        return float((self.estimate_usd - self.actual_usd) / abs(self.actual_usd))


@dataclass(frozen=True)
class Validation:
    """A month of a twin as it was predicted, metered and billed. Largest differences first.

    `unmapped` lines of the bill are for no meter: the twin's own count into `billed_usd`, and are not modelled.
    """

    lines: tuple[ValidatedLine, ...]
    unmapped: tuple[Unmapped, ...]
    measures: tuple[Measure, ...]
    predicted_usd: Decimal
    metered_usd: Decimal | None
    billed_usd: Decimal | None
    others_usd: Decimal = _ZERO

    @property
    def effects(self) -> dict[Cause, Decimal]:
        """What each cause adds, of all lines and what is not modelled together."""
        found: dict[Cause, Decimal] = {}
        for line in self.lines:
            for cause, amount in line.effects.items():
                found[cause] = found.get(cause, _ZERO) + amount
        beside = sum((each.usd for each in self.unmapped if each.ours), _ZERO)
        if beside:
            found[Cause.NOT_MODELLED] = found.get(Cause.NOT_MODELLED, _ZERO) + beside
        return found

    @property
    def difference(self) -> Decimal:
        """What it was more than predicted: the sum of `effects`."""
        if self.billed_usd is not None:
            return self.billed_usd - self.predicted_usd
        return sum((line.difference for line in self.lines), _ZERO)


def validate(expected: Sequence[Expected], bill: MappedBill | None, priced: Priced) -> Validation:
    """Compare. `bill` None: nothing was billed, and what was metered is the truth."""
    lines = {each.key: each for each in expected}
    beyond = {} if bill is None else {key: billed for key, billed in bill.meters.items() if key not in lines}
    steps = {key: _steps(each, bill) for key, each in lines.items()}
    caused = effects(steps, priced)
    predicted = priced({key: each.predicted for key, each in lines.items()})
    metered = priced({key: each.metered or 0.0 for key, each in lines.items()})
    found = [
        ValidatedLine(
            expected=each,
            predicted_usd=usd(predicted[key]),
            metered_usd=None if each.metered is None else usd(metered[key]),
            billed_usd=None if (amount := steps[key].billed_usd) is None else usd_of(amount),
            billed=steps[key].billed,
            effects=caused[key],
            note=_note(key, bill),
        )
        for key, each in lines.items()
    ]
    found += [
        ValidatedLine(
            expected=_unforeseen(key),
            predicted_usd=_ZERO,
            metered_usd=None,
            billed_usd=usd_of(billed.usd),
            billed=billed.quantity,
            effects={Cause.NOT_MODELLED: usd_of(billed.usd)} if billed.usd else {},
            note="the twin's plan has no such meter here",
        )
        for key, billed in beyond.items()
    ]
    found.sort(key=lambda line: (-abs(line.difference), -line.actual_usd, line.expected.key))
    unmapped = () if bill is None else tuple(sorted(bill.unmapped, key=lambda each: (not each.ours, -abs(each.usd))))
    total = None if bill is None else sum((line.billed_usd or _ZERO for line in found), _ZERO) + sum(
        (usd_of(each.usd) for each in unmapped if each.ours), _ZERO
    )  # fmt: skip
    any_metered = any(each.metered is not None for each in expected)
    return Validation(
        lines=tuple(found),
        unmapped=tuple(_exact(each) for each in unmapped),
        measures=tuple(_measures(found, bill is not None, any_metered)),
        predicted_usd=sum((line.predicted_usd for line in found), _ZERO),
        metered_usd=sum((line.metered_usd or _ZERO for line in found), _ZERO) if any_metered else None,
        billed_usd=total,
        others_usd=_ZERO if bill is None else bill.others_usd,
    )


def usd_of(amount: Decimal) -> Decimal:
    """A billed amount to a billionth of a dollar."""
    return amount.quantize(Decimal("1e-9"))


def _steps(line: Expected, bill: MappedBill | None) -> Steps:
    if bill is None:
        return Steps(line.predicted, line.observed, line.metered)
    billed = bill.meters.get(line.key)
    if billed is None:
        return Steps(line.predicted, line.observed, line.metered, 0.0, _ZERO)
    return Steps(line.predicted, line.observed, line.metered, billed.quantity, billed.usd, billed.untold)


def _note(key: MeterKey, bill: MappedBill | None) -> str:
    if bill is None:
        return ""
    billed = bill.meters.get(key)
    if billed is None:
        return "no line of the bill is for it"
    told = []
    if billed.untold:
        told.append("the bill tells amounts only: price and quantity cannot be told apart without quantities")
    elif billed.quantity is None:
        told.append("billed in another unit: amounts only")
    if billed.shared:
        told.append("shared with other twins of the account")
    if billed.untagged_usd:
        told.append(f"{billed.untagged_usd:.2f} USD of it without tags")
    return "; ".join(told)


def _unforeseen(key: MeterKey) -> Expected:
    meter, region = key
    provider = Provider(meter.partition(".")[0])
    return Expected(meter, provider, region, meter.partition(".")[2], "", "", 0.0)


def _exact(each: Unmapped) -> Unmapped:
    return Unmapped(
        each.provider, each.service, each.usage, each.category, each.reason, each.ours, usd_of(each.usd), each.lines
    )


def _measures(lines: Sequence[ValidatedLine], billed: bool, metered: bool) -> Iterable[Measure]:
    known = [line for line in lines if line.expected.unit and line.metered_usd is not None]
    if metered:
        yield _measure(
            "predicted", "metered", [(each.expected.key, each.predicted_usd, each.metered_usd) for each in known]
        )
    if billed:
        yield _measure(
            "predicted", "billed", [(each.expected.key, each.predicted_usd, each.billed_usd) for each in lines]
        )
    if billed and metered:
        yield _measure("metered", "billed", [(each.expected.key, each.metered_usd, each.billed_usd) for each in lines])


def _measure(estimate: str, actual: str, pairs: Sequence[tuple[MeterKey, Decimal | None, Decimal | None]]) -> Measure:
    both = [(key, float(a or _ZERO), float(b or _ZERO)) for key, a, b in pairs]
    errors = [abs(a - b) / abs(b) for _, a, b in both if b]
    whole = fsum(abs(b) for _, _, b in both)
    return Measure(
        estimate=estimate,
        actual=actual,
        lines=len(errors),
        mape=fsum(errors) / len(errors) if errors else None,
        wape=fsum(abs(a - b) for _, a, b in both) / whole if whole else None,
        estimate_usd=sum((a or _ZERO for _, a, _ in pairs), _ZERO),
        actual_usd=sum((b or _ZERO for _, _, b in pairs), _ZERO),
        left_out=tuple(key for key, a, b in both if a and not b),
    )
