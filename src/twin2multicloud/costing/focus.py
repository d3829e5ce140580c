"""Rows of bills in FOCUS 1.0 to 1.2 (focus.finops.org), read and written.

Only the columns below are looked at; others, and columns of other versions, may be there. Amounts are decimals and stay
exact.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, Protocol

from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.model.slots import Provider

_MOST_TEXT: Final = 500
_MOST_TAGS: Final = 100
_MOST_DIGITS: Final = 60

_NEEDED: Final = (
    "BilledCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ProviderName",
    "ServiceName",
)
_USAGE: Final = ("x_UsageType", "x_SkuMeterName", "SkuMeter", "x_SkuDescription", "ChargeDescription")
"""Where a cloud says what it metered: AWS, Azure, FOCUS 1.1, Google Cloud, and what all have; the first told counts."""
COLUMNS: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountId",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "RegionId",
    "ResourceId",
    "ServiceName",
    "SkuId",
    "SkuMeter",
    "Tags",
)
"""What is written."""
_BLOCK: Final = "x_PricingBlockSize"
"""Azure prices blocks of its units (of 10,000 operations): the quantity counts blocks."""
_PROVIDERS: Final[Mapping[str, Provider]] = {
    "aws": Provider.AWS,
    "amazon web services": Provider.AWS,
    "amazon": Provider.AWS,
    "microsoft": Provider.AZURE,
    "azure": Provider.AZURE,
    "microsoft azure": Provider.AZURE,
    "gcp": Provider.GCP,
    "google": Provider.GCP,
    "google cloud": Provider.GCP,
    "google cloud platform": Provider.GCP,
}
_NAMES: Final[Mapping[Provider, str]] = {
    Provider.AWS: "AWS",
    Provider.AZURE: "Microsoft",
    Provider.GCP: "Google Cloud",
}


class Writes(Protocol):
    """What text is written to."""

    def write(self, text: str, /) -> object:
        """Write some."""


def missing_columns(columns: Iterable[str]) -> list[str]:
    """The columns without which a header is none of FOCUS."""
    there = set(columns)
    issued = not there.isdisjoint(("PublisherName", "InvoiceIssuerName"))
    return [name for name in _NEEDED if name not in there and not (name == "ProviderName" and issued)]


def read_row(cells: Mapping[str, str], line: int) -> CostLine | BadLine:
    """A row of which the columns are known."""
    try:
        return _read(cells)
    except _CellError as error:
        return BadLine(line, error.column, error.problem, error.value[:80])


def write_focus(lines: Iterable[CostLine], out: Writes) -> None:
    """Write lines as FOCUS, with those columns that we know something about."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([_cells(line)[column] for column in COLUMNS])


class _CellError(Exception):
    def __init__(self, column: str, problem: str, value: str = "") -> None:
        super().__init__(problem)
        self.column, self.problem, self.value = column, problem, value


def _read(cells: Mapping[str, str]) -> CostLine:
    currency = cells["BillingCurrency"].strip().upper()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise _CellError("BillingCurrency", "is a currency of three letters, such as USD", currency)
    quantity, unit = _quantity(cells)
    return CostLine(
        provider=_provider(cells),
        period_begins=_moment(cells, "BillingPeriodStart"),
        period_ends=_moment(cells, "BillingPeriodEnd"),
        charged_from=_moment(cells, "ChargePeriodStart"),
        charged_to=_moment(cells, "ChargePeriodEnd"),
        category=_category(cells),
        service=_text(cells, "ServiceName"),
        usage=next((found for name in _USAGE if (found := _text(cells, name))), ""),
        cost=_decimal(cells, "BilledCost"),
        currency=currency,
        quantity=quantity,
        unit=unit,
        region=_text(cells, "RegionId").lower(),
        account=_text(cells, "BillingAccountId"),
        resource=_text(cells, "ResourceId"),
        sku=_text(cells, "SkuId"),
        description=_text(cells, "ChargeDescription"),
        correction=_text(cells, "ChargeClass") == "Correction",
        committed=bool(_text(cells, "CommitmentDiscountId")),
        tags=_tags(cells.get("Tags", "")),
    )


