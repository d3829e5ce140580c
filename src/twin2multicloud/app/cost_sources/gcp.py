"""The billing export of Google Cloud in BigQuery, by its REST API: a query, and pages of its answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests import RequestException

from twin2multicloud.app.cost_sources.exports import Begin, SourceError, nobody
from twin2multicloud.costing.focus import read_row
from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.deployer.credentials.findings import gist
from twin2multicloud.deployer.credentials.gcp import Google, GoogleError
from twin2multicloud.deployer.credentials.gcp_sign_in import Credentials

_API: Final = "https://bigquery.googleapis.com/bigquery/v2/projects"
TABLE: Final = re.compile(r"([a-z][a-z0-9-]{4,62})\.(\w{1,1024})\.([\w-]{1,1024})")
_ROWS: Final = 5_000
_MOST_PAGES: Final = 1_000
_TRIES: Final = 5
_AGAIN: Final = (429, 500, 502, 503)
_USAGE: Final = """
SELECT
  FORMAT_DATE('%F', DATE(usage_start_time)) AS day, billing_account_id AS account, service.description AS service,
  sku.description AS sku, IFNULL(location.region, '') AS region, usage.pricing_unit AS unit, currency, cost_type,
  IFNULL((SELECT value FROM UNNEST(labels) WHERE key = 'run'), '') AS run,
  IFNULL((SELECT value FROM UNNEST(labels) WHERE key = 'twin'), '') AS twin,
  CAST(SUM(usage.amount_in_pricing_units) AS STRING) AS quantity, CAST(SUM(CAST(cost AS NUMERIC)) AS STRING) AS cost,
  CAST(SUM((SELECT IFNULL(SUM(CAST(amount AS NUMERIC)), 0) FROM UNNEST(credits))) AS STRING) AS credit
FROM `{table}`
WHERE invoice.month = @month
GROUP BY day, account, service, sku, region, unit, currency, cost_type, run, twin
"""
_CATEGORIES: Final = {"regular": "Usage", "tax": "Tax", "adjustment": "Adjustment", "rounding_error": "Adjustment"}


def google_of(credentials: Credentials) -> Google:
    """Requests with somebody's credentials."""
    return Google(AuthorizedSession(credentials))  # type: ignore[no-untyped-call]  # google-auth has no types there


def billing_export(
    google: Google,
    table: str,
    period: str,
    sleep: Callable[[float], None] = time.sleep,
    begin: Begin = nobody,
) -> Iterator[CostLine | BadLine]:
    """The lines of a month (as in 2026-11) of a standard or detailed usage export, `project.dataset.table`. Credits,
    such as free allowances, are lines of their own.

    Raises `SourceError` where BigQuery refuses, or goes on refusing for now.
    """
    found = TABLE.fullmatch(table)
    if found is None:
        raise SourceError(f"{table[:100]} is no table of BigQuery; write project.dataset.table")
    base = f"{_API}/{found[1]}"
    parameter = {
        "name": "month",
        "parameterType": {"type": "STRING"},
        "parameterValue": {"value": period.replace("-", "")},
    }
    body = {
        "query": _USAGE.format(table=table),
        "useLegacySql": False,
        "parameterMode": "NAMED",
        "queryParameters": [parameter],
        "maxResults": _ROWS,
        "timeoutMs": 20_000,
    }
    answer = _asked(google, sleep, "POST", f"{base}/queries", body)
    for number in range(_MOST_PAGES):
        if answer.get("jobComplete"):
            begin("page", number + 1, None)
            for row in _rows(answer):
                yield from _lines(row, period, number)
            if not answer.get("pageToken"):
                return
        job = answer["jobReference"]
        more = {"location": job.get("location"), "pageToken": answer.get("pageToken"), "maxResults": _ROWS}
        query = {name: value for name, value in more.items() if value is not None}
        answer = _asked(google, sleep, "GET", f"{base}/queries/{quote(str(job['jobId']), safe='')}", None, **query)
    raise SourceError(f"the export of {period} has more than {_MOST_PAGES * _ROWS:,} lines")


def _asked(
    google: Google, sleep: Callable[[float], None], method: str, url: str, body: Any, **query: Any
) -> dict[str, Any]:
    for attempt in range(_TRIES):
        try:
            found = google.ask(method, url, body, **query)
            return found if isinstance(found, dict) else {}
        except GoogleError as error:
            if error.status not in _AGAIN or attempt == _TRIES - 1:
                raise SourceError(f"BigQuery refuses: {gist(error)}") from error
        except (GoogleAuthError, RequestException) as error:
            raise SourceError(f"BigQuery cannot be asked: {gist(error)}") from error
        sleep(2.0**attempt)
    raise AssertionError("the last try returns or raises")


def _rows(answer: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    names = [field["name"] for field in answer.get("schema", {}).get("fields", ())]
    for row in answer.get("rows", ()):
        values = ("" if cell.get("v") is None else str(cell["v"]) for cell in row["f"])
        yield dict(zip(names, values, strict=True))


def _lines(row: Mapping[str, str], period: str, number: int) -> Iterator[CostLine | BadLine]:
    """A row as FOCUS has it, and its credits as another; an unknown kind of charge is an adjustment."""
    year, month = map(int, period.split("-"))
    day = f"{row['day']}T00:00:00Z"
    tags = ",".join(f'"{name}":"{row[name]}"' for name in ("run", "twin") if row[name])
    cells = {
        "BilledCost": row["cost"],
        "BillingAccountId": row["account"],
        "BillingCurrency": row["currency"],
        "BillingPeriodStart": f"{period}-01T00:00:00Z",
        "BillingPeriodEnd": f"{year + month // 12}-{month % 12 + 1:02}-01T00:00:00Z",
        "ChargeCategory": _CATEGORIES.get(row["cost_type"], "Adjustment"),
        "ChargeDescription": row["sku"],
        "ChargePeriodStart": day,
        "ChargePeriodEnd": day,
        "ProviderName": "Google Cloud",
        "PricingQuantity": row["quantity"],
        "PricingUnit": row["unit"],
        "RegionId": row["region"],
        "ServiceName": row["service"],
        "Tags": f"{{{tags}}}" if tags else "",
    }
    yield read_row(cells, number)
    if row["credit"] not in ("", "0"):
        yield read_row(
            {**cells, "BilledCost": row["credit"], "ChargeCategory": "Credit", "PricingQuantity": ""}, number
        )
