"""Routes of a workspace's alerts. Where they lead and what they sign with goes in, and out only to whoever tells."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.sealed import context_of
from twin2multicloud.app.db.tables.people import Workspace
from twin2multicloud.app.db.tables.telling import AlertPolicy, AlertRoute
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError, InvalidError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import alert_routes as shapes
from twin2multicloud.app.services import audit, mails, notices, webhooks
from twin2multicloud.app.services.changes import check_seen, hold
from twin2multicloud.model.errors import Finding

MOST: Final = 50
"""Routes of a workspace."""
_DISCARDED: Final = "its address was discarded, since the master keys that opened it were lost; give it a new one"
Input = shapes.WebhookInput | shapes.EmailInput


class Leads(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a route leads: what is sealed of it. Never printed."""

    url: str = ""
    secret: str = ""
    to: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Leads(…)"


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────
def listed(workspace: Workspace) -> Select[AlertRoute]:
    """The routes of a workspace."""
    return select(AlertRoute).where(AlertRoute.workspace_id == workspace.id)


def the_route(session: Session, workspace: Workspace, route_id: str) -> AlertRoute:
    """One of them; `NotFoundError` otherwise."""
    found = session.get(AlertRoute, route_id)
    if found is None or found.workspace_id != workspace.id:
        raise NotFoundError(f"there is no route {route_id[:60]!r} in the workspace '{workspace.name}'")
    return found


def shown(session: Session, routes: Sequence[AlertRoute]) -> list[shapes.AlertRoute]:
    """Routes as they are told."""
    waiting = notices.waiting(session, [route.id for route in routes])
    return [shapes.AlertRoute.model_validate(_facts(route, waiting.get(route.id, 0))) for route in routes]


def shown_with_secret(session: Session, route: AlertRoute, secret: str | None) -> shapes.NewAlertRoute:
    """A route with its secret, to whoever made that."""
    waiting = notices.waiting(session, [route.id]).get(route.id, 0)
    return shapes.NewAlertRoute.model_validate({**_facts(route, waiting), "secret": secret})


def leads_of(backend: Backend, route: AlertRoute) -> Leads:
    """Where a route leads. `SealError` if that cannot be opened."""
    opened = backend.sealer.open(route.sealed, context_of("alert_routes.sealed", id=route.id))
    return msgspec.json.decode(opened, type=Leads)


# ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────
def check(backend: Backend, given: Input | shapes.RoutePatch) -> None:
    """`InvalidError` for an address that nothing may be posted to, `ConflictError` for e-mail where no server for it is
    set. It looks names up, so no session is open meanwhile.
    """
    if isinstance(given, shapes.EmailInput) or (isinstance(given, shapes.RoutePatch) and given.to is not None):
        if not backend.settings.smtp.host:
            raise ConflictError(
                "this server sends no e-mail: no server for it is set; an operator can set smtp.host "
                "(docs/operating.md)"
            )
    elif given.url is not None:
        try:
            webhooks.check_address(given.url.get_secret_value(), backend.settings.webhooks)
        except webhooks.DeliveryError as error:
            raise InvalidError(f"url: {error}", findings=[Finding("url", str(error))]) from error


def create(
    backend: Backend, session: Session, principal: Principal, workspace: Workspace, given: Input
) -> tuple[AlertRoute, str | None]:
    """A new route, which was checked (see `check`), and the secret of its webhook. `InvalidError` for a twin of another
    workspace, `ConflictError` for a name that is taken.
    """
    hold(session, workspace)
    count = session.scalar(select(func.count()).where(AlertRoute.workspace_id == workspace.id)) or 0
    if count >= MOST:
        raise ConflictError(f"a workspace has at most {MOST} routes; delete one first")
    _check_name(session, workspace.id, given.name, None)
    _check_twins(session, workspace.id, given.twins)
    moment, identity = backend.now(), backend.make_id("rte")
    secret = backend.make_token() if isinstance(given, shapes.WebhookInput) else None
    leads = (
        Leads(url=given.url.get_secret_value(), secret=secret or "")
        if isinstance(given, shapes.WebhookInput)
        else Leads(to=_each_once(given.to))
    )
    route = AlertRoute(
        id=identity,
        workspace_id=workspace.id,
        kind=given.kind,
        name=given.name,
        min_severity=given.min_severity,
        twins=given.twins,
        layers=given.layers,
        only_escalated=given.only_escalated,
        enabled=given.enabled,
        problem="",
        version=1,
        created_at=moment,
        updated_at=moment,
    )
    _lead(backend, route, leads)
    session.add(route)
    _note(backend, session, principal, route, "created")
    return route, secret