def _cells(line: CostLine) -> dict[str, str]:
    return {
        "BilledCost": format(line.cost, "f"),
        "BillingAccountId": line.account,
        "BillingCurrency": line.currency,
        "BillingPeriodEnd": _told(line.period_ends),
        "BillingPeriodStart": _told(line.period_begins),
        "ChargeCategory": line.category.value,
        "ChargeClass": "Correction" if line.correction else "",
        "ChargeDescription": line.description,
        "ChargePeriodEnd": _told(line.charged_to),
        "ChargePeriodStart": _told(line.charged_from),
        "CommitmentDiscountId": "committed" if line.committed else "",
        "PricingQuantity": "" if line.quantity is None else format(line.quantity, "f"),
        "PricingUnit": line.unit,
        "ProviderName": _NAMES[line.provider],
        "RegionId": line.region,
        "ResourceId": line.resource,
        "ServiceName": line.service,
        "SkuId": line.sku,
        "SkuMeter": line.usage,
        "Tags": json.dumps(dict(line.tags), ensure_ascii=False, separators=(",", ":")) if line.tags else "",
    }


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _provider(cells: Mapping[str, str]) -> Provider:
    for column in ("ProviderName", "PublisherName", "InvoiceIssuerName"):
        found = _PROVIDERS.get(_text(cells, column).lower().removesuffix(", inc.").removesuffix(" corporation"))
        if found is not None:
            return found
    raise _CellError("ProviderName", "is none of AWS, Microsoft, Google Cloud", _text(cells, "ProviderName"))


def _category(cells: Mapping[str, str]) -> Category:
    text = _text(cells, "ChargeCategory")
    try:
        return Category(text)
    except ValueError as error:
        raise _CellError("ChargeCategory", f"is one of {', '.join(Category)}", text) from error


def _quantity(cells: Mapping[str, str]) -> tuple[Decimal | None, str]:
    """What the price is for; where that is not told, what was consumed."""
    for quantity, unit in (("PricingQuantity", "PricingUnit"), ("ConsumedQuantity", "ConsumedUnit")):
        if not _text(cells, quantity):
            continue
        found = _decimal(cells, quantity)
        if quantity == "PricingQuantity" and _text(cells, _BLOCK):
            found *= _decimal(cells, _BLOCK)
        return found, _text(cells, unit)
    return None, ""


def _decimal(cells: Mapping[str, str], column: str) -> Decimal:
    text = cells[column].strip()
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise _CellError(column, "is a number, such as 0.25", text) from error
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _MOST_DIGITS or found.adjusted() > _MOST_DIGITS // 2:
        raise _CellError(column, "is a number of a size that bills have", text)
    return found


def _moment(cells: Mapping[str, str], column: str) -> datetime:
    text = cells[column].strip()
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _CellError(column, "is a time such as 2026-11-01T00:00:00Z", text) from error


def _text(cells: Mapping[str, str], column: str) -> str:
    text = cells.get(column, "").strip()
    if "\x00" in text:
        raise _CellError(column, "has a NUL byte")
    return "" if text.lower() == "null" else text[:_MOST_TEXT]


def _tags(text: str) -> dict[str, str]:
    """Tags as an object, or as a list of keys and values; without what clouds put before the keys that people gave."""
    if not text.strip() or text.strip().lower() == "null":
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _CellError("Tags", "is a JSON object of keys and values", text) from error
    if isinstance(value, list) and all(isinstance(each, dict) and {"key", "value"} <= each.keys() for each in value):
        value = {each["key"]: each["value"] for each in value}
    if not isinstance(value, dict) or len(value) > _MOST_TAGS:
        raise _CellError("Tags", f"is a JSON object of at most {_MOST_TAGS} keys and values", text)
    if "\\u0000" in text:
        raise _CellError("Tags", "has a NUL byte")
    return {_bare(str(key)): "" if each is None else str(each)[:_MOST_TEXT] for key, each in value.items()}


def _bare(key: str) -> str:
    for prefix in ("resourceTags/", "user:", "user_", "user.", "labels."):
        key = key.removeprefix(prefix)
    return key[:_MOST_TEXT]
