"""What a twin is like now: devices and what they measured, rates, rules, the twin graph. Works for drafts, too."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from twin2multicloud.app.api.deps import BackendDep, TwinId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor
from twin2multicloud.app.auth.access import On, Principal, Scope
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas import watching as shapes
from twin2multicloud.app.schemas.bills import Period
from twin2multicloud.app.schemas.common import Moment
from twin2multicloud.app.schemas.costs import CostHistory, Costs
from twin2multicloud.app.schemas.dashboards import DashboardAnswer, DashboardQuery, Dashboards
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import costs, dashboards, devices, graphs, rates, rules

router = Endpoints(tags=["watching"])
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Target = Annotated[Target, Query(description="Where it is deployed.")]
_Part = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
_Search = Annotated[str, Query(max_length=100, description="Part of a name, whatever its case.")]
_Type = Annotated[str, Query(max_length=200, description="Only of this device type.")]
_Device = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f]+$", examples=["thermometer-1"])]
_Since = Annotated[Moment | None, Query(description="In the twin's time; without it `seconds` before `until`.")]
_Until = Annotated[Moment | None, Query(description="In the twin's time; without it its now.")]


@router.get("/twins/{twin}/devices")
def list_devices(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    target: _Target = "sandbox",
    search: _Search = "",
    type: _Type = "",
    sort: Annotated[
        shapes.DeviceOrder, Query(description="`last_seen`: silent for longest first; - for the other way round.")
    ] = "name",
    cursor: Cursor = None,
    limit: _Part = 50,
) -> shapes.DevicePage:
    """Its devices: when they were seen last, whether they are connected, what they told."""
    return devices.page(backend, twin, target, devices.Asked(search, type, sort, cursor, limit))


@router.get("/twins/{twin}/devices/{device}/history")
def show_device_history(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    device: _Device,
    target: _Target = "sandbox",
    field: Annotated[
        list[str] | None, Query(max_length=20, description="Only these fields; without any all that are no objects.")
    ] = None,
    since: _Since = None,
    until: _Until = None,
    seconds: Annotated[float, Query(gt=0, le=1e10, description="How long, without `since`.")] = 3_600.0,
    points: Annotated[int, Query(ge=1, le=2_000, description="So many of each field at most.")] = 300,
) -> shapes.DeviceHistory:
    """What a device measured, from the hot store: minimum, maximum and mean of each part of the range."""
    when = devices.Range(since, until, seconds)
    return devices.history(backend, twin, target, device, field or (), when, points)


@router.get("/twins/{twin}/rates")
def show_rates(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    target: _Target = "sandbox",
    seconds: Annotated[int, Query(ge=10, le=3_600, description="Of our time, until now.")] = 300,
) -> shapes.Rates:
    """Messages and errors per second, in all and in each cloud."""
    return rates.rates(backend, twin, target, seconds)


@router.get("/twins/{twin}/rules")
def list_rules(backend: BackendDep, _principal: _Viewer, twin: TwinId, target: _Target = "sandbox") -> shapes.TwinRules:
    """Its rules: conditions, actions, how often they fired and whether they hold now."""
    return rules.rules(backend, twin, target)


@router.get("/twins/{twin}/graph")
def list_graph(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    target: _Target = "sandbox",
    search: _Search = "",
    type: Annotated[str, Query(max_length=200, description="Only of this device type or model, by name or DTMI.")] = "",
    of: Annotated[str, Query(max_length=200, description="Only what this twin's relationships lead to.")] = "",
    roots: Annotated[bool, Query(description="Only what no relationship leads to.")] = False,
    cursor: Cursor = None,
    limit: _Part = 50,
) -> shapes.GraphPage:
    """Its twin graph: entities and devices with their last values and relationships."""
    return graphs.page(backend, twin, target, graphs.Asked(search, type, of, roots, cursor, limit))


@router.get("/twins/{twin}/dashboards")
def list_dashboards(backend: BackendDep, _principal: _Viewer, twin: TwinId, target: _Target = "sandbox") -> Dashboards:
    """Its dashboards as Grafana's JSON, and where they can be seen."""
    return dashboards.dashboards(backend, twin, target)


@router.post("/twins/{twin}/dashboards/query")
def query_dashboard(backend: BackendDep, _principal: _Viewer, twin: TwinId, given: DashboardQuery) -> DashboardAnswer:
    """Ask its sandbox what a panel of a dashboard asks. It changes nothing."""
    return dashboards.query(backend, twin, given)


@router.get("/twins/{twin}/costs")
def show_costs(backend: BackendDep, _principal: _Viewer, twin: TwinId, target: _Target = "sandbox") -> Costs:
    """What it costs in a month: predicted, metered so far, and billed; meter by meter, with this month to date."""
    return costs.costs(backend, twin, target)


@router.get("/twins/{twin}/costs/history")
def show_cost_history(
    backend: BackendDep,
    _principal: _Viewer,
    twin: TwinId,
    target: _Target = "sandbox",
    period: Annotated[
        Period | None, Query(description="A month, as in 2026-11; without it the month that it is in the twin.")
    ] = None,
) -> CostHistory:
    """A month's cost day by day, metered and billed."""
    return costs.history(backend, twin, target, period)
