"""Lines of a bill put to the meters of a twin: whose they are, which meter and region, and what no meter is for.

What belongs to a twin is told by the tags that the deployer puts on everything (`run`, and `twin` where there is no
`run`). Lines without either are the twin's where it uses their meter; where other twins' lines of that meter stand on
the same bill, they are shared by quantity. So are free allowances, which a provider counts for the whole account: each
twin pays the account's mean price of a unit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from twin2multicloud.costing.lines import Category, CostLine
from twin2multicloud.costing.selectors import meters_of, selectors_of
from twin2multicloud.model.slots import Provider

MeterKey = tuple[str, str]
"""A meter and a region."""
Whose = Literal["ours", "others", "nobody"]
_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class TwinTags:
    """How a twin's resources are tagged: `name`, and the `run`s that made them (none known: the name alone counts)."""

    name: str
    runs: frozenset[str] = frozenset()

    @property
    def searched(self) -> tuple[str, tuple[str, ...]]:
        """The tag that its lines are looked for by, and which values it has."""
        return ("run", tuple(sorted(self.runs))) if self.runs else ("twin", (self.name,))

    def whose(self, line: CostLine) -> Whose:
        """Whether a line is this twin's, another's, or says nothing."""
        run, twin = line.tags.get("run", ""), line.tags.get("twin", "")
        if run and self.runs:
            return "ours" if run in self.runs else "others"
        if twin:
            return "ours" if _label(twin) == _label(self.name) else "others"
        return "others" if run else "nobody"


@dataclass(frozen=True)
class BilledMeter:
    """What a bill says of one meter in one region. `quantity` is None where the bill counts in something else, or
    (`untold`) tells no quantity, or in a unit that nobody knows.

    `untagged_usd` of it came without tags; `shared` says that lines of the whole account were shared among twins.
    """

    usd: Decimal
    quantity: float | None
    untagged_usd: Decimal = _ZERO
    shared: bool = False
    lines: int = 0
    untold: bool = False


@dataclass(frozen=True)
class Unmapped:
    """Lines that are for no meter, together. `ours` is False for those of the account that are nobody's."""

    provider: Provider
    service: str
    usage: str
    category: Category
    reason: str
    ours: bool
    usd: Decimal
    lines: int


@dataclass(frozen=True)
class MappedBill:
    """A bill by meters; `others_usd` is what stands on it for other twins."""

    meters: Mapping[MeterKey, BilledMeter] = field(default_factory=dict)
    unmapped: Sequence[Unmapped] = ()
    others_usd: Decimal = _ZERO

    @property
    def usd(self) -> Decimal:
        """What the twin was billed: its meters, and its lines that are for none."""
        return sum((each.usd for each in self.meters.values()), _ZERO) + self.unmapped_usd

    @property
    def unmapped_usd(self) -> Decimal:
        """The twin's lines that are for no meter."""
        return sum((each.usd for each in self.unmapped if each.ours), _ZERO)

    @property
    def untagged_usd(self) -> Decimal:
        """Lines that are for no meter and tagged for nobody: the account's."""
        return sum((each.usd for each in self.unmapped if not each.ours), _ZERO)


@dataclass
class _Sum:
    usd: Decimal = _ZERO
    quantity: Decimal = _ZERO
    counted: bool = True
    lines: int = 0

    def add(self, usd: Decimal, quantity: Decimal | None, lines: int = 1) -> None:
        self.usd += usd
        self.lines += lines
        if quantity is None:
            # Money alone corrects what was counted; where nothing was, there is no quantity to speak of.
            self.counted = self.counted and self.quantity != 0
        else:
            self.quantity += quantity


