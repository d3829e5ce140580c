"""What a twin's Grafana is to hold, as its HTTP API takes it. Pure: the same twin gives the same documents.

Uids are made of the twin's name and a hash of it, so that pushing again changes what is there and never adds to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.dashboards.build import grafana_dashboards
from twin2multicloud.dashboards.source import PLUGIN, STATE_LIMIT, ReadSource
from twin2multicloud.model.spec import TwinSpec

TAG: Final = "twin2multicloud"
GROUP: Final = "telemetry"
"""The group of the alert rules."""
INTERVAL_S: Final = 300
"""How often alert rules are looked at; each look is a query that is paid for."""
SILENT_INTERVALS: Final = 10.0
LEAST_SILENCE_S: Final = 900.0
"""A device type is silent once nothing came for ten intervals of its messages, and not before a quarter of an hour."""
MOST_RULES: Final = 20
_LONGEST_UID: Final = 40
_UNSERVED: Final = re.compile(r'^\{"kind": "(rates|alerts)"')


@dataclass(frozen=True)
class Reader:
    """A function that dashboards ask: its base URL, and the site's read key. Its repr keeps the key."""

    url: str
    key: str

    def __repr__(self) -> str:
        return f"Reader({self.url!r})"


@dataclass(frozen=True)
class Content:
    """Everything to push. `secrets` holds what no answer of Grafana's shows: the data sources' keys, by uid."""

    folder: dict[str, Any]
    sources: tuple[dict[str, Any], ...]
    secrets: Mapping[str, dict[str, str]]
    dashboards: tuple[dict[str, Any], ...]
    contact: dict[str, Any]
    rules: dict[str, Any]

    def __repr__(self) -> str:
        return f"Content({self.folder['title']!r}, {len(self.dashboards)} dashboards)"


def content_of(
    spec: TwinSpec,
    history: Reader,
    state: Reader,
    owner: str,
    *,
    refresh_s: float,
    message_interval_s: float,
) -> Content:
    """A twin's content. `history` and `state` are the readers of L3 hot and of L4; `owner` is mailed alerts.

    Dashboards refresh every `refresh_s` seconds, which the bill assumes, unless the definition says otherwise.
    """
    folder: dict[str, Any] = {"uid": uid_of(spec.name, "folder"), "title": spec.name}
    history_uid, state_uid = uid_of(spec.name, "history"), uid_of(spec.name, "state")
    history_url, state_url = f"{history.url}/query/history", f"{state.url}/query/state"
    built = grafana_dashboards(spec, ReadSource(history_url, state_url, uid=history_uid))
    own = [entry.get("refresh") is not None for entry in spec.dashboards] or [False]
    dashboards = [
        _asking(_answered(dashboard), state_url, state_uid) | ({} if keeps else {"refresh": _span(refresh_s)})
        for dashboard, keeps in zip(built, own, strict=True)
    ]
    contact: dict[str, Any] = {
        "uid": uid_of(spec.name, "owner"),
        "name": f"{spec.name}: owner",
        "type": "email",
        "settings": {"addresses": owner, "singleEmail": True},
    }
    silence_s = max(LEAST_SILENCE_S, SILENT_INTERVALS * message_interval_s)
    rules = list(_rules(spec, state_url, state_uid, folder["uid"], contact["name"], silence_s))
    return Content(
        folder,
        (
            _source(history_uid, f"{spec.name}: history", history.url),
            _source(state_uid, f"{spec.name}: state", state.url),
        ),
        {history_uid: {"bearerToken": history.key}, state_uid: {"bearerToken": state.key}},
        tuple(dashboards),
        contact,
        {"title": GROUP, "folderUid": folder["uid"], "interval": INTERVAL_S, "rules": rules},
    )


def uid_of(twin: str, what: str) -> str:
    """A uid of at most 40 of [a-z0-9-], different for different twins."""
    tail = f"-{hashlib.blake2b(twin.encode(), digest_size=4).hexdigest()}-{what}"
    head = re.sub(r"[^a-z0-9]+", "-", twin.lower()).strip("-")[: _LONGEST_UID - len(tail)]
    return f"{head.rstrip('-')}{tail}"


def _source(uid: str, name: str, url: str) -> dict[str, Any]:
    """A data source of the Infinity plug-in that asks one reader and nobody else."""
    return {
        "uid": uid,
        "name": name,
        "type": PLUGIN,
        "access": "proxy",
        "isDefault": False,
        "jsonData": {
            "auth_method": "bearerToken",
            "allowedHosts": [url],
            "global_queries": [],
            "timeoutInSeconds": 60,
        },
    }


