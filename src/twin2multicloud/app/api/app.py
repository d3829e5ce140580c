"""The API as an ASGI application over a backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI
from starlette.applications import Starlette

from twin2multicloud.app.api import examples
from twin2multicloud.app.api.dispatch import Dispatch
from twin2multicloud.app.api.metrics import BackendFigures, Metrics
from twin2multicloud.app.api.nouns import DEPLOYER, WHOLE
from twin2multicloud.app.api.surface import Surface
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.events.delivery import Delivery, Limits
from twin2multicloud.app.optimizing.desk import Desk
from twin2multicloud.app.services import price_checks, prices
from twin2multicloud.app.services.directory import Directory
from twin2multicloud.runtime.struct_types import prepare_structs

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
    app.router.routes.append(_deployer() if alone else _whole())
    app.state.backend = backend
    app.state.directory = Directory(backend.clock)
    app.state.delivery = delivery
    app.state.endings = [delivery.stop]
    app.state.metrics = figures = Metrics(BackendFigures(backend, delivery))
    app.state.desk = Desk(
        backend.optimizer,
        lambda: prices.current(backend),
        lambda: backend.now().date(),
        checks=lambda: price_checks.at(backend),
    )
    surface.guard(app, backend.settings, backend.clock, figures)
    prepare_structs()  # requests come in threads
    return app


# Routes take long to work out: once is enough.
@cache
def _whole() -> Dispatch:
    return _WHOLE.dispatch(WHOLE)


@cache
def _deployer() -> Dispatch:
    return _DEPLOYER.dispatch(DEPLOYER)


def load(app: FastAPI) -> None:
    """Load all that requests may need, which is otherwise done when it is first asked for."""
    for route in app.router.routes:
        if isinstance(route, Dispatch):
            route.load()


def end_streams(app: Starlette) -> None:
    """Have all streams and windows end, and no more streams begin. To be called in the loop that serves the app."""
    endings: list[Callable[[], None]] = app.state.endings
    for end in endings:
        end()
