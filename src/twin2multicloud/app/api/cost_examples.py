"""Examples of bodies about costs, for OpenAPI, by the name of what they are examples of."""

from __future__ import annotations

from typing import Any, Final

_LINE: Final = (
    "BilledCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,"
    "ProviderName,ServiceName\n"
    "1.8,USD,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,Usage,2026-11-03T00:00:00Z,2026-11-04T00:00:00Z,AWS,AWS Lambda\n"
)

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "BudgetInput": {"usd_per_month": 50.0},
    "BillSourceInput": {"location": "s3://my-bills/focus"},
    "BillFetch": {"cloud": "aws", "location": "s3://my-bills/focus", "period": "2026-11"},
    "BillInput": {"target": "clouds", "content": _LINE, "source": "november.csv"},
    "SimulatedBillInput": {"prices": {"aws.lambda.requests": 1.2}, "unmodelled": {"aws": 29.0}, "seed": 1},
}
RESPONSES: Final[dict[str, dict[str, Any]]] = {
    "Budget": {
        "usd_per_month": 50.0,
        "thresholds": [0.5, 0.8, 1.0],
        "on_forecast": True,
        "set_at": "2026-11-26T08:00:00Z",
    },
    "WorkspaceBudget": {
        "usd_per_month": 500.0,
        "thresholds": [0.5, 0.8, 1.0],
        "on_forecast": True,
        "set_at": "2026-11-26T08:00:00Z",
        "spent": [
            {
                "target": "clouds",
                "period": "2026-11",
                "usd_to_date": 310.5,
                "usd_forecast": 365.2,
                "twins": [
                    {
                        "twin": "twn_4qz0m8k2v1x7c9b3n5d6",
                        "name": "greenhouse",
                        "usd_to_date": 310.5,
                        "usd_forecast": 365.2,
                        "metered_until": "2026-11-26T07:00:00Z",
                        "problem": "",
                    }
                ],
            }
        ],
    },
    "CostHistory": {
        "live": True,
        "problem": "",
        "twin_time": "2026-11-26T08:00:00Z",
        "period": "2026-11",
        "days": [{"day": "2026-11-25T00:00:00Z", "usd_metered": 0.08, "metered_s": 86_400.0, "usd_billed": 0.09}],
    },
    "Validation": {
        "twin": "twn_4qz0m8k2v1x7c9b3n5d6",
        "name": "greenhouse",
        "target": "sandbox",
        "period": "2026-11",
        "metered_s": 86_400.0,
        "price_book": {"version": "2026.11", "date": "2026-11-23", "hash": "e767b1cf"},
        "meters": [
            {
                "cloud": "aws",
                "meter": "aws.lambda.requests",
                "region": "eu-central-1",
                "service": "AWS Lambda",
                "dimension": "invocations",
                "unit": "requests",
                "predicted": 9_000_000.0,
                "metered": 10_000_000.0,
                "billed": 10_000_000.0,
                "usd_predicted": "1.6",
                "usd_metered": "1.8",
                "usd_billed": "2.16",
                "difference": "0.56",
                "relative": -0.259,
                "effects": {"formula": "0.22", "price": "0.34"},
                "projected": False,
                "note": "",
            }
        ],
        "unmapped": [
            {
                "cloud": "aws",
                "service": "AWS Support",
                "usage": "Support",
                "category": "Usage",
                "reason": "no meter is for it",
                "ours": True,
                "usd": "29",
                "lines": 1,
            }
        ],
        "measures": [
            {
                "estimate": "predicted",
                "actual": "billed",
                "lines": 1,
                "mape": 0.259,
                "wape": 0.259,
                "usd_estimate": "1.6",
                "usd_actual": "2.16",
                "total_relative": -0.259,
                "left_out": [],
            }
        ],
        "effects": {"formula": "0.22", "price": "0.34", "not-modelled": "29"},
        "usd_predicted": "1.6",
        "usd_metered": "1.8",
        "usd_billed": "31.16",
        "usd_others": "0",
        "difference": "29.56",
        "problems": [],
    },
}