def change(
    backend: Backend, session: Session, principal: Principal, route: AlertRoute, seen: int, given: shapes.RoutePatch
) -> None:
    """Change some of a route; what it refuses is as in `create`. A webhook that leads elsewhere keeps its secret."""
    hold(session, route)
    check_seen(route.version, seen, f"the route '{route.name}'")
    wanted = given.model_dump(exclude_none=True, exclude={"url", "to"})
    if "name" in wanted:
        _check_name(session, route.workspace_id, wanted["name"], route.id)
    _check_twins(session, route.workspace_id, given.twins or ())
    changes = [name for name, value in wanted.items() if getattr(route, name) != value]
    for name in changes:
        setattr(route, name, wanted[name])
    if given.url is not None or given.to is not None:
        _lead(backend, route, _redirected(backend, route, given))
        route.problem = ""
        changes.append("address")
    if changes:
        route.version += 1
        route.updated_at = backend.now()
        _note(backend, session, principal, route, "changed", changes=changes)


def renew_secret(backend: Backend, session: Session, principal: Principal, route: AlertRoute) -> str:
    """A new secret for a webhook; the old one signs nothing any more. `ConflictError` for e-mail, which has none."""
    hold(session, route)
    if route.kind != "webhook":
        raise ConflictError(f"'{route.name}' is e-mail, which nothing is signed with")
    secret = backend.make_token()
    _lead(backend, route, msgspec.structs.replace(leads_of(backend, route), secret=secret))
    route.version += 1
    route.updated_at = backend.now()
    _note(backend, session, principal, route, "secret-renewed")
    return secret


def remove(backend: Backend, session: Session, principal: Principal, route: AlertRoute, seen: int) -> None:
    """Forget a route, and what waits for it. `ConflictError` while escalation needs it."""
    hold(session, route)
    check_seen(route.version, seen, f"the route '{route.name}'")
    policy = session.get(AlertPolicy, route.workspace_id)
    if policy is not None and any(step["route"] == route.id for step in policy.steps):
        raise ConflictError(f"escalation leads to '{route.name}'; change the workspace's policy first")
    _note(backend, session, principal, route, "deleted")
    session.delete(route)


def discard_address(backend: Backend, route: AlertRoute) -> None:
    """Forget where a route leads, whose master key was lost: it is switched off and says why."""
    _lead(backend, route, Leads(), keep_address=True)
    route.enabled, route.problem = False, _DISCARDED
    route.version += 1
    route.updated_at = backend.now()


# ── Telling ─────────────────────────────────────────────────────────────────────────────────────────────────
def test(backend: Backend, principal: Principal, workspace: Workspace, route: AlertRoute) -> shapes.RouteTest:
    """Tell something by a route right now that says it is a test. What stands in the way is told, not raised."""
    begun, identity = time.monotonic(), backend.make_id("ntc")
    at = backend.now()
    facts = {
        "id": "", "twin": "", "twin_name": "no twin", "target": "", "kind": "test", "severity": route.min_severity,
        "layer": "", "cloud": "", "message": f"{principal.name} tests the route '{route.name}'", "data": {}, "count": 1,
        "first_at": at.isoformat(), "last_at": at.isoformat(),
    }  # fmt: skip
    body = notices.body_of(identity, "test", at, workspace, facts, backend.settings.origin)
    problem = ""
    try:
        send(backend, route, identity, [body])
    except webhooks.DeliveryError as error:
        problem = str(error)
    return shapes.RouteTest(told=not problem, problem=problem, took_s=round(time.monotonic() - begun, 3))