# ── Dashboards ──────────────────────────────────────────────────────────────────────────────────────────────
def _answered(dashboard: dict[str, Any]) -> dict[str, Any]:
    """The dashboard without panels that readers in the clouds do not answer: rates and alarms, which the management
    backend shows; and without a row that has no panel left.
    """
    kept: list[dict[str, Any]] = []
    for panel in dashboard.get("panels", []):
        if any(_UNSERVED.match(_query(target)) for target in panel.get("targets", [])):
            continue
        if panel["type"] == "row" and kept and kept[-1]["type"] == "row":
            kept.pop()
        kept.append(panel)
    if kept and kept[-1]["type"] == "row":
        kept.pop()
    return dashboard | {"panels": kept}


def _query(target: Mapping[str, Any]) -> str:
    return str(target.get("url_options", {}).get("data", ""))


def _asking(dashboard: dict[str, Any], url: str, uid: str) -> dict[str, Any]:
    """The dashboard whose panels ask the data source `uid` where their query goes to `url`: each reader has a key of
    its own, and so a data source.
    """
    source = {"type": PLUGIN, "uid": uid}

    def panel(one: dict[str, Any]) -> dict[str, Any]:
        targets = [t | {"datasource": source} if t.get("url") == url else t for t in one.get("targets", [])]
        if not targets:
            return one
        same = all(target["datasource"] == targets[0]["datasource"] for target in targets)
        mixed = {"type": "datasource", "uid": "-- Mixed --"}
        return one | {"targets": targets, "datasource": targets[0]["datasource"] if same else mixed}

    return dashboard | {"panels": [panel(one) for one in dashboard["panels"]]}


def _span(seconds: float) -> str:
    """Seconds in Grafana's words, in whole minutes from one minute on."""
    return f"{max(1, round(seconds))}s" if seconds < 60 else f"{round(seconds / 60)}m"


# ── Alert rules ─────────────────────────────────────────────────────────────────────────────────────────────
def _rules(
    spec: TwinSpec, url: str, source: str, folder: str, contact: str, silence_s: float
) -> Iterator[dict[str, Any]]:
    """One rule for each device type: its twins' latest value is too old. A reader that fails is told of as well."""
    kinds = [kind for kind in spec.device_types if any(group.type == kind.name for group in spec.devices)]
    for kind in kinds[:MOST_RULES]:
        age = (
            "[.entities[].times[]?] | max | if . == null then 1000000000 "
            'else now - (sub("\\\\.[0-9]+"; "") | fromdate) end'
        )
        query = {
            "refId": "A",
            "type": "json",
            "source": "url",
            "parser": "jq-backend",
            "format": "table",
            "url": url,
            "url_options": {
                "method": "POST",
                "body_type": "raw",
                "body_content_type": "application/json",
                "data": f'{{"kind": "state", "model": "{kind.model}", "limit": {STATE_LIMIT}}}',
            },
            "root_selector": f"[{{age: ({age})}}]",
            "columns": [{"selector": "age", "text": "age", "type": "number"}],
            "filters": [],
        }
        threshold = {
            "refId": "B",
            "type": "threshold",
            "expression": "A",
            "conditions": [{"evaluator": {"type": "gt", "params": [silence_s]}}],
        }
        yield {
            "uid": uid_of(spec.name, f"r{hashlib.blake2b(kind.name.encode(), digest_size=4).hexdigest()}"),
            "title": f"No telemetry from {kind.name}",
            "ruleGroup": GROUP,
            "folderUID": folder,
            "condition": "B",
            "data": [_datum("A", source, query), _datum("B", "__expr__", threshold)],
            "noDataState": "NoData",
            "execErrState": "Error",
            "for": f"{INTERVAL_S}s",
            "isPaused": False,
            "labels": {"twin": spec.name, "device_type": kind.name},
            "annotations": {"summary": f"No device of the type {kind.name} was heard of for {_span(silence_s)}."},
            "notification_settings": {"receiver": contact},
        }


def _datum(ref: str, source: str, model: dict[str, Any]) -> dict[str, Any]:
    """A step of a rule: a query, or an expression over the one before."""
    seconds = {"from": 600, "to": 0}
    return {"refId": ref, "datasourceUid": source, "relativeTimeRange": seconds, "queryType": "", "model": model}
