"""By which ways alerts of a workspace are told, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import Listed, every
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.alert_policy import AlertPolicy, MuteRule, MuteRuleInput, PolicyInput
from twin2multicloud.app.schemas.alert_routes import (
    AlertNotice,
    AlertRoute,
    EmailInput,
    NewAlertRoute,
    NoticeStatus,
    RoutePatch,
    RouteTest,
    WebhookInput,
)
from twin2multicloud.app.schemas.common import Page


class AlertRoutes:
    """`/api/v1/workspaces/{workspace}/alert-routes`, `…/alert-policy` and `…/mute-rules`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, workspace: str, *, sort: str | None = None, limit: int | None = None) -> Listed[AlertRoute]:
        """All of a workspace, by name (`sort`: `name`, `created_at`)."""
        return every(self._http, _path(workspace), Page[AlertRoute], limit=limit, sort=sort)

    def get(self, workspace: str, route: str) -> AlertRoute:
        """One of them."""
        return self._http.get(f"{_path(workspace)}/{route}", AlertRoute)

    def find(self, workspace: str, wanted: str) -> AlertRoute:
        """The one with an id or a name; `NotFoundError` without it."""
        if wanted.startswith("rte_"):
            return self.get(workspace, wanted)
        found = next((each for each in self.list(workspace) if each.name == wanted), None)
        if found is None:
            raise NotFoundError(
                f"there is no route '{wanted[:60]}'; `twin2multicloud alerts routes list` shows those there are"
            )
        return found

    def create(self, workspace: str, given: WebhookInput | EmailInput) -> NewAlertRoute:
        """A new one, with the secret of a webhook, which is not told again."""
        body: dict[str, Any] = given.model_dump()
        if isinstance(given, WebhookInput):
            body["url"] = given.url.get_secret_value()
        return self._http.send("POST", _path(workspace), NewAlertRoute, body=body)

    def change(self, there: AlertRoute, given: RoutePatch) -> AlertRoute:
        """Change some of it; `StaleError` if it was changed meanwhile."""
        body = given.model_dump(exclude_none=True)
        if given.url is not None:
            body["url"] = given.url.get_secret_value()
        return self._http.send("PATCH", _one(there), AlertRoute, body=body, seen=there.version)

    def delete(self, there: AlertRoute) -> None:
        """Forget one that escalation does not need."""
        self._http.send("DELETE", _one(there), type(None), seen=there.version)

    def renew_secret(self, there: AlertRoute) -> NewAlertRoute:
        """A new secret for a webhook."""
        return self._http.send("POST", f"{_one(there)}/secret", NewAlertRoute)

    def test(self, there: AlertRoute) -> RouteTest:
        """Tell something by it right now that says it is a test."""
        return self._http.send("POST", f"{_one(there)}/test", RouteTest)

    def notices(
        self,
        there: AlertRoute,
        *,
        status: NoticeStatus | None = None,
        alert: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Iterator[AlertNotice]:
        """What was told by it or waits for it, the newest first (`sort`: `created_at`)."""
        path = f"{_one(there)}/notices"
        return every(self._http, path, Page[AlertNotice], limit=limit, status=status, alert=alert, sort=sort)

    def policy(self, workspace: str) -> AlertPolicy:
        """How severe alerts count, and who is told what nobody looks after."""
        return self._http.get(f"/api/v1/workspaces/{workspace}/alert-policy", AlertPolicy)

    def set_policy(self, workspace: str, given: PolicyInput, seen: int) -> AlertPolicy:
        """Set all of it; `seen` is the version that was seen."""
        path = f"/api/v1/workspaces/{workspace}/alert-policy"
        return self._http.send("PUT", path, AlertPolicy, body=given, seen=seen)

    def mute_rules(self, workspace: str, *, sort: str | None = None, limit: int | None = None) -> Listed[MuteRule]:
        """Rules that keep alerts quiet now, what ends next first (`sort`: `until`, `created_at`)."""
        path = f"/api/v1/workspaces/{workspace}/mute-rules"
        return every(self._http, path, Page[MuteRule], limit=limit, sort=sort)

    def mute(self, workspace: str, given: MuteRuleInput) -> MuteRule:
        """Keep alerts quiet by a rule."""
        return self._http.send("POST", f"/api/v1/workspaces/{workspace}/mute-rules", MuteRule, body=given)

    def end_mute_rule(self, workspace: str, rule: str) -> None:
        """End one."""
        self._http.send("DELETE", f"/api/v1/workspaces/{workspace}/mute-rules/{rule}", type(None))


def _path(workspace: str) -> str:
    return f"/api/v1/workspaces/{workspace}/alert-routes"


def _one(there: AlertRoute) -> str:
    return f"{_path(there.workspace)}/{there.id}"
