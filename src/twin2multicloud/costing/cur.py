"""Rows of AWS's Cost and Usage Report 2.0 in its own columns, as those of FOCUS that say the same.

What is billed is the unblended cost. Quantities count units of the price (`pricing_unit`), where that column was
exported. Services go by their codes (AWSLambda).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from twin2multicloud.costing import focus
from twin2multicloud.costing.lines import BadLine, Category, CostLine

_COLUMNS: Final[Mapping[str, str]] = {
    "BilledCost": "line_item_unblended_cost",
    "BillingCurrency": "line_item_currency_code",
    "BillingPeriodStart": "bill_billing_period_start_date",
    "BillingPeriodEnd": "bill_billing_period_end_date",
    "ChargePeriodStart": "line_item_usage_start_date",
    "ChargePeriodEnd": "line_item_usage_end_date",
    "ServiceName": "line_item_product_code",
    "x_UsageType": "line_item_usage_type",
    "PricingQuantity": "line_item_usage_amount",
}
"""Columns of FOCUS and those here that are needed for them."""
_OPTIONAL: Final[Mapping[str, str]] = {
    "PricingUnit": "pricing_unit",
    "RegionId": "product_region_code",
    "BillingAccountId": "bill_payer_account_id",
    "ResourceId": "line_item_resource_id",
    "SkuId": "product_sku",
    "ChargeDescription": "line_item_line_item_description",
    "Tags": "resource_tags",
}
_TYPE: Final = "line_item_line_item_type"
_USED: Final = frozenset({"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})
_COMMITTED: Final = frozenset({"DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation"})
_CATEGORIES: Final[Mapping[str, Category]] = {
    **dict.fromkeys(_USED, Category.USAGE),
    **dict.fromkeys(("Fee", "RIFee", "SavingsPlanUpfrontFee", "SavingsPlanRecurringFee"), Category.PURCHASE),
    "Tax": Category.TAX,
    "Credit": Category.CREDIT,
    "Refund": Category.CREDIT,
}
"""Whatever else there is, such as discounts, adjusts what was charged."""


def missing_columns(columns: Iterable[str]) -> list[str]:
    """The columns without which a header is none of a report that can be read."""
    there = set(columns)
    return [name for name in (_TYPE, *_COLUMNS.values()) if name not in there]


def kind_of(charge: str) -> tuple[Category, bool]:
    """What AWS means by a kind of charge, such as Usage, and whether something that was committed stands behind it."""
    return _CATEGORIES.get(charge, Category.ADJUSTMENT), charge in _COMMITTED


def read_row(cells: Mapping[str, str], line: int) -> CostLine | BadLine:
    """A row of which the columns are known."""
    kind = cells[_TYPE].strip()
    if not kind:
        return BadLine(line, _TYPE, "is a kind of charge, such as Usage")
    named = {**_COLUMNS, **_OPTIONAL}
    given = {name: cells.get(column, "") for name, column in named.items()}
    given["ProviderName"] = "AWS"
    category, committed = kind_of(kind)
    given["ChargeCategory"] = category.value
    given["CommitmentDiscountId"] = kind if committed else ""
    if kind not in _USED:
        # Discounts and fees repeat the quantity of what they are for.
        given["PricingQuantity"] = ""
    found = focus.read_row(given, line)
    return replace(found, column=named.get(found.column, found.column)) if isinstance(found, BadLine) else found
