"""The API as an ASGI application over a backend."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, FastAPI

from twin2multicloud import __version__
from twin2multicloud.app.api import problems
from twin2multicloud.app.api.correlation import CorrelationMiddleware
from twin2multicloud.app.api.deps import allow
from twin2multicloud.app.api.routes import books, catalogue, health, optimizing, placements, twins
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.optimizing.desk import Desk
from twin2multicloud.app.schemas.problems import Problem
from twin2multicloud.app.services import prices

PREFIX = "/api/v1"
_ROUTERS = (twins.router, placements.router, books.router)
ASKING = (catalogue.router, optimizing.router)
"""Routers that know no database: they are served alone, too (see `optimizer_app`)."""


def create_app(backend: Backend) -> FastAPI:
    """The application. Whoever serves it opens and closes the backend."""
    app = FastAPI(
        title="Twin2MultiCloud",
        version=__version__,
        summary="Describe, price, deploy and operate digital twins over AWS, Azure and Google Cloud.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
        separate_input_output_schemas=False,
    )
    app.state.backend = backend
    app.state.desk = Desk(
        backend.optimizer,
        lambda: prices.current(backend),
        lambda: datetime.fromtimestamp(backend.clock.now(), UTC).date(),
    )
    api = APIRouter(prefix=PREFIX)
    for router in _ROUTERS:
        api.include_router(router)
    for router in ASKING:
        # They keep nothing, so whoever is known may ask.
        api.include_router(router, dependencies=[allow(Scope.READ)])
    app.include_router(api)
    app.include_router(health.router)
    problems.install(app)
    app.add_middleware(CorrelationMiddleware)
    return app
