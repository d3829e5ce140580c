"""Whether a server works, and its figures."""

from __future__ import annotations

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.health import Health as Shape


class Health:
    """`/health` and `/metrics`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def live(self) -> Shape:
        """The process answers; `DisconnectedError` if it does not."""
        return self._http.get("/health/live", Shape)

    def ready(self) -> Shape:
        """It can work; `UnavailableError` says why it cannot."""
        return self._http.get("/health/ready", Shape)

    def metrics(self) -> str:
        """Its figures in Prometheus's text format, for admins of the installation."""
        return self._http.text("/metrics")
