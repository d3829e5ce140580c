"""Alerts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from twin2multicloud.app.api.deps import AlertId, BackendDep, TwinId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_alert, the_twin
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas import alerts as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import alerts
from twin2multicloud.model.slots import Provider

router = Endpoints(tags=["alerts"])
_SORTS = {"last_at": Alert.last_at, "first_at": Alert.first_at, "count": Alert.count}
_Reader = Annotated[Principal, allow(Scope.READ)]
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_AlertViewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.ALERT)]
_Operator = Annotated[Principal, allow(Scope.RUN, Role.OPERATOR, On.ALERT)]
TwinFilter = Annotated[str | None, Query(pattern=r"^[a-z]{3}_[0-9a-z]{1,28}$", description="Only of this twin.")]
SeverityFilter = Annotated[list[shapes.AlertSeverity] | None, Query(max_length=4)]
LayerFilter = Annotated[str | None, Query(max_length=20, description="Where it is: L3 is all of its tiers, too.")]
CloudFilter = Annotated[Provider | None, Query(description="Only at this cloud.")]
AcknowledgedFilter = Annotated[bool | None, Query(description="Whether somebody looks after it.")]
MutedFilter = Annotated[bool | None, Query(description="Whether it is kept quiet now.")]


@router.get("/alerts")
def list_alerts(
    backend: BackendDep,
    principal: _Reader,
    twin: TwinFilter = None,
    severity: SeverityFilter = None,
    layer: LayerFilter = None,
    cloud: CloudFilter = None,
    acknowledged: AcknowledgedFilter = None,
    muted: MutedFilter = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Alert]:
    """All alerts of twins that you may see, what came last first."""
    if twin is not None:
        with backend.database.read() as session:
            the_twin(session, principal, twin, Role.VIEWER)
    wanted = alerts.Wanted(twin, severity, layer, cloud, acknowledged, muted)
    return _list(backend, principal, wanted, sort, cursor, limit)


@router.get("/twins/{twin}/alerts")
def list_alerts_of_twin(
    backend: BackendDep,
    principal: _Viewer,
    twin: TwinId,
    severity: SeverityFilter = None,
    layer: LayerFilter = None,
    cloud: CloudFilter = None,
    acknowledged: AcknowledgedFilter = None,
    muted: MutedFilter = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Alert]:
    """A twin's alerts, what came last first."""
    wanted = alerts.Wanted(twin, severity, layer, cloud, acknowledged, muted)
    return _list(backend, principal, wanted, sort, cursor, limit)


@router.get("/alerts/{alert}")
def show_alert(backend: BackendDep, principal: _AlertViewer, alert: AlertId) -> shapes.Alert:
    """One of them."""
    with backend.database.read() as session:
        found = the_alert(session, principal, alert, Role.VIEWER)
        return alerts.shown(session, [found])[0]


@router.post("/alerts/{alert}/acknowledge")
def acknowledge(backend: BackendDep, principal: _Operator, alert: AlertId) -> shapes.Alert:
    """Say that you look after it. When it comes again, it is told again."""
    return _change(
        backend, principal, alert, lambda session, found: alerts.acknowledge(backend, session, principal, found)
    )


@router.post("/alerts/{alert}/mute")
def mute(backend: BackendDep, principal: _Operator, alert: AlertId, given: shapes.Mute) -> shapes.Alert:
    """Keep it quiet until a moment or for some minutes, however often it comes."""
    return _change(
        backend, principal, alert, lambda session, found: alerts.mute(backend, session, principal, found, given)
    )


@router.post("/alerts/{alert}/unmute")
def unmute(backend: BackendDep, principal: _Operator, alert: AlertId) -> shapes.Alert:
    """Let it be told again."""
    return _change(backend, principal, alert, lambda session, found: alerts.unmute(backend, session, principal, found))


def _change(backend: Backend, principal: Principal, alert: str, act: Callable[[Session, Alert], None]) -> shapes.Alert:
    with backend.database.write() as session:
        found = the_alert(session, principal, alert, Role.OPERATOR)
        act(session, found)
        return alerts.shown(session, [found])[0]


def _list(
    backend: Backend,
    principal: Principal,
    wanted: alerts.Wanted,
    sort: str | None,
    cursor: str | None,
    limit: int,
) -> Page[shapes.Alert]:
    query = alerts.listed(backend, principal, wanted)
    with backend.database.read() as session:
        return page(
            session,
            query,
            Alert.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-last_at",
            items=lambda found: alerts.shown(session, found),
        )
