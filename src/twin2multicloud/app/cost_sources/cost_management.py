"""Azure Cost Management's query: what a scope was billed day by day, grouped by meter, unit, region and tag.

Its reference says that a query has up to two groups; in practice it takes as many as are asked for. Agreements differ
in which columns there are: older ones know no unit, and then amounts are told without quantities.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from twin2multicloud.app.cost_sources.exports import Begin, SourceError, nobody
from twin2multicloud.costing import focus
from twin2multicloud.costing.lines import BadLine, Category, CostLine
from twin2multicloud.costing.mapping import TwinTags
from twin2multicloud.costing.months import Month, month_called
from twin2multicloud.deployer.credentials.arm import Arm, ArmError

_VERSION: Final = "2025-03-01"
_UNIT: Final = "UnitOfMeasure"
_GROUPS: Final = ("MeterCategory", "Meter", _UNIT, "ResourceLocation", "ChargeType")
_NEEDED: Final = ("Cost", "UsageQuantity", "UsageDate", "Currency", "MeterCategory", "Meter", "ChargeType")
_MOST_PAGES: Final = 500
_TRIES: Final = 6
_AGAIN: Final = frozenset({None, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S: Final = 120.0
_CATEGORIES: Final[Mapping[str, Category]] = {
    "usage": Category.USAGE,
    "purchase": Category.PURCHASE,
    "tax": Category.TAX,
    "credit": Category.CREDIT,
    "refund": Category.CREDIT,
}
"""Whatever else there is, such as rounding, adjusts what was charged."""


class CostManagement:
    """A scope's bills as somebody may see them. `arm` makes one attempt: waiting is as long as Cost Management says."""

    def __init__(self, arm: Arm, sleep: Callable[[float], None] = time.sleep) -> None:
        self._arm = arm
        self._sleep = sleep

    def lines(self, scope: str, period: str, twin: TwinTags, begin: Begin = nobody) -> Iterator[CostLine | BadLine]:
        """The lines of a month (as in 2026-11) of a scope, such as `/subscriptions/…`.

        Raises `SourceError` where Cost Management refuses, or answers with what it does not document.
        """
        month = month_called(period)
        tag, _ = twin.searched
        asked = _asked(month, tag, _GROUPS)
        path = f"{scope}/providers/Microsoft.CostManagement/query"
        begin("Cost Management, page", 1, None)
        try:
            answer = self._ask(lambda: self._arm.post(path, _VERSION, asked))
        except ArmError as error:
            if error.status != 400 or _UNIT not in str(error):
                raise _refused(error) from error
            asked = _asked(month, tag, [name for name in _GROUPS if name != _UNIT])
            answer = self._told(lambda: self._arm.post(path, _VERSION, asked))
        number = 0
        for page in range(2, _MOST_PAGES + 2):
            rows, link = _read(answer, month)
            for row in rows:
                number += 1
                yield _line(row, month, tag, number)
            if not link:
                return
            begin("Cost Management, page", page, None)
            answer = self._told(lambda link=link: self._arm.post_again(link, asked))  # type: ignore[misc]
        raise SourceError(f"Cost Management answers with more than {_MOST_PAGES} pages; read an export instead")

    def _told(self, ask: Callable[[], Any]) -> Any:
        try:
            return self._ask(ask)
        except ArmError as error:
            raise _refused(error) from error

    def _ask(self, ask: Callable[[], Any]) -> Any:
        for attempt in range(_TRIES):
            try:
                return ask()
            except ArmError as error:
                if error.status not in _AGAIN or attempt == _TRIES - 1:
                    raise
                wait_s = 2.0**attempt if error.wait_s is None else error.wait_s
            self._sleep(min(wait_s, _LONGEST_WAIT_S))
        raise AssertionError("the last try returns or raises")


def _refused(error: ArmError) -> SourceError:
    remedy = "; the connection needs the role Cost Management Reader on that scope" if error.status == 403 else ""
    return SourceError(f"Cost Management refuses: {error}{remedy}")


def _asked(month: Month, tag: str, groups: Sequence[str]) -> dict[str, Any]:
    last = month.ends - timedelta(seconds=1)
    return {
        "type": "ActualCost",
        "timeframe": "Custom",
        "timePeriod": {"from": f"{month.begins:%Y-%m-%dT%H:%M:%SZ}", "to": f"{last:%Y-%m-%dT%H:%M:%SZ}"},
        "dataset": {
            "granularity": "Daily",
            "aggregation": {name: {"name": name, "function": "Sum"} for name in ("Cost", "UsageQuantity")},
            "grouping": [*({"type": "Dimension", "name": name} for name in groups), {"type": "TagKey", "name": tag}],
        },
    }


def _read(answer: Any, month: Month) -> tuple[list[dict[str, str]], str]:
    """The rows of a page by column, and the link to the next one; a page that is none is an error, so that no half of a
    bill is kept.
    """
    try:
        told = answer["properties"]
        columns = [str(column["name"]) for column in told["columns"]]
        rows = [
            {name: "" if cell is None else str(cell) for name, cell in zip(columns, row, strict=True)}
            for row in told["rows"]
        ]
        missing = [name for name in _NEEDED if name not in columns]
        if missing:
            raise ValueError(f"no column {', '.join(missing)}")
        for row in rows:
            row["UsageDate"] = _day(row["UsageDate"], month)
        return rows, str(told.get("nextLink") or "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"Cost Management answers in another form than it documents: {error!r}") from error


def _day(text: str, month: Month) -> str:
    """A day, which is told as a number, such as 20261103."""
    found = date.fromisoformat(text.removesuffix(".0").partition("T")[0])
    if not month.begins.date() <= found < month.ends.date():
        raise ValueError(f"asked for {month.begins:%Y-%m}, it tells of {found}")
    return found.isoformat()


def _line(row: Mapping[str, str], month: Month, tag: str, number: int) -> CostLine | BadLine:
    category = _CATEGORIES.get(row["ChargeType"].lower(), Category.ADJUSTMENT)
    unit = row.get(_UNIT, "")
    owner = row.get("TagValue", "")
    return focus.read_row(
        {
            "BilledCost": row["Cost"],
            "BillingCurrency": row["Currency"],
            "BillingPeriodStart": month.begins.isoformat(),
            "BillingPeriodEnd": month.ends.isoformat(),
            "ChargeCategory": category.value,
            "ChargePeriodStart": row["UsageDate"],
            "ChargePeriodEnd": row["UsageDate"],
            "PricingQuantity": row["UsageQuantity"] if unit and category is Category.USAGE else "",
            "PricingUnit": unit,
            "ProviderName": "Microsoft",
            "RegionId": row.get("ResourceLocation", "").replace(" ", ""),
            "ServiceName": row["MeterCategory"],
            "x_SkuMeterName": row["Meter"],
            "Tags": json.dumps({tag: owner}) if owner else "",
        },
        number,
    )
