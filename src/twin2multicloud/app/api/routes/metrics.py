"""Metrics for Prometheus."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Final

from fastapi import Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import HTTPConnection

from twin2multicloud.app.api.deps import Allow, backend_of
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.metrics import Metrics
from twin2multicloud.app.auth.access import On, Principal, Rule, Scope

router = Endpoints(tags=["metrics"])


class _AllowScraper(Allow):
    """An admin of the installation, or whoever has the `metrics_token` of the settings, which opens nothing else."""

    def __call__(self, connection: HTTPConnection) -> Principal | None:  # type: ignore[override]
        """None for the token."""
        token = backend_of(connection).settings.metrics_token
        given = connection.headers.get("authorization", "").encode()
        if token is not None and hmac.compare_digest(given, f"Bearer {token.get_secret_value()}".encode()):
            return None
        return super().__call__(connection)


_Scraper = Annotated[Principal | None, Depends(_AllowScraper(Rule(Scope.ADMIN, on=On.INSTALLATION)))]
TEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/plain": {}}, "description": "Prometheus's text format."}
}


@router.get("/metrics", response_class=Response, responses=TEXT)
def show_metrics(connection: HTTPConnection, _principal: _Scraper) -> Response:
    """Figures of this process, and of all runs."""
    metrics: Metrics = connection.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)
