"""Examples of bodies for OpenAPI, by the name of what they are examples of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.app.api import alert_examples, cost_examples

_TWIN: Final = "twn_4qz0m8k2v1x7c9b3n5d6"
_WORKSPACE: Final = "wsp_1a2b3c4d5e6f7g8h9j0k"
_USER: Final = "usr_4qz0m8k2v1x7c9b3n5d6"
_CONNECTION: Final = "con_4qz0m8k2v1x7c9b3n5d6"
_RUN: Final = "run_7h3k9m2p5r8t1v4x6z0b"
_AT: Final = "2026-11-26T08:00:00Z"
_SOURCE: Final = "name: greenhouse\nworkload: {devices: 3, message_interval_s: 10, message_size_bytes: 150}\n"
_WORKLOAD: Final = {"devices": 100, "message_interval_s": 60, "message_size_bytes": 150}
_ASKED: Final = {"workload": _WORKLOAD}
PLACEMENT: Final = {
    slot: {"provider": offer.partition(".")[0], "offer": offer, "region": region}
    for slot, offer, region in (
        ("L1", "aws.iot-core-basic-ingest", "eu-central-1"),
        ("L2", "aws.lambda-arm64-sqs", "eu-central-1"),
        ("L3.hot", "aws.dynamodb-on-demand", "eu-central-1"),
        ("L3.cool", "azure.blob-cool", "westeurope"),
        ("L3.archive", "azure.blob-archive", "westeurope"),
        ("L4", "aws.own-graph", "eu-central-1"),
        ("L5", "gcp.grafana-oss-vm", "europe-west3"),
    )
}
_CASES: Final = [{"label": "anywhere", "constraints": {}}, {"label": "in the EU", "constraints": {"residency": ["EU"]}}]
_LIVE: Final = {"live": True, "problem": "", "twin_time": _AT}
_AWS: Final = {"account_id": "123456789012", "region": "eu-central-1"}
_KEY: Final = {
    "id": "key_4qz0m8k2v1x7c9b3n5d6",
    "name": "ci",
    "prefix": "t2m_4qz0m8",
    "user": _USER,
    "scopes": ["read", "run"],
    "workspace": None,
    "made_with": None,
    "created_at": _AT,
    "expires_at": "2027-02-24T08:00:00Z",
    "revoked_at": None,
    "last_used_at": None,
}
_DRAFT: Final = {
    "id": "drf_4qz0m8k2v1x7c9b3n5d6",
    "workspace": _WORKSPACE,
    "title": "Greenhouse in Delft",
    "twin": None,
    "twin_number": None,
    "step": "devices",
    "version": 2,
    "created_at": _AT,
    "updated_at": _AT,
}
REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "LocalCode": {"code": "the-code-that-was-shown"},
    "DeviceRequest": {"client_name": "a terminal", "scopes": ["read", "write", "run"], "days": 90},
    "DevicePoll": {"device_code": "the-device-code"},
    "DeviceAnswer": {"user_code": "WDJB-MJHT", "allow": True},
    "TwinInput": {"source": _SOURCE, "note": "three sensors"},
    "RestoreInput": {"placement": True, "note": "as it was before the move"},
    "DraftInput": {"title": "Greenhouse in Delft", "source": "name: greenhouse\nworkload:\n", "step": "workload"},
    "DraftPatch": {"source": _SOURCE, "step": "devices"},
    "ProposalInput": {"constraints": {"residency": ["EU"]}, "top": 3},
    "PlacementInput": {"optimization": "opt_4qz0m8k2v1x7c9b3n5d6", "overrides": {"L5": "gcp"}},
    "RunInput": {"kind": "deploy"},
    "Decision": {"agreed": True},
    "CheckInput": {"twin": _TWIN},
    "Rollback": {"version": 3},
    "Unlock": {"lock": "5f2c1ab0-4d6e-8a10-9f2c-1ab04d6e8a10"},
    "Letters": {"all": True},
    "FaultInput": {"kind": "delay", "target": "telemetry", "seconds": 2, "duration_s": 30},
    "CommandInput": {"device": "lamp-1", "name": "switch", "payload": {"to": "on"}},
    "DashboardQuery": {
        "kind": "history",
        "device": "thermometer-1",
        "fields": ["temperature"],
        "start": "2026-11-26T07:00:00Z",
        "end": _AT,
        "limit": 1_000,
    },
    "Mute": {"minutes": 60},
    **alert_examples.REQUESTS,
    "RefreshPrices": {"source": "lists", "providers": ["aws"], "regions": ["eu-central-1"]},
    "DecideFinding": {"decision": "accept", "note": "announced for December"},
    "UserPatch": {"disabled": True},
    "WorkspaceInput": {"name": "berlin", "owner": "ada@example.org"},
    "WorkspacePatch": {"name": "bonn"},
    "OwnerInput": {"owner": "ada@example.org"},
    "RoleInput": {"role": "operator"},
    "KeyInput": {"name": "ci", "scopes": ["read", "run"], "days": 90},
    "AwsInput": {
        "provider": "aws",
        "name": "aws-dev",
        "config": _AWS,
        "credentials": {
            "access_key_id": "AKIAIOSFODNN7EXAMPLE",
            "secret_access_key": "forty-characters-that-only-AWS-and-you-k",
        },
    },
    "AwsPatch": {"provider": "aws", "name": "aws-live"},
    "TwinConnections": {"aws": _CONNECTION},
    "DefinitionInput": {"source": _SOURCE},
    "BookInput": {"files": {"aws.toml": "…"}},
    "OptimizeInput": _ASKED,
    "BatchInput": {"items": [_ASKED]},
    "CompareInput": {**_ASKED, "cases": _CASES},
    "OverrideInput": {**_ASKED, "overrides": {"L5": "aws"}},
    "SensitivityInput": {**_ASKED, "fields": ["devices"], "factors": [1, 10, 100]},
    "UncertaintyInput": {**_ASKED, "uncertain": {"devices": {"low": 20, "mode": 30, "high": 60}}, "samples": 200},
    "BreakevenInput": {**_ASKED, "along": "devices", "start": 10, "end": 40, "points": 31},
    "ReportInput": _ASKED,
    "FrontierInput": {**_ASKED, "against": "carbon", "at_most": 20000},
    **cost_examples.REQUESTS,
}
RESPONSES: Final[dict[str, dict[str, Any]]] = {
    **cost_examples.RESPONSES,
    "Workspace": {"id": _WORKSPACE, "name": "berlin", "version": 1, "role": "owner", "created_at": _AT},
    "User": {"id": _USER, "name": "Ada", "email": "ada@example.org", "version": 1},
    "Member": {"id": _USER, "name": "Ada", "email": "ada@example.org", "role": "owner", "disabled": False},
    "Key": _KEY,
    "NewKey": {**_KEY, "token": "t2m_…"},
    "Connection": {
        "id": _CONNECTION,
        "workspace": _WORKSPACE,
        "provider": "aws",
        "name": "aws-dev",
        "config": _AWS,
        "version": 1,
        "check": None,
        "created_at": _AT,
        "updated_at": _AT,
    },
    **alert_examples.RESPONSES,
    "DraftSummary": _DRAFT,
    "Draft": {**_DRAFT, "format": "yaml", "source": _SOURCE, "files": {}},
    "Event": {
        "id": 412,
        "at": _AT,
        "workspace": _WORKSPACE,
        "twin": _TWIN,
        "run": _RUN,
        "kind": "run.status",
        "severity": "info",
        "stack": "",
        "message": "applying",
        "data": {},
    },
    "AuditEntry": {
        "id": 97,
        "at": _AT,
        "workspace": _WORKSPACE,
        "user": _USER,
        "actor": "Ada",
        "key": None,
        "action": "connection.create",
        "subject": _CONNECTION,
        "correlation_id": "9f2c1ab04d6e8a10",
        "details": {"provider": "aws"},
    },
    "Me": {
        "id": _USER,
        "name": "Ada",
        "email": "ada@example.org",
        "admin": False,
        "scopes": ["read", "run"],
        "session": False,
        "key": "key_4qz0m8k2v1x7c9b3n5d6",
        "key_expires_at": "2027-02-24T09:30:00Z",
        "workspaces": [{"id": _WORKSPACE, "name": "berlin", "role": "owner"}],
        "csrf": None,
    },
    "DefinitionField": {
        "path": "workload.message_interval_s",
        "title": "Message interval",
        "meaning": "Seconds between two messages of one device, on average.",
        "kind": "number",
        "required": True,
        "default": None,
        "unit": "s",
        "low": 0.001,
        "high": 2678400,
        "low_open": False,
        "high_open": False,
        "fewest": None,
        "most": None,
        "of": None,
        "choices": [],
        "names": [],
        "pattern": "",
        "examples": [],
        "allowed": "a number from 0.001 to 2,678,400",
    },
    "WholeBook": {
        "version": "2026-11",
        "date": "2026-11-25",
        "hash": "5f0c9b7a3e1d4826a9c0b1e2d3f4a5b6c7d8e9f00112233445566778899aabbc",
        "program": "0.1.0",
        "files": {"aws.toml": "…", "azure.toml": "…", "gcp.toml": "…"},
    },
    "Health": {"status": "ok"},
    "DevicePage": {
        **_LIVE,
        "items": [
            {
                "id": "thermometer-1",
                "type": "thermometer",
                "last_seen": _AT,
                "age_s": 2.5,
                "connected": True,
                "messages": 1_204,
                "values": {"temperature": {"value": 21.4, "unit": "°C"}},
            }
        ],
        "next": None,
        "total": 1,
    },
    "DeviceHistory": {
        **_LIVE,
        "device": "thermometer-1",
        "type": "thermometer",
        "since": "2026-11-26T07:00:00Z",
        "until": _AT,
        "step_s": 12.0,
        "records": 360,
        "complete": True,
        "series": [
            {
                "field": "temperature",
                "unit": "°C",
                "type": "double",
                "points": [{"at": _AT, "count": 2, "min": 21.0, "max": 21.8, "mean": 21.4, "last": 21.8}],
            }
        ],
        "last_at": _AT,
        "last": {"temperature": {"value": 21.8, "unit": "°C"}},
    },
    "Rates": {
        **_LIVE,
        "speed": 1.0,
        "step_s": 1,
        "at": [_AT],
        "total": {"messages": [12.0], "errors": [0.0]},
        "clouds": {"aws": {"messages": [12.0], "errors": [0.0]}},
        "messages_per_s": 12.1,
        "errors_per_s": 0.0,
    },
    "TwinRules": {
        **_LIVE,
        "rules": [
            {
                "name": "too-warm",
                "device_type": "thermometer",
                "devices": [],
                "device_count": 0,
                "when": "temperature > 30",
                "for_s": 60.0,
                "clear": "temperature < 28",
                "trigger": "edge",
                "severity": "warning",
                "actions": ["raises an alert: {temperature} °C"],
                "fired": 3,
                "last_fired_at": _AT,
                "active": True,
                "active_count": 1,
                "active_devices": ["thermometer-1"],
            }
        ],
    },
    "Costs": {
        **_LIVE,
        "usd_predicted": 12.5,
        "usd_metered": 12.25,
        "metered_s": 86_400.0,
        "month": {
            "begins": "2026-11-01T00:00:00Z",
            "ends": "2026-12-01T00:00:00Z",
            "counted_s": 86_400.0,
            "usd_to_date": 0.4,
            "usd_forecast": 2.2,
        },
        "meters": [],
        "billed": 2.31,
        "billed_period": "2026-10",
        "billed_unmapped": 0.0,
        "billed_problem": "",
    },
    "DashboardAnswer": {
        "kind": "history",
        "device": "thermometer-1",
        "fields": ["temperature"],
        "points": [[1_795_680_000_000, 21.4], [1_795_680_010_000, 21.5]],
        "last": {},
        "entities": [],
        "alerts": [],
    },
    "GraphPage": {
        **_LIVE,
        "items": [
            {
                "id": "thermometer-1",
                "type": "thermometer",
                "model": "dtmi:twin:greenhouse:thermometer;1",
                "device": True,
                "properties": {"temperature": {"value": 21.4, "unit": "°C", "at": _AT}},
                "outgoing": [],
                "outgoing_count": 0,
                "incoming": [{"name": "contains", "twin": "house"}],
                "incoming_count": 1,
            }
        ],
        "next": None,
        "total": 4,
    },
}


def add(operation: dict[str, Any], requests: Mapping[str, dict[str, Any]] = REQUESTS) -> None:
    """Give an operation the examples of what it takes and answers."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        _put(media, requests)
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for media in response.get("content", {}).values():
                _put(media, RESPONSES)


def _put(media: dict[str, Any], known: Mapping[str, dict[str, Any]]) -> None:
    name = _name(media.get("schema", {}))
    if name in known:
        media["example"] = known[name]
    elif name.startswith("Page_") and name[5:-1] in known:
        media["example"] = {"items": [known[name[5:-1]]], "next": None}


def _name(schema: dict[str, Any]) -> str:
    """What a schema is of; of several the first."""
    of = schema.get("anyOf") or schema.get("oneOf")
    return _name(of[0]) if of else str(schema.get("$ref", "")).rpartition("/")[2]
