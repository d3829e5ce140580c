"""Local servers that answer questions about bills as the clouds do: FakeCostExplorer and FakeCostManagement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.costing.bill_stores import Fake


@dataclass(frozen=True)
class Charge:
    """What an account was charged on a day, as Cost Explorer sums it up. `run`: "" is without the tag."""

    day: str
    service: str
    usage: str
    usd: str
    quantity: str = "0"
    unit: str = "N/A"
    run: str = ""
    kind: str = "Usage"
    currency: str = "USD"


@dataclass
class FakeCostExplorer(Fake):
    """GetCostAndUsage in AWS's JSON, a group a page. `wrong` is answered in place of what is right."""

    charges: Sequence[Charge] = ()
    wrong: bytes | None = None
    loops: bool = False
    status: int = 400
    refusals_from: int | None = None
    """It refuses for good once it has answered so often."""

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        kind = "application/x-amz-json-1.1"
        assert headers["X-Amz-Target"] == "AWSInsightsIndexService.GetCostAndUsage"
        if self.refusals or len(self.bodies) == self.refusals_from:
            self.refusals = max(self.refusals - 1, 0)
            return self.status, b'{"__type": "LimitExceededException", "message": "too many requests"}', kind
        asked = json.loads(body)
        self.bodies.append(asked)
        if self.wrong is not None:
            return 400 if b"__type" in self.wrong else 200, self.wrong, kind
        names = [each["Key"] for each in asked["GroupBy"]]
        assert len(names) <= 2, "Cost Explorer groups by two things at most"
        groups: dict[tuple[str, tuple[str, ...]], list[Charge]] = {}
        for charge in self.charges:
            if asked["TimePeriod"]["Start"] <= charge.day < asked["TimePeriod"]["End"] and _fits(
                charge, asked.get("Filter")
            ):
                groups.setdefault((charge.day, tuple(_key(charge, name) for name in names)), []).append(charge)
        start = int(asked.get("NextPageToken") or 0)
        shown = [_day(day, keys, some) for (day, keys), some in list(groups.items())[start : start + 1]]
        more = {"NextPageToken": "0" if self.loops else str(start + 1)} if start + 1 < len(groups) else {}
        return 200, json.dumps({"ResultsByTime": shown, "DimensionValueAttributes": [], **more}).encode(), kind


def _key(charge: Charge, name: str) -> str:
    return {"SERVICE": charge.service, "USAGE_TYPE": charge.usage, "RECORD_TYPE": charge.kind}.get(
        name, f"{name}${charge.run}"
    )


def _fits(charge: Charge, expression: Mapping[str, Any] | None) -> bool:
    if expression is None:
        return True
    if "And" in expression:
        return all(_fits(charge, each) for each in expression["And"])
    if "Not" in expression:
        return not _fits(charge, expression["Not"])
    if "Tags" in expression:
        tags = expression["Tags"]
        return not charge.run if "ABSENT" in tags.get("MatchOptions", ()) else charge.run in tags["Values"]
    dimension = expression["Dimensions"]
    return dimension["Key"] == "LINKED_ACCOUNT" or _key(charge, dimension["Key"]) in dimension["Values"]


def _day(day: str, keys: Sequence[str], charges: Sequence[Charge]) -> dict[str, Any]:
    units = {charge.unit for charge in charges}
    metrics = {
        "UnblendedCost": {"Amount": str(sum(float(each.usd) for each in charges)), "Unit": charges[0].currency},
        "UsageQuantity": {
            "Amount": str(sum(float(each.quantity) for each in charges)),
            "Unit": units.pop() if len(units) == 1 else "N/A",
        },
    }
    return {
        "TimePeriod": {"Start": day, "End": day},
        "Total": {},
        "Groups": [{"Keys": list(keys), "Metrics": metrics}],
        "Estimated": True,
    }


COLUMNS = ("Cost", "UsageQuantity", "UsageDate", "MeterCategory", "Meter", "UnitOfMeasure", "ResourceLocation")
MORE_COLUMNS = ("ChargeType", "TagKey", "TagValue", "Currency")


@dataclass
class FakeCostManagement(Fake):
    """The query of a scope, a row a page, with links to the next ones. `rows` have the columns above; an older
    agreement (`without_units`) refuses to group by units. `link` is where the next page is said to be, not here.
    """

    rows: Sequence[Sequence[Any]] = ()
    without_units: bool = False
    wrong: bytes | None = None
    link: str = ""

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        kind = "application/json"
        assert method == "POST"
        assert path.endswith("/providers/Microsoft.CostManagement/query")
        assert query["api-version"] == "2025-03-01"
        if self.refusals:
            self.refusals -= 1
            return 429, b'{"error": {"code": "429", "message": "Too many requests. Please retry."}}', kind
        asked = json.loads(body)
        self.bodies.append(asked)
        if self.wrong is not None:
            return 403 if b"RBACAccessDenied" in self.wrong else 200, self.wrong, kind
        groups = [each["name"] for each in asked["dataset"]["grouping"]]
        if self.without_units and "UnitOfMeasure" in groups:
            told = "Invalid query definition: Invalid dataset grouping: 'UnitOfMeasure'; valid values: 'ResourceGroup'"
            return 400, json.dumps({"error": {"code": "BadRequest", "message": told}}).encode(), kind
        names = [*COLUMNS, *MORE_COLUMNS]
        left = [number for number, name in enumerate(names) if not (self.without_units and name == "UnitOfMeasure")]
        start = int(query.get("$skiptoken", "0"))
        link = self.link or f"{self.url}{path}?api-version=2025-03-01&$skiptoken={start + 1}"
        told_rows = {
            "columns": [{"name": names[number], "type": "String"} for number in left],
            "rows": [[row[number] for number in left] for row in self.rows[start : start + 1]],
            "nextLink": link if start + 1 < len(self.rows) else None,
        }
        return 200, json.dumps({"id": "q", "properties": told_rows}).encode(), kind