def send(backend: Backend, route: AlertRoute, message_id: str, bodies: Sequence[Mapping[str, Any]]) -> None:
    """Tell notices by a route: a webhook one, e-mail any number. `DeliveryError` if it could not be told."""
    leads = leads_of(backend, route)
    if route.kind == "webhook":
        if not leads.url:
            raise webhooks.DeliveryError(_DISCARDED)
        (body,) = bodies
        found = webhooks.Webhook(leads.url, leads.secret)
        content = msgspec.json.encode(body)
        nonce = backend.make_token()
        webhooks.post(found, message_id, content, nonce, backend.settings.webhooks, now=backend.clock.now)
        return
    if not leads.to:
        raise webhooks.DeliveryError(_DISCARDED)
    smtp = backend.settings.smtp
    told = [dict(body) for body in bodies]
    mails.send(smtp, mails.message(smtp, leads.to, message_id, backend.now(), told, backend.settings.origin))


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _facts(route: AlertRoute, waiting: int) -> dict[str, Any]:
    names = (
        "id", "kind", "name", "address", "min_severity", "twins", "layers", "only_escalated", "enabled", "problem",
        "told_at", "version", "created_at", "updated_at",
    )  # fmt: skip
    return {"workspace": route.workspace_id, "waiting": waiting, **{name: getattr(route, name) for name in names}}


def _lead(backend: Backend, route: AlertRoute, leads: Leads, *, keep_address: bool = False) -> None:
    route.sealed = backend.sealer.seal(msgspec.json.encode(leads), context_of("alert_routes.sealed", id=route.id))
    if not keep_address:
        route.address = webhooks.shown(leads.url) if route.kind == "webhook" else ", ".join(leads.to)


def _redirected(backend: Backend, route: AlertRoute, given: shapes.RoutePatch) -> Leads:
    if (given.url is not None) != (route.kind == "webhook"):
        field = "to" if route.kind == "email" else "url"
        raise InvalidError(
            f"'{route.name}' is a route by {route.kind}; give {field}",
            findings=[Finding(field, "is what this one has")],
        )
    if given.url is None:
        return Leads(to=_each_once(given.to or ()))
    secret = leads_of(backend, route).secret
    if not secret:
        raise ConflictError("its secret was discarded, too; delete the route and make it anew")
    return Leads(url=given.url.get_secret_value(), secret=secret)


def _each_once(to: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(to))


def _check_name(session: Session, workspace_id: str, name: str, own_id: str | None) -> None:
    taken = session.scalar(
        select(AlertRoute.id).where(AlertRoute.workspace_id == workspace_id, AlertRoute.name == name)
    )
    if taken not in (None, own_id):
        raise ConflictError(f"there is a route '{name}' already; choose another name")


def _check_twins(session: Session, workspace_id: str, twins: Sequence[str]) -> None:
    known = set(session.scalars(select(Twin.id).where(Twin.id.in_(twins), Twin.workspace_id == workspace_id)))
    strange = sorted(set(twins) - known)
    if strange:
        findings = [Finding("twins", "is no twin of this workspace", each) for each in strange[:20]]
        raise InvalidError(f"twins: {', '.join(strange[:5])} is not of this workspace", findings=findings)


def _note(
    backend: Backend, session: Session, principal: Principal, route: AlertRoute, what: str, **details: Any
) -> None:
    action, words = f"alert-route.{what}", what.replace("-", " ")
    event = NewEvent(
        route.workspace_id, action, f"the route {route.name}: {words} by {principal.name}", data={"route": route.id}
    )
    backend.events.add(session, event)
    facts = {"name": route.name, "kind": route.kind, "address": route.address, **details}
    audit.note(backend, session, principal, action, route.id, workspace_id=route.workspace_id, **facts)
