"""The client: an attribute per noun of the API, loaded when it is first used, since a command uses one or two."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from twin2multicloud.app.client.http import Http

if TYPE_CHECKING:
    from twin2multicloud.app.client.alert_routes import AlertRoutes
    from twin2multicloud.app.client.audit import Audit
    from twin2multicloud.app.client.bills import Bills
    from twin2multicloud.app.client.catalogue import Catalogue
    from twin2multicloud.app.client.connections import Connections
    from twin2multicloud.app.client.drafts import Drafts
    from twin2multicloud.app.client.events import Events
    from twin2multicloud.app.client.health import Health
    from twin2multicloud.app.client.keys import Keys
    from twin2multicloud.app.client.login import Login
    from twin2multicloud.app.client.operating import Alerts, Operating
    from twin2multicloud.app.client.optimizer import Optimizer
    from twin2multicloud.app.client.people import Users, Workspaces
    from twin2multicloud.app.client.prices import Prices
    from twin2multicloud.app.client.runs import Runs
    from twin2multicloud.app.client.twins import Twins
    from twin2multicloud.app.client.watching import Watching


class Client:
    """Calls one server's API. Close it, or use it in `with`."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def __repr__(self) -> str:
        return f"Client({self.http.url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    @cached_property
    def login(self) -> Login:
        """Signing in."""
        from twin2multicloud.app.client.login import Login

        return Login(self.http)

    @cached_property
    def twins(self) -> Twins:
        """Twins."""
        from twin2multicloud.app.client.twins import Twins

        return Twins(self.http)

    @cached_property
    def drafts(self) -> Drafts:
        """What one is writing."""
        from twin2multicloud.app.client.drafts import Drafts

        return Drafts(self.http)

    @cached_property
    def runs(self) -> Runs:
        """Runs."""
        from twin2multicloud.app.client.runs import Runs

        return Runs(self.http, self.twins)

    @cached_property
    def operating(self) -> Operating:
        """How deployed twins do."""
        from twin2multicloud.app.client.operating import Operating

        return Operating(self.http)

    @cached_property
    def watching(self) -> Watching:
        """What twins are like now."""
        from twin2multicloud.app.client.watching import Watching

        return Watching(self.http)

    @cached_property
    def bills(self) -> Bills:
        """What twins were billed."""
        from twin2multicloud.app.client.bills import Bills

        return Bills(self.http)

    @cached_property
    def alerts(self) -> Alerts:
        """What goes wrong in twins."""
        from twin2multicloud.app.client.operating import Alerts

        return Alerts(self.http)

    @cached_property
    def alert_routes(self) -> AlertRoutes:
        """Who is told of it."""
        from twin2multicloud.app.client.alert_routes import AlertRoutes

        return AlertRoutes(self.http)

    @cached_property
    def events(self) -> Events:
        """What happens."""
        from twin2multicloud.app.client.events import Events

        return Events(self.http)

    @cached_property
    def users(self) -> Users:
        """People of the installation."""
        from twin2multicloud.app.client.people import Users

        return Users(self.http)

    @cached_property
    def workspaces(self) -> Workspaces:
        """Workspaces."""
        from twin2multicloud.app.client.people import Workspaces

        return Workspaces(self.http)

    @cached_property
    def keys(self) -> Keys:
        """API keys."""
        from twin2multicloud.app.client.keys import Keys

        return Keys(self.http)

    @cached_property
    def connections(self) -> Connections:
        """Accounts at clouds."""
        from twin2multicloud.app.client.connections import Connections

        return Connections(self.http)

    @cached_property
    def audit(self) -> Audit:
        """Who did what."""
        from twin2multicloud.app.client.audit import Audit

        return Audit(self.http)

    @cached_property
    def prices(self) -> Prices:
        """Price books."""
        from twin2multicloud.app.client.prices import Prices

        return Prices(self.http)

    @cached_property
    def optimizer(self) -> Optimizer:
        """Questions to the optimizer."""
        from twin2multicloud.app.client.optimizer import Optimizer

        return Optimizer(self.http)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What there is to choose from."""
        from twin2multicloud.app.client.catalogue import Catalogue

        return Catalogue(self.http)

    @cached_property
    def health(self) -> Health:
        """Whether the server works."""
        from twin2multicloud.app.client.health import Health

        return Health(self.http)
