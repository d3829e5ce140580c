"""A FAKE of Grafana's HTTP API, written by us from its published documentation.

What it does: health, plug-ins, folders, data sources, dashboards with versions and searches, contact points, groups
of alert rules, users; basic and bearer authentication; the statuses of conflicts (409, 412) and of what is not there;
keys of data sources never come back. It checks shapes as far as we use them: uids, names, references between rules,
queries and receivers.
Its limits: it draws nothing and asks no data source, evaluates no rule, mails nobody, has one organisation and no
permissions on folders. It shows that our client speaks the API as documented. It can not show that Grafana agrees.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.standins.azure.rig import serving

PASSWORD = "s3cret-of-the-administrator"
TOKEN = "glsa_s3cret"
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SERVER_SET = {"schemaVersion": 41, "editable": False}
Document = dict[str, Any]


@dataclass
class FakeGrafana:
    """What it holds, and where it answers."""

    port: int = 0
    version: str = "12.1.1"
    plugins: set[str] = field(default_factory=lambda: {"yesoreyeram-infinity-datasource"})
    installable: bool = True
    alerting: bool = True
    starting: int = 0
    """So many answers to come say that it is still starting."""
    late: set[str] = field(default_factory=set)
    """Creations at these paths are done and answered 504, once."""
    folders: dict[str, Document] = field(default_factory=dict)
    sources: dict[str, Document] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    dashboards: dict[str, Document] = field(default_factory=dict)
    contacts: dict[str, Document] = field(default_factory=dict)
    groups: dict[tuple[str, str], Document] = field(default_factory=dict)
    users: dict[str, Document] = field(default_factory=lambda: {"admin": {"id": 1, "isGrafanaAdmin": True}})
    asked: list[str] = field(default_factory=list)
    password: Callable[[], str] = lambda: PASSWORD
    """The administrator's."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/grafana"

    @property
    def writes(self) -> list[str]:
        """What was asked for with a method that changes something."""
        return [line for line in self.asked if not line.startswith("GET")]

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._middleware])
        router = app.router
        base = "/grafana/api"
        router.add_get(f"{base}/health", self._health)
        router.add_get(base + "/plugins/{id}/settings", self._plugin)
        router.add_post(base + "/plugins/{id}/install", self._install)
        router.add_get(base + "/folders/{uid}", self._one_folder)
        router.add_post(f"{base}/folders", self._new_folder)
        router.add_put(base + "/folders/{uid}", self._change_folder)
        router.add_get(base + "/datasources/uid/{uid}", self._one_source)
        router.add_post(f"{base}/datasources", self._new_source)
        router.add_put(base + "/datasources/uid/{uid}", self._change_source)
        router.add_get(base + "/dashboards/uid/{uid}", self._dashboard)
        router.add_post(f"{base}/dashboards/db", self._save_dashboard)
        router.add_delete(base + "/dashboards/uid/{uid}", self._delete_dashboard)
        router.add_get(f"{base}/search", self._search)
        provisioning = f"{base}/v1/provisioning"
        router.add_get(f"{provisioning}/contact-points", self._contacts)
        router.add_post(f"{provisioning}/contact-points", self._new_contact)
        router.add_put(provisioning + "/contact-points/{uid}", self._change_contact)
        group = provisioning + "/folder/{folder}/rule-groups/{group}"
        router.add_get(group, self._group)
        router.add_put(group, self._save_group)
        router.add_get(f"{base}/users/lookup", self._lookup)
        router.add_post(f"{base}/admin/users", self._new_user)
        router.add_delete(base + "/admin/users/{id}", self._delete_user)
        return app

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        path = request.path.removeprefix("/grafana/api")
        self.asked.append(f"{request.method} {path}")
        if self.starting > 0:
            self.starting -= 1
            return _said(503, "starting")
        if path != "/health" and not self._authorized(request.headers.get("Authorization", ""), path):
            return _said(401, "Invalid username or password")
        if not self.alerting and path.startswith("/v1/provisioning"):
            return _said(404, "Not found")
        answer: web.StreamResponse = await handler(request)
        if path in self.late and request.method == "POST":
            self.late.discard(path)
            return _said(504, "too late")
        return answer

    def _authorized(self, header: str, path: str) -> bool:
        basic = base64.b64encode(f"admin:{self.password()}".encode()).decode()
        # Service accounts are no administrators of the server.
        token = header == f"Bearer {TOKEN}" and not path.startswith("/admin/")
        return token or header == f"Basic {basic}"

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"database": "ok", "version": self.version, "commit": "x"})

    async def _plugin(self, request: web.Request) -> web.Response:
        known = request.match_info["id"] in self.plugins
        return web.json_response({"id": request.match_info["id"]}) if known else _said(404, "Plugin not found")

    async def _install(self, request: web.Request) -> web.Response:
        if not self.installable:
            return _said(403, "plugin management is disabled")
        self.plugins.add(request.match_info["id"])
        return web.json_response({})

    async def _one_folder(self, request: web.Request) -> web.Response:
        return await _found(self.folders, request)

    async def _one_source(self, request: web.Request) -> web.Response:
        return await _found(self.sources, request)

    async def _new_folder(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["uid"] in self.folders:
            return _said(412, "the folder has been changed by someone else")
        return _stored(self.folders, body)

    async def _change_folder(self, request: web.Request) -> web.Response:
        body = await request.json()
        folder = self.folders[request.match_info["uid"]]
        if not body.get("overwrite"):
            return _said(412, "the folder has been changed by someone else")
        folder["title"] = body["title"]
        return web.json_response(folder)

    async def _new_source(self, request: web.Request) -> web.Response:
        body = await request.json()
        names = {source["name"] for source in self.sources.values()}
        if body["uid"] in self.sources or body["name"] in names:
            return _said(409, "data source with the same name already exists")
        return self._keep_source(body)

    async def _change_source(self, request: web.Request) -> web.Response:
        body = await request.json()
        if request.match_info["uid"] not in self.sources:
            return _said(404, "Data source not found")
        return self._keep_source(body)

    def _keep_source(self, body: Document) -> web.Response:
        if body["type"] not in self.plugins or body["access"] != "proxy":
            return _said(400, "bad request data")
        secrets = body.pop("secureJsonData", {})
        self.keys.setdefault(body["uid"], {}).update(secrets)
        body["secureJsonFields"] = dict.fromkeys(self.keys[body["uid"]], True)
        return _stored(self.sources, {**body, "readOnly": False})

    async def _dashboard(self, request: web.Request) -> web.Response:
        found = self.dashboards.get(request.match_info["uid"])
        return web.json_response(found) if found else _said(404, "Dashboard not found")

    async def _save_dashboard(self, request: web.Request) -> web.Response:
        body = await request.json()
        dashboard = body["dashboard"]
        if not dashboard.get("title") or not _UID.fullmatch(dashboard["uid"]):
            return _said(400, "Dashboard title cannot be empty, uids have up to 40 characters")
        if body["folderUid"] not in self.folders:
            return _said(400, "folder not found")
        for panel in dashboard["panels"]:
            source = (panel.get("datasource") or {}).get("uid")
            if source not in (None, "-- Mixed --") and source not in self.sources:
                return _said(400, f"unknown data source {source}")
        known = self.dashboards.get(dashboard["uid"])
        version = known["dashboard"]["version"] if known else 0
        if known and not body.get("overwrite") and dashboard.get("version") != version:
            return _said(412, "The dashboard has been changed by someone else")
        kept = {**copy.deepcopy(dashboard), **_SERVER_SET, "id": len(self.dashboards) + 1, "version": version + 1}
        for panel in kept["panels"]:
            panel.setdefault("pluginVersion", self.version)
        self.dashboards[dashboard["uid"]] = {"dashboard": kept, "meta": {"folderUid": body["folderUid"]}}
        return web.json_response({"uid": dashboard["uid"], "version": version + 1, "status": "success"})

    async def _delete_dashboard(self, request: web.Request) -> web.Response:
        gone = self.dashboards.pop(request.match_info["uid"], None)
        return web.json_response({}) if gone else _said(404, "Dashboard not found")

    async def _search(self, request: web.Request) -> web.Response:
        folders, tags = set(request.query.getall("folderUIDs", [])), set(request.query.getall("tag", []))
        found = [
            {
                "uid": uid,
                "title": each["dashboard"]["title"],
                "folderUid": each["meta"]["folderUid"],
                "tags": each["dashboard"].get("tags", []),
            }
            for uid, each in self.dashboards.items()
        ]
        return web.json_response([f for f in found if f["folderUid"] in folders and tags <= set(f["tags"])])

    async def _contacts(self, _request: web.Request) -> web.Response:
        return web.json_response(list(self.contacts.values()))

    async def _new_contact(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["uid"] in self.contacts:
            return _said(409, "the receiver exists")
        return self._keep_contact(body)

    async def _change_contact(self, request: web.Request) -> web.Response:
        if request.match_info["uid"] not in self.contacts:
            return _said(404, "no such receiver")
        return self._keep_contact(await request.json())

    def _keep_contact(self, body: Document) -> web.Response:
        if body["type"] == "email" and "@" not in body["settings"].get("addresses", ""):
            return _said(400, "could not find addresses in settings")
        return _stored(self.contacts, {**body, "provenance": "", "disableResolveMessage": False})

    async def _group(self, request: web.Request) -> web.Response:
        found = self.groups.get((request.match_info["folder"], request.match_info["group"]))
        return web.json_response(found) if found else _said(404, "rule group not found")

    async def _save_group(self, request: web.Request) -> web.Response:
        body = await request.json()
        folder, group = request.match_info["folder"], request.match_info["group"]
        if folder not in self.folders or body["interval"] % 10:
            return _said(400, "invalid alert rule group")
        receivers = {contact["name"] for contact in self.contacts.values()}
        for rule in body["rules"]:
            known = {datum["refId"] for datum in rule["data"]}
            used = {datum["datasourceUid"] for datum in rule["data"]} - {"__expr__"}
            if (
                rule["condition"] not in known
                or not used <= self.sources.keys()
                or rule["folderUID"] != folder
                or not _UID.fullmatch(rule["uid"])
                or rule["notification_settings"]["receiver"] not in receivers
            ):
                return _said(400, f"invalid alert rule {rule['title']}")
        if len({rule["title"] for rule in body["rules"]}) < len(body["rules"]):
            return _said(409, "rules of the same title")
        self.groups[folder, group] = {**body, "rules": [{**rule, "orgID": 1} for rule in body["rules"]]}
        return web.json_response(self.groups[folder, group])

    async def _lookup(self, request: web.Request) -> web.Response:
        found = self.users.get(request.query["loginOrEmail"])
        return web.json_response(found) if found else _said(404, "user not found")

    async def _new_user(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["login"] in self.users:
            return _said(412, "user already exists")
        if len(body["password"]) < 12:
            return _said(400, "password is too short")
        id_ = max((user["id"] for user in self.users.values()), default=0) + 1
        self.users[body["login"]] = {"id": id_, "login": body["login"], "isGrafanaAdmin": False}
        return web.json_response({"id": id_, "message": "User created"})

    async def _delete_user(self, request: web.Request) -> web.Response:
        login = next((name for name, user in self.users.items() if user["id"] == int(request.match_info["id"])), None)
        if login is None:
            return _said(404, "user not found")
        del self.users[login]
        return web.json_response({"message": "User deleted"})


async def _found(store: dict[str, Document], request: web.Request) -> web.Response:
    found = store.get(request.match_info["uid"])
    return web.json_response(found) if found else _said(404, "not found")


def _stored(store: dict[str, Document], body: Document) -> web.Response:
    if not _UID.fullmatch(body["uid"]):
        return _said(400, "uid contains illegal characters")
    store[body["uid"]] = body
    return web.json_response(body)


def _said(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)


@contextmanager
def fake_grafana(change: Callable[[FakeGrafana], None] = lambda _fake: None) -> Iterator[FakeGrafana]:
    """A Grafana under the path /grafana."""
    fake = FakeGrafana()
    change(fake)
    with serving(fake.app()) as (_loop, fake.port):
        yield fake
