"""Routes of alerts, and what becomes of alerts in a workspace."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from twin2multicloud.app.api.deps import BackendDep, IfMatch, WorkspaceId, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_workspace
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.telling import AlertNotice, AlertRoute, MuteRule
from twin2multicloud.app.schemas import alert_policy as policies
from twin2multicloud.app.schemas import alert_routes as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import alert_policy, alert_routes, notices

router = Endpoints(prefix="/workspaces/{workspace}", tags=["alerts"])
_SORTS = {"name": AlertRoute.name, "created_at": AlertRoute.created_at}
_NOTICE_SORTS = {"created_at": AlertNotice.created_at}
_RULE_SORTS = {"until": MuteRule.until, "created_at": MuteRule.created_at}
_ALL, _ONE = "/alert-routes", "/alert-routes/{route}"
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.WORKSPACE)]
_Operator = Annotated[Principal, allow(Scope.READ, Role.OPERATOR, On.WORKSPACE)]
_Runner = Annotated[Principal, allow(Scope.RUN, Role.OPERATOR, On.WORKSPACE)]
_Owner = Annotated[Principal, allow(Scope.WRITE, Role.OWNER, On.WORKSPACE)]
_RouteId = Annotated[str, Path(pattern=r"^rte_[0-9a-z]{1,28}$", examples=["rte_4qz0m8k2v1x7c9b3n5d6"])]
_RuleId = Annotated[str, Path(pattern=r"^mut_[0-9a-z]{1,28}$", examples=["mut_4qz0m8k2v1x7c9b3n5d6"])]


# ── Routes ──────────────────────────────────────────────────────────────────────────────────────────────────
@router.get(_ALL)
def list_alert_routes(
    backend: BackendDep,
    principal: _Operator,
    workspace: WorkspaceId,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.AlertRoute]:
    """By which ways alerts of a workspace are told."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        return page(
            session,
            alert_routes.listed(place),
            AlertRoute.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=lambda found: alert_routes.shown(session, found),
        )


@router.post(_ALL, status_code=201)
def create_alert_route(
    backend: BackendDep, principal: _Owner, workspace: WorkspaceId, given: shapes.RouteInput, response: Response
) -> shapes.NewAlertRoute:
    """Have alerts told by a webhook or e-mail. What a webhook is signed with is shown this once."""
    alert_routes.check(backend, given)
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        route, secret = alert_routes.create(backend, session, principal, place, given)
        shown = alert_routes.shown_with_secret(session, route, secret)
    response.headers["ETag"] = etag(shown.version)
    response.headers["Location"] = f"/api/v1/workspaces/{workspace}/alert-routes/{shown.id}"
    return shown


@router.get(_ONE)
def show_alert_route(
    backend: BackendDep, principal: _Operator, workspace: WorkspaceId, route: _RouteId, response: Response
) -> shapes.AlertRoute:
    """One of them."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        (shown,) = alert_routes.shown(session, [alert_routes.the_route(session, place, route)])
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch(_ONE)
def change_alert_route(
    backend: BackendDep,
    principal: _Owner,
    workspace: WorkspaceId,
    route: _RouteId,
    given: shapes.RoutePatch,
    seen: IfMatch,
    response: Response,
) -> shapes.AlertRoute:
    """Change some of it; what is left out stays."""
    alert_routes.check(backend, given)
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        found = alert_routes.the_route(session, place, route)
        alert_routes.change(backend, session, principal, found, seen, given)
        (shown,) = alert_routes.shown(session, [found])
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.delete(_ONE, status_code=204)
def delete_alert_route(
    backend: BackendDep, principal: _Owner, workspace: WorkspaceId, route: _RouteId, seen: IfMatch
) -> None:
    """Forget it, and what waits to be told by it. Not while escalation leads to it."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        found = alert_routes.the_route(session, place, route)
        alert_routes.remove(backend, session, principal, found, seen)


@router.post(f"{_ONE}/secret")
def renew_alert_route_secret(
    backend: BackendDep, principal: _Owner, workspace: WorkspaceId, route: _RouteId, response: Response
) -> shapes.NewAlertRoute:
    """A new secret for a webhook, which is shown this once; the old one signs nothing any more."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        found = alert_routes.the_route(session, place, route)
        secret = alert_routes.renew_secret(backend, session, principal, found)
        shown = alert_routes.shown_with_secret(session, found, secret)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.post(f"{_ONE}/test")
def test_alert_route(
    backend: BackendDep, principal: _Runner, workspace: WorkspaceId, route: _RouteId
) -> shapes.RouteTest:
    """Tell something by it right now that says it is a test."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        found = alert_routes.the_route(session, place, route)
    return alert_routes.test(backend, principal, place, found)


@router.get(f"{_ONE}/notices")
def list_alert_notices(
    backend: BackendDep,
    principal: _Operator,
    workspace: WorkspaceId,
    route: _RouteId,
    status: Annotated[
        shapes.NoticeStatus | None, Query(description="Only those that wait, were sent or failed.")
    ] = None,
    alert: Annotated[str | None, Query(pattern=r"^alr_[0-9a-z]{1,28}$", description="Only of this alert.")] = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.AlertNotice]:
    """What was told by it, or waits for it, the newest first."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        found = alert_routes.the_route(session, place, route)
        return page(
            session,
            notices.listed(found, notices.Wanted(status, alert)),
            AlertNotice.id,
            _NOTICE_SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-created_at",
            items=each(notices.shape),
        )


# ── Policy and mute rules ───────────────────────────────────────────────────────────────────────────────────
@router.get("/alert-policy")
def show_alert_policy(
    backend: BackendDep, principal: _Viewer, workspace: WorkspaceId, response: Response
) -> policies.AlertPolicy:
    """How severe alerts count, and who is told what nobody looks after."""
    with backend.database.read() as session:
        shown = alert_policy.policy_of(session, the_workspace(session, principal, workspace, Role.VIEWER))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.put("/alert-policy")
def set_alert_policy(
    backend: BackendDep,
    principal: _Owner,
    workspace: WorkspaceId,
    given: policies.PolicyInput,
    seen: IfMatch,
    response: Response,
) -> policies.AlertPolicy:
    """Set all of it. Before anything was set its ETag is "0"."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        alert_policy.set_policy(backend, session, principal, place, seen, given)
        session.flush()
        shown = alert_policy.policy_of(session, place)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.get("/mute-rules")
def list_mute_rules(
    backend: BackendDep,
    principal: _Viewer,
    workspace: WorkspaceId,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[policies.MuteRule]:
    """Rules that keep alerts quiet now, what ends next first."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.VIEWER)
        return page(
            session,
            alert_policy.rules_listed(backend, place),
            MuteRule.id,
            _RULE_SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="until",
            items=lambda found: alert_policy.rules_shown(backend, session, found),
        )


@router.post("/mute-rules", status_code=201)
def create_mute_rule(
    backend: BackendDep, principal: _Runner, workspace: WorkspaceId, given: policies.MuteRuleInput
) -> policies.MuteRule:
    """Keep alerts quiet by twin, layer and kind, those that wait for somebody already, too."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        rule = alert_policy.add_rule(backend, session, principal, place, given)
        session.flush()
        (shown,) = alert_policy.rules_shown(backend, session, [rule])
    return shown


@router.delete("/mute-rules/{rule}", status_code=204)
def delete_mute_rule(backend: BackendDep, principal: _Runner, workspace: WorkspaceId, rule: _RuleId) -> None:
    """End a rule; what it kept quiet is told when it comes again."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        alert_policy.remove_rule(backend, session, principal, alert_policy.the_rule(session, place, rule))
