"""The API as an ASGI application over a backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from twin2multicloud import __version__
from twin2multicloud.app.api import problems
from twin2multicloud.app.api.addressed import AddressMiddleware
from twin2multicloud.app.api.bodies import BodyMiddleware
from twin2multicloud.app.api.correlation import CorrelationMiddleware
from twin2multicloud.app.api.deps import allow
from twin2multicloud.app.api.description import DescribedApi, operation_id
from twin2multicloud.app.api.hosts import HostMiddleware
from twin2multicloud.app.api.limits import LimitMiddleware
from twin2multicloud.app.api.metrics import Metrics
from twin2multicloud.app.api.observing import ObservingMiddleware
from twin2multicloud.app.api.routes import (
    alerts,
    audit,
    books,
    catalogue,
    connections,
    events,
    health,
    keys,
    login,
    login_device,
    login_pages,
    login_provider,
    login_saml,
    me,
    members,
    metrics,
    operating,
    optimizing,
    placements,
    runs,
    sandboxes,
    states,
    twins,
    users,
    workspaces,
)
from twin2multicloud.app.api.security_headers import SecurityHeadersMiddleware
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.auth.hosts import own_hosts
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.events.delivery import Delivery, Limits
from twin2multicloud.app.optimizing.desk import Desk
from twin2multicloud.app.schemas.problems import Problem
from twin2multicloud.app.services import prices
from twin2multicloud.app.services.directory import Directory

PREFIX = "/api/v1"
_PAGES = (login_pages.router, login_device.page_router, login_provider.router, login_saml.router)
_ROUTERS = (
    login.router,
    login_device.router,
    me.router,
    twins.router,
    placements.router,
    runs.router,
    operating.router,
    states.router,
    sandboxes.router,
    alerts.router,
    users.router,
    workspaces.router,
    members.router,
    keys.router,
    connections.router,
    audit.router,
    events.router,
    books.router,
)
ASKING = (catalogue.router, optimizing.router)
"""Routers that know no database: they are served alone, too (see `optimizer_app`)."""


def create_app(backend: Backend, delivery: Delivery | None = None) -> FastAPI:
    """The application. Whoever serves it opens and closes the backend, and calls `end_streams` before it waits for
    requests to end.
    """
    delivery = delivery or Delivery(
        backend.database, backend.events, backend.clock, Limits.of(backend.settings.streams)
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await delivery.close()

    app = _bare(lifespan)
    app.router.routes.extend(_routes())
    app.state.backend = backend
    app.state.directory = Directory(backend.clock)
    app.state.delivery = delivery
    app.state.metrics = figures = Metrics(backend, delivery)
    app.state.desk = Desk(
        backend.optimizer,
        lambda: prices.current(backend),
        lambda: backend.now().date(),
    )
    problems.install(app)
    # The last one is the outermost: refusals have the headers of all other answers.
    app.add_middleware(BodyMiddleware, most=backend.settings.max_body_bytes)
    app.add_middleware(AddressMiddleware)
    app.add_middleware(LimitMiddleware, settings=backend.settings, clock=backend.clock)
    app.add_middleware(HostMiddleware, hosts=own_hosts(backend.settings))
    app.add_middleware(SecurityHeadersMiddleware, https=backend.settings.origin.startswith("https://"))
    app.add_middleware(ObservingMiddleware, observe=figures.observe)
    app.add_middleware(CorrelationMiddleware)
    return app


def _bare(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    return DescribedApi(
        title="Twin2MultiCloud",
        version=__version__,
        summary="Describe, price, deploy and operate digital twins over AWS, Azure and Google Cloud.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
        lifespan=lifespan,
        separate_input_output_schemas=False,
        generate_unique_id_function=operation_id,
    )


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """All endpoints. They know their app by the request only, and take long to work out: once is enough."""
    app = _bare()
    own = len(app.router.routes)
    api = APIRouter(prefix=PREFIX)
    for router in _ROUTERS:
        api.include_router(router)
    for router in ASKING:
        # They keep nothing, so whoever is known may ask.
        api.include_router(router, dependencies=[allow(Scope.READ)])
    app.include_router(api)
    app.include_router(health.router)
    for pages in _PAGES:
        app.include_router(pages)
    app.include_router(metrics.router)
    return tuple(app.router.routes[own:])


def end_streams(app: FastAPI) -> None:
    """Have all streams end by themselves, and no more begin. To be called in the loop that serves the app."""
    delivery: Delivery = app.state.delivery
    delivery.stop()
