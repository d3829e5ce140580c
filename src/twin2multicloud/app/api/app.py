"""The API as an ASGI application over a backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from twin2multicloud import __version__
from twin2multicloud.app.api import problems
from twin2multicloud.app.api.correlation import CorrelationMiddleware
from twin2multicloud.app.api.metrics import Metrics
from twin2multicloud.app.api.observing import ObservingMiddleware
from twin2multicloud.app.api.routes import events, health, metrics, twins
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.events.delivery import Delivery
from twin2multicloud.app.schemas.problems import Problem

PREFIX = "/api/v1"
_ROUTERS = (twins.router, events.router)


def create_app(backend: Backend, delivery: Delivery | None = None) -> FastAPI:
    """The application. Whoever serves it opens and closes the backend, and calls `end_streams` before it waits for
    requests to end.
    """
    delivery = delivery or Delivery(backend.database, backend.events, backend.clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await delivery.close()

    app = FastAPI(
        title="Twin2MultiCloud",
        version=__version__,
        summary="Describe, price, deploy and operate digital twins over AWS, Azure and Google Cloud.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
        lifespan=lifespan,
        separate_input_output_schemas=False,
    )
    app.state.backend = backend
    app.state.delivery = delivery
    app.state.metrics = figures = Metrics(backend, delivery)
    api = APIRouter(prefix=PREFIX)
    for router in _ROUTERS:
        api.include_router(router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(metrics.router)
    problems.install(app)
    app.add_middleware(ObservingMiddleware, observe=figures.observe)
    app.add_middleware(CorrelationMiddleware)
    return app


def end_streams(app: FastAPI) -> None:
    """Have all streams end by themselves, and no more begin. To be called in the loop that serves the app."""
    delivery: Delivery = app.state.delivery
    delivery.stop()
