"""What is served as a whole of its own: all of the API, or a part of it. And what every one of them has around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.types import Lifespan

from twin2multicloud import __version__
from twin2multicloud.app.api import problems
from twin2multicloud.app.api.addressed import AddressMiddleware
from twin2multicloud.app.api.bodies import BodyMiddleware
from twin2multicloud.app.api.correlation import CorrelationMiddleware
from twin2multicloud.app.api.description import DescribedApi, operation_id
from twin2multicloud.app.api.dispatch import Dispatch, Noun
from twin2multicloud.app.api.hosts import HostMiddleware
from twin2multicloud.app.api.limits import LimitMiddleware
from twin2multicloud.app.api.metrics import Metrics
from twin2multicloud.app.api.nouns import PREFIX
from twin2multicloud.app.api.observing import ObservingMiddleware
from twin2multicloud.app.api.security_headers import SecurityHeadersMiddleware
from twin2multicloud.app.auth.hosts import own_hosts
from twin2multicloud.app.schemas.problems import Problem
from twin2multicloud.app.settings import Settings
from twin2multicloud.runtime.ports import Clock


@dataclass(frozen=True)
class Surface:
    """An API as it is told about. `absent` is what is said to whoever asks for what is not in it; `sessions` whether
    browsers may come with theirs. `tags` and `examples` go before those that all have.
    """

    title: str
    summary: str
    absent: str = ""
    sessions: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def app(self, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
        """An application without endpoints."""
        return DescribedApi(
            title=self.title,
            version=__version__,
            summary=self.summary,
            openapi_url=f"{PREFIX}/openapi.json",
            docs_url=None,
            redoc_url=None,
            responses={"default": {"model": Problem, "description": "A problem (RFC 9457)."}},
            lifespan=lifespan,
            separate_input_output_schemas=False,
            generate_unique_id_function=operation_id,
            sessions=self.sessions,
            told_tags=self.tags,
            told_examples=self.examples,
        )

    def dispatch(self, nouns: Sequence[Noun]) -> Dispatch:
        """All endpoints, with what those of such an application have in common."""
        return Dispatch(self.app(), nouns)

    def guard(self, app: FastAPI, settings: Settings, clock: Clock, metrics: Metrics) -> None:
        """Have the app tell errors as problems, and put before it what refuses, counts and logs."""
        problems.install(app, self.absent)
        # The last one is the outermost: refusals have the headers of all other answers.
        app.add_middleware(BodyMiddleware, most=settings.max_body_bytes)
        app.add_middleware(AddressMiddleware)
        app.add_middleware(LimitMiddleware, settings=settings, clock=clock)
        app.add_middleware(HostMiddleware, hosts=own_hosts(settings))
        app.add_middleware(SecurityHeadersMiddleware, https=settings.origin.startswith("https://"))
        app.add_middleware(ObservingMiddleware, observe=metrics.observe)
        app.add_middleware(CorrelationMiddleware)
