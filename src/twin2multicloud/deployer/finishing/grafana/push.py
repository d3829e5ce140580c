"""Brings a Grafana to a twin's content: makes what is missing, changes what differs, removes dashboards of ours that
are no more. What people made there themselves stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from twin2multicloud.dashboards.source import PLUGIN
from twin2multicloud.deployer.finishing.grafana.client import Grafana, GrafanaError
from twin2multicloud.deployer.finishing.grafana.content import GROUP, TAG, Content
from twin2multicloud.deployer.finishing.progress import DASHBOARDS, Report, StepProgress

_EDITABLE: Final = {"X-Disable-Provenance": "true"}
"""Whoever looks after the twin may change its alert rules in Grafana; the next push sets them again."""
_CONFLICTS: Final = frozenset({409, 412})
_UNTOLD: Final = frozenset({"id", "schemaVersion", "version"})
"""Of a dashboard: Grafana's own. One that rewrites more of it has it pushed again each time, which does no harm."""


@dataclass
class Pushed:
    """What a push changed, in words such as "dashboard test-house"."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ("made", self.made), ("changed", self.changed), ("removed", self.removed)
        return ", ".join(f"{len(what)} {verb}" for verb, what in counts if what) or "nothing to change"


def push(grafana: Grafana, content: Content, report: Report) -> Pushed:
    """Push a twin's content. Raises `GrafanaError`; pushing again does the rest.

    Alert rules need nothing but rights, yet a Grafana whose alerting is switched off is not the less of use: what it
    refuses there is a note.
    """
    pushed = Pushed()
    _plugin(grafana, pushed)
    _folder(grafana, content.folder, pushed)
    for source in content.sources:
        _source(grafana, source, content.secrets[source["uid"]], pushed)
    total = len(content.dashboards)
    for number, dashboard in enumerate(content.dashboards, start=1):
        _dashboard(grafana, dashboard, content.folder["uid"], pushed)
        report(StepProgress(DASHBOARDS, f"dashboard {dashboard['title']}", number, total))
    _leftovers(grafana, content, pushed)
    try:
        _contact(grafana, content.contact, pushed)
        _rules(grafana, content.rules, pushed)
    except GrafanaError as error:
        if error.status not in (403, 404):
            raise
        pushed.notes.append(f"alert rules were not made: {error}")
    return pushed


def _plugin(grafana: Grafana, pushed: Pushed) -> None:
    if grafana.get(f"/api/plugins/{PLUGIN}/settings") is not None:
        return
    try:
        grafana.ask("POST", f"/api/plugins/{PLUGIN}/install", {})
    except GrafanaError as error:
        raise GrafanaError(
            error.status,
            f"the plug-in {PLUGIN} is not there and cannot be installed ({error}); install it in Grafana under "
            "Administration, Plugins",
        ) from error
    pushed.made.append(f"plug-in {PLUGIN}")


def _folder(grafana: Grafana, folder: Mapping[str, Any], pushed: Pushed) -> None:
    path = f"/api/folders/{folder['uid']}"
    there = grafana.get(path)
    if there is None and created(grafana, "/api/folders", folder):
        pushed.made.append(f"folder {folder['title']}")
    elif there is not None and there["title"] != folder["title"]:
        grafana.ask("PUT", path, {"title": folder["title"], "overwrite": True})
        pushed.changed.append(f"folder {folder['title']}")


def _source(grafana: Grafana, source: Mapping[str, Any], secrets: Mapping[str, str], pushed: Pushed) -> None:
    """Keys are set at each push, for Grafana does not tell whether the one it has is right."""
    path = f"/api/datasources/uid/{source['uid']}"
    body = {**source, "secureJsonData": dict(secrets)}
    there = grafana.get(path)
    if there is None:
        if created(grafana, "/api/datasources", body):
            pushed.made.append(f"data source {source['name']}")
            return
        there = grafana.get(path) or {}
    grafana.ask("PUT", path, body)
    if any(there.get(name) != value for name, value in source.items()):
        pushed.changed.append(f"data source {source['name']}")


def _dashboard(grafana: Grafana, dashboard: Mapping[str, Any], folder: str, pushed: Pushed) -> None:
    there = grafana.get(f"/api/dashboards/uid/{dashboard['uid']}")
    if there is not None and there["meta"].get("folderUid") == folder and _same(there["dashboard"], dashboard):
        return
    grafana.ask(
        "POST",
        "/api/dashboards/db",
        {"dashboard": {**dashboard, "id": None}, "folderUid": folder, "overwrite": True, "message": "Twin2MultiCloud"},
    )
    (pushed.made if there is None else pushed.changed).append(f"dashboard {dashboard['title']}")


def _same(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a dashboard says what is wanted. Grafana adds defaults to what it was given, so only that is compared."""
    return all(name in _UNTOLD or _holds(there.get(name), value) for name, value in wanted.items())


def _holds(there: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(there, dict):
        return all(_holds(there.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(there, list):
        return len(there) == len(wanted) and all(map(_holds, there, wanted))
    return bool(there == wanted)


def _leftovers(grafana: Grafana, content: Content, pushed: Pushed) -> None:
    """Dashboards in the twin's folder that carry our tag and are none of its dashboards any more."""
    wanted = {dashboard["uid"] for dashboard in content.dashboards}
    folder = content.folder["uid"]
    for found in grafana.ask("GET", f"/api/search?type=dash-db&folderUIDs={folder}&tag={TAG}"):
        if found["uid"] not in wanted and found.get("folderUid") == folder and TAG in found.get("tags", ()):
            grafana.ask("DELETE", f"/api/dashboards/uid/{found['uid']}")
            pushed.removed.append(f"dashboard {found['title']}")


def _contact(grafana: Grafana, contact: Mapping[str, Any], pushed: Pushed) -> None:
    base = "/api/v1/provisioning/contact-points"
    there = next((each for each in grafana.ask("GET", base) if each["uid"] == contact["uid"]), None)
    if there is None and created(grafana, base, contact, _EDITABLE):
        pushed.made.append("contact point")
    elif there is None or not _holds(there, contact):
        grafana.ask("PUT", f"{base}/{contact['uid']}", contact, _EDITABLE)
        pushed.changed.append("contact point")


def _rules(grafana: Grafana, group: Mapping[str, Any], pushed: Pushed) -> None:
    path = f"/api/v1/provisioning/folder/{group['folderUid']}/rule-groups/{GROUP}"
    there = grafana.get(path)
    if there is not None and _holds(there, group):
        return
    if there is None and not group["rules"]:
        return
    grafana.ask("PUT", path, group, _EDITABLE)
    (pushed.made if there is None else pushed.changed).append("alert rules")


def created(grafana: Grafana, path: str, body: Any, headers: Mapping[str, str] | None = None) -> bool:
    """Create something; False if it is there by now, as when a first attempt was answered too late."""
    try:
        grafana.ask("POST", path, body, headers)
    except GrafanaError as error:
        if error.status not in _CONFLICTS:
            raise
        return False
    return True
