"""Examples of bodies about alerts, who is told of them, and health (see `examples`)."""

from __future__ import annotations

from typing import Any, Final

_TWIN: Final = "twn_4qz0m8k2v1x7c9b3n5d6"
_WORKSPACE: Final = "wsp_1a2b3c4d5e6f7g8h9j0k"
_AT: Final = "2026-11-26T08:00:00Z"
_ROUTE: Final = {
    "id": "rte_4qz0m8k2v1x7c9b3n5d6",
    "workspace": _WORKSPACE,
    "kind": "webhook",
    "name": "on call",
    "address": "https://hooks.example.org/…",
    "min_severity": "error",
    "twins": [],
    "layers": [],
    "only_escalated": False,
    "enabled": True,
    "problem": "",
    "told_at": _AT,
    "waiting": 0,
    "version": 1,
    "created_at": _AT,
    "updated_at": _AT,
}
_STEPS: Final = [{"after_minutes": 15, "route": _ROUTE["id"]}]

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "WebhookInput": {
        "kind": "webhook",
        "name": "on call",
        "url": "https://hooks.example.org/t2m",
        "min_severity": "error",
    },
    "RoutePatch": {"min_severity": "critical", "layers": ["L3"]},
    "PolicyInput": {"severities": {"quota": "critical"}, "escalate_from": "error", "steps": _STEPS},
    "MuteRuleInput": {"twin": _TWIN, "layer": "L3*", "kind": "quota", "minutes": 240, "note": "we know"},
}
RESPONSES: Final[dict[str, dict[str, Any]]] = {
    "AlertRoute": _ROUTE,
    "NewAlertRoute": {**_ROUTE, "secret": "the-secret-that-is-shown-once"},
    "RouteTest": {"told": True, "problem": "", "took_s": 0.12},
    "AlertNotice": {
        "id": "ntc_4qz0m8k2v1x7c9b3n5d6",
        "route": _ROUTE["id"],
        "alert": "alr_2c5k8m1p4r7t0v3x6z9b",
        "reason": "new",
        "status": "sent",
        "attempts": 1,
        "problem": "",
        "created_at": _AT,
        "due_at": _AT,
        "ended_at": _AT,
    },
    "AlertPolicy": {
        "severities": {"quota": "critical"},
        "escalate_from": "error",
        "steps": _STEPS,
        "version": 1,
        "updated_at": _AT,
    },
    "MuteRule": {
        "id": "mut_4qz0m8k2v1x7c9b3n5d6",
        "workspace": _WORKSPACE,
        "twin": _TWIN,
        "layer": "L3*",
        "kind": "quota",
        "until": _AT,
        "note": "we know",
        "created_by": "Ada",
        "created_at": _AT,
        "muted": 2,
    },
    "HealthHistory": {
        "twin": _TWIN,
        "target": "sandbox",
        "at": _AT,
        "checks": [
            {
                "subject": "probe",
                "kind": "probe",
                "health": "ok",
                "problem": "",
                "value": 0.41,
                "limit": 10.0,
                "unit": "s",
                "since": _AT,
                "checked_at": _AT,
                "availability": {
                    "day": {"percent": 99.93, "observed_s": 86_400.0},
                    "week": {"percent": 99.99, "observed_s": 604_800.0},
                    "month": {"percent": None, "observed_s": 0.0},
                },
            }
        ],
        "changes": [{"subject": "probe", "at": _AT, "before": "down", "health": "ok", "problem": ""}],
    },
}