def map_lines(
    lines: Iterable[CostLine],
    twin: TwinTags,
    expected: Mapping[MeterKey, float],
    pooled: Callable[[str], bool] = lambda _meter: False,
) -> MappedBill:
    """Put a bill's lines, which are all in USD, to the meters of a twin.

    `expected` is what the twin is thought to use, by meter and region: it decides between meters and regions that a
    line does not tell apart. `pooled` says of which meters an account has a free allowance.
    """
    sums: dict[Whose, dict[MeterKey, _Sum]] = {"ours": {}, "others": {}, "nobody": {}}
    unmapped: dict[tuple[Provider, str, str, Category, str, bool], _Sum] = defaultdict(_Sum)
    others = _ZERO
    for line in lines:
        whose = twin.whose(line)
        reason, meters = _reason(line)
        if whose == "others":
            others += line.cost
        if reason or (whose == "nobody" and not _uses(meters, expected)):
            if whose != "others":
                key = (line.provider, line.service, line.usage, line.category, reason or "tagged for nobody")
                unmapped[*key, whose == "ours"].add(line.cost, None)
            continue
        quantity = _quantity(line, meters)
        for target, share in _targets(line, meters, expected):
            part = None if quantity is None else quantity * share
            sums[whose].setdefault(target, _Sum()).add(line.cost * share, part)
    found = {
        key: _billed(key, sums, pooled)
        for key in sorted({*sums["ours"], *sums["nobody"]})
        if key in sums["ours"] or key in expected
    }
    return MappedBill(
        found,
        tuple(
            Unmapped(provider, service, usage, category, reason, ours, total.usd, total.lines)
            for (provider, service, usage, category, reason, ours), total in unmapped.items()
        ),
        others,
    )


def _reason(line: CostLine) -> tuple[str, tuple[str, ...]]:
    """Why a line is for no meter, or the meters it may be for."""
    if line.category in (Category.TAX, Category.CREDIT, Category.PURCHASE):
        return line.category.value.lower(), ()
    if line.committed:
        return "reserved capacity or a savings plan", ()
    meters = tuple(meters_of(line))
    return ("" if meters else "no meter is for it"), meters


def _uses(meters: Sequence[str], expected: Mapping[MeterKey, float]) -> bool:
    return any(meter in meters for meter, _ in expected)


def _quantity(line: CostLine, meters: Sequence[str]) -> Decimal | None:
    return None if any(map(_elsewhere, meters)) else selectors_of(line.provider).quantity_of(line)


def _elsewhere(meter: str) -> bool:
    """Whether bills count something else than the meter does."""
    return selectors_of(Provider(meter.partition(".")[0])).by_meter[meter].cost_only


def _targets(
    line: CostLine, meters: Sequence[str], expected: Mapping[MeterKey, float]
) -> list[tuple[MeterKey, Decimal]]:
    """The meters and regions that a line is for, with shares that add up to 1."""
    known = [key for key in expected if key[0] in meters]
    here = [key for key in known if key[1] == line.region] or known
    if not here:
        return [((meters[0], line.region), Decimal(1))]
    weights = [Decimal(repr(max(expected[key], 0.0))) for key in here]
    total = sum(weights, _ZERO)
    if len(here) == 1 or not total:
        return [(here[0], Decimal(1))]
    shares = [weight / total for weight in weights[:-1]]
    return list(zip(here, [*shares, 1 - sum(shares, _ZERO)], strict=True))


def _billed(key: MeterKey, sums: Mapping[Whose, Mapping[MeterKey, _Sum]], pooled: Callable[[str], bool]) -> BilledMeter:
    ours, others, nobody = (sums[whose].get(key, _Sum()) for whose in ("ours", "others", "nobody"))
    share = _share(ours, others)
    usd, quantity = ours.usd + nobody.usd * share, ours.quantity + nobody.quantity * share
    if others.lines and pooled(key[0]):
        everything = ours.quantity + others.quantity + nobody.quantity
        if everything > 0:
            usd = (ours.usd + others.usd + nobody.usd) * quantity / everything
    counted = (ours.counted or not ours.lines) and (nobody.counted or not nobody.lines)
    return BilledMeter(
        usd=usd,
        quantity=float(quantity) if counted else None,
        untagged_usd=nobody.usd * share,
        shared=bool(others.lines),
        lines=ours.lines + nobody.lines,
        untold=not counted and not _elsewhere(key[0]),
    )


def _share(ours: _Sum, others: _Sum) -> Decimal:
    """The twin's part of what is tagged for nobody: its part of what is tagged, by quantity, or by amount where no
    quantities are told.
    """
    if others.lines:
        for mine, all_of_it in (
            (ours.quantity, ours.quantity + others.quantity),
            (ours.usd, ours.usd + others.usd),
        ):
            if all_of_it > 0:
                return mine / all_of_it
    return Decimal(1)


def _label(text: str) -> str:
    """As labels on Google Cloud are written, which know no capital letters."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")
