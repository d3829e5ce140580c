"""Bills made smaller without losing what is asked of them: what differs in nothing but the hour is one line a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.model.errors import Finding, InvalidInputError

MOST_PROBLEMS: Final = 20
_TAGS: Final = ("run", "twin")


@dataclass(frozen=True)
class CondensedLine:
    """A line that stands for `lines`: its charge period is a day."""

    line: CostLine
    lines: int


@dataclass(frozen=True)
class Condensed:
    """A bill in USD, and what of it could not be read: how many rows, and the first of them."""

    lines: tuple[CondensedLine, ...]
    bad_lines: int
    problems: tuple[BadLine, ...]


def condensed(rows: Iterable[CostLine | BadLine], usd_per: Mapping[str, Decimal]) -> Condensed:
    """Condense a bill. `usd_per` says what a unit of other currencies than the dollar is worth in USD.

    Raises `InvalidInputError` where it does not say so of a currency that occurs.
    """
    sums: dict[tuple[object, ...], CondensedLine] = {}
    bad = 0
    problems: list[BadLine] = []
    for row in rows:
        if isinstance(row, BadLine):
            bad += 1
            if len(problems) < MOST_PROBLEMS:
                problems.append(row)
            continue
        cost = row.cost * _rate(row.currency, usd_per)
        key = _key(row)
        before = sums.get(key)
        if before is None:
            sums[key] = CondensedLine(_plain(row, cost), 1)
            continue
        quantity = None if row.quantity is None else (before.line.quantity or 0) + row.quantity
        sums[key] = CondensedLine(
            replace(before.line, cost=before.line.cost + cost, quantity=quantity), before.lines + 1
        )
    return Condensed(tuple(sums.values()), bad, tuple(problems))


def _rate(currency: str, usd_per: Mapping[str, Decimal]) -> Decimal:
    if currency == "USD":
        return Decimal(1)
    if currency not in usd_per:
        raise InvalidInputError(
            "bill", [Finding("BillingCurrency", f"is {currency}: say what one is worth in USD (--rate {currency}=USD)")]
        )
    return usd_per[currency]


def _key(row: CostLine) -> tuple[object, ...]:
    """What lines have in common that become one."""
    return (
        row.provider,
        row.period_begins,
        row.period_ends,
        row.charged_from.date(),
        row.category,
        row.service,
        row.usage,
        row.quantity is None,
        row.unit,
        row.region,
        row.account,
        row.correction,
        row.committed,
        *(row.tags.get(name, "") for name in _TAGS),
    )


def _plain(row: CostLine, cost: Decimal) -> CostLine:
    """A line for its whole day, in USD, without what nobody asks for."""
    day = row.charged_from.replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(
        row,
        charged_from=day,
        charged_to=day + timedelta(days=1),
        cost=cost,
        currency="USD",
        resource="",
        sku="",
        description="",
        tags={name: row.tags[name] for name in _TAGS if row.tags.get(name)},
    )
