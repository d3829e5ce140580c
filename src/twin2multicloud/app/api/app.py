"""The API as an ASGI application over a backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from twin2multicloud.app.api import examples
from twin2multicloud.app.api.deps import allow
from twin2multicloud.app.api.metrics import BackendFigures, Metrics
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
from twin2multicloud.app.api.surface import PREFIX, Surface
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.events.delivery import Delivery, Limits
from twin2multicloud.app.optimizing.desk import Desk
from twin2multicloud.app.services import prices
from twin2multicloud.app.services.directory import Directory

_PAGES = (login_pages.router, login_device.page_router, login_provider.router, login_saml.router)
_DEPLOYING = (
    me.router,
    twins.router,
    placements.deciding,
    runs.router,
    operating.router,
    states.router,
    sandboxes.router,
    alerts.router,
    workspaces.router,
    keys.router,
    connections.router,
    audit.router,
    events.router,
)
"""What the deployer alone serves, too. A path is there with all its methods, or not at all."""
_ROUTERS = (
    login.router,
    login_device.router,
    me.leaving,
    placements.router,
    runs.refreshing,
    users.router,
    members.router,
    books.router,
    *_DEPLOYING,
)
ASKING = (catalogue.router, optimizing.router)
"""Routers that know no database: they are served alone, too (see `optimizer_app`)."""
_WHOLE = Surface(
    "Twin2MultiCloud",
    "Describe, price, deploy and operate digital twins over AWS, Azure and Google Cloud.",
    sessions=True,
)
_DEPLOYER = Surface(
    "Twin2MultiCloud deployer",
    "Deploy, move, verify, operate and destroy digital twins over AWS, Azure and Google Cloud.",
    "this is the deployer alone (`serve --only deployer`). People, sign-in, prices and the optimizer are at the whole "
    "backend (`twin2multicloud serve`), which may work on the same database",
    tags={
        "me": "Who asks.",
        "twins": "Twins: definitions, versions, and where their slots go.",
        "workspaces": "Workspaces, which hold twins and connections.",
    },
    examples={"PlacementInput": {"placement": examples.PLACEMENT, "note": "as the optimizer said"}},
)


def create_app(backend: Backend, delivery: Delivery | None = None) -> FastAPI:
    """The application: the whole API, or the deployer's part of it where the settings say `only`. Whoever serves it
    opens and closes the backend, and calls `end_streams` before it waits for requests to end.
    """
    delivery = delivery or Delivery(
        backend.database, backend.events, backend.clock, Limits.of(backend.settings.streams)
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await delivery.close()

    alone = backend.settings.only == "deployer"
    surface = _DEPLOYER if alone else _WHOLE
    app = surface.app(lifespan)
    app.router.routes.extend(_deployer_routes() if alone else _whole_routes())
    app.state.backend = backend
    app.state.directory = Directory(backend.clock)
    app.state.delivery = delivery
    app.state.metrics = figures = Metrics(BackendFigures(backend, delivery))
    app.state.desk = Desk(
        backend.optimizer,
        lambda: prices.current(backend),
        lambda: backend.now().date(),
    )
    surface.guard(app, backend.settings, backend.clock, figures)
    return app


# Routes take long to work out: once is enough.
@cache
def _whole_routes() -> Sequence[BaseRoute]:
    def add(app: FastAPI) -> None:
        api = APIRouter(prefix=PREFIX)
        for router in _ROUTERS:
            api.include_router(router)
        for router in ASKING:
            # They keep nothing, so whoever is known may ask.
            api.include_router(router, dependencies=[allow(Scope.READ)])
        for router in (api, health.router, *_PAGES, metrics.router):
            app.include_router(router)

    return _WHOLE.routes(add)


@cache
def _deployer_routes() -> Sequence[BaseRoute]:
    def add(app: FastAPI) -> None:
        api = APIRouter(prefix=PREFIX)
        for router in _DEPLOYING:
            api.include_router(router)
        for router in (api, health.router, metrics.router):
            app.include_router(router)

    return _DEPLOYER.routes(add)


def end_streams(app: FastAPI) -> None:
    """Have all streams end by themselves, and no more begin. To be called in the loop that serves the app."""
    delivery: Delivery = app.state.delivery
    delivery.stop()
