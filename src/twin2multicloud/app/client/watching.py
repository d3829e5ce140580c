"""What twins are like now: devices and what they measured, rates, rules, the twin graph."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.costs import CostHistory, Costs
from twin2multicloud.app.schemas.dashboards import DashboardAnswer, DashboardQuery, Dashboards
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.schemas.watching import (
    DeviceHistory,
    DeviceOrder,
    DevicePage,
    GraphPage,
    Rates,
    TwinRules,
)


class Watching:
    """What is under `/api/v1/twins/{twin}` of a twin that runs; each method takes the twin's id. Of one that does not,
    they tell what the definition says.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def devices(
        self,
        twin: str,
        *,
        target: Target = "sandbox",
        search: str = "",
        type: str = "",
        sort: DeviceOrder = "name",
        cursor: str | None = None,
        limit: int = 50,
    ) -> DevicePage:
        """Some of its devices, beginning where `next` of the part before says; 200 at most."""
        return self._http.get(
            self._path(twin, "devices"),
            DevicePage,
            target=target,
            search=search,
            type=type,
            sort=sort,
            cursor=cursor,
            limit=limit,
        )

    def history(
        self,
        twin: str,
        device: str,
        *,
        fields: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        seconds: float = 3_600.0,
        points: int = 300,
        target: Target = "sandbox",
    ) -> DeviceHistory:
        """What a device measured, in the twin's time: until its now and for `seconds` unless said otherwise."""
        return self._http.get(
            self._path(twin, f"devices/{quote(device, safe='')}/history"),
            DeviceHistory,
            target=target,
            field=list(fields) or None,
            since=None if since is None else since.isoformat(),
            until=None if until is None else until.isoformat(),
            seconds=seconds,
            points=points,
        )

    def rates(self, twin: str, seconds: int = 300, target: Target = "sandbox") -> Rates:
        """Messages and errors per second over the last seconds of our time."""
        return self._http.get(self._path(twin, "rates"), Rates, target=target, seconds=seconds)

    def rules(self, twin: str, target: Target = "sandbox") -> TwinRules:
        """Its rules, and what they did."""
        return self._http.get(self._path(twin, "rules"), TwinRules, target=target)

    def graph(
        self,
        twin: str,
        *,
        target: Target = "sandbox",
        search: str = "",
        type: str = "",
        of: str = "",
        roots: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> GraphPage:
        """Some twins of its graph: with a part of an id, of a type, those that a twin leads to, those none leads to."""
        return self._http.get(
            self._path(twin, "graph"),
            GraphPage,
            target=target,
            search=search,
            type=type,
            of=of,
            roots=roots,
            cursor=cursor,
            limit=limit,
        )

    def dashboards(self, twin: str, target: Target = "sandbox") -> Dashboards:
        """Its dashboards as Grafana's JSON; `dashboards.rendering` tells what they say."""
        return self._http.get(self._path(twin, "dashboards"), Dashboards, target=target)

    def query(self, twin: str, question: DashboardQuery) -> DashboardAnswer:
        """Ask its sandbox what a panel of a dashboard asks."""
        return self._http.send("POST", self._path(twin, "dashboards/query"), DashboardAnswer, body=question)

    def costs(self, twin: str, target: Target = "sandbox") -> Costs:
        """What it costs in a month: predicted, and metered so far."""
        return self._http.get(self._path(twin, "costs"), Costs, target=target)

    def cost_history(self, twin: str, target: Target = "sandbox", period: str | None = None) -> CostHistory:
        """A month day by day: the twin's own, unless one is given as in 2026-11."""
        return self._http.get(self._path(twin, "costs/history"), CostHistory, target=target, period=period)

    def _path(self, twin: str, rest: str) -> str:
        return f"/api/v1/twins/{twin}/{rest}"
