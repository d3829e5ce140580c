"""The optimizer alone as an ASGI application: no database, no people, nothing that is kept.

Who may reach it may ask it, so it is served on this machine only, or behind one shared token.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from fastapi import Depends, FastAPI, Response, params
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from twin2multicloud.app.api.dispatch import Endpoints, Noun
from twin2multicloud.app.api.limits import known
from twin2multicloud.app.api.metrics import Metrics, PoolFigures
from twin2multicloud.app.api.nouns import asking
from twin2multicloud.app.api.routes.metrics import TEXT
from twin2multicloud.app.api.surface import Surface
from twin2multicloud.app.errors import UnauthenticatedError
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.desk import Desk
from twin2multicloud.app.optimizing.pool import Pool
from twin2multicloud.app.schemas.health import Health
from twin2multicloud.app.settings import Settings
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.runtime.system_clock import SystemClock

_SURFACE: Final = Surface(
    "Twin2MultiCloud optimizer",
    "The cheapest placement of a digital twin over AWS, Azure and Google Cloud, proven and explained.",
    "this is the optimizer alone (`serve --only optimizer`), which keeps nothing. Twins and their runs are at the "
    "whole backend (`twin2multicloud serve`)",
)


def create_optimizer_app(settings: Settings, book: Book | None = None, clock: Clock | None = None) -> FastAPI:
    """The application, by `book` or by the one that the settings name. `settings.only` must be "optimizer", which has
    them checked for that. Its worker processes end with its lifespan.
    """
    assert settings.only == "optimizer"
    pool = Pool(settings.optimizer_processes, settings.optimizer_waiting)
    used, time = book or Book.at(settings.prices), clock or SystemClock()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        pool.close()

    app = _SURFACE.app(lifespan)
    app.state.desk = Desk(pool, lambda: used, lambda: datetime.fromtimestamp(time.now(), UTC).date())
    metrics = Metrics(PoolFigures(pool))
    nouns = (
        *asking(_asked_for(settings.optimizer_token)),
        Noun(lambda: _health, ("/health",)),
        Noun(lambda: _metrics_of(settings, metrics), ("/metrics",)),
    )
    app.router.routes.append(_SURFACE.dispatch(nouns))
    _SURFACE.guard(app, _limited(settings), time, metrics)
    return app


_health = Endpoints(prefix="/health", tags=["health"])


@_health.get("/live")
async def show_liveness() -> Health:
    """The process answers."""
    return Health(status="ok")


@_health.get("/ready")
async def show_readiness() -> Health:
    """It can work: it needs nothing else."""
    return Health(status="ok")


def _metrics_of(settings: Settings, metrics: Metrics) -> Endpoints:
    """Where neither token is set, nothing else asks for one either."""
    router = Endpoints(tags=["metrics"], dependencies=_asked_for(settings.metrics_token, settings.optimizer_token))

    @router.get("/metrics", response_class=Response, responses=TEXT)
    def show_metrics() -> Response:
        """Figures of this process."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return router


def _limited(settings: Settings) -> Settings:
    """Without a token everybody who comes is whom it is for, though nobody is known."""
    if settings.optimizer_token is not None:
        return settings
    limits = settings.limits.model_copy(update={"anonymous_per_minute": settings.limits.principal_per_minute})
    return settings.model_copy(update={"limits": limits})


class _Token(SecurityBase):
    """A dependency that lets in who sends one of the tokens."""

    scheme_name = "token"
    model = HTTPBearer(description="The token that the one who serves it gave out (`optimizer_token`).")

    def __init__(self, tokens: list[SecretStr]) -> None:
        self._tokens = [each.get_secret_value().encode() for each in tokens]

    async def __call__(self, connection: HTTPConnection) -> None:
        """`UnauthenticatedError` without one."""
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        found = given.strip().encode()
        if scheme.lower() != "bearer" or not any(hmac.compare_digest(found, each) for each in self._tokens):
            raise UnauthenticatedError("send the optimizer's token as `Authorization: Bearer …`")
        known(connection.scope, "token")


def _asked_for(*tokens: SecretStr | None) -> list[params.Depends]:
    there = [token for token in tokens if token is not None]
    return [Depends(_Token(there))] if there else []
