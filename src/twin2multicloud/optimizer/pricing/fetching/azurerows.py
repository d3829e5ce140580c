"""Items of Azure's Retail Prices API → rows. An item is one tier of one price; several make a row.

The list holds much besides what is paid for use: reservations (whole terms, printed as hours), prices for development
and testing, meters that are billed under another name, and prices of the past and the future.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any, Final

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.rows import PriceRow, Wanted, raw_hash

Item = Mapping[str, Any]
Tiers = tuple[tuple[float, float], ...]

ATTRIBUTES: Final = (
    "productName",
    "skuName",
    "meterName",
    "meterId",
    "skuId",
    "productId",
    "serviceName",
    "serviceFamily",
    "armSkuName",
    "location",
)
"""The fields of an item that a selector may name."""

_NAMES: Final = ("armRegionName", "productName", "skuName", "meterName")
_IDENTITY: Final = (*_NAMES, "meterId", "skuId", "unitOfMeasure")
_BEYOND_REGIONS: Final = frozenset({"", "global"})


class _UnreadableError(ValueError):
    """What of an item cannot be read."""


def rows_of(service: str, items: Iterable[Item], wanted: Wanted) -> tuple[PriceRow, ...]:
    """The rows that these items of a service make: what is paid for use, by the prices in force on the day. What cannot
    be read, or contradicts itself, is the row's `problem`.
    """
    found: dict[str, Item] = {}
    for item in items:
        if is_wanted(service, item, wanted):
            found[raw_hash(item)] = item  # a list that changes while it is read repeats items on the next page
    groups: dict[tuple[str, ...], list[Item]] = defaultdict(list)
    for item in _billed(list(found.values())):
        groups[tuple(_text(item, name) for name in _IDENTITY)].append(item)
    rows = (_row(service, group, wanted.on) for group in groups.values())
    return tuple(row for row in rows if row is not None)


def region_of(item: Item) -> str:
    """The region an item is for; "" for one that is for none in particular."""
    name = _text(item, "armRegionName")
    return "" if name.casefold() in _BEYOND_REGIONS else name


def is_wanted(service: str, item: Item, wanted: Wanted) -> bool:
    """Whether the item is a price for use that could be one of those wanted."""
    if item.get("type") != "Consumption":
        return False
    region = region_of(item)
    if wanted.regions is not None and region and region not in wanted.regions:
        return False
    return wanted.may_match(service, _attributes(item))


def _attributes(item: Item) -> dict[str, str]:
    return {name: _text(item, name) for name in ATTRIBUTES if _text(item, name)}


def _billed(items: Sequence[Item]) -> list[Item]:
    """Without those that repeat a primary meter under its names: no bill shows them. A meter that is the primary one
    only in another region, as those of egress zones are, is billed here all the same.
    """
    primary = {_names(item) for item in items if item.get("isPrimaryMeterRegion") is not False}
    return [item for item in items if item.get("isPrimaryMeterRegion") is not False or _names(item) not in primary]


def _names(item: Item) -> tuple[str, ...]:
    return tuple(_text(item, name) for name in _NAMES)


def _row(service: str, items: Sequence[Item], on: str) -> PriceRow | None:
    """The row in force on that day; None where its only prices are those of the future."""
    begun = [item for item in items if _date(item) <= on]
    if not begun:
        return None
    effective = max(_date(item) for item in begun)
    valid = [item for item in begun if _date(item) == effective]
    one, tiers, problem = valid[0], Tiers(), ""
    try:
        tiers = _tiers(valid)
    except _UnreadableError as error:
        problem = str(error)
    return PriceRow(
        provider=Provider.AZURE,
        service=service,
        region=region_of(one),
        sku=f"{_text(one, 'meterId')}:{_text(one, 'skuId')}",
        unit=_text(one, "unitOfMeasure"),
        tiers=tiers,
        attributes=_attributes(one),
        effective=effective,
        sha256=raw_hash(sorted((dict(item) for item in valid), key=raw_hash)),
        problem=problem,
    )


def _date(item: Item) -> str:
    """The ISO date from which an item holds; one without a date holds from ever."""
    return _text(item, "effectiveStartDate")[:10]


def _tiers(items: Sequence[Item]) -> Tiers:
    """Tiers as (start, USD), both in units of the unit of measure. Items that contradict each other, or belong to two
    price lists, are not tiers.
    """
    tiers = tuple(sorted((_number(item, "tierMinimumUnits", 0), _price(item)) for item in items))
    if any(start == following for (start, _), (following, _) in pairwise(tiers)):
        raise _UnreadableError("two prices begin at the same quantity")
    # Two lists of the same prices whose starts are shifted against each other (by the free allowance that one of them
    # has) read as one list in which price after price is repeated at the same distance.
    repeated = Counter(
        following - start for (start, price), (following, again) in pairwise(tiers) if price == again and price > 0
    )
    if any(count > 1 for count in repeated.values()):
        raise _UnreadableError("the tiers of two price lists are mixed")
    return tiers


def _price(item: Item) -> float:
    if item.get("currencyCode", "USD") != "USD":
        raise _UnreadableError(f"the price is in {item['currencyCode']}, not in USD")
    return _number(item, "retailPrice", None)


def _number(item: Item, name: str, default: float | None) -> float:
    value = item.get(name, default)
    # True is an int to Python; and where a number came in quotes, who knows what else changed.
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise _UnreadableError(f"{name} is {value!r}, which is no quantity")
    return float(value)


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    return "" if value is None else str(value)
