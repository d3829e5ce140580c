"""Addresses of views with something to show in them, for tests of every view."""

from __future__ import annotations

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from tests.app.deployments import raised

_VIEWS = (
    "/",
    "/alerts",
    "/alerts?state=all&alert={alert}",
    "/alerts?cloud=gcp",
    "/alerts?part=telling",
    "/connections",
    "/connections?connection={connection}",
    "/connections?add=aws",
    "/connections?add=azure",
    "/connections?add=gcp",
    "/connections?connection={connection}&change=settings",
    "/people",
    "/people?chosen={workspace}",
    "/people/users",
    "/people/keys",
    "/people/keys?add=yes",
    "/people/sessions",
    "/prices/books",
    "/prices/check",
    "/audit",
    "/settings",
    "/more",
    "/twins/{twin}/overview",
    "/twins/{twin}/devices",
    "/twins/{twin}/devices?device=sensor-1",
    "/twins/{twin}/rules",
    "/twins/{twin}/graph",
    "/twins/{twin}/cost",
    "/twins/{twin}/cost?target=clouds",
    "/twins/{twin}/errors?alert={alert}",
    "/twins/{twin}/dead-letters",
    "/twins/{twin}/specification?part=placement",
    "/twins/{twin}/specification?part=versions",
    "/twins/{twin}/specification?part=people",
    "/twins/{twin}/proposal?tab=uncertainty&samples=100&vary=devices=20%25",
    "/twins/{twin}/proposal?tab=break-even",
    "/nowhere",
)


def _told(site: Site, person: Person) -> None:
    """Somebody is told of alerts, first and later, and some are quiet."""
    place = f"workspaces/{site.workspace_id}"
    hook = {"kind": "webhook", "name": "on call", "url": "https://93.184.215.14/hook", "layers": ["L3"]}
    route = person.post(f"{place}/alert-routes", hook, 201)["id"]
    steps = [{"after_minutes": 15, "route": route}]
    person.call("PUT", f"{place}/alert-policy", code=200, json={"steps": steps}, headers={"If-Match": '"0"'})
    person.post(f"{place}/mute-rules", {"kind": "quota", "minutes": 60, "note": "known"}, 201)


def filled_views(site: Site, person: Person) -> list[str]:
    """All of them, once there are a twin, an alert, a connection and somebody who is told."""
    twin = person.create_twin()["id"]
    kept = person.post(f"workspaces/{site.workspace_id}/connections", cloud_accounts.aws(), 201)
    _told(site, person)
    known = {
        "alert": raised(site, twin),
        "connection": kept["id"],
        "workspace": site.workspace_id,
        "twin": twin,
    }
    return [view.format(**known) for view in _VIEWS]
