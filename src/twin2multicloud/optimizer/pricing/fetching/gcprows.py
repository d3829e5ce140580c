"""SKUs of Google's Cloud Billing Catalog → rows. A SKU names many regions; it makes a row in each.

What a SKU is for stands in its description. What of that can be told by rule is made attributes: the description with
single blanks, its `what` without the place that it ends with, and where traffic goes `from` and `to`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from types import MappingProxyType
from typing import Any, Final

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.rows import PriceRow, Wanted, raw_hash

Sku = Mapping[str, Any]
Tiers = tuple[tuple[float, float], ...]

UNITS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "s": ("s", 1),
        "h": ("s", 3600),
        "By": ("By", 1),
        "GiBy": ("By", 2**30),
        "TiBy": ("By", 2**40),
        "GiBy.s": ("By.s", 2**30),
        "GiBy.h": ("By.s", 2**30 * 3600),
    }
)
"""Units of use whose size in base units does not depend on the length of a month."""

_PLACE: Final = r"[A-Z][\w.'-]*(?: [A-Z][\w.'-]*)*"
_SOMEWHERE: Final = re.compile(rf"(?P<what>.+) in (?:{_PLACE}|[a-z]+-[a-z]+\d+)")
_STORED: Final = re.compile(
    rf"(?P<what>(?:Standard|Nearline|Coldline|Archive) Storage) (?!.*(?:Dual|Multi)-region){_PLACE}"
)
_TRAFFIC: Final = re.compile(rf"(?P<what>.*Data Transfer Out)(?: from)? (?P<from>{_PLACE}) to (?P<to>{_PLACE})")
_NANO: Final = Decimal(10) ** -9


class _UnreadableError(ValueError):
    """What of a SKU cannot be read."""


def rows_of(service: str, skus: Iterable[Sku], wanted: Wanted) -> Iterator[PriceRow]:
    """The rows that these SKUs of a service make: prices on demand in the wanted regions and beyond regions, by what is
    in force on the day. What cannot be read, or contradicts itself, is the row's `problem`.
    """
    for sku in skus:
        attributes = _attributes(sku)
        if attributes.get("usageType") == "OnDemand" and wanted.may_match(service, attributes):
            yield from _rows(service, sku, attributes, wanted)


def regions_of(sku: Sku) -> tuple[str, ...]:
    """The regions a SKU names; "" stands for a price that holds in all."""
    listed = sku.get("serviceRegions")
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    return tuple("" if name == "global" else name for name in names)


def _rows(service: str, sku: Sku, attributes: Mapping[str, str], wanted: Wanted) -> Iterator[PriceRow]:
    regions = [code for code in regions_of(sku) if not code or wanted.regions is None or code in wanted.regions]
    pricing = _in_force(sku, wanted.on)
    if not regions or pricing is None:
        return
    expression = pricing.get("pricingExpression")
    known: Mapping[str, Any] = expression if isinstance(expression, Mapping) else {}
    tiers, problem = Tiers(), ""
    try:
        _check_unit(known)
        tiers = _tiers(known)
    except _UnreadableError as error:
        problem = str(error)
    aggregation = pricing.get("aggregationInfo")
    if isinstance(aggregation, Mapping):
        attributes = {**attributes, "interval": str(aggregation.get("aggregationInterval", ""))}
    for region in regions:
        yield PriceRow(
            provider=Provider.GCP,
            service=service,
            region=region,
            sku=str(sku.get("skuId", "")),
            unit=str(known.get("usageUnit", "")),
            tiers=tiers,
            attributes=attributes,
            effective=_date(pricing),
            sha256=raw_hash(sku),
            problem=problem,
        )


def _attributes(sku: Sku) -> dict[str, str]:
    category = sku.get("category")
    description = " ".join(str(sku.get("description", "")).split())
    found = {"description": description, "what": description}
    if isinstance(category, Mapping):
        found |= {
            name: str(category[name])
            for name in ("serviceDisplayName", "resourceFamily", "resourceGroup", "usageType")
            if category.get(name)
        }
    for form in (_STORED, _TRAFFIC, _SOMEWHERE):
        if told := form.fullmatch(description):
            return found | told.groupdict()
    return found


def _in_force(sku: Sku, on: str) -> Mapping[str, Any] | None:
    """Of a SKU's prices, which are given in the order of time, the one that holds on that day. None where all are those
    of the future.
    """
    listed = sku.get("pricingInfo")
    prices = [price for price in listed if isinstance(price, Mapping)] if isinstance(listed, list) else []
    return max((price for price in prices if _date(price) <= on), key=_time, default=None)


def _time(pricing: Mapping[str, Any]) -> str:
    return str(pricing.get("effectiveTime", ""))


def _date(pricing: Mapping[str, Any]) -> str:
    return _time(pricing)[:10] or date.min.isoformat()


def _check_unit(expression: Mapping[str, Any]) -> None:
    """A unit of use is worth what its name says, or the price is that of something else (TiB for GiB)."""
    unit, base, factor = (expression.get(name) for name in ("usageUnit", "baseUnit", "baseUnitConversionFactor"))
    known = UNITS.get(str(unit))
    if known is not None and base is not None and (base, factor) != known:
        raise _UnreadableError(f"a {unit} is said to be {factor} {base}, not {known[1]:.0f} {known[0]}")


def _tiers(expression: Mapping[str, Any]) -> Tiers:
    rates = expression.get("tieredRates")
    if not isinstance(rates, list) or not rates:
        raise _UnreadableError("there are no rates")
    tiers = []
    for rate in rates:
        if not isinstance(rate, Mapping):
            raise _UnreadableError(f"a rate is {rate!r}")
        start = rate.get("startUsageAmount", 0)
        if isinstance(start, bool) or not isinstance(start, int | float) or not isfinite(start) or start < 0:
            raise _UnreadableError(f"startUsageAmount is {start!r}, which is no quantity")
        tiers.append((float(start), _usd(rate.get("unitPrice"))))
    # The catalogue gives rates in ascending order. In another they may be those of two SKUs.
    if any(start >= following for (start, _), (following, _) in pairwise(tiers)):
        raise _UnreadableError("the rates are not in the order of their starts")
    return tuple(tiers)


def _usd(money: object) -> float:
    """Money is whole units, which are printed as text, and billionths. What is 0 may be left out."""
    if not isinstance(money, Mapping):
        raise _UnreadableError(f"unitPrice is {money!r}")
    if money.get("currencyCode", "USD") != "USD":
        raise _UnreadableError(f"the price is in {money['currencyCode']}, not in USD")
    units, nanos = money.get("units", "0"), money.get("nanos", 0)
    if not isinstance(units, str | int) or isinstance(units, bool) or type(nanos) is not int:
        raise _UnreadableError(f"the price is {units!r} and {nanos!r} nanos, which are no whole numbers")
    try:
        usd = float(int(units) + nanos * _NANO)
    except (ValueError, OverflowError) as error:
        raise _UnreadableError(f"the price is {units!r} units, which is no number") from error
    if usd < 0 or not isfinite(usd):
        raise _UnreadableError(f"the price is {usd}")
    return usd
