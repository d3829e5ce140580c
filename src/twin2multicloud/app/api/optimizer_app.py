"""The optimizer alone as an ASGI application: no database, no people, nothing that is kept.

Who may reach it may ask it, so it is served on this machine only, or behind one shared token.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import HTTPConnection

from twin2multicloud import __version__
from twin2multicloud.app.api import problems
from twin2multicloud.app.api.app import ASKING, PREFIX
from twin2multicloud.app.api.bodies import BodyMiddleware
from twin2multicloud.app.api.correlation import CorrelationMiddleware
from twin2multicloud.app.api.description import DescribedApi, operation_id
from twin2multicloud.app.api.hosts import HostMiddleware
from twin2multicloud.app.api.routes.health import Health
from twin2multicloud.app.auth.hosts import own_hosts
from twin2multicloud.app.errors import UnauthenticatedError
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.desk import Desk
from twin2multicloud.app.optimizing.pool import Pool
from twin2multicloud.app.schemas.problems import Problem
from twin2multicloud.app.settings import Settings


def _today() -> date:
    return datetime.now(UTC).date()


def create_optimizer_app(settings: Settings, book: Book | None = None, today: Callable[[], date] = _today) -> FastAPI:
    """The application, by `book` or by the one that the settings name. `settings.only` must be "optimizer", which has
    them checked for that. Its worker processes end with its lifespan.
    """
    assert settings.only == "optimizer"
    pool = Pool(settings.optimizer_processes, settings.optimizer_waiting)
    used = book or Book.at(settings.prices)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        pool.close()

    app = DescribedApi(
        title="Twin2MultiCloud optimizer",
        version=__version__,
        summary="The cheapest placement of a digital twin over AWS, Azure and Google Cloud, proven and explained.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
        separate_input_output_schemas=False,
        generate_unique_id_function=operation_id,
        lifespan=lifespan,
    )
    app.state.desk = Desk(pool, lambda: used, today)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(_token_check(settings))])
    for router in ASKING:
        api.include_router(router)
    app.include_router(api)
    app.add_api_route("/health/live", _live, tags=["health"], name="show_liveness", summary="Show Liveness")
    app.add_api_route("/health/ready", _live, tags=["health"], name="show_readiness", summary="Show Readiness")
    problems.install(app)
    if settings.optimizer_token is None:
        # Without a token a page elsewhere must not reach it by a name of its own that leads to this machine.
        app.add_middleware(HostMiddleware, hosts=own_hosts(settings))
    app.add_middleware(BodyMiddleware, most=settings.max_body_bytes)
    app.add_middleware(CorrelationMiddleware)
    return app


async def _live() -> Health:
    """It answers."""
    return Health(status="ok")


def _token_check(settings: Settings) -> Callable[[HTTPConnection], Awaitable[None]]:
    token = settings.optimizer_token

    async def check(connection: HTTPConnection) -> None:
        if token is None:
            return
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        wanted = token.get_secret_value().encode()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), wanted):
            raise UnauthenticatedError("send the optimizer's token as `Authorization: Bearer …`")

    return check
