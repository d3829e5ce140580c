"""The API as an ASGI application over a backend."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from twin2multicloud import __version__
from twin2multicloud.app.api import problems
from twin2multicloud.app.api.correlation import CorrelationMiddleware
from twin2multicloud.app.api.routes import health, runs, twins
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.schemas.problems import Problem

PREFIX = "/api/v1"
_ROUTERS = (twins.router, runs.router)


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
    api = APIRouter(prefix=PREFIX)
    for router in _ROUTERS:
        api.include_router(router)
    app.include_router(api)
    app.include_router(health.router)
    problems.install(app)
    app.add_middleware(CorrelationMiddleware)
    return app
