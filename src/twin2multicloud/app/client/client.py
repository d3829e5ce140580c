"""The client: an attribute per noun of the API."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from twin2multicloud.app.client.audit import Audit
from twin2multicloud.app.client.connections import Connections
from twin2multicloud.app.client.events import Events
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.keys import Keys
from twin2multicloud.app.client.login import Login
from twin2multicloud.app.client.operating import Alerts, Operating
from twin2multicloud.app.client.people import Users, Workspaces
from twin2multicloud.app.client.prices import Prices
from twin2multicloud.app.client.runs import Runs
from twin2multicloud.app.client.twins import Twins


class Client:
    """Calls one server's API. Close it, or use it in `with`."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self.login = Login(http)
        self.twins = Twins(http)
        self.runs = Runs(http, self.twins)
        self.operating = Operating(http)
        self.alerts = Alerts(http)
        self.events = Events(http)
        self.users = Users(http)
        self.workspaces = Workspaces(http)
        self.keys = Keys(http)
        self.connections = Connections(http)
        self.audit = Audit(http)
        self.prices = Prices(http)

    def __repr__(self) -> str:
        return f"Client({self.http.url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
